package richtext

import (
	"strconv"
	"strings"
)

// Markdown writes the text in CommonMark with the tables and struck text of GitHub. Underlines, colours and fonts are left
// out, for Markdown has none. Bold or italic that Markdown cannot say at its place, as within the word un"frigging"real, is
// left out too: better plain words than stray asterisks.
func (n *Node) Markdown() string {
	doc := n.Only(Heading, Quote, BulletList, NumberedList, CodeBlock, Table, Rule, Link, Bold, Italic, Strike, Code, Image)
	return markdownBlocks(doc.Children, false)
}

func markdownBlocks(blocks []*Node, inItem bool) string {
	var b strings.Builder
	again := false // the second of two neighbouring lists needs another bullet, or they become one
	for i, n := range blocks {
		if i > 0 {
			b.WriteByte('\n')
			if !inItem || !interrupts(n) {
				b.WriteByte('\n')
			}
			again = !again && isList(n.Kind) && blocks[i-1].Kind == n.Kind
		}
		b.WriteString(markdownBlock(n, again))
	}
	return b.String()
}

// interrupts reports whether a list may follow a paragraph without a blank line.
func interrupts(n *Node) bool {
	return n.Kind == BulletList || n.Kind == NumberedList && n.Start == 1
}

func markdownBlock(n *Node, again bool) string {
	switch n.Kind {
	case Heading:
		line := markdownInline{oneLine: true}.write(n.Children, '#', '\n')
		if strings.HasSuffix(line, "#") {
			line = line[:len(line)-1] + `\#` // or it would be decoration
		}
		return strings.Repeat("#", min(max(n.Level, 1), 6)) + " " + line
	case Quote:
		return "> " + indent(markdownBlocks(n.Children, false), "> ")
	case BulletList, NumberedList:
		return markdownList(n, again)
	case CodeBlock:
		fence := strings.Repeat("`", max(3, longestRun(n.Text, '`')+1))
		return fence + "\n" + n.Text + "\n" + fence
	case Table:
		return markdownTable(n)
	case Rule:
		return "___" // --- and *** can also mean a heading or list
	default:
		return markdownInline{}.write(n.Children, '\n', '\n')
	}
}

func markdownList(list *Node, again bool) string {
	items := make([]string, len(list.Children))
	for i, item := range list.Children {
		marker := "- "
		if again {
			marker = "* "
		}
		if list.Kind == NumberedList {
			marker = strconv.Itoa(list.Start+i) + strings.NewReplacer("-", ".", "*", ")").Replace(marker)
		}
		items[i] = marker + indent(markdownBlocks(item.Children, true), strings.Repeat(" ", len(marker)))
	}
	return strings.Join(items, "\n")
}

// indent puts a prefix before each line but the first.
func indent(s, prefix string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines[1:] {
		lines[i+1] = strings.TrimRight(prefix+line, " ")
		if line != "" {
			lines[i+1] = prefix + line
		}
	}
	return strings.Join(lines, "\n")
}

// markdownTable takes the first row as the head, for a table has to have one.
func markdownTable(table *Node) string {
	columns := 0
	for _, row := range table.Children {
		columns = max(columns, len(row.Children))
	}
	var lines []string
	for i, row := range table.Children {
		cells := make([]string, columns)
		for j, cell := range row.Children {
			text := markdownInline{oneLine: true}.write(cell.Children, ' ', ' ')
			cells[j] = strings.ReplaceAll(text, "|", `\|`)
		}
		lines = append(lines, "| "+strings.Join(cells, " | ")+" |")
		if i == 0 {
			lines = append(lines, "|"+strings.Repeat(" --- |", columns))
		}
	}
	return strings.Join(lines, "\n")
}

// longestRun is how often c stands in a row at most.
func longestRun(s string, c byte) int {
	longest, n := 0, 0
	for i := range len(s) {
		if n++; s[i] != c {
			n = 0
		}
		longest = max(longest, n)
	}
	return longest
}

type markdownInline struct {
	oneLine bool // breaks become spaces
}

// write writes inline nodes that stand between the characters prev and next.
func (m markdownInline) write(nodes []*Node, prev, next rune) string {
	var b strings.Builder
	for i, n := range nodes {
		before := prev
		if b.Len() > 0 {
			before = lastRune(b.String())
		}
		after := next
		if i+1 < len(nodes) {
			after = firstRune(nodes[i+1])
		}
		b.WriteString(m.node(n, before, after))
	}
	return b.String()
}

func (m markdownInline) node(n *Node, prev, next rune) string {
	switch n.Kind {
	case Text:
		return escapeMarkdown(n.Text, prev, next)
	case Break:
		if m.oneLine {
			return " "
		}
		return "  \n"
	case Bold:
		return m.emphasis(n, prev, next, "**", "__")
	case Italic:
		return m.emphasis(n, prev, next, "_", "*")
	case Strike:
		return m.emphasis(n, prev, next, "~~")
	case Code:
		return markdownCode(plainSpaces(n.Text))
	case Link:
		if len(n.Children) == 1 && n.Children[0].Text == n.URL && strings.HasPrefix(n.URL, "http") {
			return "<" + n.URL + ">"
		}
		return "[" + m.write(n.Children, '[', ']') + "](" + markdownURL(n.URL) + ")"
	default: // Image
		return "![" + escapeMarkdown(n.Text, '[', ']') + "](" + markdownURL(n.URL) + ")"
	}
}

func markdownURL(url string) string {
	url = escapeEntities(url)
	if strings.ContainsAny(url, "()") {
		return "<" + url + ">"
	}
	return url
}

func markdownCode(s string) string {
	ticks := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || strings.HasPrefix(s, " ") && strings.HasSuffix(s, " ") {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// emphasis puts the first of the delimiters that works here around a node. CommonMark decides by the characters on both
// sides of a delimiter what it means ("left-flanking" and "right-flanking").
func (m markdownInline) emphasis(n *Node, prev, next rune, delimiters ...string) string {
	for _, d := range delimiters {
		edge := rune(d[0])
		inner := m.write(n.Children, edge, edge)
		core := strings.Trim(inner, " ")
		if core == "" {
			continue
		}
		lead, trail, _ := strings.Cut(inner, core)
		before, after := outside(prev, lead), outside(next, trail)
		first, last := firstOf(core), lastRune(core)
		if first == edge || last == edge || before == edge {
			continue
		}
		opens := !isPunct(first) || isSpace(before) || isPunct(before)
		closes := !isPunct(last) || isSpace(after) || isPunct(after)
		if edge == '_' {
			opens = opens && (isSpace(before) || isPunct(before))
			closes = closes && (isSpace(after) || isPunct(after))
		}
		if opens && closes {
			return lead + d + core + d + trail
		}
	}
	return m.write(n.Children, prev, next)
}

// outside is the character next to a delimiter, given the space that was taken out of the emphasis.
func outside(r rune, space string) rune {
	if space != "" {
		return ' '
	}
	return r
}
