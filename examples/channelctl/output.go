package main

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// field is one line of what is told about a single thing.
type field struct{ name, value string }

// one prints a single thing: its fields, or v as JSON.
func (s *session) one(v any, fields ...field) error {
	if s.json {
		return s.printJSON(v)
	}
	return aligned(s.out, func(w io.Writer) {
		for _, f := range fields {
			fmt.Fprintf(w, "%s\t%s\n", f.name, cell(f.value))
		}
	})
}

// list prints things as a table, or as an array in JSON. That there is none is said beside the output, which others may read.
func list[T any](s *session, things iter.Seq2[T, error], none string, header string, row func(T) []string) error {
	all := []T{}
	for thing, err := range things {
		if err != nil {
			return err
		}
		all = append(all, thing)
	}
	switch {
	case s.json:
		return s.printJSON(all)
	case len(all) == 0:
		fmt.Fprintln(s.err, none)
		return nil
	}
	return aligned(s.out, func(w io.Writer) {
		fmt.Fprintln(w, strings.ReplaceAll(header, " ", "\t"))
		for _, thing := range all {
			cells := row(thing)
			for i := range cells {
				cells[i] = cell(cells[i])
			}
			fmt.Fprintln(w, strings.Join(cells, "\t"))
		}
	})
}

func (s *session) printJSON(v any) error {
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// aligned prints columns that are separated by tabs.
func aligned(w io.Writer, print func(io.Writer)) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	print(tw)
	return tw.Flush()
}

func cell(s string) string {
	if s == "" {
		return "-"
	}
	return printable(s)
}

// printable keeps what others have written from steering the terminal and from breaking a table.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) || r == '\u200d' { // which joins emoji
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// when is a time for people who compare it with logs.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// size is a number of bytes in the unit that it was probably chosen in.
func size(bytes int64) string {
	for _, unit := range []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"kB", 1e3}} {
		if bytes > 0 && bytes%unit.bytes == 0 {
			return fmt.Sprintf("%d %s", bytes/unit.bytes, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// joined lists names.
func joined[T ~string](names []T) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return strings.Join(out, ", ")
}
