// Package adminpage drives the simulator's settings, marketplace and developer panel in a browser, with an app behind them.
package adminpage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

const (
	portal      = 24681012
	patience    = time.Minute // nothing depends on how long a condition that must come true takes
	channelName = "Acme Chat"
	rightKey    = "right-key"
)

// world is a simulator and an app with one channel.
type world struct {
	t       *testing.T
	hubspot *hubspottest.Server
	app     *httptest.Server
	bridge  *bridge.Bridge
	shop    *shop

	mu       sync.Mutex
	requests []*url.URL // that browsers and HubSpot made to the app
}

// newWorld starts both. Webhooks are repeated after the given pauses, or else often and soon.
func newWorld(t *testing.T, retries ...time.Duration) *world {
	t.Helper()
	w := &world{t: t, shop: &shop{}}
	if retries == nil {
		retries = slices.Repeat([]time.Duration{100 * time.Millisecond}, 1000)
	}
	w.hubspot = hubspottest.New(hubspottest.Config{AppName: "Acme Chat for teams", RateLimit: -1, RetryDelays: retries})
	must(t, w.hubspot.Start())
	t.Cleanup(func() { must(t, w.hubspot.Close()) })
	w.app = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.app.Close)
	w.hubspot.SetInstallURL(w.app.URL + "/hubspot/install")
	w.startBridge()
	return w
}

func (w *world) startBridge() {
	w.t.Helper()
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: w.hubspot.AppID(), Key: w.hubspot.DeveloperKey()},
		channels.WithBaseURL(w.hubspot.URL()))
	must(w.t, err)
	store := memstore.New()
	w.bridge, err = bridge.New(w.shop, bridge.Config{
		App: &oauth.App{
			ClientID: w.hubspot.ClientID(), ClientSecret: w.hubspot.ClientSecret(), BaseURL: w.hubspot.URL(), Tokens: store,
		},
		Store: store, PublicURL: w.app.URL, Registry: registry,
		Definition: bridge.Definition{
			Name: channelName, Description: "Talk to the visitors of your shop.", LogoURL: w.app.URL + "/logo.svg",
			Capabilities: channels.Capabilities{
				DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque}, AllowOutgoingMessages: true,
			},
		},
	})
	must(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.bridge.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		must(w.t, <-done)
	})
	w.until("the channel is registered", func() bool { return len(w.hubspot.Channels()) == 1 })
}

const logoSVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40" width="40" height="40"><rect width="40" height="40" rx="9" fill="#0d9488"/>` +
	`<path d="M9 12h22v13H19l-5 5v-5H9z" fill="#fff"/></svg>`

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.requests = append(w.requests, r.URL)
	w.mu.Unlock()
	switch {
	case r.URL.Path == "/logo.svg":
		rw.Header().Set("Content-Type", "image/svg+xml")
		_, _ = rw.Write([]byte(logoSVG))
	case strings.HasPrefix(r.URL.Path, "/hubspot/"):
		w.bridge.ServeHTTP(rw, r)
	default:
		http.NotFound(rw, r)
	}
}

// asked returns the queries with which a page of the app was opened.
func (w *world) asked(path string) []url.Values {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []url.Values
	for _, u := range w.requests {
		if u.Path == path {
			list = append(list, u.Query())
		}
	}
	return list
}

// install has the app installed, without the page.
func (w *world) install() {
	w.t.Helper()
	must(w.t, w.hubspot.Install(w.t.Context(), portal))
}

// connect has an account connected, without the page, and returns it.
func (w *world) connect() hubspottest.Account {
	w.t.Helper()
	a, err := w.hubspot.InstallAndConnect(w.t.Context())
	must(w.t, err)
	w.until("the app knows the account", func() bool { return slices.Contains(w.shop.told(), "created "+a.Name) })
	return *a
}

// account returns the only account.
func (w *world) account() hubspottest.Account {
	w.t.Helper()
	list := w.hubspot.Accounts()
	if len(list) != 1 {
		w.t.Fatalf("%d accounts, want 1", len(list))
	}
	return list[0]
}

func (w *world) inbox(kind string) hubspottest.Inbox {
	w.t.Helper()
	list := w.hubspot.Inboxes(portal)
	i := slices.IndexFunc(list, func(in hubspottest.Inbox) bool { return in.Type == kind })
	if i < 0 {
		w.t.Fatalf("there is no %s", kind)
	}
	return list[i]
}

// write has a customer write to a shop.
func (w *world) write(shop, text string) error {
	return w.bridge.Receive(w.t.Context(), &bridge.Incoming{
		ID: text, From: channels.Opaque("ada"), FromName: "Ada Lovelace", To: channels.Opaque(shop), Text: text,
	})
}

func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	w.t.Fatalf("waited in vain until %s", what)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// shop is the channel. It notes what it is told of its accounts.
type shop struct {
	mu      sync.Mutex
	changes []string
}

// Send implements [bridge.Channel].
func (s *shop) Send(context.Context, *bridge.Outgoing) (*bridge.Receipt, error) { return nil, nil }

// ConnectForm implements [bridge.Connector].
func (s *shop) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{Intro: "You find the key in your shop’s settings.", Fields: []bridge.Field{
		{Name: "shop", Label: "Shop", Value: "corner", Required: true},
		{Name: "key", Label: "Key", Type: "password", Value: rightKey, Required: true},
	}}, nil
}

// Connect implements [bridge.Connector].
func (s *shop) Connect(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	if r.Values["key"] != rightKey {
		return nil, bridge.Reject("The shop does not know this key.", nil)
	}
	name := r.Values["shop"]
	return &bridge.Connection{Name: "Shop " + name, DeliveryIdentifier: channels.Opaque(name)}, nil
}

// AccountChanged implements [bridge.AccountWatcher].
func (s *shop) AccountChanged(_ context.Context, c *bridge.AccountChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range []struct {
		happened bool
		what     string
	}{
		{c.Created(), "created " + c.New.Name},
		{c.Renamed(), "renamed " + c.New.Name},
		{c.Enabled(), "on " + c.New.Name},
		{c.Disabled(), "off " + c.New.Name},
		{c.Moved(), fmt.Sprintf("moved %s to %s", c.New.Name, c.New.InboxID)},
		{c.Deleted(), "deleted " + c.New.Name},
	} {
		if one.happened {
			s.changes = append(s.changes, one.what)
		}
	}
	return nil
}

func (s *shop) told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.changes)
}
