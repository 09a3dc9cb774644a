package bridge_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// watcher is a recorder that also watches its accounts.
type watcher struct {
	*recorder
	mu   sync.Mutex
	seen []string
	fail error
}

func (w *watcher) AccountChanged(_ context.Context, c *bridge.AccountChange) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var what []string
	for _, check := range []struct {
		name string
		is   bool
	}{
		{"created", c.Created()}, {"deleted", c.Deleted()}, {"enabled", c.Enabled()}, {"disabled", c.Disabled()},
		{"moved", c.Moved()}, {"renamed", c.Renamed()}, {"reconnected", c.Reconnected()}, {"disconnected", c.Disconnected()},
	} {
		if check.is {
			what = append(what, check.name)
		}
	}
	w.seen = append(w.seen, strings.Join(what, ", ")+" "+c.New.Name)
	return w.fail
}

// news returns what was seen since the last call.
func (w *watcher) news() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

func (w *watcher) failWith(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = err
}

// wrapper is what users put around their channels, for logging and the like.
type wrapper struct{ bridge.Channel }

func (w wrapper) Unwrap() bridge.Channel { return w.Channel }

// watched runs a test with a channel that watches its accounts.
func watched(t *testing.T, test func(*testing.T, *bench, *watcher), tune ...func(*bridge.Config)) {
	w := &watcher{}
	bubbleOf(t, func(r *recorder) bridge.Channel {
		w.recorder = r
		return wrapper{w}
	}, func(t *testing.T, b *bench) { test(t, b, w) }, tune...)
}

// reconnect plays an admin who connects an address again, with another key.
func (b *bench) reconnect(key string) {
	b.t.Helper()
	browser := b.browser()
	resp, err := browser.Get(b.connectURL())
	_, body := read(b.t, resp, err)
	resp, err = browser.PostForm(b.connectURL(), url.Values{"proof": {proofForm.FindStringSubmatch(body)[1]}, "name": {"Shop"}, "key": {key}})
	if status, body := read(b.t, resp, err); status != http.StatusSeeOther {
		b.t.Fatalf("connecting again: answered %d: %s", status, body)
	}
	later(0)
}

func TestAccountWatcher(t *testing.T) {
	watched(t, func(t *testing.T, b *bench, w *watcher) {
		id := b.hubspot.Accounts()[0].ID
		for _, step := range []struct {
			name string
			do   func() error
			want []string
		}{
			{"connected", func() error { return nil }, []string{"created Shop"}},
			{"nothing new", func() error { return b.hubspot.RenameAccount(id, "Shop") }, nil},
			{"renamed", func() error { return b.hubspot.RenameAccount(id, "Store") }, []string{"renamed Store"}},
			{"switched off", func() error { return b.hubspot.SetAccountActive(id, false) }, []string{"disabled Store"}},
			{"switched on", func() error { return b.hubspot.SetAccountActive(id, true) }, []string{"enabled Store"}},
			{"moved to the help desk", func() error { return b.hubspot.MoveAccount(id, "480002") }, []string{"moved Store"}},
			{"a day later", func() error { later(25 * time.Hour); return nil }, nil},
			{"deleted", func() error { return b.hubspot.DeleteAccount(id) }, []string{"deleted Store"}},
			{"two days later", func() error { later(50 * time.Hour); return nil }, nil},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			later(time.Second)
			if diff := cmp.Diff(step.want, w.news()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.name, diff)
			}
		}
	})
}

// A watcher that fails is told again; until it agrees the bridge goes on with the account as it was.
func TestAccountWatcherFails(t *testing.T) {
	watched(t, func(t *testing.T, b *bench, w *watcher) {
		w.news()
		w.failWith(errors.New("the service is down"))
		id := b.hubspot.Accounts()[0].ID
		if err := b.hubspot.RenameAccount(id, "Store"); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		if n := len(w.news()); n < 3 {
			t.Errorf("told %d times within a minute, want more", n)
		}
		if a, err := b.bridge.Account(t.Context(), shop); err != nil || a.Name != "Shop" {
			t.Errorf("Account = %v, %v; want it as it was", a, err)
		}
		w.failWith(nil)
		later(5 * time.Minute)
		if diff := cmp.Diff([]string{"renamed Store"}, w.news()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if a, err := b.bridge.Account(t.Context(), shop); err != nil || a.Name != "Store" {
			t.Errorf("Account = %v, %v; want the new name", a, err)
		}
	})
}

// forgetfulStore fails when an account is saved, as if the process had died just before.
type forgetfulStore struct {
	*memstore.Store
	mu    sync.Mutex
	fails int
}

func (s *forgetfulStore) SaveAccount(ctx context.Context, a *bridge.Account) (*bridge.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		return nil, errors.New("killed")
	}
	return s.Store.SaveAccount(ctx, a)
}

func TestAccountWatcherIsToldAgainAfterACrash(t *testing.T) {
	store := &forgetfulStore{Store: memstore.New()}
	watched(t, func(t *testing.T, b *bench, w *watcher) {
		w.news()
		store.mu.Lock()
		store.fails = 1
		store.mu.Unlock()
		if err := b.hubspot.RenameAccount(b.hubspot.Accounts()[0].ID, "Store"); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		if diff := cmp.Diff([]string{"renamed Store", "renamed Store"}, w.news()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	}, func(c *bridge.Config) { c.Store = store })
}

// The daily listing finds what became of an account whose webhook was lost.
func TestVanishedAccountIsNoticed(t *testing.T) {
	store := &failingStore{Store: memstore.New()}
	watched(t, func(t *testing.T, b *bench, w *watcher) {
		w.news()
		store.down.Store(true)
		if err := b.hubspot.DeleteAccount(b.hubspot.Accounts()[0].ID); err != nil {
			t.Fatal(err)
		}
		later(3 * time.Hour) // until HubSpot has given the webhook up
		store.down.Store(false)
		if a, err := b.bridge.Account(t.Context(), shop); err != nil {
			t.Fatalf("Account = %v, %v; the test wants the webhook lost", a, err)
		}
		later(24 * time.Hour)
		if diff := cmp.Diff([]string{"deleted Shop"}, w.news()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if a, err := b.bridge.Account(t.Context(), shop); !errors.Is(err, bridge.ErrUnknownAccount) {
			t.Errorf("Account = %v, %v; want ErrUnknownAccount", a, err)
		}
	}, func(c *bridge.Config) { c.Store = store })
}

// Admins who connect an address again bring new credentials.
func TestReconnectIsWatched(t *testing.T) {
	watched(t, func(t *testing.T, b *bench, w *watcher) {
		w.news()
		b.hubspot.Inject(hubspottest.Fault{Operation: "account.connect", Status: http.StatusConflict})
		b.reconnect("n3w")
		if diff := cmp.Diff([]string{"reconnected Shop"}, w.news()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if a, err := b.bridge.Account(t.Context(), channels.Opaque("shop")); err != nil || string(a.Credentials) != "n3w" {
			t.Errorf("Account = %v, %v with other credentials than the new ones", a, err)
		}
	})
}
