package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// state is all that the store lists of work, with what is in it.
func (b *bench) state() string {
	b.t.Helper()
	s, err := b.operator().Stats(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	var lines []string
	for _, p := range s.Portals {
		for kind, load := range p.Work {
			lines = append(lines, fmt.Sprintf("%d %s: %d wait, %d buried", p.Portal, kind, load.Waiting, load.Buried))
		}
	}
	for _, it := range b.aside() {
		lines = append(lines, fmt.Sprintf("%s %s %s", it.Lane, it.Payload, it.Progress))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// A person can be forgotten whatever their messages are waiting for, and nobody else is.
func TestForget(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		bob := shopper("bob")
		refuse := func(m bridge.Incoming) {
			b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: 400})
			b.receive(&m)
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada", Thread: "chat-1"})
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) {
			return nil, bridge.RetryAfter(time.Hour, errors.New("quota"))
		}
		refuse(bridge.Incoming{ID: "2", Text: "buried of Ada", Media: []bridge.Media{{Name: "a.png", Body: strings.NewReader("\x89PNG")}}})
		b.reply("waits for Ada")
		refuse(bridge.Incoming{ID: "3", Text: "buried of Bob", From: bob})
		b.post(b.app.ClientSecret, strings.Replace(outgoingEvent(b.hubspot.Channels()[0].ID, b.hubspot.Accounts()[0].ID, "m1"), `"portalId"`, `"`, 1))
		if err := b.operator().PausePortal(t.Context(), portal, time.Time{}, "test"); err != nil {
			t.Fatal(err)
		}
		b.receive(&bridge.Incoming{ID: "4", Text: "waits of Ada"})
		b.receive(&bridge.Incoming{ID: "5", Text: "waits of Bob", From: bob})
		before := b.state()
		if !strings.Contains(before, "24681012 incoming: 2 wait, 2 buried") || !strings.Contains(before, "24681012 outgoing: 1 wait, 0 buried") ||
			!strings.Contains(before, "0 unread: 0 wait, 1 buried") {
			t.Fatalf("before:\n%s", before)
		}

		n, err := b.operator().Forget(t.Context(), shop, ada)
		if err != nil || n != 4 {
			t.Errorf("Forget = %d, %v, want 4 messages", n, err)
		}
		after := b.state()
		if !strings.Contains(after, "24681012 incoming: 1 wait, 1 buried") || strings.Contains(after, "outgoing") || strings.Contains(after, "unread") ||
			strings.Contains(after, "Ada") || strings.Contains(after, "ada") || !strings.Contains(after, "buried of Bob") {
			t.Errorf("after:\n%s", after)
		}
		channel, account := channels.ID(b.hubspot.Channels()[0].ID), channels.AccountID(b.hubspot.Accounts()[0].ID)
		if _, err := b.store.LinkByService(t.Context(), channel, account, "1"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("the link of a message: %v, want ErrNotFound", err)
		}
		known := &bridge.Person{Channel: channel, Portal: portal, Account: shop, Identifier: ada}
		if _, err := b.store.Person(t.Context(), known); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("the person: %v, want ErrNotFound", err)
		}
		if err := b.operator().ResumePortal(t.Context(), portal); err != nil {
			t.Fatal(err)
		}
		later(2 * time.Hour)
		if b.channel.tries != 1 {
			t.Errorf("Send was called %d times, want once, before the person was forgotten", b.channel.tries)
		}
		for _, thread := range b.hubspot.Threads() {
			for _, m := range b.hubspot.Messages(thread.ID) {
				if m.Direction == "OUTGOING" && m.Status != "FAILED" {
					t.Errorf("the agent's message is %s, want FAILED", m.Status)
				}
			}
		}
		if n, err := b.operator().Forget(t.Context(), shop, ada); n != 0 || err != nil {
			t.Errorf("Forget a second time = %d, %v", n, err)
		}
	})
}

// Nothing is erased before it is certain that the agents will read of it.
func TestForgetTellsFirst(t *testing.T) {
	store := &failingStore{Store: memstore.New()}
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) {
			return nil, bridge.RetryAfter(time.Hour, errors.New("quota"))
		}
		b.reply("Hello")
		store.down.Store(true)
		if n, err := b.operator().Forget(t.Context(), shop, ada); n != 0 || err == nil {
			t.Errorf("Forget while nothing can be stored = %d, %v, want an error", n, err)
		}
		store.down.Store(false)
		if n, err := b.operator().Forget(t.Context(), shop, ada); n != 1 || err != nil {
			t.Errorf("Forget = %d, %v, want 1 message", n, err)
		}
		later(time.Second)
		want := []string{"Ada: Hi", "agent: Hello (FAILED: The customer was forgotten on request; the message may not have been delivered.)"}
		if diff := cmp.Diff(want, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	}, func(c *bridge.Config) { c.Store = store })
}

// lateStore has one more message arrive just before something is erased, and dies when it has been.
type lateStore struct {
	*memstore.Store
	passes int
	late   func()
	dead   bool
}

func (s *lateStore) Forget(ctx context.Context, p *bridge.Person, match func(*bridge.Item) bool) (int, error) {
	if s.passes++; s.passes == 3 { // two find out what there is
		s.late()
		defer func() { s.dead = true }()
	}
	return s.Store.Forget(ctx, p, match)
}

