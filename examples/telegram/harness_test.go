package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/examples/telegram/botapi"
	"github.com/customchannels/customchannels-go/oauth"
)

// world is HubSpot, Telegram and the program between them, without a network and in simulated time.
type world struct {
	t        *testing.T
	hubspot  *hubspottest.Server
	telegram *botapi.Server
	bot      *botapi.Bot
	ada      *botapi.Chat
	store    *memstore.Store
	log      *strings.Builder
	channel  *telegram
	bridge   *bridge.Bridge
	stop     func()
}

// in runs a test in a world whose program runs, with the app installed and the bot connected.
func in(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start(w.store)
		if _, err := w.hubspot.InstallAndConnect(t.Context()); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		test(t, w)
		w.stop() // nobody writes into the log any more
		for line := range strings.Lines(w.log.String()) {
			if _, secret, _ := strings.Cut(w.bot.Token, ":"); strings.Contains(line, secret) {
				t.Errorf("the token is in the log: %s", line)
			}
		}
	})
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, telegram: botapi.New(), store: memstore.New(), log: new(strings.Builder)}
	w.bot = w.telegram.AddBot("acme_bot")
	w.ada = w.telegram.AddCustomer("Ada", "Lovelace").Chat(w.bot)
	w.hubspot = hubspottest.New(hubspottest.Config{
		URL: "http://hubspot.test", InstallURL: "http://app.test/hubspot/install",
		RedirectURLs: []string{"http://app.test/hubspot/oauth/callback"}, HTTPClient: &http.Client{Transport: w},
		RetryDelays: []time.Duration{time.Second, time.Minute},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.hubspot.Run(ctx) }()
	t.Cleanup(func() {
		w.stop()
		cancel()
		if err := errors.Join(<-done, w.hubspot.Close()); err != nil {
			t.Errorf("simulator: %v", err)
		}
	})
	return w
}

// start starts the program on a store; stop stops it.
func (w *world) start(store bridge.Store) {
	w.t.Helper()
	web := &http.Client{Transport: w}
	api := []channels.Option{channels.WithHTTPClient(web)}
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: w.hubspot.AppID(), Key: w.hubspot.DeveloperKey()},
		append(api, channels.WithBaseURL("http://hubspot.test"))...)
	if err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.channel = &telegram{url: "http://telegram.test", client: client{web}, log: log, ownToken: w.bot.Token}
	w.bridge, err = bridge.New(w.channel, bridge.Config{
		API: api, Store: store, PublicURL: "http://app.test", Registry: registry, Definition: definition(), Logger: log,
		App: &oauth.App{ClientID: w.hubspot.ClientID(), ClientSecret: w.hubspot.ClientSecret(), BaseURL: "http://hubspot.test",
			HTTPClient: web, Tokens: w.store},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.channel.account = w.bridge.Account
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	running := w.bridge
	go func() { done <- running.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil && store == bridge.Store(w.store) {
			w.t.Errorf("Run: %v", err)
		}
		w.stop = func() {}
	}
}

// RoundTrip leads requests to whom they are for.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	var h http.Handler
	switch r.URL.Host {
	case "hubspot.test":
		return w.hubspot.Transport().RoundTrip(r)
	case "telegram.test":
		h = w.telegram
	default:
		h = w.bridge
	}
	own := r.Clone(r.Context())
	own.RequestURI = own.URL.RequestURI()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, own)
	if r.Body != nil {
		_ = r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := answer.Result()
	resp.Request = r
	return resp, nil
}

// later lets simulated time pass.
func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// thread is the only conversation in HubSpot.
func (w *world) thread() string {
	w.t.Helper()
	threads := w.hubspot.Threads()
	if len(threads) != 1 {
		w.t.Fatalf("there are %d conversations, want 1\n%s", len(threads), w.log)
	}
	return threads[0].ID
}

// reply writes as the agent.
func (w *world) reply(r hubspottest.Reply) *hubspottest.Message {
	w.t.Helper()
	m, err := w.hubspot.Reply(w.thread(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	later(time.Second)
	return m
}

// inbox is the conversation as the agent sees it: one line for each message.
func (w *world) inbox() []string {
	w.t.Helper()
	var lines []string
	for _, m := range w.hubspot.Messages(w.thread()) {
		line := m.Text
		if m.RichText != "" && m.Direction == "INCOMING" {
			line = m.RichText
		}
		for _, a := range m.Attachments {
			line += fmt.Sprintf(" <%s %s %s>", a.Usage, a.Name, a.ContentType)
		}
		if m.Direction == "INCOMING" {
			lines = append(lines, m.SenderName+": "+line)
			continue
		}
		status := m.Status
		if m.Reason != "" {
			status += ": " + m.Reason
		}
		lines = append(lines, fmt.Sprintf("agent: %s (%s)", line, status))
	}
	return lines
}

// received is what the customer got from the bot.
func (w *world) received() []botapi.Message {
	var got []botapi.Message
	for _, m := range w.ada.Messages() {
		if m.FromBot {
			got = append(got, m)
		}
	}
	return got
}

// mortal is a store that its process loses at some moment, as a killed process does.
type mortal struct {
	bridge.Store
	dead atomic.Bool
}

var errDead = errors.New("the process is dead")

func (m *mortal) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.Store.Finish(ctx, node, it, o)
}
