package richtext_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/messages/richtext"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// features is everything that a channel can declare.
var features = []string{
	"BLOCKQUOTE", "BOLD", "FONT_SIZE", "FONT_STYLE", "HYPERLINK", "ITALIC", "LISTS", "TEXT_ALIGNMENT", "TEXT_COLOR",
	"TEXT_HIGHLIGHT_COLOR", "UNDERLINE",
}

// TestGolden converts HTML as mail programs, chats and HubSpot's editor write it. Look at what an update changes.
func TestGolden(t *testing.T) {
	for name, source := range sources(t) {
		t.Run(name, func(t *testing.T) {
			doc := richtext.Parse(source)
			for extension, got := range map[string]string{
				"txt":       doc.PlainText(),
				"md":        doc.Markdown(),
				"telegram":  doc.Telegram(),
				"sanitized": pretty(richtext.Sanitize(source, features)),
				"plain":     pretty(richtext.Sanitize(source, []string{})),
			} {
				golden(t, filepath.Join("testdata", name+"."+extension), got+"\n")
			}
		})
	}
}

// sources are the HTML files of testdata by name.
func sources(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("no HTML in testdata: %v", err)
	}
	found := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSuffix(filepath.Base(file), ".html")] = string(data)
	}
	return found
}

// pretty puts each block on a line of its own.
func pretty(html string) string {
	return strings.NewReplacer("</p>", "</p>\n", "<li>", "\n<li>", "</ul>", "\n</ul>\n", "</ol>", "\n</ol>\n",
		"</blockquote>", "</blockquote>\n", "<br>", "<br>\n").Replace(html)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run go test -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
