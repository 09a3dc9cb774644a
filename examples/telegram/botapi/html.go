package botapi

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// The tags of parse_mode HTML, and the entities that have names there.
var (
	tagOrEntity = regexp.MustCompile(`<(/?)([a-zA-Z0-9-]*)([^<>]*)>|&([a-zA-Z]+|#[0-9]+|#x[0-9a-fA-F]+);|<`)
	tags        = []string{"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote", "span", "tg-spoiler", "tg-emoji"}
	entities    = []string{"lt", "gt", "amp", "quot"}
)

// plain is the text that a customer reads of a text in HTML, or Telegram's refusal of it.
func plain(markup string) (string, error) {
	var text strings.Builder
	var open []string
	at := 0
	for _, m := range tagOrEntity.FindAllStringSubmatchIndex(markup, -1) {
		text.WriteString(markup[at:m[0]])
		at = m[1]
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return markup[m[2*i]:m[2*i+1]]
		}
		tag := strings.ToLower(part(2))
		switch entity := part(4); {
		case entity != "":
			if entity[0] != '#' && !slices.Contains(entities, entity) {
				text.WriteString(part(0)) // any other name is text
				continue
			}
			text.WriteString(html.UnescapeString(part(0)))
		case part(0) == "<", !slices.Contains(tags, tag):
			return "", badRequest("can't parse entities: Unsupported start tag %q at byte offset %d", tag, m[0])
		case part(1) == "":
			open = append(open, tag)
		case len(open) == 0 || open[len(open)-1] != tag:
			return "", badRequest("can't parse entities: Unmatched end tag at byte offset %d", m[0])
		default:
			open = open[:len(open)-1]
		}
	}
	text.WriteString(markup[at:])
	if len(open) > 0 {
		return "", badRequest("can't parse entities: Can't find end tag corresponding to start tag %q", open[len(open)-1])
	}
	return strings.TrimSpace(text.String()), nil
}

// length is how Telegram counts.
func length(text string) int { return len(utf16.Encode([]rune(text))) }
