package richtext

import (
	"unicode"
	"unicode/utf8"
)

const maxCluster = 256

// cluster is the length in bytes of what a person sees as the first character of s (a grapheme cluster of Unicode's
// UAX #29). It is a little more generous than the standard: whatever is joined to something stays with it.
func cluster(s string) int {
	// No character needs as much, but a joker can pile accents without end.
	s = s[:min(len(s), maxCluster)]
	r, n := utf8.DecodeRuneInString(s)
	flag := isRegional(r)
	for n < len(s) {
		next, width := utf8.DecodeRuneInString(s[n:])
		switch {
		case r == '\r' && next == '\n':
		case unicode.IsControl(r) || unicode.IsControl(next):
			return n
		case extends(next):
		case r == '\u200d' && !unicode.IsSpace(next):
		case flag && isRegional(next):
			flag = false // a third one begins the next flag
			r = next
			n += width
			continue
		case isVirama(r) && unicode.IsLetter(next):
		case hangulJoins(r, next):
		default:
			return n
		}
		r = next
		n += width
	}
	return n
}

func isRegional(r rune) bool { return 0x1f1e6 <= r && r <= 0x1f1ff }

// extends reports whether a character changes the one before it: accents, vowel signs, joiners, variation selectors, skin
// tones and the tags of regional flags.
func extends(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc, unicode.Other_Grapheme_Extend) ||
		r == '\u0e33' || r == '\u0eb3' || // the vowel am of Thai and Lao
		r == '\u200d' || 0x1f3fb <= r && r <= 0x1f3ff || 0xe0020 <= r && r <= 0xe007f
}

// isVirama tells the signs that join two consonants into one in the scripts of India.
func isVirama(r rune) bool {
	switch r {
	case '\u094d', '\u09cd', '\u0acd', '\u0b4d', '\u0c4d', '\u0d4d':
		return true
	}
	return false
}

// hangulJoins reports whether two letters belong to one syllable of Korean.
func hangulJoins(a, b rune) bool {
	leading := func(r rune) bool { return 0x1100 <= r && r <= 0x115f || 0xa960 <= r && r <= 0xa97c }
	vowel := func(r rune) bool { return 0x1160 <= r && r <= 0x11a7 || 0xd7b0 <= r && r <= 0xd7c6 }
	trailing := func(r rune) bool { return 0x11a8 <= r && r <= 0x11ff || 0xd7cb <= r && r <= 0xd7fb }
	syllable := func(r rune) bool { return 0xac00 <= r && r <= 0xd7a3 }
	open := func(r rune) bool { return syllable(r) && (r-0xac00)%28 == 0 }
	switch {
	case leading(a):
		return leading(b) || vowel(b) || syllable(b)
	case vowel(a) || open(a):
		return vowel(b) || trailing(b)
	case trailing(a) || syllable(a):
		return trailing(b)
	}
	return false
}
