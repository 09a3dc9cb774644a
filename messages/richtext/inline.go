package richtext

import (
	"slices"
	"strings"
	"unicode"
)

// marks is everything that applies to a run of text.
type marks struct {
	url                                   string
	style                                 Style
	bold, italic, underline, strike, code bool
}

// run is a flat piece of a paragraph: a Text, Break or Image. Runs are easier to change than nested nodes.
type run struct {
	kind Kind
	text string
	src  string // of an Image
	marks
}

// softBreak ends a line that has something on it, as the edge of a <div> does, where Break always makes a new line.
const softBreak Kind = "soft break"

// flatten is the opposite of nest.
func flatten(nodes []*Node, m marks, out []run) []run {
	for _, n := range nodes {
		inner := m
		switch n.Kind {
		case Link:
			inner.url = n.URL
		case Styled:
			inner.style = n.Style
		case Bold:
			inner.bold = true
		case Italic:
			inner.italic = true
		case Underline:
			inner.underline = true
		case Strike:
			inner.strike = true
		case Code:
			inner.code = true
			out = append(out, run{kind: Text, text: n.Text, marks: inner})
			continue
		default:
			out = append(out, run{kind: n.Kind, text: n.Text, src: n.URL, marks: m})
			continue
		}
		out = flatten(n.Children, inner, out)
	}
	return out
}

// layers are the kinds of nodes that a run is nested in, from the outermost to the innermost.
var layers = [...]Kind{Link, Styled, Bold, Italic, Underline, Strike, Code}

func (r run) in(layer Kind) bool {
	switch layer {
	case Link:
		return r.url != ""
	case Styled:
		return r.style != Style{}
	case Bold:
		return r.bold
	case Italic:
		return r.italic
	case Underline:
		return r.underline
	case Strike:
		return r.strike
	default:
		return r.code && r.kind == Text
	}
}

func together(a, b run, layer Kind) bool {
	return a.in(layer) == b.in(layer) && (layer != Link || a.url == b.url) && (layer != Styled || a.style == b.style)
}

// nest turns runs into nodes with as few nodes as possible. The result depends only on what the runs look like, not on the
// HTML they came from, which makes sanitizing stable.
func nest(runs []run) []*Node { return nestIn(layers[:], runs) }

func nestIn(layers []Kind, runs []run) []*Node {
	for len(layers) > 0 && !slices.ContainsFunc(runs, func(r run) bool { return r.in(layers[0]) }) {
		layers = layers[1:]
	}
	if len(layers) == 0 {
		return leaves(runs)
	}
	var out []*Node
	for len(runs) > 0 {
		i := 1
		for i < len(runs) && together(runs[0], runs[i], layers[0]) {
			i++
		}
		switch first := runs[0]; {
		case !first.in(layers[0]):
			out = append(out, nestIn(layers[1:], runs[:i])...)
		case layers[0] == Code:
			out = append(out, &Node{Kind: Code, Text: joinText(runs[:i])})
		default:
			n := &Node{Kind: layers[0], Children: nestIn(layers[1:], runs[:i])}
			if n.Kind == Link {
				n.URL = first.url
			} else if n.Kind == Styled {
				n.Style = first.style
			}
			out = append(out, n)
		}
		runs = runs[i:]
	}
	return out
}

func leaves(runs []run) []*Node {
	var out []*Node
	for len(runs) > 0 {
		i := 1
		n := &Node{Kind: runs[0].kind, Text: runs[0].text, URL: runs[0].src}
		if n.Kind == Text {
			for i < len(runs) && runs[i].kind == Text {
				i++
			}
			n.Text = joinText(runs[:i])
		}
		out = append(out, n)
		runs = runs[i:]
	}
	return out
}

func joinText(runs []run) string {
	if len(runs) == 1 {
		return runs[0].text
	}
	var b strings.Builder
	for _, r := range runs {
		b.WriteString(r.text)
	}
	return b.String()
}

// paragraphs cuts runs into lines as a browser does: white space collapses, and there is none at the ends of a line. Where
// a line is blank, a new paragraph begins.
func paragraphs(runs []run) [][]run {
	var out [][]run
	var current []run
	end := func() {
		if len(current) > 0 {
			out = append(out, current)
		}
		current = nil
	}
	for len(runs) > 0 {
		i := 0
		for i < len(runs) && runs[i].kind != Break && runs[i].kind != softBreak {
			i++
		}
		line := collapse(runs[:i])
		// The edge of a block ends a line but makes none, so an empty line before it is nothing to see.
		gap := i < len(runs) && runs[i].kind == Break
		switch {
		case !blank(line):
			current = appendLine(current, line)
		case gap || len(line) > 0:
			end()
		}
		runs = runs[min(i+1, len(runs)):]
	}
	end()
	return out
}

// appendLine adds a line to those of a paragraph. The break between two lines looks like both of them.
func appendLine(lines, line []run) []run {
	if len(lines) > 0 && len(line) > 0 {
		lines = append(lines, run{kind: Break, marks: common(lines[len(lines)-1].marks, line[0].marks)})
	}
	return append(lines, line...)
}

// common are the marks that two runs share, so far as they can be nested in one node for both.
func common(a, b marks) marks {
	var m marks
	for _, layer := range layers[:len(layers)-1] { // a break is no code
		ra, rb := run{marks: a}, run{marks: b}
		if !together(ra, rb, layer) {
			break
		}
		switch layer {
		case Link:
			m.url = a.url
		case Styled:
			m.style = a.style
		case Bold:
			m.bold = a.bold
		case Italic:
			m.italic = a.italic
		case Underline:
			m.underline = a.underline
		case Strike:
			m.strike = a.strike
		}
	}
	return m
}

// collapse joins the white space of a line.
func collapse(line []run) []run {
	out := make([]run, 0, len(line))
	space := true // at the start of a line white space is not seen
	for _, r := range line {
		if r.kind == Text {
			r.text, space = collapseText(r.text, space)
			if r.text == "" {
				continue
			}
		} else {
			space = false
		}
		out = append(out, r)
	}
	if n := len(out); n > 0 && out[n-1].kind == Text {
		if out[n-1].text = strings.TrimSuffix(out[n-1].text, " "); out[n-1].text == "" {
			out = out[:n-1]
		}
	}
	return out
}

func collapseText(s string, space bool) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case collapses(r):
			if !space {
				b.WriteByte(' ')
			}
			space = true
		case dropped(r):
		default:
			b.WriteRune(r)
			space = false
		}
	}
	return b.String(), space
}

func collapses(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r', '\f', '\u2028', '\u2029':
		return true
	}
	return false
}

func stays(r rune) bool { return !collapses(r) }

// dropped tells characters that nobody sees and that some services refuse: control characters, the soft hyphen and the
// byte order mark. Joiners stay, for emoji and Persian need them, and so do the marks of writing direction.
func dropped(r rune) bool { return unicode.IsControl(r) || r == '\u00ad' || r == '\ufeff' }

// blank reports whether nothing is to be seen on a line. Editors hold blank lines open with a no-break space.
func blank(line []run) bool {
	for _, r := range line {
		if r.kind != Text || strings.ContainsFunc(r.text, visible) {
			return false
		}
	}
	return true
}

func visible(r rune) bool { return !unicode.IsSpace(r) && r != '\u200b' && !dropped(r) }
