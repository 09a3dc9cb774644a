package richtext

import (
	"html"
	"slices"
	"strconv"
	"strings"
)

// Sanitize turns any HTML, such as a customer's mail, into HTML that is safe to publish and that an agent's inbox shows as
// the channel declared it. Features are the names in the channel's capabilities.richText, so that a
// []channels.RichTextFeature can be passed as it is:
//
//	BLOCKQUOTE            <blockquote>
//	BOLD                  <strong>
//	FONT_SIZE             style="font-size" in px or pt, 6 to 96 pixels
//	FONT_STYLE            style="font-family", up to 100 bytes
//	HYPERLINK             <a href> to http, https, mailto and tel
//	IMAGE                 <img src alt> from http and https; for what agents write, since HubSpot has no such feature
//	ITALIC                <em>
//	LISTS                 <ul>, <ol start>, <li>
//	TEXT_ALIGNMENT        style="text-align" on <p>: center, right, justify
//	TEXT_COLOR            style="color" as #rrggbb
//	TEXT_HIGHLIGHT_COLOR  style="background-color" as #rrggbb
//	UNDERLINE             <u>
//
// Besides these the result has <p>, <br>, <span> for styles, and no other attributes. What is not declared is not lost but
// put into words as [Node.Only] does; so are headings, tables and code, which HubSpot has no feature for. Struck text
// becomes plain. Publish a customer's images as attachments. Unknown features are ignored.
//
// The HTML is written anew from the tree, so that nothing of the input's mark-up can slip through. Sanitizing once more
// changes nothing. The result is 1 MiB at most; paragraphs beyond that are left out.
func Sanitize[Feature ~string](html string, features []Feature) string {
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = string(f)
	}
	return sanitize(html, func(feature string) bool { return slices.Contains(names, feature) })
}

func sanitize(text string, declared func(feature string) bool) string {
	r := reducer{align: declared("TEXT_ALIGNMENT"), kinds: []Kind{Styled}}
	for feature, kinds := range map[string][]Kind{
		"BLOCKQUOTE": {Quote}, "BOLD": {Bold}, "HYPERLINK": {Link}, "IMAGE": {Image}, "ITALIC": {Italic}, "LISTS": {BulletList, NumberedList},
		"UNDERLINE": {Underline},
	} {
		if declared(feature) {
			r.kinds = append(r.kinds, kinds...)
		}
	}
	color, highlight := declared("TEXT_COLOR"), declared("TEXT_HIGHLIGHT_COLOR")
	size, font := declared("FONT_SIZE"), declared("FONT_STYLE")
	r.run = func(x run) run {
		x.style.Color = when(color, x.style.Color)
		x.style.Highlight = when(highlight, x.style.Highlight)
		x.style.Size = when(size, x.style.Size)
		x.style.Font = when(font, x.style.Font)
		return x
	}
	w := htmlWriter{markupWriter{escape: strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\u00a0", "&nbsp;"), tags: htmlTag}}
	for _, block := range r.document(Parse(text)).Children {
		before := w.Len()
		if w.blocks([]*Node{block}); w.Len() > maxHTML {
			return w.String()[:before] // sanitized again, the rest would be ignored
		}
	}
	return w.String()
}

func when(ok bool, s string) string {
	if ok {
		return s
	}
	return ""
}

type htmlWriter struct{ markupWriter }

func (w *htmlWriter) blocks(blocks []*Node) {
	for _, n := range blocks {
		open, end := htmlTag(n)
		w.WriteString(open)
		switch n.Kind {
		case Paragraph:
			w.inline(n.Children)
		case Item:
			w.item(n)
		default:
			w.blocks(n.Children)
		}
		w.WriteString(end)
	}
}

// item writes the first paragraph of an item without <p> if nothing but lists follow it.
func (w *htmlWriter) item(n *Node) {
	first, rest := n.Children[0], n.Children[1:]
	plain := first.Kind == Paragraph && first.Align == "" &&
		!slices.ContainsFunc(rest, func(b *Node) bool { return !isList(b.Kind) })
	if plain {
		w.inline(first.Children)
		w.blocks(rest)
		return
	}
	w.blocks(n.Children)
}

func htmlTag(n *Node) (open, end string) {
	switch n.Kind {
	case Paragraph:
		if n.Align != "" {
			return `<p style="text-align: ` + n.Align + `">`, "</p>"
		}
		return "<p>", "</p>"
	case Quote:
		return "<blockquote>", "</blockquote>"
	case BulletList:
		return "<ul>", "</ul>"
	case NumberedList:
		if n.Start != 1 {
			return `<ol start="` + strconv.Itoa(n.Start) + `">`, "</ol>"
		}
		return "<ol>", "</ol>"
	case Item:
		return "<li>", "</li>"
	case Bold:
		return "<strong>", "</strong>"
	case Italic:
		return "<em>", "</em>"
	case Underline:
		return "<u>", "</u>"
	case Link:
		return `<a href="` + html.EscapeString(n.URL) + `">`, "</a>"
	case Styled:
		return `<span style="` + n.Style.css() + `">`, "</span>"
	case Break:
		return "<br>", ""
	case Image:
		return `<img src="` + html.EscapeString(n.URL) + `" alt="` + html.EscapeString(n.Text) + `">`, ""
	}
	return "", ""
}

// css writes a style for an attribute. The values hold no characters that would need escaping.
func (s Style) css() string {
	var parts []string
	for _, p := range [][2]string{
		{"color", s.Color}, {"background-color", s.Highlight}, {"font-size", s.Size}, {"font-family", s.Font},
	} {
		if p[1] != "" {
			parts = append(parts, p[0]+": "+p[1])
		}
	}
	return strings.Join(parts, "; ")
}
