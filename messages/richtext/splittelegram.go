package richtext

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// SplitTelegram cuts the HTML that [Node.Telegram] writes into parts that fit into one message each. It counts as Telegram
// does: UTF-16 units of the text, without tags and with each entity as one character. The limit is 4096 for messages
// and 1024 for captions; below 1 there is none.
//
// Cuts are where [Split] makes them. Tags that are open at a cut are closed there and opened again in the next part, with
// their attributes. The text of a link stays whole if it can. HTML without text has no parts.
//
// It only cuts: the HTML has to be right for Telegram already.
func SplitTelegram(html string, limit int) []string {
	text, tags := readTags(html)
	var parts []string
	w := tagWriter{tags: tags, escape: strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")}
	for _, c := range cuts(text, UTF16(limit), merge(protected(text), linkTexts(tags))) {
		parts = append(parts, w.part(text, c))
	}
	return parts
}

// tag is a tag at its place in the text without tags.
type tag struct {
	pos  int
	name string
	raw  string
	end  bool
}

// readTags parts HTML into its text and its tags.
func readTags(source string) (string, []tag) {
	var text strings.Builder
	var tags []tag
	z := html.NewTokenizer(strings.NewReader(strings.ToValidUTF8(source, "\ufffd")))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		switch kind {
		case html.TextToken:
			text.WriteString(html.UnescapeString(string(z.Raw())))
		case html.StartTagToken, html.EndTagToken:
			raw := string(z.Raw())
			name, _ := z.TagName()
			if n := string(name); !isVoid(n) {
				tags = append(tags, tag{pos: text.Len(), name: n, raw: raw, end: kind == html.EndTagToken})
			}
			z.NextIsNotRawText() // Telegram has no elements of raw text
		}
	}
	return text.String(), tags
}

// maxOpenTags is how many tags are opened again at most, so that the parts of a hostile text stay small. Telegram knows
// fewer.
const maxOpenTags = 32

// linkTexts are the texts of the links.
func linkTexts(tags []tag) []stretch {
	var found []stretch
	open := -1
	for _, t := range tags {
		switch {
		case t.name != "a":
		case !t.end:
			open = t.pos
		case open >= 0:
			found = append(found, stretch{open, t.pos})
			open = -1
		}
	}
	return found
}

// merge joins two lists of stretches.
func merge(a, b []stretch) []stretch {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b stretch) int { return a.start - b.start })
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && s.start < out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// tagWriter writes the parts of a text with their tags, one after the other.
type tagWriter struct {
	tags   []tag // not written yet
	open   []tag
	escape *strings.Replacer
	b      strings.Builder
}

func (w *tagWriter) part(text string, part stretch) string {
	w.b.Reset()
	for len(w.tags) > 0 && w.tags[0].pos <= part.start {
		w.next(false)
	}
	for _, t := range w.open {
		w.b.WriteString(t.raw)
	}
	pos := part.start
	for len(w.tags) > 0 && w.tags[0].pos < part.end {
		w.text(text[pos:w.tags[0].pos])
		pos = w.tags[0].pos
		w.next(true)
	}
	w.text(text[pos:part.end])
	for _, t := range slices.Backward(w.open) {
		w.b.WriteString("</" + t.name + ">")
	}
	return w.b.String()
}

// next opens or closes the next tag. An end tag also ends what is open inside of its element.
func (w *tagWriter) next(write bool) {
	t := w.tags[0]
	w.tags = w.tags[1:]
	if !t.end {
		if len(w.open) == maxOpenTags {
			return
		}
		w.open = append(w.open, t)
		if write {
			w.b.WriteString(t.raw)
		}
		return
	}
	i := len(w.open) - 1
	for i >= 0 && w.open[i].name != t.name {
		i--
	}
	for i >= 0 && len(w.open) > i {
		last := len(w.open) - 1
		if write {
			w.b.WriteString("</" + w.open[last].name + ">")
		}
		w.open = w.open[:last]
	}
}

func (w *tagWriter) text(s string) { w.b.WriteString(w.escape.Replace(s)) }
