package richtext_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/customchannels/customchannels-go/messages/richtext"
)

// soup writes random HTML in which each text is a word of its own: w1x, w2x, and so on.
type soup struct {
	*rand.Rand
	strings.Builder
	words int
}

func (s *soup) word() {
	s.words++
	fmt.Fprintf(s, "w%dx", s.words)
	s.WriteString([]string{" ", "\n", "", "&nbsp;", "&amp;", "<br>", ", "}[s.IntN(7)])
}

var soupTags = []string{
	"p", "p", "div", "div", "span", "b", "strong", "i", "em", "u", "s", "code", `a href="https://x.example/"`, `a href="javascript:x"`, "a",
	`font color="red"`, "h1", "h3", "ul", "ol", `ol start="7"`, "li", "li", "blockquote", "pre", "dl", "dt", "dd", "o:p", "center", "section",
	`p style="text-align:center"`, `span style="font-weight:bold;color:#abc"`, `div style="white-space:pre-wrap"`, "noscript", "label", "small",
}

// tree writes elements in elements. Tags often lack their end or end too early, as in mails.
func (s *soup) tree(depth int) {
	for range 1 + s.IntN(4) {
		switch {
		case depth == 0 || s.IntN(3) == 0:
			s.word()
		case s.IntN(8) == 0:
			s.table(depth - 1)
		case s.IntN(12) == 0:
			s.WriteString("<script>hidden</script><style>hidden</style><!-- hidden --><span style='display:none'>hidden</span>")
		case s.IntN(12) == 0:
			s.words++
			fmt.Fprintf(s, `<img src="https://x.example/i.png" alt="w%dx">`, s.words)
		default:
			tag := soupTags[s.IntN(len(soupTags))]
			name, _, _ := strings.Cut(tag, " ")
			s.WriteString("<" + tag + ">")
			s.tree(depth - 1)
			if s.IntN(5) > 0 {
				s.WriteString("</" + name + ">")
			}
		}
	}
}

func (s *soup) table(depth int) {
	s.WriteString("<table>")
	for range 1 + s.IntN(3) {
		s.WriteString("<tr>")
		for range 1 + s.IntN(3) {
			s.WriteString([]string{"<td>", "<th>"}[s.IntN(2)])
			s.tree(depth)
		}
	}
	s.WriteString("</table>")
}

// TestNothingIsLost converts random HTML: every word a browser shows must be in every form, once, and in order.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(250) {
		s := &soup{Rand: rand.New(rand.NewPCG(seed, 1))}
		s.tree(5)
		source := s.String()
		doc := richtext.Parse(source)
		telegram := doc.Telegram()
		var want []string
		for i := range s.words {
			want = append(want, fmt.Sprintf("w%dx", i+1))
		}
		for form, out := range map[string]string{
			"plain text":      doc.PlainText(),
			"Markdown":        doc.Markdown(),
			"Telegram":        telegram,
			"Telegram, split": stripTags(strings.Join(richtext.SplitTelegram(telegram, 50), "")),
			"sanitized":       richtext.Sanitize(source, features),
			"sanitized plain": richtext.Sanitize(source, []string(nil)),
			"tree":            treeText(doc),
		} {
			if diff := cmp.Diff(want, word.FindAllString(out, -1)); diff != "" || strings.Contains(out, "hidden") {
				t.Fatalf("seed %d, %s (-want +got):\n%s\nHTML: %s\ngot:  %s", seed, form, diff, source, out)
			}
		}
	}
}

var word = regexp.MustCompile(`w[0-9]+x`)

func treeText(n *richtext.Node) string {
	var b strings.Builder
	b.WriteString(n.Text + " ")
	for _, c := range n.Children {
		b.WriteString(treeText(c))
	}
	return b.String()
}

// TestVisibleAsInBrowser compares the words of the golden inputs with those that x/net/html finds in them.
func TestVisibleAsInBrowser(t *testing.T) {
	for name, source := range sources(t) {
		if name == "hostile" {
			continue // what is hidden there is the point of it
		}
		root, err := html.Parse(strings.NewReader(source))
		if err != nil {
			t.Fatal(err)
		}
		plain := visible(richtext.Parse(source).PlainText())
		for n := range root.Descendants() {
			if n.Type != html.TextNode || hiddenNode(n) {
				continue
			}
			for word := range strings.FieldsSeq(n.Data) {
				if !strings.Contains(plain, visible(word)) {
					t.Errorf("%s: %q is lost", name, word)
				}
			}
		}
	}
}

func hiddenNode(n *html.Node) bool {
	for n := range n.Ancestors() {
		switch n.Data {
		case "script", "style", "title", "video", "noscript":
			return true
		}
		for _, a := range n.Attr {
			if a.Key == "hidden" || a.Key == "style" && strings.Contains(strings.ToLower(a.Val), "display") {
				return true
			}
		}
	}
	return false
}
