package richtext

import "strings"

// PlainText writes the text without any mark-up: paragraphs with a blank line between them, and everything else in words as
// [Node.Only] puts it.
func (n *Node) PlainText() string {
	doc := n.Only()
	var b strings.Builder
	for i, p := range doc.Children {
		if i > 0 {
			b.WriteString("\n\n")
		}
		writePlain(&b, p.Children)
	}
	return b.String()
}

func writePlain(b *strings.Builder, nodes []*Node) {
	for _, n := range nodes {
		if n.Kind == Break {
			b.WriteByte('\n')
		} else {
			b.WriteString(plainSpaces(n.Text))
		}
	}
}

// plainSpaces makes plain spaces of the no-break spaces, which editors scatter and some services show as boxes.
func plainSpaces(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }
