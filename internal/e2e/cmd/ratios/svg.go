package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
)

// palette is the colours of a plot.
type palette struct{ paper, ink, faint, met, missed string }

var (
	light = palette{paper: "#ffffff", ink: "#1f2328", faint: "#d1d9e0", met: "#0969da", missed: "#bc4c00"}
	dark  = palette{paper: "#0d1117", ink: "#f0f6fc", faint: "#3d444d", met: "#4493f8", missed: "#f0883e"}
)

// The plot in pixels: a line of text and a bar for each row.
const (
	plotWidth  = 760
	margin     = 16
	rowHeight  = 40
	headHeight = 48
	barHeight  = 10
	fullBar    = 2.0 // a bar that is as long as the plot is wide has missed its goal by this factor, or more
)

// write draws how much of what each goal allows is taken up. All goals are at one place, which a bar must not pass.
func (p palette) write(w io.Writer, all []row) error {
	var rows []row
	for _, r := range all {
		if r.limit != 0 {
			rows = append(rows, r)
		}
	}
	var b bytes.Buffer
	height := headHeight + rowHeight*len(rows) + margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" font-family="system-ui, sans-serif" font-size="13" fill="%s">`+"\n",
		plotWidth, height, plotWidth, height, p.ink)
	fmt.Fprintf(&b, "<title>Measured against the goals: %d of %d are met</title>\n", metCount(rows), len(rows))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="%s"/>`+"\n", plotWidth, height, p.paper)
	fmt.Fprintf(&b, `<text x="%.0f" y="26" text-anchor="middle">goal</text>`+"\n", margin+p.length(1))
	for i, r := range rows {
		p.bar(&b, r, headHeight+i*rowHeight)
	}
	b.WriteString("</svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}

func (p palette) bar(b *bytes.Buffer, r row, y int) {
	what, measured, goal, verdict := r.cells()
	fill, weight := p.met, "normal"
	if !r.met() {
		fill, weight = p.missed, "bold"
	}
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", margin, y+12, escape(what))
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" font-weight="%s">%s</text>`+"\n",
		plotWidth-margin, y+12, weight, escape(fmt.Sprintf("%s (goal %s, %s)", measured, goal, verdict)))
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n", margin, y+18, plotWidth-2*margin, barHeight, p.faint)
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.0f" height="%d" fill="%s"/>`+"\n", margin, y+18, p.length(r.strain()), barHeight, fill)
	goalAt := margin + p.length(1)
	fmt.Fprintf(b, `<line x1="%.0f" y1="%d" x2="%.0f" y2="%d" stroke="%s" stroke-width="2"/>`+"\n", goalAt, y+15, goalAt, y+21+barHeight, p.ink)
}

// length is that of a bar.
func (palette) length(strain float64) float64 {
	return min(strain, fullBar) / fullBar * (plotWidth - 2*margin)
}

func metCount(rows []row) (n int) {
	for _, r := range rows {
		if r.met() {
			n++
		}
	}
	return n
}

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a Buffer takes everything
	return b.String()
}
