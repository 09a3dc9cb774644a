// Package knobs has an app go through one short round with the simulated HubSpot under every reading of what HubSpot's
// documentation leaves open.
package knobs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

const (
	portal     = 24681012
	hubspotURL = "http://hubspot.test"
	appURL     = "http://app.test"
)

// world is a simulator that plays some readings and an app that knows nothing of them, without a network, in a bubble.
type world struct {
	t        *testing.T
	readings hubspottest.Readings
	hubspot  *hubspottest.Server
	service  *service
	store    *memstore.Store
	app      *oauth.App
	registry *channels.Registry
	bridge   *bridge.Bridge
	log      *book
	stop     func()       // stops the bridge
	busy     atomic.Int32 // how many webhooks the app still answers with 503
}

// newWorld has the app run; nobody has installed it.
func newWorld(t *testing.T, readings hubspottest.Readings) *world {
	t.Helper()
	w := &world{t: t, readings: readings, service: &service{}, store: memstore.New(), log: &book{}}
	client := &http.Client{Transport: hosts{w}}
	w.hubspot = hubspottest.New(hubspottest.Config{
		URL: hubspotURL, HTTPClient: client, Readings: readings,
		InstallURL: appURL + "/hubspot/install", RedirectURLs: []string{appURL + "/hubspot/oauth/callback"},
	})
	w.app = &oauth.App{
		ClientID: w.hubspot.ClientID(), ClientSecret: w.hubspot.ClientSecret(), BaseURL: hubspotURL, HTTPClient: client, Tokens: w.store,
		OptionalScopes: []string{"conversations.write"}, // to archive conversations
	}
	var err error
	w.registry, err = channels.NewRegistry(channels.DeveloperKey{AppID: w.hubspot.AppID(), Key: w.hubspot.DeveloperKey()},
		channels.WithBaseURL(hubspotURL), channels.WithHTTPClient(client))
	w.must(err)
	w.open(definition())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.hubspot.Run(ctx) }()
	t.Cleanup(func() {
		w.stop()
		cancel()
		w.must(errors.Join(<-done, w.hubspot.Close()))
	})
	w.rest()
	return w
}

// definition is the channel as it is at first.
func definition() bridge.Definition {
	return bridge.Definition{
		Name: "Parcel chat", Description: "Talk to those who wait for a parcel.",
		Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
			RichText:                []channels.RichTextFeature{channels.Bold, channels.Hyperlink},
			AllowOutgoingMessages:   true,
			AllowConversationStart:  true,
			AllowInlineImages:       true,
			OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
			AllowedFileMIMETypes:    []string{"image/*", "application/pdf"},
			MaxFileCount:            3, MaxFileBytes: 1 << 20, MaxTotalFileBytes: 2 << 20,
		},
	}
}

// open starts the app with a definition of its channel. What was stored before is still there.
func (w *world) open(d bridge.Definition) {
	w.t.Helper()
	br, err := bridge.New(w.service, bridge.Config{
		API: []channels.Option{channels.WithHTTPClient(w.app.HTTPClient)}, App: w.app, Store: w.store, PublicURL: appURL,
		Registry: w.registry, Definition: d, Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	w.must(err)
	w.bridge = br
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- br.Run(ctx) }()
	w.stop = func() {
		cancel()
		w.must(<-done)
	}
}

// hosts leads requests to the simulator or to the app, by their host.
type hosts struct{ *world }

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "hubspot.test" {
		return h.hubspot.Transport().RoundTrip(r)
	}
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	answer := httptest.NewRecorder()
	if r.URL.Path == "/hubspot/webhook" && h.busy.Load() > 0 {
		h.busy.Add(-1)
		answer.WriteHeader(http.StatusServiceUnavailable)
	} else {
		h.bridge.ServeHTTP(answer, in)
	}
	resp := answer.Result()
	resp.Request = r
	return resp, nil
}

// rest waits until nobody has anything to do for now.
func (w *world) rest() { synctest.Wait() }

// later lets simulated time pass.
func (w *world) later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) diff(what string, want, got any) {
	w.t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		w.t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// book is a log.
type book struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// news returns the messages of the lines since the last call.
func (b *book) news() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := slices.Collect(strings.Lines(b.text.String()))
	b.text.Reset()
	return lines
}
