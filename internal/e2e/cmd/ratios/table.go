package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// form is how a figure is written.
type form string

const (
	times   form = "%.2f×"
	plain   form = "%.0f"
	percent form = "%.1f %%"
	size    form = "%.0f bytes"
)

func (f form) write(value float64) string {
	if f == percent {
		value *= 100
	}
	return fmt.Sprintf(string(f), value)
}

// cells are what a row says.
func (r row) cells() (what, measured, goal, verdict string) {
	what, measured = r.what, r.form.write(r.value)
	switch {
	case r.limit == 0:
		return what, measured, "–", ""
	case r.atLeast:
		goal = "≥ " + r.form.write(r.limit)
	default:
		goal = "≤ " + r.form.write(r.limit)
	}
	if r.met() {
		return what, measured, goal, "met"
	}
	return what, measured, goal, "missed"
}

func writeText(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WHAT\tMEASURED\tGOAL\t")
	for _, r := range rows {
		what, measured, goal, verdict := r.cells()
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", what, measured, goal, verdict)
	}
	return t.Flush()
}

func writeMarkdown(w io.Writer, rows []row) error {
	var b strings.Builder
	b.WriteString("| what | measured | goal | |\n| --- | ---: | ---: | --- |\n")
	for _, r := range rows {
		what, measured, goal, verdict := r.cells()
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", what, measured, goal, verdict)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
