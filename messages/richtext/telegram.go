package richtext

import (
	"html"
	"slices"
	"strings"
)

// Telegram writes the text in the HTML of Telegram's Bot API (parse_mode "HTML"): bold, italic, underlined and struck text,
// code, links and quotes; everything else in words as [Node.Only] puts it. Links to email addresses and phone numbers are
// written out, for Telegram finds those itself and accepts no others.
//
// A message holds 4096 UTF-16 units after Telegram has read the tags, a caption 1024. Cut longer texts with [SplitTelegram].
func (n *Node) Telegram() string {
	r := &reducer{
		kinds: []Kind{Bold, Italic, Underline, Strike, Code, CodeBlock, Link, Quote},
		link:  func(url string) bool { return strings.HasPrefix(url, "http") },
		run:   telegramRun,
	}
	w := markupWriter{escape: strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\u00a0", " "), tags: telegramTag}
	for i, block := range r.document(n).Children {
		if i > 0 {
			w.WriteString("\n\n")
		}
		if block.Kind == Quote {
			telegramQuote(&w, r, block)
		} else {
			telegramBlock(&w, block)
		}
	}
	return w.String()
}

// telegramRun keeps the rules of Telegram: no code in a link, and nothing else in code.
func telegramRun(r run) run {
	if r.url != "" {
		r.code = false
	}
	if r.code {
		r.marks = marks{code: true}
	}
	return r
}

// telegramQuote writes a quote. Telegram has no quotes in quotes.
func telegramQuote(w *markupWriter, r *reducer, quote *Node) {
	inner := *r
	inner.kinds = slices.DeleteFunc(slices.Clone(r.kinds), func(k Kind) bool { return k == Quote })
	w.WriteString("<blockquote>")
	for i, block := range inner.reduced(quote.Children) {
		if i > 0 {
			w.WriteString("\n\n")
		}
		telegramBlock(w, block)
	}
	w.WriteString("</blockquote>")
}

func telegramBlock(w *markupWriter, block *Node) {
	if block.Kind == CodeBlock {
		w.WriteString("<pre>")
		w.text(block.Text)
		w.WriteString("</pre>")
		return
	}
	w.inline(block.Children)
}

func telegramTag(n *Node) (open, end string) {
	switch n.Kind {
	case Bold:
		return "<b>", "</b>"
	case Italic:
		return "<i>", "</i>"
	case Underline:
		return "<u>", "</u>"
	case Strike:
		return "<s>", "</s>"
	case Code:
		return "<code>", "</code>"
	case Link:
		return `<a href="` + html.EscapeString(n.URL) + `">`, "</a>"
	case Break:
		return "\n", ""
	}
	return "", ""
}

// markupWriter writes inline nodes as text between tags.
type markupWriter struct {
	strings.Builder
	escape *strings.Replacer
	tags   func(*Node) (open, end string)
}

func (w *markupWriter) inline(nodes []*Node) {
	for _, n := range nodes {
		open, end := w.tags(n)
		w.WriteString(open)
		if n.Kind != Image { // its text is in the tag
			w.text(n.Text)
		}
		w.inline(n.Children)
		w.WriteString(end)
	}
}

func (w *markupWriter) text(s string) { w.WriteString(w.escape.Replace(s)) }
