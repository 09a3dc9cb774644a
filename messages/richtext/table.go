package richtext

import "unicode/utf8"

// tidy removes the lists, quotes and tables that hold nothing, and puts what tables only lay out one after another.
func tidy(blocks []*Node) []*Node {
	var out []*Node
	for _, n := range blocks {
		switch n.Kind {
		case Paragraph, Heading, CodeBlock, Rule:
			out = append(out, n)
		case Table:
			out = append(out, tidyTable(n)...)
		default:
			if n.Children = tidy(n.Children); len(n.Children) > 0 {
				out = append(out, n)
			}
		}
	}
	return out
}

// tidyTable answers the table if it holds data, and what is in it otherwise.
func tidyTable(t *Node) []*Node {
	var stray, all []*Node // stray: text between the cells, which browsers show before the table
	var rows []*Node
	data, wide := true, false
	for _, r := range t.Children {
		if r.Kind != Row {
			stray = append(stray, tidy([]*Node{r})...)
			continue
		}
		filled := 0
		var cells []*Node
		for _, c := range r.Children {
			if c.Kind != Cell {
				stray = append(stray, tidy([]*Node{c})...)
				continue
			}
			c.Children = tidy(c.Children)
			all = append(all, c.Children...)
			data = data && holdsData(c)
			if len(c.Children) > 0 {
				filled++
			}
			cells = append(cells, c)
		}
		wide = wide || filled > 1
		if filled > 0 {
			rows = append(rows, &Node{Kind: Row, Children: cells})
		}
	}
	if !data || !wide {
		return append(stray, all...)
	}
	for _, r := range rows {
		for _, c := range r.Children {
			c.Children = cellLine(c)
		}
	}
	return append(stray, &Node{Kind: Table, Children: rows})
}

// holdsData reports whether a cell can be shown as part of a line: a few words, without lists, quotes or tables.
func holdsData(cell *Node) bool {
	if len(cell.Children) > 3 {
		return false
	}
	size := 0
	for _, n := range cell.Children {
		if n.Kind != Paragraph && n.Kind != Heading {
			return false
		}
		for _, r := range flatten(n.Children, marks{}, nil) {
			size += utf8.RuneCountInString(r.text)
		}
	}
	return size <= 200
}

// cellLine is the text of a cell without its paragraphs.
func cellLine(cell *Node) []*Node {
	var runs []run
	for _, n := range cell.Children {
		runs = appendLine(runs, flatten(n.Children, marks{}, nil))
	}
	for i := range runs {
		runs[i].bold = runs[i].bold && !cell.Header
	}
	return nest(runs)
}
