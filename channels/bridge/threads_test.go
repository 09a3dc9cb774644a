package bridge_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// begin starts a conversation as the agent, and returns the ids of its thread and of its message.
func (b *bench) begin(to, text string) (thread, message string) {
	b.t.Helper()
	started, m, err := b.hubspot.StartConversation(b.hubspot.Accounts()[0].ID, hubspottest.Start{
		To: hubspottest.Identifier{Type: string(channels.TypeOpaque), Value: to}, Reply: hubspottest.Reply{Text: text},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
	return started.ID, m.ID
}

func starts(c *bridge.Config) { c.Definition.Capabilities.AllowConversationStart = true }

func byIdentifier(c *bridge.Config) {
	c.Definition.Capabilities.ThreadingModel = channels.ByDeliveryIdentifier
}

// A conversation that an agent begins goes on in the same thread, whichever names the two sides give it.
func TestConversationStartedByAnAgent(t *testing.T) {
	for name, test := range map[string]struct {
		readings hubspottest.Readings
		tune     []func(*bridge.Config)
		receipt  string // how the service calls the conversation
		answer   string // how the service names it with the customer's answer
	}{
		"named by HubSpot, the service has names":           {readings: hubspottest.Readings{StartedThreadNamed: true}, receipt: "chat/7", answer: "chat/7"},
		"named by HubSpot, the service has none":            {readings: hubspottest.Readings{StartedThreadNamed: true}},
		"named by HubSpot, the service names its own only":  {readings: hubspottest.Readings{StartedThreadNamed: true}, receipt: "chat/7"},
		"not named, the service has names":                  {readings: hubspottest.Readings{StartedThreadJoins: true}, receipt: "chat/7", answer: "chat/7"},
		"not named, the service has none":                   {readings: hubspottest.Readings{StartedThreadJoins: true}},
		"not named, the service names its own only":         {readings: hubspottest.Readings{StartedThreadJoins: true}, receipt: "chat/7"},
		"HubSpot threads by address":                        {tune: []func(*bridge.Config){byIdentifier}},
		"HubSpot threads by address, the service has names": {tune: []func(*bridge.Config){byIdentifier}, receipt: "chat/7", answer: "chat/7"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) {
					return &bridge.Receipt{Thread: test.receipt}, nil
				}
				b.hubspot.SetReadings(test.readings)
				thread, _ := b.begin("ada", "Your parcel is here.")
				if got := b.channel.sent[0].Thread; got == "" {
					t.Error("Send got no thread")
				}
				first := b.channel.sent[0].Thread
				if _, err := b.hubspot.Reply(thread, hubspottest.Reply{Text: "Until six."}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				b.receive(&bridge.Incoming{ID: "1", Text: "Thanks!", FromName: "Ada", Thread: test.answer})
				b.receive(&bridge.Incoming{ID: "2", Text: "On my way.", FromName: "Ada", Thread: test.answer})
				b.reply("See you.") // also: there is only one thread
				b.receive(&bridge.Incoming{ID: "3", Text: "Bye.", FromName: "Ada", Thread: test.answer})
				want := []string{"agent: Your parcel is here. (SENT)", "agent: Until six. (SENT)", "Ada: Thanks!", "Ada: On my way.", "agent: See you. (SENT)", "Ada: Bye."}
				if diff := cmp.Diff(want, b.shown()); diff != "" {
					t.Errorf("the agent sees (-want +got):\n%s", diff)
				}
				called := test.receipt
				if called == "" {
					called = first
				}
				if diff := cmp.Diff([]string{first, called, called}, []string{b.channel.sent[0].Thread, b.channel.sent[1].Thread, b.channel.sent[2].Thread}); diff != "" {
					t.Errorf("Send was told the threads (-want +got):\n%s", diff)
				}
			}, append(test.tune, starts)...)
		})
	}
}

// Where HubSpot gave no name, the answer to the agent's message is what leads into the thread.
func TestAnswerLeadsIntoTheThread(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		_, message := b.begin("ada", "Your parcel is here.")
		b.receive(&bridge.Incoming{ID: "1", Text: "Thanks!", FromName: "Ada"})
		b.receive(&bridge.Incoming{ID: "2", Text: "On my way.", FromName: "Ada"})
		got := map[string]string{}
		for _, thread := range b.hubspot.Threads() {
			for _, m := range b.hubspot.Messages(thread.ID) {
				got[m.Text] = m.InReplyToID
			}
		}
		if diff := cmp.Diff(map[string]string{"Your parcel is here.": "", "Thanks!": message, "On my way.": ""}, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	}, starts)
}

// Two conversations with one person are kept apart by the service's names.
func TestTwoConversationsStartedByAnAgent(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.SetReadings(hubspottest.Readings{StartedThreadNamed: true})
		b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			return &bridge.Receipt{Thread: "about " + m.Text}, nil
		}
		b.begin("ada", "orders")
		later(time.Second)
		b.begin("ada", "returns")
		b.receive(&bridge.Incoming{ID: "1", Text: "1", Thread: "about orders"})
		b.receive(&bridge.Incoming{ID: "2", Text: "2", Thread: "about returns"})
		got := map[string]string{}
		for _, thread := range b.hubspot.Threads() {
			for _, m := range b.hubspot.Messages(thread.ID)[1:] {
				got[m.Text] = b.hubspot.Messages(thread.ID)[0].Text
			}
		}
		if diff := cmp.Diff(map[string]string{"1": "orders", "2": "returns"}, got); diff != "" {
			t.Errorf("answers by conversation (-want +got):\n%s", diff)
		}
	}, starts)
}
