package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

// message is the webhook of an agent's message with members of its own.
func (b *bench) message(id, text, richText, attachments string) {
	b.t.Helper()
	event := outgoingEvent(b.hubspot.Channels()[0].ID, b.hubspot.Accounts()[0].ID, id)
	for _, member := range [][2]string{{"text", fmt.Sprintf("%q", text)}, {"attachments", attachments}} {
		i := strings.Index(event, `"`+member[0]+`":`)
		j := i + strings.IndexAny(event[i:], ",}")
		event = event[:i] + fmt.Sprintf("%q:%s", member[0], member[1]) + event[j:]
	}
	event = strings.Replace(event, `"text":`, fmt.Sprintf(`"richText":%q,"text":`, richText), 1)
	if status := b.post(b.app.ClientSecret, event); status != 200 {
		b.t.Fatalf("the webhook was answered %d", status)
	}
	later(0)
}

// What an agent inserts is of use to a customer only if it leads somewhere.
func TestTextHasAddresses(t *testing.T) {
	for name, test := range map[string]struct{ text, richText, want string }{
		"no rich text":         {"See example.com", "", "See example.com"},
		"as HubSpot says it":   {"Bye,\n  Robin", "<p>Bye,<br>&nbsp; <strong>Robin</strong></p>", "Bye,\n  Robin"},
		"link":                 {"See the guide.", `<p>See <a href="https://kb.example.com/1">the guide</a>.</p>`, "See the guide (https://kb.example.com/1)."},
		"link that says it":    {"example.com/a", `<a href="https://example.com/a/">example.com/a</a>`, "example.com/a"},
		"address that says it": {"Write to ada@example.com", `Write to <a href="mailto:ada@example.com">us</a>`, "Write to ada@example.com"},
		"picture in it":        {"Here", `<p>Here <img alt="cat.gif" src="data:image/gif;base64,R0lG"> <a href="https://example.com/cats">more</a></p>`, "Here cat.gif more (https://example.com/cats)"},
		"no text":              {"", "<p>Hello <em>you</em></p>", "Hello you"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.message("m1", test.text, test.richText, "[]")
				if diff := cmp.Diff([]string{test.want}, b.channel.texts()); diff != "" {
					t.Errorf("sent (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A channel that has declared no rich text gets none.
func TestRichTextOnlyWhereDeclared(t *testing.T) {
	for name, test := range map[string]struct {
		declared []channels.RichTextFeature
		want     string
	}{
		"none": {nil, ""},
		"some": {[]channels.RichTextFeature{channels.Bold}, "<p><strong>Sure</strong></p>"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				got := "nothing was sent"
				b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
					got = m.RichText
					return nil, nil
				}
				b.message("m1", "Sure", "<p><strong>Sure</strong></p>", "[]")
				if got != test.want {
					t.Errorf("Send got the rich text %q, want %q", got, test.want)
				}
			}, func(c *bridge.Config) { c.Definition.Capabilities.RichText = test.declared })
		})
	}
}

const choice = `[{"type":"QUICK_REPLIES","quickReplies":[{"value":"y","valueType":"TEXT","label":"Yes"},{"value":"No","valueType":"TEXT"}]}]`

func TestQuickReplies(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.message("m1", "Sure?", "", choice)
		if diff := cmp.Diff([]string{"Sure?\n• Yes\n• No"}, b.channel.texts()); diff != "" {
			t.Errorf("without the capability (-want +got):\n%s", diff)
		}
	})
	bubble(t, func(t *testing.T, b *bench) {
		var offered *messages.QuickRepliesAttachment
		b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			offered = m.QuickReplies
			return nil, nil
		}
		b.message("m1", "Sure?", "", choice)
		want := messages.QuickReplies(messages.QuickReply{Value: "y", Label: "Yes"}, messages.QuickReply{Value: "No"})
		if diff := cmp.Diff(want, offered); diff != "" {
			t.Errorf("with the capability (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"Sure?"}, b.channel.texts()); diff != "" {
			t.Errorf("with the capability (-want +got):\n%s", diff)
		}
	}, func(c *bridge.Config) {
		types := &c.Definition.Capabilities.OutgoingAttachmentTypes
		*types = append(*types, channels.OutgoingQuickReplies)
	})
}

func TestIncomingRichText(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", RichText: `<p onclick="steal()">Look <b>here</b>: <a href="https://example.com/x">x</a><script>steal()</script></p>`})
		got := b.hubspot.Messages(b.thread())[0]
		if want := `<p>Look <strong>here</strong>: x (https://example.com/x)</p>`; got.RichText != want {
			t.Errorf("the agent sees %s, want %s", got.RichText, want)
		}
		if want := "Look here: x (https://example.com/x)"; got.Text != want {
			t.Errorf("the text is %q, want %q", got.Text, want)
		}
	}, func(c *bridge.Config) { c.Definition.Capabilities.RichText = []channels.RichTextFeature{channels.Bold} })
}

// What agents write, or any program through HubSpot, reaches the channel within what it declares.
func TestOutgoingRichText(t *testing.T) {
	const written = `<p onclick="steal()">Look <b>here</b> <img src="https://example.com/a.png" alt="a map" onerror="steal()">` +
		`<a href="javascript:steal()">x</a><script>steal()</script></p>`
	for _, test := range []struct {
		declared []channels.RichTextFeature
		want     string
	}{
		{nil, ""},
		{[]channels.RichTextFeature{channels.Bold}, `<p>Look <strong>here</strong> <img src="https://example.com/a.png" alt="a map">x</p>`},
		{[]channels.RichTextFeature{channels.Italic}, `<p>Look here <img src="https://example.com/a.png" alt="a map">x</p>`},
	} {
		bubble(t, func(t *testing.T, b *bench) {
			got := "nothing was sent"
			b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
				got = m.RichText
				return nil, nil
			}
			b.message("m1", "Look here x", written, "[]")
			if got != test.want {
				t.Errorf("with %v the channel gets %s, want %s", test.declared, got, test.want)
			}
		}, func(c *bridge.Config) { c.Definition.Capabilities.RichText = test.declared })
	}
}

func TestIncomingAttachments(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Attachments: messages.Attachments{
			messages.Location(52.5, 13.4, "Office"),
			messages.Contact(messages.ContactName{First: "Ada"}, messages.ContactPhone{Phone: "+4930123"}),
		}})
		var kinds []string
		for _, a := range b.hubspot.Messages(b.thread())[0].Attachments {
			kinds = append(kinds, a.Type)
		}
		if diff := cmp.Diff([]string{"LOCATION", "CONTACT"}, kinds); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		for name, m := range map[string]bridge.Incoming{
			"file":    {Attachments: messages.Attachments{messages.File("1", "")}},
			"nothing": {Attachments: messages.Attachments{nil}},
			"time":    {Text: "late", Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		} {
			m.ID, m.From, m.To = name, ada, shop
			if err := b.bridge.Receive(t.Context(), &m); !errors.Is(err, bridge.ErrInvalid) {
				t.Errorf("%s: Receive returned %v, want ErrInvalid", name, err)
			}
		}
	})
}
