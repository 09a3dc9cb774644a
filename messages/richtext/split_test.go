package richtext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/customchannels/customchannels-go/messages/richtext"
)

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		limit      richtext.Limit
		want       []string
	}{
		{"fits", "It ships today.", richtext.Runes(15), []string{"It ships today."}},
		{"no limit", "a\n\nb ", richtext.Limit{}, []string{"a\n\nb"}},
		{"negative limit", "a b", richtext.Bytes(-1), []string{"a b"}},
		{"empty", "", richtext.Runes(5), nil},
		{"blank", " \n\t ", richtext.Runes(2), nil},
		{"paragraph before line", "one two\n\nthree\nfour", richtext.Runes(14), []string{"one two", "three\nfour"}},
		{"line before sentence", "One two.\nThree. Four five", richtext.Runes(16), []string{"One two.", "Three. Four five"}},
		{"sentence before word", "One two. Three four", richtext.Runes(14), []string{"One two.", "Three four"}},
		{"sentence in quotes", "“One two.” Three four", richtext.Runes(15), []string{"“One two.”", "Three four"}},
		{"paragraph too early", "a\n\nbbb ccc ddd eee", richtext.Runes(12), []string{"a\n\nbbb ccc", "ddd eee"}},
		{"word only", "a bbbbbbbbbb", richtext.Runes(10), []string{"a", "bbbbbbbbbb"}},
		{"East Asian sentences", "今日発送します。明日届きます。", richtext.Runes(12), []string{"今日発送します。", "明日届きます。"}},
		{"no-break space", "aaa 10\u00a0kg", richtext.Runes(7), []string{"aaa", "10\u00a0kg"}},
		{"long word", "aaaaaaaaaa", richtext.Runes(4), []string{"aaaa", "aaaa", "aa"}},
		{"indented line", "• one\n  • two", richtext.Runes(8), []string{"• one", "  • two"}},
		{"spaces at the limit", "aaa      bbb", richtext.Runes(4), []string{"aaa", "bbb"}},
		{"spaces before", "        bbb", richtext.Runes(4), []string{"bbb"}},

		{"bytes", "ééé", richtext.Bytes(5), []string{"éé", "é"}},
		{"runes", "ééé", richtext.Runes(2), []string{"éé", "é"}},
		{"UTF-16", "😀😀é", richtext.UTF16(4), []string{"😀😀", "é"}},
		{"smaller than a code point", "😀é", richtext.Bytes(1), []string{"😀", "é"}},

		{"URL", "see https://x.example/a-b/c?d=e now", richtext.Runes(30), []string{"see", "https://x.example/a-b/c?d=e", "now"}},
		{"URL too long", "see https://x.example/a", richtext.Runes(10), []string{"see", "https://x.", "example/a"}},
		{"URL in Chinese", "请看https://x.example/a。谢谢", richtext.Runes(20), []string{"请看", "https://x.example/a。", "谢谢"}},
		{"Markdown link", "see [the long label](https://x.example) now", richtext.Runes(37), []string{"see", "[the long label](https://x.example)", "now"}},
		{"brackets", "see [not a link] at all", richtext.Runes(12), []string{"see [not a", "link] at all"}},
		{"entity", "aaaa&nbsp;b", richtext.Runes(8), []string{"aaaa", "&nbsp;b"}},
		{"ampersand", "AT&T; x", richtext.Runes(20), []string{"AT&T; x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := richtext.Split(tt.text, tt.limit)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestSplitKeepsCharacters cuts at every place around what a person sees as one character.
func TestSplitKeepsCharacters(t *testing.T) {
	for name, char := range map[string]string{
		"family":                   "👩‍👩‍👧‍👦",
		"skin tone":                "👋🏽",
		"profession and tone":      "👩🏿‍🚀",
		"flag":                     "🇩🇪",
		"flag of a region":         "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
		"flag by joining":          "🏳️‍🌈",
		"keycap":                   "1️⃣",
		"variation selector":       "❤️",
		"accents":                  "e\u0301\u0323",
		"Korean, composed of jamo": "\u1112\u1161\u11ab",
		"Hindi":                    "क्षि",
		"Tamil":                    "நி",
		"Thai":                     "กำ่",
		"Hebrew with points":       "שּׁ",
		"line end of Windows":      "a\r\nb",
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(char, 4)
			for limit := len(char); limit <= len(text); limit++ {
				for _, part := range richtext.Split(text, richtext.Bytes(limit)) {
					if strings.Trim(strings.ReplaceAll(part, char, ""), "ab") != "" {
						t.Fatalf("limit %d: %q is cut in %+q", limit, char, part)
					}
				}
			}
		})
	}
}

func TestSplitTelegram(t *testing.T) {
	const link = `<a href="https://x.example/?a=1&amp;b=2">`
	for _, tt := range []struct {
		name, html string
		limit      int
		want       []string
	}{
		{"fits", "<b>one two</b>", 7, []string{"<b>one two</b>"}},
		{"no limit", "<b>one</b> two", 0, []string{"<b>one</b> two"}},
		{"empty", "", 5, nil},
		{"no text", "<b> </b><i></i>", 5, nil},
		{"open tags", "<b>one <i>two three</i> four</b>", 8, []string{"<b>one <i>two</i></b>", "<b><i>three</i></b>", "<b>four</b>"}},
		{"tag ends at the cut", "<b>one</b> <i>two</i>", 4, []string{"<b>one</b>", "<i>two</i>"}},
		{"attributes", link + "one two three</a>", 8, []string{link + "one two</a>", link + "three</a>"}},
		{"link stays whole", "see it " + link + "one two</a> now", 10, []string{"see it", link + "one two</a>", "now"}},
		{"entities count as one", "a &lt;&amp;&gt; b", 7, []string{"a &lt;&amp;&gt; b"}},
		{"entities", "&lt;&lt;&lt;&lt;", 2, []string{"&lt;&lt;", "&lt;&lt;"}},
		{"emoji count as two", "😀😀😀", 4, []string{"😀😀", "😀"}},
		{"emoji over tags", "<b>👩‍👩</b>👩‍👩", 5, []string{"<b>👩‍👩</b>", "👩‍👩"}},
		{"code", "<pre>a b\nc d</pre>", 4, []string{"<pre>a b</pre>", "<pre>c d</pre>"}},
		{"quote", "<blockquote>a b\n\nc d</blockquote>", 4, []string{"<blockquote>a b</blockquote>", "<blockquote>c d</blockquote>"}},
		{"broken tags", "</i><b>one <i>two</b> three", 8, []string{"<b>one <i>two</i></b>", "three"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := richtext.SplitTelegram(tt.html, tt.limit)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
