// Package popup drives the bridge's connect popup in a browser of HubSpot's 600×600 pixels, without JavaScript.
package popup

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

const (
	portal   = 24681012
	other    = 97531
	rightKey = "right-key"
	patience = time.Minute // nothing depends on how long a condition that must come true takes
)

// world is a simulator, an app with one channel, and the messaging service's own site.
type world struct {
	t       *testing.T
	hubspot *hubspottest.Server
	app     *httptest.Server
	service *httptest.Server
	oauth   *oauth.App
	bridge  *bridge.Bridge
	chat    *chat
	posts   atomic.Int32 // of the popup's form
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, chat: &chat{}}
	w.hubspot = hubspottest.New(hubspottest.Config{
		AppName: "Acme Chat for teams", RateLimit: -1, RetryDelays: slices.Repeat([]time.Duration{100 * time.Millisecond}, 1000),
	})
	must(t, w.hubspot.Start())
	t.Cleanup(func() { must(t, w.hubspot.Close()) })
	must(t, w.hubspot.AddPortal(other, "Other Ltd"))
	w.app = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/hubspot/connect" {
			w.posts.Add(1)
		}
		w.bridge.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.app.Close)
	w.service = httptest.NewServer(http.HandlerFunc(signInPage))
	t.Cleanup(w.service.Close)
	w.chat.signIn = strings.Replace(w.service.URL, "127.0.0.1", "localhost", 1) // another site for the browser
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
	w.oauth = &oauth.App{ClientID: w.hubspot.ClientID(), ClientSecret: w.hubspot.ClientSecret(), BaseURL: w.hubspot.URL(), Tokens: store}
	w.bridge, err = bridge.New(w.chat, bridge.Config{
		App: w.oauth, Store: store, PublicURL: w.app.URL, Registry: registry,
		Definition: bridge.Definition{Name: "Acme Chat", Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque}, AllowOutgoingMessages: true,
		}},
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

func (w *world) install() {
	w.t.Helper()
	must(w.t, w.hubspot.Install(w.t.Context(), portal))
}

// begin is an admin's "Connect a channel".
func (w *world) begin() *hubspottest.Connection {
	w.t.Helper()
	c, err := w.hubspot.BeginConnection(portal, w.hubspot.Channels()[0].ID, "")
	must(w.t, err)
	return c
}

// connected lists the accounts that HubSpot has.
func (w *world) connected() []string {
	list := []string{}
	for _, a := range w.hubspot.Accounts() {
		list = append(list, a.Name+" at "+a.Identifier.Value)
	}
	return list
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

// chat is the channel. Its admins enter a workspace, a key and a region, or sign in at the service, if ownPage says so.
type chat struct {
	ownPage bool
	signIn  string
	hold    chan struct{} // if it is set, Connect waits for it

	mu       sync.Mutex
	requests []bridge.ConnectRequest
}

// Send implements [bridge.Channel].
func (c *chat) Send(context.Context, *bridge.Outgoing) (*bridge.Receipt, error) { return nil, nil }

// ConnectForm implements [bridge.Connector].
func (c *chat) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	if c.ownPage {
		return &bridge.ConnectForm{
			Intro: "You are going to sign in at Acme and choose which workspace’s messages arrive in HubSpot.", Button: "Sign in at Acme",
		}, nil
	}
	return &bridge.ConnectForm{
		Title: "Connect a workspace", Intro: "What customers write there will appear in the inbox you chose.", Fields: []bridge.Field{
			{Name: "workspace", Label: "Workspace", Required: true, Pattern: "[a-z]+", Invalid: "A workspace has small letters only.", Placeholder: "acme"},
			{Name: "key", Label: "API key", Type: "password", Required: true, Help: "From your workspace’s settings, under Integrations. It is kept encrypted."},
			{Name: "region", Label: "Region", Type: "select", Required: true, Options: []bridge.SelectOption{
				{Value: "eu", Label: "Europe"}, {Value: "us", Label: "United States"}}},
		},
	}, nil
}

// Connect implements [bridge.Connector].
func (c *chat) Connect(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	c.mu.Lock()
	c.requests = append(c.requests, *r)
	c.mu.Unlock()
	if c.hold != nil {
		<-c.hold
	}
	if c.ownPage {
		return c.signedIn(r)
	}
	if r.Values["key"] != rightKey {
		return nil, bridge.RejectField("key", "Acme does not know this key.", nil)
	}
	name := r.Values["workspace"]
	if name == "broken" {
		return nil, errors.New("the service does not answer")
	}
	return &bridge.Connection{Name: name + " in " + r.Values["region"], DeliveryIdentifier: channels.Opaque(name), Credentials: []byte(r.Values["key"])}, nil
}

func (c *chat) signedIn(r *bridge.ConnectRequest) (*bridge.Connection, error) {
	switch {
	case r.Query == nil && r.Kept == nil:
		q := url.Values{"redirect_uri": {r.ReturnURL}, "state": {r.State}}
		return nil, bridge.Visit(c.signIn+"/authorize?"+q.Encode(), nil)
	case r.Query.Has("error"):
		return nil, bridge.Reject("You did not allow it at Acme, so nothing was connected.", nil)
	case r.Query != nil:
		return nil, bridge.Ask(&bridge.ConnectForm{
			Title: "Choose a workspace", Intro: "You can use two workspaces at Acme.", Fields: []bridge.Field{
				{Name: "workspace", Label: "Workspace", Type: "select", Required: true, Options: []bridge.SelectOption{
					{Value: "acme", Label: "Acme Ltd"}, {Value: "garden", Label: "Acme Garden"}}},
			},
		}, []byte("token for "+r.Query.Get("code")))
	}
	return &bridge.Connection{Name: "signed in", DeliveryIdentifier: channels.Opaque(r.Values["workspace"]), Credentials: r.Kept}, nil
}

func (c *chat) asked() []bridge.ConnectRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}

// signInPage is the service's own page.
func signInPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back := q.Get("redirect_uri") + "?state=" + q.Get("state")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!doctype html><title>Acme</title><h1>Sign in at Acme</h1>
<p><a id="allow" href="` + back + `&code=c0de">Allow</a> <a id="deny" href="` + back + `&error=access_denied">Deny</a>`))
}
