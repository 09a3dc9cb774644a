package hardship

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
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
	"github.com/customchannels/customchannels-go/webhook"
)

// A clock that is set forward loses nothing that can be delivered. Webhooks look too old to it, and HubSpot sends them again
// until it is put right.
func TestClockForward(t *testing.T) {
	node(t, func(n *clockedNode) {
		n.down(true)
		n.write("one, while all is down")
		n.reply("one, while all is down")
		n.jump(48 * time.Hour)
		n.down(false)
		n.pass(10 * time.Minute)
		n.write("two, after the jump")
		n.reply("two, after the jump")
		n.pass(time.Minute)
		n.want(
			"ana: hello", "agent: one, while all is down (SENT)", "ana: one, while all is down",
			"ana: two, after the jump", "agent: two, after the jump (SENDING)",
		)
		n.jump(-48 * time.Hour)
		n.pass(time.Hour)
		n.want(
			"ana: hello", "agent: one, while all is down (SENT)", "ana: one, while all is down",
			"ana: two, after the jump", "agent: two, after the jump (SENT)",
		)
		n.once("one, while all is down", "two, after the jump")
	})
}

// What a clock that is set forward takes beyond its deadline ends as the deadline says: the agent is told.
func TestClockForwardBeyondDeadlines(t *testing.T) {
	node(t, func(n *clockedNode) {
		n.down(true)
		n.write("one, while all is down")
		n.reply("one, while all is down")
		n.jump(48 * time.Hour)
		n.pass(10 * time.Minute)
		n.want("ana: hello", "agent: one, while all is down (FAILED)")
		n.down(false)
		n.pass(10 * time.Minute)
		n.want("ana: hello", "agent: one, while all is down (FAILED)", "ana: one, while all is down")
		n.once("one, while all is down")
	})
}

// A clock that is set back makes what waits wait longer, for as much as it was set back.
func TestClockBackward(t *testing.T) {
	node(t, func(n *clockedNode) {
		n.down(true)
		n.write("one, while all is down")
		n.reply("one, while all is down")
		n.jump(-time.Hour)
		n.write("two, after the jump")
		n.down(false)
		n.pass(70 * time.Minute)
		n.reply("two, after the jump")
		n.pass(time.Hour)
		n.want(
			"ana: hello", "agent: one, while all is down (SENT)", "ana: one, while all is down",
			"ana: two, after the jump", "agent: two, after the jump (SENT)",
		)
		n.once("one, while all is down", "two, after the jump")
	})
}

// clockedNode is a bridge whose clock jumps, without a network and in simulated time. A bubble's clock cannot jump, so what
// the bridge compares its clock with jumps the other way: the times in the store and in the signatures of webhooks.
type clockedNode struct {
	t       *testing.T
	hubspot *hubspottest.Server
	*service
	bridge  *bridge.Bridge
	ahead   atomic.Int64 // by how much the node's clock is ahead: a time.Duration
	refuses atomic.Bool  // the service does
}

const (
	clockedApp     = "http://app.test"
	clockedHubSpot = "http://hubspot.test"
)

func node(t *testing.T, test func(*clockedNode)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &clockedNode{t: t, service: &service{calls: map[string][]int{}}}
		n.hubspot = hubspottest.New(hubspottest.Config{
			URL: clockedHubSpot, InstallURL: clockedApp + "/hubspot/install",
			RedirectURLs: []string{clockedApp + "/hubspot/oauth/callback"}, HTTPClient: &http.Client{Transport: n},
			RetryDelays: slices.Repeat([]time.Duration{time.Minute}, 1000), RateLimit: -1,
		})
		client := &http.Client{Transport: n}
		store := &clockedStore{memstore.New(), n}
		registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: n.hubspot.AppID(), Key: n.hubspot.DeveloperKey()},
			channels.WithBaseURL(clockedHubSpot), channels.WithHTTPClient(client))
		must(t, err)
		n.bridge, err = bridge.New(n, bridge.Config{
			API: []channels.Option{channels.WithHTTPClient(client)},
			App: &oauth.App{
				ClientID: n.hubspot.ClientID(), ClientSecret: n.hubspot.ClientSecret(), BaseURL: clockedHubSpot, HTTPClient: client, Tokens: store,
				Now: func() time.Time { return time.Now().Add(n.off()) },
			},
			Store: store, PublicURL: clockedApp, Registry: registry, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
			Definition: bridge.Definition{Name: "Chat", Capabilities: channels.Capabilities{
				DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
				AllowOutgoingMessages:   true,
			}},
		})
		must(t, err)
		stop := n.run()
		defer stop()
		_, err = n.hubspot.InstallAndConnect(t.Context())
		must(t, err)
		synctest.Wait()
		n.write("hello")
		test(n)
	})
}

