package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/messages"
)

// ear is a recorder that listens.
type ear struct {
	*recorder
	mu   sync.Mutex
	log  []string // begin and end of each Listen, by the key it listened with
	open int      // Listens that run
	most int      // that ran at the same time
	do   func(ctx context.Context, try int, a *bridge.Account, in bridge.Inbox) error
	feed chan func(context.Context, bridge.Inbox) error // what Listen gets from the service, unless do is set
}

func (e *ear) Listen(ctx context.Context, a *bridge.Account, in bridge.Inbox) error {
	e.mu.Lock()
	e.log = append(e.log, "begin "+string(a.Credentials))
	e.open++
	e.most = max(e.most, e.open)
	try, do := len(e.log), e.do
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.open--
		e.log = append(e.log, "end "+string(a.Credentials))
	}()
	if do != nil {
		return do(ctx, try, a, in)
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case put := <-e.feed:
			if err := put(ctx, in); err != nil {
				return err
			}
		}
	}
}

// news returns what began and ended since the last call.
func (e *ear) news() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	log := e.log
	e.log = nil
	return log
}

func listening(t *testing.T, do func(context.Context, int, *bridge.Account, bridge.Inbox) error, test func(*testing.T, *bench, *ear), tune ...func(*bridge.Config)) {
	t.Helper()
	e := &ear{do: do}
	bubbleOf(t, func(r *recorder) bridge.Channel {
		e.recorder, e.feed = r, make(chan func(context.Context, bridge.Inbox) error)
		return wrapper{e}
	}, func(t *testing.T, b *bench) { test(t, b, e) }, tune...)
}

func TestListener(t *testing.T) {
	listening(t, nil, func(t *testing.T, b *bench, e *ear) {
		m := &bridge.Incoming{ID: "1", Text: "Hi", From: ada, FromName: "Ada"}
		e.feed <- func(ctx context.Context, in bridge.Inbox) error { return in.Receive(ctx, m) }
		later(time.Second)
		b.receive(m) // the service's own notifications may bring the message as well
		b.reply("Hello")
		e.feed <- func(ctx context.Context, in bridge.Inbox) error {
			return in.Report(ctx, "receipt-Hello", messages.StatusRead, "")
		}
		later(time.Second)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: Hello (READ)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// There is one Listen for an account as long as it can have one.
func TestListenFollowsTheAccount(t *testing.T) {
	listening(t, nil, func(t *testing.T, b *bench, e *ear) {
		id := b.hubspot.Accounts()[0].ID
		for _, step := range []struct {
			name string
			do   func() error
			want []string
		}{
			{"connected", func() error { return nil }, []string{"begin "}},
			{"renamed", func() error { return b.hubspot.RenameAccount(id, "Store") }, nil},
			{"switched off", func() error { return b.hubspot.SetAccountActive(id, false) }, []string{"end "}},
			{"switched on", func() error { return b.hubspot.SetAccountActive(id, true) }, []string{"begin "}},
			{"new credentials", func() error { return b.bridge.Authorize(t.Context(), channels.AccountID(id), []byte("k2")) }, []string{"end ", "begin k2"}},
			{"the bridge stops", func() error { b.stop(); return nil }, []string{"end k2"}},
			{"and starts", func() error { b.run(); return nil }, []string{"begin k2"}},
			{"deleted", func() error { return b.hubspot.DeleteAccount(id) }, []string{"end k2"}},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			later(time.Second) // sooner than the accounts are looked through
			if diff := cmp.Diff(step.want, e.news()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.name, diff)
			}
		}
		if e.most != 1 {
			t.Errorf("%d Listens ran at the same time, want 1", e.most)
		}
	})
}

// Another process may have stored the change.
func TestListenSeesChangesOfOtherProcesses(t *testing.T) {
	listening(t, nil, func(t *testing.T, b *bench, e *ear) {
		e.news()
		a, err := b.bridge.Account(t.Context(), shop)
		if err != nil {
			t.Fatal(err)
		}
		a.Credentials = []byte("k2")
		if _, err := b.store.SaveAccount(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		later(5 * time.Second)
		if diff := cmp.Diff([]string{"end ", "begin k2"}, e.news()); diff != "" {
			t.Errorf("Listens (-want +got):\n%s", diff)
		}
	})
}

func TestListenIsCalledAgain(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error":  func() error { return errors.New("connection lost") },
		"return": func() error { return nil },
		"panic":  func() error { panic("nil map") },
	} {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int32
			listening(t, func(context.Context, int, *bridge.Account, bridge.Inbox) error {
				tries.Add(1)
				return fail()
			}, func(t *testing.T, b *bench, e *ear) {
				later(time.Minute)
				first := tries.Load()
				if first < 5 || first > 8 {
					t.Errorf("Listen was called %d times in the first minute, want growing pauses from a second on", first)
				}
				later(time.Hour)
				if more := tries.Load() - first; more < 59 || more > 81 {
					t.Errorf("Listen was called %d times in the next hour, want pauses of a minute", more)
				}
			})
		})
	}
}

