package richtext_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/customchannels/customchannels-go/messages/richtext"
)

// seed adds the golden inputs and the files of testdata/fuzz.
func seed(f *testing.F, add func(html string)) {
	for _, source := range sources(f) {
		add(source)
	}
}

// FuzzSanitize holds that whatever comes in, what goes out is safe, stays within the declared features, and does not change
// when it is sanitized again.
func FuzzSanitize(f *testing.F) {
	seed(f, func(html string) {
		f.Add(html, uint16(0x7ff))
		f.Add(html, uint16(0xfff))
	})
	f.Fuzz(func(t *testing.T, source string, declared uint16) {
		var some []string
		if declared&0x800 != 0 {
			some = append(some, "IMAGE")
		}
		for i, feature := range features {
			if declared&(1<<i) != 0 {
				some = append(some, feature)
			}
		}
		out := richtext.Sanitize(source, some)
		checkSanitized(t, source, out)
		checkDeclared(t, out, some)
		if again := richtext.Sanitize(out, some); again != out {
			t.Fatalf("not stable with %v\ninput:  %q\nfirst:  %q\nsecond: %q", some, source, out, again)
		}
	})
}

// checkDeclared holds that HTML shows no feature that is not declared.
func checkDeclared(t *testing.T, out string, declared []string) {
	t.Helper()
	used := func(feature, in, sign string) {
		if strings.Contains(in, sign) && !slices.Contains(declared, feature) {
			t.Fatalf("%s is not declared: %q", feature, out)
		}
	}
	z := html.NewTokenizer(strings.NewReader(out))
	for z.Next() != html.ErrorToken {
		tok := z.Token()
		if tok.Type != html.StartTagToken {
			continue
		}
		for feature, tags := range map[string]string{
			"BLOCKQUOTE": "blockquote", "BOLD": "strong", "HYPERLINK": "a", "IMAGE": "img", "ITALIC": "em", "LISTS": "ul ol li", "UNDERLINE": "u",
		} {
			used(feature, " "+tags+" ", " "+tok.Data+" ")
		}
		for _, a := range tok.Attr {
			if a.Key == "style" {
				used("FONT_SIZE", a.Val, "font-size:")
				used("FONT_STYLE", a.Val, "font-family:")
				used("TEXT_ALIGNMENT", a.Val, "text-align:")
				used("TEXT_HIGHLIGHT_COLOR", a.Val, "background-color:")
				used("TEXT_COLOR", strings.ReplaceAll(a.Val, "background-color:", ""), "color:")
			}
		}
	}
}

// FuzzParse holds the promises of the tree and of what is written from it.
func FuzzParse(f *testing.F) {
	seed(f, func(html string) { f.Add(html) })
	f.Fuzz(func(t *testing.T, source string) {
		doc := richtext.Parse(source)
		checkTree(t, source, doc)
		checkTree(t, source, doc.Only())
		checkTree(t, source, doc.Only(richtext.Bold, richtext.Quote, richtext.CodeBlock, richtext.Table))
		checkTelegram(t, source, doc.Telegram())
		if plain := doc.PlainText(); strings.ContainsAny(plain, "\u00a0\r") || strings.Contains(plain, "\n\n\n") {
			t.Fatalf("plain text %q", plain)
		}
		doc.Markdown()
		for _, img := range richtext.Images(source) {
			if err := checkURL(img.URL.String()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzSplit holds that no part is too long or blank, and that nothing is lost.
func FuzzSplit(f *testing.F) {
	seed(f, func(html string) { f.Add(richtext.Parse(html).Markdown(), 60) })
	f.Fuzz(func(t *testing.T, text string, max int) {
		checkParts(t, text, richtext.Split(text, richtext.Bytes(max)), max, func(s string) int { return len(s) })
		checkParts(t, text, richtext.Split(text, richtext.Runes(max)), max, func(s string) int { return len([]rune(s)) })
		checkParts(t, text, richtext.Split(text, richtext.UTF16(max)), max, utf16Length)
	})
}

func checkParts(t *testing.T, text string, parts []string, max int, size func(string) int) {
	t.Helper()
	var got strings.Builder
	for _, p := range parts {
		got.WriteString(visible(p))
	}
	if got.String() != visible(text) {
		t.Fatalf("text is lost\ntext:  %q\nparts: %q", text, parts)
	}
	for _, p := range parts {
		if strings.Trim(p, " \n\t\r\f\v") == "" {
			t.Fatalf("blank part in %q", parts)
		}
		if max > 0 && size(p) > max && len([]rune(p)) > 1 {
			t.Fatalf("part %q of %d is longer than %d", p, size(p), max)
		}
	}
}

// FuzzSplitTelegram holds that each part is a message of its own that Telegram accepts.
func FuzzSplitTelegram(f *testing.F) {
	seed(f, func(html string) { f.Add(html, 40) })
	f.Fuzz(func(t *testing.T, source string, max int) {
		richtext.SplitTelegram(source, max)
		whole := richtext.Parse(source).Telegram()
		parts := richtext.SplitTelegram(whole, max)
		text := make([]string, len(parts))
		for i, p := range parts {
			checkTelegram(t, whole, p)
			text[i] = stripTags(p)
		}
		checkParts(t, stripTags(whole), text, max, utf16Length)
	})
}
