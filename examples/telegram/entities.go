package main

import (
	"html"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/go-telegram/bot/models"

	"github.com/customchannels/customchannels-go/messages/richtext"
)

// markup are the tags for what customers can format.
var markup = map[models.MessageEntityType]string{
	models.MessageEntityTypeBold:       "strong",
	models.MessageEntityTypeItalic:     "em",
	models.MessageEntityTypeUnderline:  "u",
	models.MessageEntityTypeBlockquote: "blockquote",
	models.MessageEntityTypeTextLink:   "a",
}

// richText is a customer's text in HTML, empty if it has no formatting. Telegram's entities are sorted, and nested or apart.
func richText(text string, entities []models.MessageEntity) string {
	entities = slices.DeleteFunc(slices.Clone(entities), func(e models.MessageEntity) bool { return markup[e.Type] == "" })
	if len(entities) == 0 {
		return ""
	}
	w := &htmlWriter{units: utf16.Encode([]rune(text))} // in which entities count
	for _, e := range entities {
		w.closeUntil(e.Offset)
		w.text(e.Offset)
		w.openTag(e)
	}
	w.closeUntil(len(w.units))
	w.text(len(w.units))
	return richtext.Sanitize(w.out.String(), capabilities().RichText) // which mends what is not nested
}

type htmlWriter struct {
	out   strings.Builder
	units []uint16
	done  int // units that are written
	open  []models.MessageEntity
}

// text writes the text up to a unit.
func (w *htmlWriter) text(end int) {
	end = max(w.done, min(end, len(w.units)))
	escaped := html.EscapeString(string(utf16.Decode(w.units[w.done:end])))
	w.out.WriteString(strings.ReplaceAll(escaped, "\n", "<br>"))
	w.done = end
}

func (w *htmlWriter) openTag(e models.MessageEntity) {
	w.out.WriteString("<" + markup[e.Type])
	if e.Type == models.MessageEntityTypeTextLink {
		w.out.WriteString(` href="` + html.EscapeString(e.URL) + `"`)
	}
	w.out.WriteString(">")
	w.open = append(w.open, e)
}

// closeUntil closes what ends before a unit or there.
func (w *htmlWriter) closeUntil(at int) {
	for n := len(w.open); n > 0; n = len(w.open) {
		last := w.open[n-1]
		end := last.Offset + last.Length
		if end > at {
			return
		}
		w.text(end)
		w.out.WriteString("</" + markup[last.Type] + ">")
		w.open = w.open[:n-1]
	}
}