// A service that says when to come back is obeyed.
func TestListenRetryAfter(t *testing.T) {
	var tries atomic.Int32
	listening(t, func(context.Context, int, *bridge.Account, bridge.Inbox) error {
		tries.Add(1)
		return bridge.RetryAfter(10*time.Minute, errors.New("slow down"))
	}, func(t *testing.T, b *bench, e *ear) {
		later(9 * time.Minute)
		if got := tries.Load(); got != 1 {
			t.Errorf("Listen was called %d times within the time that the service asked for", got)
		}
		later(2 * time.Minute)
		if got := tries.Load(); got != 2 {
			t.Errorf("Listen was called %d times after that time, want 2", got)
		}
	})
}

// A connection that breaks after it has worked is made again soon, however often that happens.
func TestListenAfterSteadyWork(t *testing.T) {
	var tries atomic.Int32
	listening(t, func(ctx context.Context, _ int, _ *bridge.Account, _ bridge.Inbox) error {
		tries.Add(1)
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Minute):
		}
		return nil
	}, func(t *testing.T, b *bench, e *ear) {
		later(time.Hour)
		if got := tries.Load(); got < 28 {
			t.Errorf("Listen was called %d times in an hour, want 29 or so: each for two minutes, with short pauses", got)
		}
	})
}

func TestListenDisconnected(t *testing.T) {
	listening(t, func(ctx context.Context, _ int, a *bridge.Account, _ bridge.Inbox) error {
		if string(a.Credentials) == "" {
			return bridge.Disconnected("The token was revoked.", nil)
		}
		<-ctx.Done()
		return nil
	}, func(t *testing.T, b *bench, e *ear) {
		later(time.Hour)
		if diff := cmp.Diff([]string{"begin ", "end "}, e.news()); diff != "" {
			t.Errorf("Listens (-want +got):\n%s", diff)
		}
		if b.authorized() {
			t.Error("HubSpot takes the account for authorized")
		}
		if err := b.bridge.Authorize(t.Context(), channels.AccountID(b.hubspot.Accounts()[0].ID), []byte("good")); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		if diff := cmp.Diff([]string{"begin good"}, e.news()); diff != "" {
			t.Errorf("Listens with good credentials (-want +got):\n%s", diff)
		}
	})
}

// sharedStore is a store in which another node may hold names.
type sharedStore struct {
	*memstore.Store
	taken    atomic.Bool
	mu       sync.Mutex
	released []string
}

func (s *sharedStore) Hold(ctx context.Context, node bridge.Node, name string) (bool, error) {
	if s.taken.Load() && strings.HasPrefix(name, "listen ") {
		return false, nil
	}
	return s.Store.Hold(ctx, node, name)
}

func (s *sharedStore) Release(ctx context.Context, node bridge.Node, name string) error {
	s.mu.Lock()
	s.released = append(s.released, name)
	s.mu.Unlock()
	return s.Store.Release(ctx, node, name)
}

// An account that another node listens to is left to it, until that node gives it back or is gone.
func TestListenOnOneNode(t *testing.T) {
	store := &sharedStore{Store: memstore.New()}
	store.taken.Store(true)
	listening(t, nil, func(t *testing.T, b *bench, e *ear) {
		later(time.Hour)
		if got := e.news(); got != nil {
			t.Errorf("Listens while another node has the account: %q", got)
		}
		store.taken.Store(false)
		later(20 * time.Second)
		if diff := cmp.Diff([]string{"begin "}, e.news()); diff != "" {
			t.Errorf("Listens when it is free (-want +got):\n%s", diff)
		}
		b.stop()
		a := b.hubspot.Accounts()[0]
		want := []string{fmt.Sprintf("listen to account %s of channel %s", a.ID, a.ChannelID)}
		if diff := cmp.Diff(want, store.released); diff != "" {
			t.Errorf("given back (-want +got):\n%s", diff)
		}
	}, func(c *bridge.Config) { c.Store = store })
}

// A node that has lost the store's trust stops listening before another node may begin.
func TestListenEndsWithTheNode(t *testing.T) {
	store := &mortalStore{}
	listening(t, nil, func(t *testing.T, b *bench, e *ear) {
		e.news()
		store.down.Store(true)
		later(14 * time.Second) // a second before the node's time is over for others
		if diff := cmp.Diff([]string{"end "}, e.news()); diff != "" {
			t.Errorf("Listens (-want +got):\n%s", diff)
		}
		store.down.Store(false)
		later(time.Minute)
		if diff := cmp.Diff([]string{"begin "}, e.news()); diff != "" {
			t.Errorf("Listens with the store back (-want +got):\n%s", diff)
		}
	}, func(c *bridge.Config) {
		store.Store = c.Store
		c.Store = store
	})
}
