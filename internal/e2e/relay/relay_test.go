// Package relay measures the way of a message through the bridge, against the fastest code that does the same with the same
// durability: of an agent's from HubSpot's webhook to the reported state, of a customer's from Receive to HubSpot's answer.
package relay

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
	"github.com/customchannels/customchannels-go/internal/e2e/traffic"
)

const (
	firstPortal = 1000
	portals     = 20
	threads     = 200
	concurrent  = 64
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

// place returns the portal and the thread of the n-th message.
func place(n int) (portal int64, thread int) {
	thread = n % threads
	return int64(firstPortal + thread%portals), thread
}

// openBridge returns a bridge on the database. stop ends its Run and closes the store.
func openBridge(tb testing.TB, hubspot string, db *sql.DB, dialect sqlstore.Dialect) (br *bridge.Bridge, stop func()) {
	tb.Helper()
	keys, err := sqlstore.KeyFile(filepath.Join(tb.TempDir(), "keys"))
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	store, err := sqlstore.Open(ctx, db, dialect, keys)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range portals {
		if err := traffic.Install(ctx, store, int64(firstPortal+i)); err != nil {
			tb.Fatal(err)
		}
	}
	cfg := traffic.Config(hubspot, traffic.Client(concurrent), store)
	cfg.Workers = concurrent
	send := func(context.Context, *bridge.Outgoing) (*bridge.Receipt, error) { return nil, nil }
	if br, err = bridge.New(bridge.ChannelFunc(send), cfg); err != nil {
		tb.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- br.Run(ctx) }()
	return br, func() {
		tb.Helper()
		cancel()
		if err := errors.Join(<-done, store.Close()); err != nil {
			tb.Fatal(err)
		}
	}
}

// measure times n messages, many of which are on their way at the same time, until HubSpot has taken them all.
func measure(b *testing.B, h *traffic.HubSpot, pass func(n int) error) {
	b.Helper()
	b.ResetTimer()
	if err := passAll(b.N, pass); err != nil {
		b.Fatal(err)
	}
	<-h.All()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func passAll(total int, pass func(n int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, concurrent)
	for range concurrent {
		wg.Go(func() {
			for n := next.Add(1) - 1; n < int64(total); n = next.Add(1) - 1 {
				if err := pass(int(n)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

// webhooks serves an app and returns what delivers to it the n-th message that an agent wrote.
func webhooks(tb testing.TB, app http.Handler) func(n int) error {
	server := httptest.NewUnstartedServer(app)
	server.Config.ReadHeaderTimeout = time.Minute
	server.Start()
	tb.Cleanup(server.Close)
	client := traffic.Client(concurrent)
	return func(n int) error {
		portal, thread := place(n)
		return traffic.Post(tb.Context(), client, server.URL, traffic.Reply(portal, thread, n))
	}
}

// An agent's message: HubSpot's webhook, stored, sent, and its state reported to HubSpot.

func BenchmarkRelaySQLite(b *testing.B) { relay(b, openSQLite(b), sqlstore.SQLite) }

func BenchmarkRelaySQLite_Floor(b *testing.B) { relayFloor(b, newSQLiteLedger(b), batched) }

func BenchmarkRelaySQLite_OneCommit(b *testing.B) { relayFloor(b, newSQLiteLedger(b), oneByOne) }

func BenchmarkRelayPostgres(b *testing.B) { relay(b, openPostgres(b), sqlstore.PostgreSQL) }

func BenchmarkRelayPostgres_Floor(b *testing.B) { relayFloor(b, newPostgresLedger(b), batched) }

func BenchmarkRelayPostgres_OneCommit(b *testing.B) { relayFloor(b, newPostgresLedger(b), oneByOne) }

func relay(b *testing.B, db *sql.DB, dialect sqlstore.Dialect) {
	h := traffic.NewHubSpot(b.N)
	br, stop := openBridge(b, h.Listen(b), db, dialect)
	defer stop()
	measure(b, h, webhooks(b, br))
}

func relayFloor(b *testing.B, l ledger, how batching) {
	h := traffic.NewHubSpot(b.N)
	f := newFloor(h.Listen(b), l, how)
	defer f.stop(b)
	measure(b, h, webhooks(b, f))
}

// A customer's message: received, stored, published, and recorded as published.

func BenchmarkReceiveSQLite(b *testing.B) { receive(b, openSQLite(b), sqlstore.SQLite) }

func BenchmarkReceiveSQLite_Floor(b *testing.B) { receiveFloor(b, newSQLiteLedger(b)) }

func BenchmarkReceivePostgres(b *testing.B) { receive(b, openPostgres(b), sqlstore.PostgreSQL) }

func BenchmarkReceivePostgres_Floor(b *testing.B) { receiveFloor(b, newPostgresLedger(b)) }

func receive(b *testing.B, db *sql.DB, dialect sqlstore.Dialect) {
	h := traffic.NewHubSpot(b.N)
	br, stop := openBridge(b, h.Listen(b), db, dialect)
	defer stop()
	measure(b, h, func(n int) error { return br.Receive(b.Context(), question(n)) })
}

func receiveFloor(b *testing.B, l ledger) {
	h := traffic.NewHubSpot(b.N)
	f := newFloor(h.Listen(b), l, batched)
	defer f.stop(b)
	measure(b, h, func(n int) error { return f.receive(question(n)) })
}