func (s *lateStore) Accept(ctx context.Context, items ...*bridge.NewItem) ([]bridge.Acceptance, error) {
	if s.dead {
		return nil, errKilled
	}
	return s.Store.Accept(ctx, items...)
}

// What arrives while a person is forgotten is no exception.
func TestForgetTellsFirstOfWhatArrivesMeanwhile(t *testing.T) {
	store := &lateStore{Store: memstore.New()}
	o, err := bridge.NewOperator(store, "918")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.SaveAccount(t.Context(), &bridge.Account{Channel: "918", Portal: 1, ID: "shop", Identifier: shop}); err != nil {
		t.Fatal(err)
	}
	arrives := func(id string) {
		payload := []byte(outgoingEvent("918", "shop", id))
		if _, err := store.Accept(t.Context(), &bridge.NewItem{
			Key: id, Kind: bridge.KindOutgoing, Channel: "918", Portal: 1, Lane: id, Payload: payload, At: time.Now(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	arrives("m1")
	store.late = func() { arrives("m2") }
	for range 2 {
		n, err := o.Forget(t.Context(), shop, ada)
		if n != 1 || (err != nil) != store.dead {
			t.Errorf("Forget = %d, %v, want 1 message, and an error if it was interrupted", n, err)
		}
		store.dead = false
	}
	s, err := o.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bridge.PortalStats{{Portal: 1, Work: map[bridge.Kind]bridge.Load{bridge.KindStatus: {Waiting: 2}}}}, s.Portals,
		cmpopts.IgnoreFields(bridge.Load{}, "Oldest")); diff != "" {
		t.Errorf("left is (-want +got):\n%s", diff)
	}
}

// What is under way when a person is forgotten leaves nothing behind.
func TestForgetDuringSend(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		release := make(chan struct{})
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) {
			<-release
			return &bridge.Receipt{ID: "receipt", Thread: "of Ada"}, nil
		}
		b.reply("Hello")
		if n, err := b.operator().Forget(t.Context(), shop, ada); n != 1 || err != nil {
			t.Errorf("Forget = %d, %v, want 1 message", n, err)
		}
		close(release)
		later(time.Second)
		want := []string{"Ada: Hi", "agent: Hello (FAILED: The customer was forgotten on request; the message may not have been delivered.)"}
		if diff := cmp.Diff(want, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		channel, account := channels.ID(b.hubspot.Channels()[0].ID), channels.AccountID(b.hubspot.Accounts()[0].ID)
		if _, err := b.store.LinkByService(t.Context(), channel, account, "receipt"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("the link of the message: %v, want ErrNotFound", err)
		}
		begun := time.Now()
		b.stop()
		if took := time.Since(begun); took != 0 {
			t.Errorf("the stop took %v: the bridge was still at what is gone", took)
		}
	})
}

// The address is what counts: whatever portal has it, or had it until the account was deleted, and no other.
func TestForgetByAddress(t *testing.T) {
	t.Parallel()
	store, ctx := memstore.New(), t.Context()
	o, err := bridge.NewOperator(store, "918")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Forget(ctx, shop, channels.DeliveryIdentifier{}); !errors.Is(err, bridge.ErrInvalid) {
		t.Errorf("Forget of nobody = %v, want ErrInvalid", err)
	}
	if _, err := o.Forget(ctx, shop, ada); !errors.Is(err, bridge.ErrUnknownAccount) {
		t.Errorf("Forget at an unknown address = %v, want ErrUnknownAccount", err)
	}
	for i, a := range []bridge.Account{
		{ID: "deleted", Portal: 1, Identifier: shop, Archived: true}, {ID: "shop", Portal: 2, Identifier: shop},
		{ID: "other", Portal: 2, Identifier: channels.Opaque("other shop")}, {ID: "unknown", Portal: 3},
	} {
		a.Channel = "918"
		if !a.Identifier.IsZero() {
			if _, err := store.SaveAccount(ctx, &a); err != nil {
				t.Fatal(err)
			}
		}
		forAda := outgoingEvent("918", string(a.ID), fmt.Sprint("m", i))
		for _, payload := range []string{forAda, strings.Replace(forAda, `"ada"`, `"bob"`, 1)} {
			if _, err := store.Accept(ctx, &bridge.NewItem{
				Key: payload, Kind: bridge.KindOutgoing, Channel: "918", Portal: a.Portal, Lane: string(a.ID), Payload: []byte(payload), At: time.Now(),
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, to := range []string{"shop", "other shop"} {
		address := `{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"%s"}`
		if _, err := store.Accept(ctx, &bridge.NewItem{
			Key: to, Kind: bridge.KindIncoming, Channel: "918", Portal: 4, Lane: to, At: time.Now(),
			Payload: fmt.Appendf(nil, `{"from":`+address+`,"to":`+address+`}`, "ada", to),
		}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := o.Forget(ctx, shop, ada); n != 4 || err != nil {
		t.Errorf("Forget = %d, %v, want 4 messages", n, err)
	}
	s, err := o.Stats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	left := map[int64]int{}
	for _, p := range s.Portals {
		left[p.Portal] = p.Work[bridge.KindOutgoing].Waiting + p.Work[bridge.KindIncoming].Waiting
	}
	if diff := cmp.Diff(map[int64]int{1: 1, 2: 3, 3: 1, 4: 1}, left); diff != "" {
		t.Errorf("waiting by portal (-want +got):\n%s", diff)
	}
}
