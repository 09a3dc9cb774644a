package richtext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// protected finds the URLs, Markdown links and HTML entities of a text.
func protected(text string) []stretch {
	var found []stretch
	label := -1 // where the label of a Markdown link may have begun
	free := 0   // what is before belongs to something found already
	for i := 0; i < len(text); i++ {
		var s stretch
		switch text[i] {
		case '\n':
			label = -1
		case '[':
			label = i
		case '&':
			s = stretch{i, i + entityLength(text[i:])}
		case ':':
			if strings.HasPrefix(text[i:], "://") {
				s = urlAt(text, max(free, i-10), i)
			}
		case ']':
			if label >= 0 && strings.HasPrefix(text[i:], "](") {
				s = stretch{label, destinationEnd(text, i+2)}
				label = -1
			}
		}
		if s.end <= s.start {
			continue
		}
		for len(found) > 0 && found[len(found)-1].start >= s.start {
			found = found[:len(found)-1] // it is in the label of this link
		}
		found = append(found, s)
		free, i = s.end, s.end-1
	}
	return found
}

// maxDestination bounds the search for the end of a Markdown link.
const maxDestination = 2048

// destinationEnd is where the destination of a Markdown link ends, or 0 if it does not.
func destinationEnd(text string, start int) int {
	rest := text[start:min(len(text), start+maxDestination)]
	if i := strings.IndexAny(rest, ") \n"); i >= 0 && rest[i] == ')' {
		return start + i + 1
	}
	return 0
}

// urlAt is the URL around the colon in "://". Its scheme begins at from at the earliest.
func urlAt(text string, from, colon int) stretch {
	start := colon
	for start > from && 'a' <= text[start-1]|0x20 && text[start-1]|0x20 <= 'z' {
		start--
	}
	if start == colon {
		return stretch{}
	}
	end := colon + len("://")
	for end < len(text) {
		r, width := utf8.DecodeRuneInString(text[end:])
		if unicode.IsSpace(r) || strings.ContainsRune(`<>"[]`, r) || r > unicode.MaxASCII && unicode.IsPunct(r) {
			break
		}
		end += width
	}
	return stretch{start, end}
}
