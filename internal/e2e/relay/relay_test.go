// Package relay measures the way of an agent's message through the bridge, from HubSpot's webhook to the reported state,
// against the fastest code that does the same with the same durability.
package relay

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"
	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
	"github.com/customchannels/customchannels-go/webhook"
)

const (
	secret     = "client secret"
	channel    = "918273"
	portals    = 20
	threads    = 200
	concurrent = 64
)

// hubspot answers status reports, as fast as net/http can.
type hubspot struct {
	*httptest.Server
	statuses atomic.Int64
	all      chan struct{}
	want     int64
}

func newHubSpot(b *testing.B) *hubspot {
	h := &hubspot{all: make(chan struct{}), want: int64(b.N)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
		if h.statuses.Add(1) == h.want {
			close(h.all)
		}
	}))
	b.Cleanup(h.Close)
	return h
}

const answer = `{"id":"1","type":"MESSAGE","conversationsThreadId":"1","channelId":"918273","channelAccountId":"1","createdAt":"2026-10-01T09:25:00.950Z",
	"createdBy":"A-1","client":{"clientType":"HUBSPOT"},"direction":"OUTGOING","senders":[],"recipients":[],"text":"","attachments":[],
	"truncationStatus":"NOT_TRUNCATED","archived":false,"status":{"statusType":"SENT"}}`

func event(n int) []byte {
	thread := n % threads
	portal := 1000 + thread%portals
	return fmt.Appendf(nil, `{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"%d","channelId":"%s","eventId":"e%d",
		"eventTimestamp":"2026-10-01T09:25:01.300Z","channelIntegrationThreadIds":["t%d"],"message":{"id":"m%d","type":"MESSAGE","channelId":"%s",
		"channelAccountId":"%d","conversationsThreadId":"%d","createdAt":"2026-10-01T09:25:00.%06dZ","createdBy":"A-1",
		"senders":[{"actorId":"A-1","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"shop"}}],
		"recipients":[{"actorId":"V-1","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"ada"}}],
		"text":"It ships today, and arrives the day after tomorrow.","richText":"<div>It ships today, and arrives the day after tomorrow.</div>",
		"direction":"OUTGOING","truncationStatus":"NOT_TRUNCATED","status":"SENT","attachments":[]}}`,
		portal, channel, n, thread, n, channel, portal, thread, n%1000000)
}

// post sends all webhooks, many at a time, and returns when HubSpot has heard of the last one.
func post(b *testing.B, h *hubspot, app http.Handler) {
	b.Helper()
	server := httptest.NewUnstartedServer(app)
	server.Config.ReadHeaderTimeout = time.Minute
	server.Start()
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrent}}
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range concurrent {
		wg.Go(func() {
			for n := next.Add(1) - 1; n < int64(b.N); n = next.Add(1) - 1 {
				if err := send(client, server.URL, event(int(n))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if !b.Failed() {
		<-h.all
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func send(client *http.Client, base string, body []byte) error {
	req, err := http.NewRequest(http.MethodPost, base+"/hubspot/webhook", bytes.NewReader(body))
	if err != nil {
		return err
	}
	maps.Copy(req.Header, webhook.Sign(webhook.V3, secret, http.MethodPost, "http://app.test/hubspot/webhook", body, time.Now()))
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

func openSQLite(b *testing.B) *sql.DB {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "relay.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func BenchmarkRelaySQLite(b *testing.B) { relay(b, openSQLite(b), sqlstore.SQLite) }

func relay(b *testing.B, db *sql.DB, dialect sqlstore.Dialect) {
	h := newHubSpot(b)
	keys, err := sqlstore.KeyFile(filepath.Join(b.TempDir(), "keys"))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	store, err := sqlstore.Open(ctx, db, dialect, keys)
	if err != nil {
		b.Fatal(err)
	}
	prepare(b, store)
	br, err := bridge.New(bridge.ChannelFunc(func(context.Context, *bridge.Outgoing) (*bridge.Receipt, error) { return nil, nil }), bridge.Config{
		App:       &oauth.App{ClientID: "app", ClientSecret: secret, BaseURL: h.URL, Tokens: store},
		API:       []channels.Option{channels.WithRateLimit(1<<30, time.Second), channels.WithHTTPClient(&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrent}})},
		Store:     store,
		ChannelID: channel,
		PublicURL: "http://app.test",
		Workers:   concurrent,
	})
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- br.Run(ctx) }()
	post(b, h, br)
	cancel()
	if err := errors.Join(<-done, store.Close()); err != nil {
		b.Fatal(err)
	}
}

// prepare installs the app in all portals and connects an account in each.
func prepare(b *testing.B, store *sqlstore.Store) {
	for i := range portals {
		portal := int64(1000 + i)
		err := store.SaveInstall(b.Context(), &oauth.Install{ClientID: "app", PortalID: portal, InstalledAt: time.Now(),
			Token: &oauth2.Token{AccessToken: "access", RefreshToken: "refresh", Expiry: time.Now().Add(time.Hour)}})
		if err != nil {
			b.Fatal(err)
		}
		_, err = store.SaveAccount(b.Context(), &bridge.Account{Channel: channel, Portal: portal, ID: channels.AccountID(fmt.Sprint(portal)),
			InboxID: "1", Name: "Shop", Identifier: channels.Opaque(fmt.Sprint("shop-", portal)), Active: true, Authorized: true})
		if err != nil {
			b.Fatal(err)
		}
	}
}
