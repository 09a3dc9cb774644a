package richtext

// Kind says what a [Node] is.
type Kind string

// The blocks of a text.
const (
	// Document is the root. Its children are blocks.
	Document Kind = "document"
	// Paragraph has inline children and may have an Align. A single line of a chat is a paragraph too.
	Paragraph Kind = "paragraph"
	// Heading has inline children, a Level from 1 to 6, and may have an Align.
	Heading Kind = "heading"
	// Quote has blocks.
	Quote Kind = "quote"
	// BulletList has Items.
	BulletList Kind = "bullet list"
	// NumberedList has Items, of which the first has the number Start.
	NumberedList Kind = "numbered list"
	// Item is one entry of a list. It has blocks: mostly one paragraph, and perhaps a list after it.
	Item Kind = "item"
	// CodeBlock has the preformatted lines in Text and no children.
	CodeBlock Kind = "code block"
	// Table has Rows. Tables that only lay out a page are not kept: what is in their cells follows one another.
	Table Kind = "table"
	// Row has Cells. Rows of one table may differ in length.
	Row Kind = "row"
	// Cell has inline children. Header tells that it names its column or row.
	Cell Kind = "cell"
	// Rule is a line across the page.
	Rule Kind = "rule"
)

// The inline pieces of a paragraph, heading or cell. Where several apply to one text, they are nested in this order: Link,
// Styled, Bold, Italic, Underline, Strike, Code.
const (
	// Text is text in Text. It never holds a line break.
	Text Kind = "text"
	// Break is a line break. It is never first or last, and two never follow one another.
	Break Kind = "break"
	// Link has inline children and a safe URL. That it is underlined and coloured is left out: programs do that to all links.
	Link Kind = "link"
	// Styled has inline children and a Style.
	Styled Kind = "styled"
	// Bold has inline children.
	Bold Kind = "bold"
	// Italic has inline children.
	Italic Kind = "italic"
	// Underline has inline children.
	Underline Kind = "underline"
	// Strike is struck through. It has inline children.
	Strike Kind = "strike"
	// Code has its text in Text and no children.
	Code Kind = "code"
	// Image has an http or https URL and its alternative text, which may be empty, in Text.
	Image Kind = "image"
)

// Node is a piece of a text with everything inside it. Which fields are used depends on the kind. Nodes never are empty:
// where there is no text, image or rule, there is no node.
type Node struct {
	Kind     Kind
	Children []*Node
	// Text is the text of Text, Code and CodeBlock, and what an Image shows in words.
	Text string
	// URL is where a Link leads (http, https, mailto or tel) or where an Image is.
	URL string
	// Level is that of a Heading, 1 to 6.
	Level int
	// Start is the number of the first Item of a NumberedList, 0 to 999999.
	Start int
	// Align is how a Paragraph or Heading is aligned: "center", "right" or "justify". Defaults to the side where the
	// script begins.
	Align string
	// Header tells that a Cell names its column or row.
	Header bool
	// Style is the look of a Styled node.
	Style Style
}

// Style is how a text looks. Empty fields say nothing. Values are checked and safe to write into a style attribute.
type Style struct {
	// Color and Highlight are the colours of the text and behind it, such as #ff7a59.
	Color, Highlight string
	// Size is the size of the font in pixels or points, such as 14px or 10.5pt.
	Size string
	// Font lists font families, such as Arial, sans-serif.
	Font string
}
