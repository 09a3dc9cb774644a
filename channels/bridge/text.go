package bridge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/messages/richtext"
)

// plainText is an agent's message without mark-up. HubSpot's own text says what a link is called and not where it leads, so
// where that is missing the text is made from the rich text.
func plainText(m *messages.Message) string {
	// Where a link leads is said in an attribute.
	if m.RichText == "" || m.Text != "" && !strings.Contains(m.RichText, "=") {
		return m.Text
	}
	doc := richtext.Parse(m.RichText)
	if m.Text != "" && !leadsElsewhere(doc, m.Text) {
		return m.Text
	}
	return withoutImages(doc).PlainText()
}

// sanitized is an agent's rich text within what the channel declares, with the pictures in it: it may be whatever a program
// has sent through HubSpot. It is empty for a channel without rich text.
func sanitized(html string, declared []channels.RichTextFeature) string {
	if len(declared) == 0 {
		return ""
	}
	return richtext.Sanitize(html, append(slices.Clone(declared), "IMAGE"))
}

// leadsElsewhere reports whether a text has links whose address it does not tell.
func leadsElsewhere(n *richtext.Node, text string) bool {
	if n.Kind == richtext.Link && !strings.Contains(text, n.URL) {
		// "example.com" says where https://example.com/ leads, and "ada@example.com" where mailto:ada@example.com does.
		_, address, _ := strings.Cut(n.URL, ":")
		if !strings.Contains(text, strings.Trim(address, "/")) {
			return true
		}
	}
	return slices.ContainsFunc(n.Children, func(c *richtext.Node) bool { return leadsElsewhere(c, text) })
}

// withoutImages returns the text without the pictures in it, which are sent as files.
func withoutImages(n *richtext.Node) *richtext.Node {
	kept := *n
	kept.Children = nil
	for _, c := range n.Children {
		if c.Kind == richtext.Image {
			continue
		}
		if c = withoutImages(c); len(c.Children) > 0 || c.Text != "" || c.Kind == richtext.Break || c.Kind == richtext.Rule {
			kept.Children = append(kept.Children, c)
		}
	}
	return &kept
}

// quickReplies offers the customer what to choose from: as such, or in words where the channel has nothing of the kind.
func (d *delivery) quickReplies(m *Outgoing) {
	for _, a := range d.event.Message.Attachments {
		q, ok := a.(*messages.QuickRepliesAttachment)
		switch {
		case !ok:
		case slices.Contains(d.cfg.Definition.Capabilities.OutgoingAttachmentTypes, channels.OutgoingQuickReplies):
			m.QuickReplies = q
		default:
			lines := []string{m.Text}
			for _, r := range q.Replies {
				lines = append(lines, "• "+cmp.Or(r.Label, r.Value))
			}
			m.Text = strings.TrimSpace(strings.Join(lines, "\n"))
		}
	}
}
