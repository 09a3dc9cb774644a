// Package richtext_test shows how to publish Markdown: HubSpot takes HTML, so a Markdown library makes HTML of it first.
package richtext_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages/richtext"
)

// A bot that answers in Markdown, and customers who write it, are shown as they meant it, within what the channel declared.
func Example_markdown() {
	declared := channels.Capabilities{
		RichText: []channels.RichTextFeature{channels.Bold, channels.Hyperlink, channels.Lists},
	}
	answer := "Your order **ships today**. You will get\n\n" +
		"1. a mail with the [tracking page](https://shop.example/track/7),\n" +
		"2. the _parcel_.\n\n" +
		"[Click](javascript:alert(1)) me\n"

	var html strings.Builder
	if err := goldmark.Convert([]byte(answer), &html); err != nil {
		fmt.Println(err)
		return
	}
	richText := richtext.Sanitize(html.String(), declared.RichText)
	fmt.Println(strings.NewReplacer("</p>", "</p>\n", "</ol>", "</ol>\n").Replace(richText))
	fmt.Println(richtext.Parse(richText).PlainText()) // for the text of the draft, which HubSpot wants too
	// Output:
	// <p>Your order <strong>ships today</strong>. You will get</p>
	// <ol><li>a mail with the <a href="https://shop.example/track/7">tracking page</a>,</li><li>the parcel.</li></ol>
	// <p>Click me</p>
	//
	// Your order ships today. You will get
	//
	// 1. a mail with the tracking page (https://shop.example/track/7),
	// 2. the parcel.
	//
	// Click me
}

// TestMarkdownIsRead holds that what richtext writes as Markdown is read by a Markdown library as the same text.
func TestMarkdownIsRead(t *testing.T) {
	markdown := goldmark.New(goldmark.WithExtensions(extension.Strikethrough, extension.Table))
	files, err := filepath.Glob("../../messages/richtext/testdata/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("no HTML: %v", err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc := richtext.Parse(string(source))
		var back strings.Builder
		if err := markdown.Convert([]byte(doc.Markdown()), &back); err != nil {
			t.Fatal(err)
		}
		before, after := doc.PlainText(), richtext.Parse(back.String()).PlainText()
		if diff := cmp.Diff(words(t, before), words(t, after)); diff != "" {
			t.Errorf("%s (-before +after):\n%s\nMarkdown:\n%s", file, diff, doc.Markdown())
		}
	}
}

// words is a text without what the library may change: it collapses white space and escapes letters in URLs.
func words(t *testing.T, text string) []string {
	t.Helper()
	plain, err := url.PathUnescape(text)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(plain)
}
