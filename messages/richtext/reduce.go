package richtext

import (
	"slices"
	"strconv"
	"strings"
)

// Only answers the same text with no kinds of nodes but Document, Paragraph, Text, Break and those given. It is the way to a
// mark-up of one's own: name the kinds that the service has, and write only those.
//
// Everything else is put into words. A link becomes "label (https://…)", or just its label if that says where it leads; an
// image becomes its alternative text; list items begin with "• " or their number, quoted lines with "> "; the cells of a
// table stand on one line with " | " between them; a rule becomes "———"; headings are Bold if that is kept. Looks are
// dropped, and so is alignment unless Styled is kept. Spaces that indent a line are no-break spaces. Item, Row and Cell are
// kept with their lists and tables.
func (n *Node) Only(kinds ...Kind) *Node {
	r := reducer{kinds: kinds, align: slices.Contains(kinds, Styled)}
	return r.document(n)
}

// reducer writes a tree anew from the top down. It carries along what goes before the lines of lists and quotes.
type reducer struct {
	kinds []Kind
	align bool              // keep how paragraphs are aligned
	link  func(string) bool // which links to keep; nil means all
	run   func(run) run     // has the last word on what a run looks like; may be nil

	out   []draft
	first string // goes before the next line
	rest  string // goes before each line after that
	lists int    // how many lists that are not kept we are in
	tight bool   // the next paragraph follows the last one without a gap
}

// draft is a block that may get more lines.
type draft struct {
	*Node
	runs []run
}

func (r *reducer) keeps(k Kind) bool { return slices.Contains(r.kinds, k) }

func (r *reducer) document(n *Node) *Node {
	return &Node{Kind: Document, Children: r.reduced([]*Node{n})}
}

// reduced answers what remains of the blocks inside of something that is kept.
func (r *reducer) reduced(in []*Node) []*Node {
	inner := reducer{kinds: r.kinds, align: r.align, link: r.link, run: r.run}
	inner.blocks(in)
	blocks := make([]*Node, len(inner.out))
	for i, d := range inner.out {
		if len(d.runs) > 0 {
			d.Children = nest(d.runs)
		}
		blocks[i] = d.Node
	}
	return blocks
}

func (r *reducer) blocks(in []*Node) {
	for _, n := range in {
		r.block(n)
	}
}

func (r *reducer) block(n *Node) {
	switch n.Kind {
	case Document, Item:
		r.blocks(n.Children)
	case Paragraph, Cell:
		r.paragraph(n.Align, r.inline(n.Children, marks{}))
	case Heading:
		r.heading(n)
	case Quote:
		if r.keeps(Quote) {
			r.keep(&Node{Kind: Quote, Children: r.reduced(n.Children)})
		} else {
			r.inside("> ", "> ", n.Children)
		}
	case BulletList, NumberedList:
		r.list(n)
	case CodeBlock:
		r.code(n)
	case Table, Row:
		r.table(n)
	case Rule:
		if r.keeps(Rule) {
			r.keep(&Node{Kind: Rule})
		} else {
			r.paragraph("", []run{{kind: Text, text: "———"}})
		}
	default:
		r.paragraph("", r.inline([]*Node{n}, marks{}))
	}
}

// paragraph adds a paragraph, unless it has no text.
func (r *reducer) paragraph(align string, runs []run) {
	if len(runs) > 0 {
		r.add(&Node{Kind: Paragraph, Align: align}, r.prefixed(runs))
	}
}

func (r *reducer) add(n *Node, runs []run) {
	if !r.align {
		n.Align = ""
	}
	if last := len(r.out) - 1; r.tight && n.Kind == Paragraph && r.out[last].Kind == Paragraph && r.out[last].Align == n.Align {
		r.out[last].runs = appendLine(r.out[last].runs, runs)
	} else {
		r.out = append(r.out, draft{n, runs})
	}
	r.tight = r.lists > 0
}

// prefixed puts before the lines of a paragraph what belongs there.
func (r *reducer) prefixed(runs []run) []run {
	first := r.first
	r.first = r.rest
	if first == "" {
		return runs
	}
	out := []run{{kind: Text, text: first}}
	for _, x := range runs {
		out = append(out, x)
		if x.kind == Break {
			out = append(out, run{kind: Text, text: r.rest, marks: x.marks})
		}
	}
	return out
}

// keep adds a block as it is. A marker that waits for a line gets one of its own.
func (r *reducer) keep(n *Node) {
	if len(n.Children) == 0 && n.Kind != Rule && n.Kind != CodeBlock {
		return
	}
	if r.first != r.rest {
		marker := run{kind: Text, text: strings.TrimSpace(r.first)}
		r.first = r.rest
		r.add(&Node{Kind: Paragraph}, []run{marker})
	}
	r.add(n, nil)
}

