package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// An operator's program needs the store only: no app, no channel, and no running bridge.
func ExampleOperator() {
	ctx := context.Background()
	store := memstore.New() // or sqlstore.Open(…)
	if _, err := store.Accept(ctx, &bridge.NewItem{
		Key: "1", Kind: bridge.KindIncoming, Channel: "918273", Portal: 24681012, Lane: "1", At: time.Now(), Buried: "HubSpot refused: 400",
	}); err != nil {
		fmt.Println(err)
		return
	}
	op, err := bridge.NewOperator(store, "918273")
	if err != nil {
		fmt.Println(err)
		return
	}
	for it, err := range op.Buried(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(it.Kind, it.Reason)
		fmt.Println(op.Retry(ctx, it.Seq))
	}
	stats, err := op.Stats(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(stats.Portals[0].Work[bridge.KindIncoming].Waiting)
	// Output:
	// incoming HubSpot refused: 400
	// <nil>
	// 1
}

// operator is the bridge's own, as a program uses it that runs a bridge.
func (b *bench) operator() *bridge.Operator {
	b.t.Helper()
	o, err := b.bridge.Operator(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

// aside lists what was buried.
func (b *bench) aside() []*bridge.BuriedItem {
	b.t.Helper()
	var items []*bridge.BuriedItem
	for it, err := range b.operator().Buried(b.t.Context()) {
		if err != nil {
			b.t.Fatal(err)
		}
		items = append(items, it)
	}
	return items
}

// retryAll puts back what is buried.
func (b *bench) retryAll() {
	b.t.Helper()
	for _, it := range b.aside() {
		if err := b.operator().Retry(b.t.Context(), it.Seq); err != nil {
			b.t.Fatal(err)
		}
	}
	synctest.Wait()
}

// What HubSpot refused is listed with the reason, and appears once when the cause is gone and it is tried again.
func TestRetryAppearsInTheInbox(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: 400})
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada", Media: []bridge.Media{{Name: "a.png", Body: strings.NewReader("\x89PNG")}}})
		b.receive(&bridge.Incoming{ID: "2", Text: "two", FromName: "Ada"})
		items := b.aside()
		if len(items) != 1 || items[0].Kind != bridge.KindIncoming || !strings.Contains(items[0].Reason, "400") {
			t.Fatalf("buried: %+v, want the first message with HubSpot's answer", items)
		}
		later(3 * time.Hour) // its file is kept with it
		b.retryAll()
		if diff := cmp.Diff([]string{"Ada: two", "Ada: one"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		if got := b.hubspot.Messages(b.thread())[1].Attachments; len(got) != 1 || got[0].Size != 4 {
			t.Errorf("attachments = %+v, want the file", got)
		}
		if got := b.aside(); got != nil {
			t.Errorf("still buried: %+v", got)
		}
		if err := b.operator().Retry(t.Context(), items[0].Seq); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("Retry a second time = %v, want ErrNotFound", err)
		}
	})
}

// A message that HubSpot had taken before it refused the repetition is recognised when an operator has it tried again.
func TestRetryIsRecognised(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Reset: hubspottest.ResetAfter})
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 2, Status: 400})
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		later(time.Minute)
		if got := b.aside(); len(got) != 1 || !strings.Contains(got[0].Reason, "400") {
			t.Fatalf("buried: %+v, want the message with HubSpot's answer", got)
		}
		b.retryAll()
		if diff := cmp.Diff([]string{"Ada: one"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		if got := b.aside(); got != nil {
			t.Errorf("still buried: %+v", got)
		}
	})
}

// A retried reply has all its time again, goes after what was sent meanwhile, and changes what the agent sees.
func TestRetriedReplyIsSent(t *testing.T) {
	for name, test := range map[string]struct {
		back time.Duration // after which the service works again
		want string
	}{
		"at once":  {0, "agent: one (SENT)"},
		"in time":  {23 * time.Hour, "agent: one (SENT)"},
		"too late": {26 * time.Hour, "agent: one (FAILED: The message could not be delivered.)"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				var works time.Time
				b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
					if m.Text == "one" && (works.IsZero() || time.Now().Before(works)) {
						return nil, errors.New("service down")
					}
					return nil, nil
				}
				b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
				id := b.reply("one")
				b.reply("two")
				later(25 * time.Hour)
				if got := b.shown()[1]; got != "agent: one (FAILED: The message could not be delivered.)" {
					t.Fatalf("the agent sees %q", got)
				}
				works = time.Now().Add(test.back)
				b.retryAll()
				later(test.back + 10*time.Minute)
				if got := b.shown()[1]; got != test.want {
					t.Errorf("the agent sees %q, want %q", got, test.want)
				}
				if sent := b.channel.sent; strings.Contains(test.want, "SENT") && (len(sent) != 2 || sent[1].ID != id) {
					t.Errorf("sent %+v, want the second message and then the first, with its id", sent)
				}
			})
		})
	}
}

func TestDrop(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: 400})
		m := &bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"}
		b.receive(m)
		seq := b.aside()[0].Seq
		if err := b.operator().Drop(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
		if got := b.aside(); got != nil {
			t.Errorf("still buried: %+v", got)
		}
		if err := b.operator().Drop(t.Context(), seq); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("Drop a second time = %v, want ErrNotFound", err)
		}
		b.receive(m) // it is known, and stays dropped
		if got := b.hubspot.Threads(); len(got) > 0 {
			t.Errorf("threads: %+v, want none", got)
		}
	})
}

