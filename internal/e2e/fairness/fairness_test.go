// Package fairness measures whether a portal's single message waits for the crowd of another portal's, or for another
// portal's messaging service that does not answer.
package fairness

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/traffic"
)

const (
	busy  = 1 // the portal with a crowd
	hung  = 2 // the portal whose Sends hang
	quiet = 3 // the portal with single messages

	crowd    = 100_000
	hanging  = 1000
	sendTime = 50 * time.Millisecond
	threads  = 200
	before   = 300 // single messages without the others' load
)

// service is a messaging service that is slow for one portal, hangs for another, and tells when it gets a message of
// the third.
type service struct{ begun chan time.Time }

func (s *service) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	switch m.Account.Portal {
	case busy:
		time.Sleep(sendTime)
	case hung:
		<-ctx.Done()
		return nil, ctx.Err()
	default:
		s.begun <- time.Now()
	}
	return nil, nil
}

// BenchmarkFairness reports the time from a webhook to the beginning of its Send, while other portals keep the bridge busy:
// the median and the 95th percentile, and their ratios to the times without the load.
func BenchmarkFairness(b *testing.B) {
	s := &service{begun: make(chan time.Time, 1)}
	br := open(b, s)
	stop := run(b, br)
	alone := make([]time.Duration, before)
	for n := range alone {
		alone[n] = single(b, br, s, n)
	}
	stop()
	fill(b, br)
	defer run(b, br)()
	n := before
	var loaded []time.Duration
	for b.Loop() {
		loaded = append(loaded, single(b, br, s, n))
		n++
	}
	slices.Sort(alone)
	slices.Sort(loaded)
	for _, m := range []struct {
		at          float64
		unit, floor string
		ratio       string
	}{{0.5, "ns/op", "floor-ns/op", "ratio"}, {0.95, "p95-ns/op", "p95-floor-ns/op", "p95-ratio"}} {
		with, without := percentile(loaded, m.at), percentile(alone, m.at)
		b.ReportMetric(float64(with), m.unit)
		b.ReportMetric(float64(without), m.floor)
		b.ReportMetric(float64(with)/float64(without), m.ratio)
	}
}

func percentile(sorted []time.Duration, p float64) time.Duration {
	return sorted[int(p*float64(len(sorted)))]
}

func open(b *testing.B, s *service) *bridge.Bridge {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "fairness.db"))
	if err != nil {
		b.Fatal(err)
	}
	keys, err := sqlstore.KeyFile(filepath.Join(b.TempDir(), "keys"))
	if err != nil {
		b.Fatal(err)
	}
	store, err := sqlstore.Open(b.Context(), db, sqlstore.SQLite, keys)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(store.Close(), db.Close()); err != nil {
			b.Error(err)
		}
	})
	for portal := range int64(quiet) {
		if err := traffic.Install(b.Context(), store, portal+1); err != nil {
			b.Fatal(err)
		}
	}
	br, err := bridge.New(s, traffic.Config(traffic.NewHubSpot(0).Listen(b), traffic.Client(32), store))
	if err != nil {
		b.Fatal(err)
	}
	return br
}

func run(b *testing.B, br *bridge.Bridge) (stop func()) {
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- br.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
}

// single has an agent of the quiet portal write, some time after the last one, and returns how long it took until the
// messaging service was called.
func single(b *testing.B, br *bridge.Bridge, s *service, n int) time.Duration {
	time.Sleep(time.Duration(n*7%10) * time.Millisecond) // at any moment of the others' rhythm
	start := time.Now()
	if err := traffic.Post(b.Context(), local(br), traffic.AppURL, traffic.Reply(quiet, n, n)); err != nil {
		b.Fatal(err)
	}
	return (<-s.begun).Sub(start)
}

// fill queues the others' messages, as many at a time as HubSpot might send.
func fill(b *testing.B, br *bridge.Bridge) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for n := int(next.Add(1)); n <= crowd+hanging; n = int(next.Add(1)) {
				portal, thread := int64(busy), threads+n%threads
				if n > crowd {
					portal, thread = hung, n
				}
				if err := traffic.Post(b.Context(), local(br), traffic.AppURL, traffic.Reply(portal, thread, 1_000_000+n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// local reaches a handler without a network.
func local(h http.Handler) *http.Client { return &http.Client{Transport: traffic.Local{Handler: h}} }
