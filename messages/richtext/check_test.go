package richtext_test

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"golang.org/x/net/html"

	"github.com/customchannels/customchannels-go/messages/richtext"
)

var (
	safeStyle = regexp.MustCompile(`^(color: #[0-9a-f]{6}|background-color: #[0-9a-f]{6}|font-size: [0-9.]+p[xt]|` +
		`font-family: [A-Za-z][A-Za-z0-9 ,-]*|text-align: (center|right|justify)|; )+$`)
	number = regexp.MustCompile(`^[0-9]{1,6}$`)
	entity = regexp.MustCompile(`&(amp|lt|gt|nbsp|quot|#34|#39);`)
)

// checkSanitized reports what a browser could make of HTML beyond what Sanitize promises.
func checkSanitized(t *testing.T, source, out string) {
	t.Helper()
	err := wellFormed(out, func(tag string, open []string, attrs []html.Attribute) error {
		want := map[string]string{"a": "href", "img": "src alt", "ol": "start", "p": "style", "span": "style"}[tag]
		if !strings.Contains(" a blockquote br em img li ol p span strong u ul ", " "+tag+" ") {
			return fmt.Errorf("the tag is not allowed")
		}
		for _, a := range attrs {
			if !slices.Contains(strings.Fields(want), a.Key) {
				return fmt.Errorf("attribute %s is not allowed", a.Key)
			}
			if err := checkAttribute(a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\ninput:  %q\noutput: %q", err, source, out)
	}
	checkParsed(t, out)
}

// checkParsed holds that a browser's parser finds the same elements as a simple one.
func checkParsed(t *testing.T, out string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(out))
	if err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	parsed := 0
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			if n.Data != "html" && n.Data != "head" && n.Data != "body" {
				parsed++
			}
		case html.TextNode:
		default:
			t.Fatalf("node of type %v: %q", n.Type, out)
		}
	}
	if written := strings.Count(out, "<") - strings.Count(out, "</"); parsed != written {
		t.Fatalf("%d elements are written, %d are parsed: %q", written, parsed, out)
	}
}

func checkAttribute(a html.Attribute) error {
	switch a.Key {
	case "href":
		return checkURL(a.Val)
	case "src":
		if !strings.HasPrefix(a.Val, "http") {
			return fmt.Errorf("a picture from %q", a.Val)
		}
		return checkURL(a.Val)
	case "style":
		if !safeStyle.MatchString(a.Val) {
			return fmt.Errorf("style %q", a.Val)
		}
	case "start":
		if !number.MatchString(a.Val) {
			return fmt.Errorf("start %q", a.Val)
		}
	}
	return nil
}

func checkURL(s string) error {
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }); i >= 0 {
		return fmt.Errorf("URL with white space: %q", s)
	}
	u, err := url.Parse(s)
	if err != nil || !slices.Contains([]string{"http", "https", "mailto", "tel"}, u.Scheme) {
		return fmt.Errorf("URL %q: %v", s, err)
	}
	return nil
}

