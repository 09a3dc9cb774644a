package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// Replies of one conversation are sent one after the other; another conversation does not wait.
func TestOrderWithinAConversation(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.channel.send = func(_ context.Context, try int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if m.Text == "one" && m.Attempt < 4 {
				return nil, errors.New("service down")
			}
			return nil, nil
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		b.reply("one")
		b.reply("two")
		b.reply("three")
		b.receive(&bridge.Incoming{ID: "2", Text: "Hi too", From: shopper("bob")})
		for _, thread := range b.hubspot.Threads() {
			if b.hubspot.Messages(thread.ID)[0].Text == "Hi too" {
				if _, err := b.hubspot.Reply(thread.ID, hubspottest.Reply{Text: "for Bob"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		later(time.Minute)
		if diff := cmp.Diff([]string{"for Bob", "one", "two", "three"}, b.channel.texts()); diff != "" {
			t.Errorf("order of Sends (-want +got):\n%s", diff)
		}
	})
}

// HubSpot's webhooks may overtake each other: of the replies that wait, the one that was written first is sent first.
func TestOrderOfWriting(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if m.ID == "m1" && m.Attempt == 1 {
				return nil, errors.New("service down")
			}
			return &bridge.Receipt{ID: m.ID}, nil
		}
		for _, id := range []string{"m1", "m3", "m2"} {
			event := outgoingEvent(b.hubspot.Channels()[0].ID, b.hubspot.Accounts()[0].ID, id)
			event = strings.Replace(event, "09:25:00.950Z", "09:25:00.95"+id[1:]+"Z", 1)
			event = strings.Replace(event, `"Hello"`, `"`+id+`"`, 1)
			if status := b.post(b.app.ClientSecret, event); status != http.StatusOK {
				t.Fatalf("the webhook of %s was answered %d", id, status)
			}
		}
		later(time.Minute)
		if diff := cmp.Diff([]string{"m1", "m2", "m3"}, b.channel.texts()); diff != "" {
			t.Errorf("order of Sends (-want +got):\n%s", diff)
		}
	})
}

// A status that HubSpot does not take for now holds up that of no other message.
func TestStatusesDoNotWaitForEachOther(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.status", Nth: 1, Status: 404})
		b.reply("one")
		b.reply("two")
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: one (SENDING)", "agent: two (SENT)"}, b.shown()); diff != "" {
			t.Errorf("at once the agent sees (-want +got):\n%s", diff)
		}
		later(time.Minute)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: one (SENT)", "agent: two (SENT)"}, b.shown()); diff != "" {
			t.Errorf("in the end the agent sees (-want +got):\n%s", diff)
		}
	})
}

// A portal that has used up its calls of HubSpot holds no worker: its replies are sent at once.
func TestRateLimitHoldsNoWorker(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "0", Text: "Hi", FromName: "Ada"})
		thread := b.thread()
		for n := range 200 {
			b.receive(&bridge.Incoming{ID: fmt.Sprint(n + 1), Text: "Hi too", From: shopper(fmt.Sprint("shopper-", n))})
		}
		if got := len(b.hubspot.Threads()); got >= 200 {
			t.Fatalf("there are %d threads at once: there was no limit", got)
		}
		if _, err := b.hubspot.Reply(thread, hubspottest.Reply{Text: "Hello"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"Hello"}, b.channel.texts()); diff != "" {
			t.Errorf("sent at once (-want +got):\n%s", diff)
		}
		later(time.Minute)
		if got := len(b.hubspot.Threads()); got != 201 {
			t.Errorf("there are %d threads in the end, want 201", got)
		}
	})
}

// lateEnds is a store that takes its time to store the end of an attempt.
type lateEnds struct {
	bridge.Store
	takes time.Duration
}

func (s *lateEnds) Finish(ctx context.Context, n bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	time.Sleep(s.takes)
	return s.Store.Finish(ctx, n, it, o)
}

// The next message of a conversation does not wait until HubSpot was told of the one before.
func TestNextMessageBesideStatus(t *testing.T) {
	store := &lateEnds{takes: 10 * time.Millisecond}
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		later(time.Second)
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.status", Delay: time.Second / 2})
		channel, account := b.hubspot.Channels()[0].ID, b.hubspot.Accounts()[0].ID
		for _, id := range []string{"m1", "m2"} {
			b.post(b.app.ClientSecret, strings.Replace(outgoingEvent(channel, account, id), `"Hello"`, `"`+id+`"`, 1))
		}
		later(2 * store.takes)
		if diff := cmp.Diff([]string{"m1", "m2"}, b.channel.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	}, func(c *bridge.Config) { store.Store, c.Store = c.Store, store })
}
