package main

import (
	"html"
	"slices"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages/richtext"
)

// telegramHTML is an agent's text as Telegram takes it.
func telegramHTML(m *bridge.Outgoing) string {
	if m.RichText == "" {
		return html.EscapeString(m.Text)
	}
	doc := richtext.Parse(m.RichText)
	showImages(doc, m.Media)
	return doc.Telegram()
}

// showImages leaves out the pictures that go as files, and makes links of the others.
func showImages(n *richtext.Node, sent []*bridge.OutgoingMedia) {
	n.Children = slices.DeleteFunc(n.Children, func(c *richtext.Node) bool {
		return c.Kind == richtext.Image && slices.ContainsFunc(sent, func(f *bridge.OutgoingMedia) bool { return f.InlineURL == c.URL })
	})
	for i, c := range n.Children {
		if c.Kind == richtext.Image {
			label := &richtext.Node{Kind: richtext.Text, Text: c.Text}
			if label.Text == "" {
				label.Text = c.URL
			}
			n.Children[i] = &richtext.Node{Kind: richtext.Link, URL: c.URL, Children: []*richtext.Node{label}}
			continue
		}
		showImages(c, sent)
	}
}