func TestUnreadWebhookCannotBeRetried(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.post(b.app.ClientSecret, `{"type":`)
		if err := b.operator().Retry(t.Context(), b.aside()[0].Seq); !errors.Is(err, bridge.ErrInvalid) {
			t.Errorf("Retry = %v, want ErrInvalid", err)
		}
		if got := b.aside(); len(got) != 1 || string(got[0].Payload) != `{"type":` {
			t.Errorf("buried: %+v, want it with its payload", got)
		}
	})
}

// More is listed than is read at a time, in order, and only as far as wanted.
func TestBuriedPages(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		const count = 107
		for i := range count {
			b.post(b.app.ClientSecret, fmt.Sprintf(`{"n":%d`, i))
		}
		for i, it := range b.aside() {
			if want := fmt.Sprintf(`{"n":%d`, i); string(it.Payload) != want {
				t.Fatalf("item %d is %s, want %s", i, it.Payload, want)
			}
		}
		if got := len(b.aside()); got != count {
			t.Errorf("%d items are listed, want %d", got, count)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		seen := 0
		var err error
		for _, err = range b.operator().Buried(ctx) {
			if seen++; seen == 3 {
				cancel()
			}
		}
		if !errors.Is(err, context.Canceled) || seen > 100 {
			t.Errorf("cancelled after 3, the list ended after %d with %v", seen, err)
		}
	})
}

// A pause holds back what calls HubSpot, and nothing else. Who operates need not be the bridge's process.
func TestPausePortal(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		o, err := bridge.NewOperator(b.store, channels.ID(b.hubspot.Channels()[0].ID))
		if err != nil {
			t.Fatal(err)
		}
		if err := o.PausePortal(t.Context(), portal, time.Time{}, "moving house"); err != nil {
			t.Fatal(err)
		}
		b.receive(&bridge.Incoming{ID: "2", Text: "Anybody there?", FromName: "Ada"})
		b.reply("Yes")
		later(3 * time.Hour)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: Yes (SENDING)"}, b.shown()); diff != "" {
			t.Errorf("during the pause the agent sees (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"Yes"}, b.channel.texts()); diff != "" {
			t.Errorf("during the pause was sent (-want +got):\n%s", diff)
		}
		if err := o.ResumePortal(t.Context(), portal); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: Yes (SENT)", "Ada: Anybody there?"}, b.shown()); diff != "" {
			t.Errorf("after the pause the agent sees (-want +got):\n%s", diff)
		}

		if err := b.operator().PausePortal(t.Context(), portal, time.Now().Add(time.Hour), "lunch"); err != nil {
			t.Fatal(err)
		}
		b.receive(&bridge.Incoming{ID: "3", Text: "Hello?", FromName: "Ada"})
		later(59 * time.Minute)
		if got := len(b.shown()); got != 3 {
			t.Errorf("%d messages are shown during the pause, want 3", got)
		}
		later(2 * time.Minute)
		if got := len(b.shown()); got != 4 {
			t.Errorf("%d messages are shown when the pause is over, want 4", got)
		}
	})
}

func TestStats(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		stats := func() *bridge.Stats {
			t.Helper()
			s, err := b.operator().Stats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if diff := cmp.Diff(&bridge.Stats{}, stats()); diff != "" {
			t.Errorf("of an idle bridge (-want +got):\n%s", diff)
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: 400})
		b.receive(&bridge.Incoming{ID: "2", Text: "refused", FromName: "Ada"})
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) {
			return nil, bridge.RetryAfter(time.Hour, errors.New("quota"))
		}
		b.reply("one")
		b.post(b.app.ClientSecret, "?")
		begun := time.Now()
		if err := b.operator().PausePortal(t.Context(), portal, begun.Add(time.Hour), "lunch"); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		b.receive(&bridge.Incoming{ID: "3", Text: "waits", FromName: "Ada"})
		b.receive(&bridge.Incoming{ID: "4", Text: "waits too", FromName: "Ada"})
		b.reply("two")
		later(time.Minute)
		want := &bridge.Stats{Portals: []bridge.PortalStats{
			{Portal: 0, Work: map[bridge.Kind]bridge.Load{bridge.KindUnread: {Buried: 1}}},
			{
				Portal: portal,
				Work: map[bridge.Kind]bridge.Load{
					bridge.KindIncoming: {Waiting: 2, Oldest: time.Minute, Buried: 1},
					bridge.KindOutgoing: {Waiting: 2, Oldest: 2 * time.Minute},
				},
				Pause: &bridge.Pause{Portal: portal, Until: begun.Add(time.Hour), Reason: "lunch"},
			},
		}}
		if diff := cmp.Diff(want, stats()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestNewOperatorRefusals(t *testing.T) {
	t.Parallel()
	if _, err := bridge.NewOperator(nil, "1"); err == nil {
		t.Error("an operator without a store was made")
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		if _, err := bridge.NewOperator(b.store, ""); err == nil {
			t.Error("an operator without a channel was made")
		}
		if _, err := b.bridge.Operator(t.Context()); err == nil {
			t.Error("an operator was made before the channel was registered")
		}
	})
}
