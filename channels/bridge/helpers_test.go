package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

var (
	shop = channels.Opaque("shop")
	ada  = channels.Opaque("ada")
)

const (
	appURL = "http://app.test"
	hsURL  = "http://hubspot.test"
	portal = 24681012
)

// bench is a bridge between a recording channel and a simulator, without a network, inside a synctest bubble.
type bench struct {
	t        *testing.T
	hubspot  *hubspottest.Server
	channel  *recorder
	store    *memstore.Store
	app      *oauth.App
	registry *channels.Registry
	bridge   *bridge.Bridge
	stop     func()
	pages    *http.ServeMux // what HubSpot's host has besides the simulator's
}

// bubble runs a test with a bench whose app is installed and has an account, and whose bridge runs.
func bubble(t *testing.T, test func(*testing.T, *bench), tune ...func(*bridge.Config)) {
	t.Helper()
	bubbleOf(t, func(r *recorder) bridge.Channel { return r }, test, tune...)
}

// bubbleOf is bubble with a channel that can do more than the recorder.
func bubbleOf(t *testing.T, channel func(*recorder) bridge.Channel, test func(*testing.T, *bench), tune ...func(*bridge.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBenchOf(t, channel, tune...)
		b.run()
		if _, err := b.hubspot.InstallAndConnect(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		test(t, b)
	})
}

func newBench(t *testing.T, tune ...func(*bridge.Config)) *bench {
	t.Helper()
	return newBenchOf(t, func(r *recorder) bridge.Channel { return r }, tune...)
}

func newBenchOf(t *testing.T, channel func(*recorder) bridge.Channel, tune ...func(*bridge.Config)) *bench {
	t.Helper()
	b := &bench{t: t, channel: &recorder{}, store: memstore.New()}
	b.hubspot = hubspottest.New(hubspottest.Config{
		URL: hsURL, InstallURL: appURL + "/hubspot/install", RedirectURLs: []string{appURL + "/hubspot/oauth/callback"}, HTTPClient: &http.Client{Transport: hosts{b}},
		RetryDelays: []time.Duration{time.Second, time.Minute, time.Hour},
	})
	client := &http.Client{Transport: hosts{b}}
	api := []channels.Option{channels.WithHTTPClient(client)}
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: b.hubspot.AppID(), Key: b.hubspot.DeveloperKey()},
		channels.WithBaseURL(hsURL), channels.WithHTTPClient(client))
	if err != nil {
		t.Fatal(err)
	}
	b.registry = registry
	b.app = &oauth.App{ClientID: b.hubspot.ClientID(), ClientSecret: b.hubspot.ClientSecret(), BaseURL: hsURL, HTTPClient: client, Tokens: b.store}
	cfg := bridge.Config{
		API: api, App: b.app, Store: b.store, PublicURL: appURL, Registry: registry,
		Definition: bridge.Definition{Name: "Test chat", Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
			AllowOutgoingMessages:   true,
			OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
			MaxFileCount:            3, MaxFileBytes: 1 << 20, MaxTotalFileBytes: 2 << 20,
		}},
	}
	for _, f := range tune {
		f(&cfg)
	}
	if b.bridge, err = bridge.New(channel(b.channel), cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.hubspot.Run(ctx) }()
	t.Cleanup(func() {
		if b.stop != nil {
			b.stop()
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("simulator: %v", err)
		}
		if err := b.hubspot.Close(); err != nil {
			t.Errorf("simulator: %v", err)
		}
	})
	return b
}

// run starts the bridge; stop stops it.
func (b *bench) run() {
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- b.bridge.Run(ctx) }()
	b.stop = func() {
		b.t.Helper()
		cancel()
		if err := <-done; err != nil {
			b.t.Errorf("Run: %v", err)
		}
		b.stop = nil
	}
}

// hosts leads requests to the simulator or to the app, by their host.
type hosts struct{ b *bench }

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "hubspot.test" {
		if h.b.pages != nil {
			if page, pattern := h.b.pages.Handler(r); pattern != "" {
				return serve(page, r), nil
			}
		}
		return h.b.hubspot.Transport().RoundTrip(r)
	}
	return serve(h.b.bridge, r), nil
}

// serve is a round trip to a handler.
func serve(h http.Handler, r *http.Request) *http.Response {
	r = r.Clone(r.Context())
	r.RequestURI = r.URL.RequestURI()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp
}

