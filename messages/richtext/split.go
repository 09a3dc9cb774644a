package richtext

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limit is how long a message may be. Services count differently; make a Limit with [Bytes], [Runes] or [UTF16]. One below
// 1, as the zero value is, is no limit.
type Limit struct {
	max  int
	unit unit
}

type unit int

const (
	inBytes unit = iota
	inRunes
	inUTF16
)

// Bytes is a limit of n bytes of UTF-8.
func Bytes(n int) Limit { return Limit{n, inBytes} }

// Runes is a limit of n Unicode code points, which many APIs call characters.
func Runes(n int) Limit { return Limit{n, inRunes} }

// UTF16 is a limit of n UTF-16 code units, as Telegram, Java and JavaScript count. Most emoji are two or more.
func UTF16(n int) Limit { return Limit{n, inUTF16} }

// size is the length of a text in the units of the limit.
func (l Limit) size(s string) int {
	switch l.unit {
	case inBytes:
		return len(s)
	case inRunes:
		return utf8.RuneCountInString(s)
	}
	n := 0
	for _, r := range s {
		if n++; r > 0xffff {
			n++
		}
	}
	return n
}

// Split cuts a text into parts that fit into one message each. It cuts between paragraphs, lines, sentences or words, in
// this order of preference, as long as that leaves a part at least half full. White space at a cut and at the end goes
// away; a blank text has no parts.
//
// What a person sees as one character stays whole (flags, families, skin tones, letters with accents), and so do URLs, links
// of Markdown and HTML entities, unless one of them alone exceeds the limit. A single code point is never cut, whatever the
// limit.
//
// For the HTML of Telegram use [SplitTelegram].
func Split(text string, limit Limit) []string {
	var parts []string
	for _, c := range cuts(text, limit, protected(text)) {
		parts = append(parts, text[c.start:c.end])
	}
	return parts
}

// stretch is a part of a text, in bytes.
type stretch struct{ start, end int }

// cuts finds the parts of a text. Stretches in whole stay in one part if they can; they are in order and do not overlap.
func cuts(text string, limit Limit, whole []stretch) []stretch {
	if limit.max < 1 {
		limit = Bytes(len(text))
	}
	whole = slices.DeleteFunc(whole, func(w stretch) bool { return limit.size(text[w.start:w.end]) > limit.max })
	c := cutter{text: text, limit: limit, whole: whole}
	var parts []stretch
	for pos := 0; pos < len(text); {
		part, next := c.part(pos)
		if !isSpaces(text[part.start:part.end]) {
			parts = append(parts, part)
		}
		pos = next
	}
	return parts
}

type cutter struct {
	text  string
	limit Limit
	whole []stretch // those that may still come
}

// border is a place for a cut: the part ends at end and has a size, the next part begins at next.
type border struct{ end, next, size int }

// The kinds of borders, from the worst to the best.
const (
	anywhere = iota
	betweenWords
	betweenSentences
	betweenLines
	betweenParagraphs
	borderKinds
)

// part finds the part that begins at start, and where the next one begins.
func (c *cutter) part(start int) (part stretch, next int) {
	for len(c.whole) > 0 && c.whole[0].end <= start {
		c.whole = c.whole[1:]
	}
	ahead := c.whole
	var last [borderKinds]border // the last of each kind that fits
	pos, size := start, 0
	for pos < len(c.text) {
		n := 0
		if n, ahead = c.atom(pos, ahead); isSpaces(c.text[pos : pos+n]) {
			n = spaces(c.text[pos:])
			if last[anywhere].end > 0 {
				last[borderKind(c.text[:pos], c.text[pos:pos+n])] = border{pos, pos + resume(c.text[pos:pos+n]), size}
			}
			size += c.limit.size(c.text[pos : pos+n])
			pos += n
			continue
		}
		width := c.limit.size(c.text[pos : pos+n])
		if size+width > c.limit.max {
			if last[anywhere].end > 0 {
				b := best(last, c.limit.max)
				return stretch{start, b.end}, b.next
			}
			if pos > start { // nothing but white space so far
				return stretch{}, pos
			}
			end := pos + c.fitting(c.text[pos:pos+n])
			return stretch{start, end}, end
		}
		pos, size = pos+n, size+width
		last[anywhere] = border{pos, pos, size}
		if r := lastRune(c.text[:pos]); r > unicode.MaxASCII && endsSentence(r) {
			last[betweenSentences] = last[anywhere] // East Asian sentences have no spaces between them
		}
	}
	return stretch{start, max(start, last[anywhere].end)}, len(c.text)
}

// best chooses the best kind of border that leaves the part half full, or else the last that is not inside a word.
func best(last [borderKinds]border, limit int) border {
	for kind := borderKinds - 1; kind > anywhere; kind-- {
		if last[kind].end > 0 && 2*last[kind].size >= limit {
			return last[kind]
		}
	}
	b := slices.MaxFunc(last[betweenWords:], func(a, b border) int { return cmp.Compare(a.end, b.end) })
	if b.end > 0 {
		return b
	}
	return last[anywhere]
}

// atom is the length of what must not be cut at pos. It is asked for growing positions and answers the stretches that may
// still come.
func (c *cutter) atom(pos int, ahead []stretch) (int, []stretch) {
	for len(ahead) > 0 && ahead[0].end <= pos {
		ahead = ahead[1:]
	}
	n := cluster(c.text[pos:])
	if len(ahead) > 0 && ahead[0].start <= pos {
		for pos+n < ahead[0].end {
			n += cluster(c.text[pos+n:])
		}
	}
	return n, ahead
}

// fitting is how much of an atom fits that is too long for a part: some characters, or else some code points, or else one.
func (c *cutter) fitting(atom string) int {
	n, size := 0, 0
	for n < len(atom) {
		width := cluster(atom[n:])
		if size += c.limit.size(atom[n : n+width]); size > c.limit.max {
			break
		}
		n += width
	}
	if n > 0 {
		return n
	}
	size = 0
	for i, r := range atom {
		if size += c.limit.size(string(r)); size > c.limit.max && i > 0 {
			return i
		}
	}
	return len(atom)
}

// isSpaces reports whether a text may be cut away. No-break spaces may not, for they forbid a cut.
func isSpaces(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !breaksAt(r) }) < 0
}

func breaksAt(r rune) bool {
	return unicode.IsSpace(r) && r != '\u00a0' && r != '\u2007' && r != '\u202f'
}

// spaces is the length of the white space at the start of s.
func spaces(s string) int {
	n := 0
	for n < len(s) {
		width := cluster(s[n:])
		if !isSpaces(s[n : n+width]) {
			break
		}
		n += width
	}
	return n
}

// borderKind says what white space after a text parts.
func borderKind(before, space string) int {
	switch strings.Count(space, "\n") {
	case 0:
		end := strings.TrimRight(before, "\"')]}»”’*_")
		if end != "" && endsSentence(lastRune(end)) {
			return betweenSentences
		}
		return betweenWords
	case 1:
		return betweenLines
	default:
		return betweenParagraphs
	}
}

func endsSentence(r rune) bool { return strings.ContainsRune(".!?…؟۔।。！？｡", r) }

// resume is where the next part begins in the white space at a cut: after it, but an indented line stays indented.
func resume(space string) int {
	if i := strings.LastIndexByte(space, '\n'); i >= 0 {
		return i + 1
	}
	return len(space)
}