// inside reduces blocks with something before their first line and something before each other.
func (r *reducer) inside(first, rest string, in []*Node) {
	aroundFirst, aroundRest := r.first, r.rest
	r.first, r.rest = r.first+first, r.rest+rest
	r.blocks(in)
	if r.first == r.rest {
		aroundFirst = aroundRest // the first line has been written
	}
	r.first, r.rest = aroundFirst, aroundRest
}

func (r *reducer) heading(n *Node) {
	if !r.keeps(Heading) {
		r.paragraph(n.Align, r.inline(n.Children, marks{bold: true}))
	} else if runs := r.inline(n.Children, marks{}); len(runs) > 0 {
		r.add(&Node{Kind: Heading, Level: n.Level, Align: n.Align}, r.prefixed(runs))
	}
}

func (r *reducer) list(n *Node) {
	if r.keeps(n.Kind) {
		list := &Node{Kind: n.Kind, Start: n.Start}
		for _, item := range n.Children {
			if blocks := r.reduced(item.Children); len(blocks) > 0 {
				list.Children = append(list.Children, &Node{Kind: Item, Children: blocks})
			}
		}
		r.keep(list)
		return
	}
	r.lists++
	for i, item := range n.Children {
		marker, indent := "• ", "\u00a0\u00a0"
		if n.Kind == NumberedList {
			marker, indent = strconv.Itoa(n.Start+i)+". ", "\u00a0\u00a0\u00a0"
		}
		r.inside(marker, indent, item.Children)
	}
	if r.lists--; r.lists == 0 {
		r.tight = false
	}
}

func (r *reducer) code(n *Node) {
	if r.keeps(CodeBlock) {
		r.keep(&Node{Kind: CodeBlock, Text: n.Text})
		return
	}
	var lines []run
	for text := range strings.SplitSeq(n.Text, "\n") {
		line := []run{{kind: Text, text: keepSpaces(text), marks: marks{code: true}}}
		if blank(line) {
			r.paragraph("", lines)
			lines = nil
		} else {
			lines = appendLine(lines, r.filter(line))
		}
	}
	r.paragraph("", lines)
}

func (r *reducer) table(n *Node) {
	rows := n.Children
	if n.Kind == Row {
		rows = []*Node{n}
	}
	if r.keeps(Table) {
		kept := &Node{Kind: Table}
		for _, row := range rows {
			cells := make([]*Node, len(row.Children))
			for i, cell := range row.Children {
				cells[i] = &Node{Kind: Cell, Header: cell.Header, Children: nest(r.inline(cell.Children, marks{}))}
			}
			kept.Children = append(kept.Children, &Node{Kind: Row, Children: cells})
		}
		r.keep(kept)
		return
	}
	var lines []run
	for _, row := range rows {
		lines = appendLine(lines, r.row(row))
	}
	r.paragraph("", lines)
}

// row puts the cells of a row into one line.
func (r *reducer) row(row *Node) []run {
	var line []run
	for i, cell := range row.Children {
		if i > 0 {
			line = append(line, run{kind: Text, text: " | "})
		}
		line = append(line, r.inline(cell.Children, marks{bold: cell.Header})...)
	}
	for i := range line {
		if line[i].kind == Break {
			line[i].kind, line[i].text = Text, " "
		}
	}
	return collapse(line)
}

// inline puts into words what is not kept of a paragraph.
func (r *reducer) inline(nodes []*Node, m marks) []run {
	runs := r.filter(flatten(nodes, m, nil))
	runs = spellLinks(runs, func(url string) bool {
		return !r.keeps(Link) || r.link != nil && !r.link(url)
	})
	var lines []run
	for _, p := range paragraphs(runs) { // for where an image was, nothing may be left
		lines = appendLine(lines, p)
	}
	return lines
}

func (r *reducer) filter(runs []run) []run {
	for i, x := range runs {
		if x.kind == Image && !r.keeps(Image) {
			x.kind, x.src = Text, ""
		}
		x.bold = x.bold && r.keeps(Bold)
		x.italic = x.italic && r.keeps(Italic)
		x.underline = x.underline && r.keeps(Underline)
		x.strike = x.strike && r.keeps(Strike)
		x.code = x.code && r.keeps(Code)
		if !r.keeps(Styled) {
			x.style = Style{}
		}
		if r.run != nil {
			x = r.run(x)
		}
		runs[i] = x
	}
	return runs
}