// checkTelegram holds the rules of Telegram's Bot API for HTML.
func checkTelegram(t *testing.T, source, out string) {
	t.Helper()
	err := wellFormed(out, func(tag string, open []string, attrs []html.Attribute) error {
		if !strings.Contains(" a b blockquote code i pre s u ", " "+tag+" ") {
			return fmt.Errorf("the tag is not allowed")
		}
		if slices.Contains(open, "pre") || slices.Contains(open, "code") || slices.Contains(open, tag) {
			return fmt.Errorf("the tag is not allowed in %v", open)
		}
		if tag == "code" && len(open) > 0 && open[len(open)-1] != "blockquote" {
			return fmt.Errorf("code is not allowed in %v", open)
		}
		if (tag == "a") != (len(attrs) == 1 && attrs[0].Key == "href" && strings.HasPrefix(attrs[0].Val, "http")) || len(attrs) > 1 {
			return fmt.Errorf("attributes %v", attrs)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\ninput:  %q\noutput: %q", err, source, out)
	}
}

// wellFormed checks that all tags pass and are closed in order, and that text is escaped.
func wellFormed(out string, pass func(tag string, open []string, attrs []html.Attribute) error) error {
	var open []string
	z := html.NewTokenizer(strings.NewReader(out))
	for z.Next() != html.ErrorToken {
		raw := string(z.Raw())
		switch tok := z.Token(); tok.Type {
		case html.TextToken:
			if strings.ContainsAny(entity.ReplaceAllString(raw, ""), "<>&") {
				return fmt.Errorf("text is not escaped: %q", raw)
			}
		case html.StartTagToken:
			if err := pass(tok.Data, open, tok.Attr); err != nil {
				return fmt.Errorf("<%s>: %w", tok.Data, err)
			}
			if tok.Data != "br" && tok.Data != "img" {
				open = append(open, tok.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				return fmt.Errorf("</%s> closes %v", tok.Data, open)
			}
			open = open[:len(open)-1]
		default:
			return fmt.Errorf("token %v", tok)
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%v are not closed", open)
	}
	return nil
}

// checkTree holds what the documentation of the kinds promises.
func checkTree(t *testing.T, source string, n *richtext.Node) {
	t.Helper()
	if err := treeError(n); err != nil {
		t.Fatalf("%v\ninput: %q", err, source)
	}
}

var (
	blockKinds = []richtext.Kind{richtext.Paragraph, richtext.Heading, richtext.Quote, richtext.BulletList, richtext.NumberedList,
		richtext.CodeBlock, richtext.Table, richtext.Rule}
	inlineKinds = []richtext.Kind{richtext.Text, richtext.Break, richtext.Link, richtext.Styled, richtext.Bold, richtext.Italic,
		richtext.Underline, richtext.Strike, richtext.Code, richtext.Image}
)

func treeError(n *richtext.Node) error {
	children := inlineKinds
	switch n.Kind {
	case richtext.Document, richtext.Quote, richtext.Item:
		children = blockKinds
	case richtext.BulletList, richtext.NumberedList:
		children = []richtext.Kind{richtext.Item}
	case richtext.Table:
		children = []richtext.Kind{richtext.Row}
	case richtext.Row:
		children = []richtext.Kind{richtext.Cell}
	case richtext.CodeBlock, richtext.Rule, richtext.Text, richtext.Break, richtext.Code, richtext.Image:
		children = nil
	}
	if err := fieldError(n); err != nil {
		return err
	}
	for i, c := range n.Children {
		if !slices.Contains(children, c.Kind) {
			return fmt.Errorf("%s in %s", c.Kind, n.Kind)
		}
		if c.Kind == richtext.Break && (i == 0 || i == len(n.Children)-1 || n.Children[i-1].Kind == richtext.Break) {
			return fmt.Errorf("break at %d of %d in %s", i, len(n.Children), n.Kind)
		}
		if err := treeError(c); err != nil {
			return err
		}
	}
	return nil
}

func fieldError(n *richtext.Node) error {
	var ok bool
	switch n.Kind {
	case richtext.Text, richtext.Code:
		ok = n.Text != "" && !strings.ContainsAny(n.Text, "\r\n\t")
	case richtext.CodeBlock:
		ok = strings.TrimSpace(n.Text) != ""
	case richtext.Document, richtext.Cell, richtext.Break, richtext.Rule:
		ok = true
	case richtext.Image:
		ok = strings.HasPrefix(n.URL, "http") && checkURL(n.URL) == nil
	default:
		ok = len(n.Children) > 0
	}
	switch {
	case !ok,
		n.Kind == richtext.Link && checkURL(n.URL) != nil,
		n.Kind == richtext.Heading && (n.Level < 1 || n.Level > 6),
		n.Start < 0 || n.Start > 999999:
		return fmt.Errorf("broken %s: %+v", n.Kind, *n)
	}
	return nil
}

// visible is a text without white space and other characters that are not seen.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == '\ufeff' || r == '\u00ad' {
			return -1
		}
		return r
	}, s)
}

// stripTags is the text of Telegram's HTML.
func stripTags(s string) string {
	return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(s, ""))
}

func utf16Length(s string) int { return len(utf16.Encode([]rune(s))) }