// run runs both sides until stop is called.
func (n *clockedNode) run() (stop func()) {
	ctx, cancel := context.WithCancel(n.t.Context())
	done := make(chan error, 2)
	go func() { done <- n.bridge.Run(ctx) }()
	go func() { done <- n.hubspot.Run(ctx) }()
	return func() {
		cancel()
		must(n.t, <-done)
		must(n.t, <-done)
		must(n.t, n.hubspot.Close())
	}
}

// RoundTrip leads requests to HubSpot or to the app, by their host.
func (n *clockedNode) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "hubspot.test" {
		return n.hubspot.Transport().RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.RequestURI = r.URL.RequestURI()
	if n.off() != 0 && r.URL.Path == "/hubspot/webhook" {
		if err := n.age(r); err != nil {
			return nil, err
		}
	}
	w := httptest.NewRecorder()
	n.bridge.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// age makes a webhook as old as the node's clock will find it.
func (n *clockedNode) age(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	millis, err := strconv.ParseInt(r.Header.Get("X-HubSpot-Request-Timestamp"), 10, 64)
	if err != nil {
		return err
	}
	at := time.UnixMilli(millis).Add(-n.off())
	maps.Copy(r.Header, webhook.Sign(webhook.V3, n.hubspot.ClientSecret(), r.Method, r.URL.String(), body, at))
	return nil
}

// Send implements [bridge.Channel].
func (n *clockedNode) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	if n.refuses.Load() {
		return nil, fmt.Errorf("the service is down")
	}
	return n.service.Send(ctx, m)
}

func (n *clockedNode) off() time.Duration { return time.Duration(n.ahead.Load()) }

// jump sets the node's clock, and lets the world notice.
func (n *clockedNode) jump(d time.Duration) {
	synctest.Wait()
	n.ahead.Add(int64(d))
	synctest.Wait()
}

// pass lets time pass.
func (n *clockedNode) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// down takes the service and the publishing to HubSpot down, or up again.
func (n *clockedNode) down(down bool) {
	synctest.Wait()
	n.refuses.Store(down)
	if down {
		n.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Status: http.StatusServiceUnavailable})
	} else {
		n.hubspot.ClearFaults()
	}
}

func (n *clockedNode) write(text string) {
	n.t.Helper()
	must(n.t, n.bridge.Receive(n.t.Context(), &bridge.Incoming{ID: text, From: channels.Opaque("ana"), FromName: "ana", To: shop, Text: text}))
	synctest.Wait()
}

func (n *clockedNode) reply(text string) {
	n.t.Helper()
	_, err := n.hubspot.Reply(n.hubspot.Threads()[0].ID, hubspottest.Reply{Text: text})
	must(n.t, err)
	synctest.Wait()
}

// want compares what the agent sees.
func (n *clockedNode) want(lines ...string) {
	n.t.Helper()
	var got []string
	for _, m := range n.hubspot.Messages(n.hubspot.Threads()[0].ID) {
		if m.Direction == "INCOMING" {
			got = append(got, m.SenderName+": "+m.Text)
		} else {
			got = append(got, fmt.Sprintf("agent: %s (%s)", m.Text, m.Status))
		}
	}
	if diff := cmp.Diff(lines, got); diff != "" {
		n.t.Errorf("the conversation differs (-want +got):\n%s", diff)
	}
}

// once wants no reply to have reached the service twice.
func (n *clockedNode) once(texts ...string) {
	n.t.Helper()
	for _, text := range texts {
		if calls := n.service.of(text); len(calls) > 1 {
			n.t.Errorf("%q was sent in the attempts %v", text, calls)
		}
	}
}
