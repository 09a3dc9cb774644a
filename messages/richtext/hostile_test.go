package richtext_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/messages/richtext"
)

// hostile are pieces of HTML that, repeated, make careless converters slow or their output huge.
var hostile = map[string]struct{ before, repeated, after string }{
	"elements in elements":     {"", "<div>", ""},
	"formatting in formatting": {"", "<b><i>", "x"},
	"fonts and paragraphs":     {"<font color=red><font size=3><b><i><u><s><code>", "<p>x", ""},
	"new fonts in paragraphs":  {"", "<p><font color=#123456>x</p>", ""},
	"unknown elements":         {"", "<x>", "y"},
	"a link around paragraphs": {"<a href=https://x.example/" + strings.Repeat("u", 5000) + ">", "<p>x", ""},
	"a link around lines":      {"<a href=https://x.example/" + strings.Repeat("u", 5000) + ">", "x<br><br>", ""},
	"lists in lists":           {"", "<ul><li>x", ""},
	"numbers in numbers":       {strings.Repeat("<ol start=999999><li>", 40), "x<br>", ""},
	"quotes in quotes":         {strings.Repeat("<blockquote>", 40), "x<br>", ""},
	"one long list":            {"<ul>", "<li>x", ""},
	"tables in tables":         {"", "<table><tr><td>x", ""},
	"cells":                    {"<table>", "<td>x", ""},
	"rows":                     {"<table>", "<tr><td>x<td>y", ""},
	"end tags":                 {strings.Repeat("<span>", 500), "</div></p></li>", "x"},
	"misnested tags":           {strings.Repeat("<i>", 250), "<b></i><i></b>x", ""},
	"attributes":               {"<p ", "a=b ", ">x"},
	"styles":                   {"<p style='", "color:red;", "'>x"},
	"open brackets":            {"<p style='", "url(", "'>x"},
	"entities":                 {"", "&amp;", ""},
	"open angle brackets":      {"", "<", ""},
	"comments":                 {"", "<!--", ""},
	"hidden":                   {"<svg>", "<a>", "x"},
	"emphasis":                 {"", "<b>x<i>y</b>z</i>", ""},
	"stars":                    {"", "*_[`", ""},
	"links in text":            {"", "[](", ""},
	"schemes":                  {"", "a://", ""},
	"accents":                  {"e", "\u0301", ""},
	"joiners":                  {"", "\u200d", ""},
	"spaces":                   {"", " \n", "x"},
	"brackets":                 {"", ")", " x"},
	"code":                     {"<pre>", "x\n\t", ""},
	"backticks":                {"<code>", "`", ""},
}

// TestHostile holds that output stays in proportion to input. That the time does too shows in that the test ends.
func TestHostile(t *testing.T) {
	const size = 15_000
	for name, h := range hostile {
		t.Run(name, func(t *testing.T) {
			source := h.before + strings.Repeat(h.repeated, size/len(h.repeated)) + h.after
			doc := richtext.Parse(source)
			telegram := doc.Telegram()
			sanitized := richtext.Sanitize(source, features)
			checkSanitized(t, name, sanitized)
			if richtext.Sanitize(sanitized, features) != sanitized {
				t.Error("sanitizing is not stable")
			}
			for form, out := range map[string]string{
				"plain text": doc.PlainText(), "Markdown": doc.Markdown(), "Telegram": telegram, "sanitized": sanitized,
				"sanitized plain": richtext.Sanitize(source, []string{}),
				"split":           strings.Join(richtext.Split(source, richtext.UTF16(100)), ""),
				"split Telegram":  strings.Join(richtext.SplitTelegram(telegram, 100), ""),
				"split tags":      strings.Join(richtext.SplitTelegram(source, 100), ""),
			} {
				if len(out) > 50*(len(source)+len(h.before)) {
					t.Errorf("%s: %d bytes from %d", form, len(out), len(source))
				}
			}
		})
	}
}

// TestStableAtLimitOfSize: what Sanitize writes is never too long to be sanitized again.
func TestStableAtLimitOfSize(t *testing.T) {
	source := "<b><i><u><font color=red size=3>" + strings.Repeat("<p>x", 100_000)
	out := richtext.Sanitize(source, features)
	if len(out) > 1<<20 || len(out) < 1<<19 {
		t.Errorf("got %d bytes", len(out))
	}
	if richtext.Sanitize(out, features) != out {
		t.Error("sanitizing is not stable")
	}
}

// TestLimitOfSize: what lies beyond the limit is ignored, and a character on it is not halved.
func TestLimitOfSize(t *testing.T) {
	const limit = 1 << 20
	source := "<p>" + strings.Repeat("a", limit-4) + "é</p><p>beyond</p>"
	got := richtext.Parse(source).PlainText()
	if len(got) > limit+3 || strings.Contains(got, "beyond") || !strings.HasPrefix(got, "aaaa") {
		t.Errorf("got %d bytes that end in %q", len(got), got[len(got)-10:])
	}
	if bad := fmt.Sprintf("%q", got[len(got)-5:]); strings.Contains(bad, `\x`) {
		t.Errorf("invalid UTF-8 at the end: %s", bad)
	}
}
