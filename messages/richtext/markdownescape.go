package richtext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// escapeMarkdown keeps text that stands between the characters prev and next from being read as mark-up. What cannot be
// mark-up is left alone, so that people can read the text.
func escapeMarkdown(s string, prev, next rune) string {
	s = plainSpaces(s)
	marker := -1
	if prev == '\n' {
		s = strings.TrimLeft(s, " ") // or it might be code
		marker = blockMarker(s)
	}
	var b strings.Builder
	for i, width := 0, 0; i < len(s); i += width {
		var r rune
		r, width = utf8.DecodeRuneInString(s[i:])
		after := next
		if i+width < len(s) {
			after = firstOf(s[i+width:])
		}
		if i == marker || special(r, prev, after) || r == '&' && entityLength(s[i:]) > 0 {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		prev = r
	}
	return b.String()
}

// special reports whether a character can be mark-up anywhere in a line.
func special(r, prev, next rune) bool {
	switch r {
	case '\\', '`', '*', '[', ']', '<', '~':
		return true
	case '_':
		return !isWord(prev) || !isWord(next)
	case '!':
		return next == '['
	}
	return false
}

// blockMarker is the index of a character that would make a heading, list, quote or table of a line, or -1.
func blockMarker(line string) int {
	if line == "" {
		return -1
	}
	if strings.ContainsRune("#+-=>|", rune(line[0])) || strings.HasPrefix(line, ":-") {
		return 0
	}
	number := len(line) - len(strings.TrimLeft(line, "0123456789"))
	if number > 0 && number < len(line) && (line[number] == '.' || line[number] == ')') {
		return number
	}
	return -1
}

// entityLength is the length of what looks like an HTML entity at the start of s, or 0.
func entityLength(s string) int {
	for i := 1; i < len(s) && i < 40; i++ {
		if s[i] == ';' {
			return i + 1
		}
		if !isWord(rune(s[i])) && s[i] != '#' {
			break
		}
	}
	return 0
}

// escapeEntities keeps a URL from being read as if it had entities.
func escapeEntities(url string) string {
	var b strings.Builder
	for i := range len(url) {
		b.WriteByte(url[i])
		if url[i] == '&' && entityLength(url[i:]) > 0 {
			b.WriteString("amp;")
		}
	}
	return b.String()
}

// firstRune is the first character that is written for a node, as far as it matters to the emphasis before it.
func firstRune(n *Node) rune {
	switch n.Kind {
	case Text:
		return firstOf(n.Text)
	case Break:
		return '\n'
	case Link:
		return '['
	case Image:
		return '!'
	case Code:
		return '`'
	}
	if len(n.Children) == 0 {
		return ' '
	}
	return firstRune(n.Children[0])
}

func firstOf(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

func isSpace(r rune) bool { return unicode.IsSpace(r) }
func isPunct(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }
func isWord(r rune) bool  { return unicode.IsLetter(r) || unicode.IsDigit(r) }
