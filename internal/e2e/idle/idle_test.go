// Package idle measures what a bridge remembers of portals in which nothing happens any more.
package idle

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/traffic"
)

const portals = 10_000

// BenchmarkIdlePortals reports the heap that is taken for each portal after a message in both directions, on SQLite: its clients, its
// limiter, its token, and the name of an agent.
func BenchmarkIdlePortals(b *testing.B) {
	for range b.N {
		store := open(b)
		all(b, func(portal int64) error { return traffic.Install(b.Context(), store, portal) })
		before := heap()
		const works = 4 // the accounts are read, and an agent's message, its status and a customer's message done
		br, done, stop := run(b, store, works*portals)
		app := &http.Client{Transport: traffic.Local{Handler: br}}
		all(b, func(portal int64) error {
			return errors.Join(
				traffic.Post(b.Context(), app, traffic.AppURL, traffic.Reply(portal, int(portal), int(portal))),
				br.Receive(b.Context(), &bridge.Incoming{
					ID: fmt.Sprint("c", portal), Text: "When does it arrive?", From: channels.Opaque("ada"), To: traffic.Shop(portal),
				}),
			)
		})
		<-done
		b.ReportMetric(float64(heap()-before)/portals, "bytes/portal")
		stop()
	}
}

// run starts a bridge. done is closed when it has done so much work.
func run(b *testing.B, store *sqlstore.Store, works int64) (br *bridge.Bridge, done chan struct{}, stop func()) {
	hubspot := &http.Client{Transport: traffic.Local{Handler: traffic.NewHubSpot(0)}}
	cfg := traffic.Config("http://hubspot.test", hubspot, store)
	cfg.API = []channels.Option{channels.WithHTTPClient(hubspot)} // with HubSpot's limit, which costs memory
	var count atomic.Int64
	done = make(chan struct{})
	cfg.Trace = &bridge.Trace{Ended: func(a bridge.Attempt) {
		if a.Verdict == bridge.Done && count.Add(1) == works {
			close(done)
		}
	}}
	send := func(context.Context, *bridge.Outgoing) (*bridge.Receipt, error) { return nil, nil }
	br, err := bridge.New(bridge.ChannelFunc(send), cfg)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- br.Run(ctx) }()
	return br, done, func() {
		cancel()
		if err := errors.Join(<-ended, store.Close()); err != nil {
			b.Error(err)
		}
	}
}

func open(b *testing.B) *sqlstore.Store {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "idle.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	keys, err := sqlstore.KeyFile(filepath.Join(b.TempDir(), "keys"))
	if err != nil {
		b.Fatal(err)
	}
	store, err := sqlstore.Open(b.Context(), db, sqlstore.SQLite, keys)
	if err != nil {
		b.Fatal(err)
	}
	return store
}

// all calls do for every portal, many at a time.
func all(b *testing.B, do func(portal int64) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for portal := next.Add(1); portal <= portals; portal = next.Add(1) {
				if err := do(portal); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// heap is how much of it is in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