// receive takes a customer's message in.
func (b *bench) receive(m *bridge.Incoming) {
	b.t.Helper()
	if m.From.IsZero() {
		m.From = ada
	}
	if m.To.IsZero() && m.AccountID == "" {
		m.To = shop
	}
	if err := b.bridge.Receive(b.t.Context(), m); err != nil {
		b.t.Fatalf("Receive: %v", err)
	}
	synctest.Wait()
}

// thread returns the only thread.
func (b *bench) thread() string {
	b.t.Helper()
	threads := b.hubspot.Threads()
	if len(threads) != 1 {
		b.t.Fatalf("there are %d threads, want 1", len(threads))
	}
	return threads[0].ID
}

// reply writes as the agent, and returns the message's id.
func (b *bench) reply(text string, files ...hubspottest.Upload) string {
	b.t.Helper()
	m, err := b.hubspot.Reply(b.thread(), hubspottest.Reply{Text: text, Files: files})
	if err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
	return m.ID
}

// shown is the conversation as the agent sees it: one line for each message.
func (b *bench) shown() []string {
	b.t.Helper()
	var lines []string
	for _, m := range b.hubspot.Messages(b.thread()) {
		switch {
		case m.Direction == "INCOMING":
			lines = append(lines, m.SenderName+": "+m.Text)
		case m.Reason != "":
			lines = append(lines, fmt.Sprintf("agent: %s (%s: %s)", m.Text, m.Status, m.Reason))
		default:
			lines = append(lines, fmt.Sprintf("agent: %s (%s)", m.Text, m.Status))
		}
	}
	return lines
}

// buried lists the reasons of what was set aside.
func (b *bench) buried() []string {
	b.t.Helper()
	items, err := b.store.Buried(b.t.Context(), channels.ID(b.hubspot.Channels()[0].ID), 0, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	var reasons []string
	for _, it := range items {
		reasons = append(reasons, string(it.Kind)+": "+it.Reason)
	}
	return reasons
}

// later lets simulated time pass.
func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// recorder is a messaging service that keeps what it gets. Its zero value takes everything.
type recorder struct {
	mu    sync.Mutex
	sent  []sent
	tries int
	send  func(ctx context.Context, try int, m *bridge.Outgoing) (*bridge.Receipt, error)
}

type sent struct {
	ID      string
	Attempt int
	To      string
	Text    string
	From    string
	Thread  string
	Reply   string
	Files   []string
}

func (r *recorder) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	r.mu.Lock()
	r.tries++
	try, send := r.tries, r.send
	r.mu.Unlock()
	receipt := &bridge.Receipt{ID: "receipt-" + m.Text}
	if send != nil {
		var err error
		if receipt, err = send(ctx, try, m); err != nil {
			return nil, err
		}
	}
	s := sent{ID: m.ID, Attempt: m.Attempt, To: m.To.Value, Text: m.Text, From: m.From.Name, Thread: m.Thread, Reply: m.InReplyTo}
	for _, f := range m.Media {
		content, err := f.Open(ctx)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(content)
		if err = errors.Join(err, content.Close()); err != nil {
			return nil, err
		}
		s.Files = append(s.Files, fmt.Sprintf("%s %s %q", f.Name, f.Type, data))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, s)
	return receipt, nil
}

func (r *recorder) texts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var texts []string
	for _, s := range r.sent {
		texts = append(texts, s.Text)
	}
	return texts
}

func (r *recorder) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{Title: "Connect a shop", Fields: []bridge.Field{
		{Name: "name", Label: "Name", Value: "Shop", Required: true},
		{Name: "key", Label: "API key", Type: "password"},
	}}, nil
}

func (r *recorder) Connect(_ context.Context, c *bridge.ConnectRequest) (*bridge.Connection, error) {
	if c.Values["name"] == "" {
		return nil, bridge.Reject("Please enter a name.", nil)
	}
	return &bridge.Connection{Name: c.Values["name"], DeliveryIdentifier: shop, Credentials: []byte(c.Values["key"])}, nil
}

// ignoreOrder is for conversations whose two directions do not wait for each other.
var ignoreOrder = cmpopts.SortSlices(func(a, b string) bool { return a < b })
