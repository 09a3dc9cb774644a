// Package claims measures what it costs to find work in a store that holds a million messages, against one that holds a
// thousand. It should cost the same, wherever the million waits.
package claims

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

const (
	channel = "918273"
	few     = 1_000
	many    = 1_000_000
	portals = 100
	last    = portals + 1 // a portal whose turn comes after all others
	limit   = 64          // lanes in a claim
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

// begun is when everything was accepted, and now when it is claimed.
var (
	begun = time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)
	now   = begun.Add(time.Hour)
	later = now.Add(time.Hour)
)

// shape is a way in which work piles up.
type shape struct {
	name    string
	item    func(n int) *bridge.NewItem // the n-th of what piles up
	arrange func(ctx context.Context, s bridge.Store) error
	claimed int // lanes that a claim gets
}

// Beside what piles up there is one message that can be claimed, except where all of it can.
var shapes = []shape{
	{name: "lanes", claimed: limit, item: func(n int) *bridge.NewItem {
		return item(n, int64(1+n%portals), n, begun.Add(time.Duration(n)*time.Millisecond))
	}},
	{name: "waiting-head", claimed: 1, item: func(n int) *bridge.NewItem {
		it := item(n, 1, 0, begun)
		if n == 0 {
			it.Due = later
		}
		return it
	}},
	{name: "paused-portal", claimed: 1, item: func(n int) *bridge.NewItem {
		return item(n, 1, n, begun)
	}, arrange: func(ctx context.Context, s bridge.Store) error {
		return s.PausePortal(ctx, channel, 1, time.Time{}, "the app is not installed")
	}},
	{name: "not-due", claimed: 1, item: func(n int) *bridge.NewItem {
		return item(n, int64(1+n%portals), n, later)
	}},
}

func item(n int, portal int64, lane int, due time.Time) *bridge.NewItem {
	return &bridge.NewItem{
		Key: fmt.Sprint("message ", n), Kind: bridge.KindIncoming, Channel: channel, Portal: portal, Lane: fmt.Sprint("lane ", lane),
		Order: int64(n), Payload: []byte(`{"text":"When does it arrive?"}`), At: begun, Due: due, Deadline: later.Add(time.Hour),
	}
}

// queue is a store with a pile, and a node that claims from it.
type queue struct {
	bridge.Store
	node bridge.Node
}

func newQueue(ctx context.Context, store bridge.Store, s shape, size int) (*queue, error) {
	const batch = 1000
	for from := 0; from < size; from += batch {
		items := make([]*bridge.NewItem, batch)
		for i := range items {
			items[i] = s.item(from + i)
		}
		if _, err := store.Accept(ctx, items...); err != nil {
			return nil, err
		}
	}
	if s.claimed == 1 {
		if _, err := store.Accept(ctx, item(size, last, size, begun)); err != nil {
			return nil, err
		}
	}
	if s.arrange != nil {
		if err := s.arrange(ctx, store); err != nil {
			return nil, err
		}
	}
	node, err := store.Join(ctx, channel)
	if err != nil {
		return nil, err
	}
	life, err := store.Renew(ctx, node)
	q := &queue{Store: store, node: node}
	if err == nil && life > 0 {
		go q.stayAlive(ctx, life/4)
	}
	return q, err
}

// stayAlive renews the node until ctx ends.
func (q *queue) stayAlive(ctx context.Context, every time.Duration) {
	for tick := time.Tick(every); ; {
		select {
		case <-tick:
			if _, err := q.Renew(ctx, q.node); err != nil && ctx.Err() == nil {
				panic(err) // the benchmark is worthless
			}
		case <-ctx.Done():
			return
		}
	}
}

// turn claims and gives back, so that the pile stays as it is. It returns how long the claim took, and all of it.
func (q *queue) turn(ctx context.Context, want int) (claim, all time.Duration, err error) {
	start := time.Now()
	got, err := q.Claim(ctx, q.node, channel, now, bridge.Wanted{Limit: limit})
	if err != nil {
		return 0, 0, err
	}
	claim = time.Since(start)
	if len(got.Items) != want {
		return 0, 0, fmt.Errorf("claimed %d lanes, want %d", len(got.Items), want)
	}
	errs := make([]error, len(got.Items))
	var wg sync.WaitGroup
	for i, it := range got.Items {
		wg.Go(func() {
			_, errs[i] = q.Finish(ctx, q.node, it, &bridge.Outcome{Verdict: bridge.Retry, At: begun, Free: true})
		})
	}
	wg.Wait()
	return claim, time.Since(start), cmp.Or(errs...)
}

func BenchmarkClaimSQLite(b *testing.B) {
	claims(b, func() bridge.Store { return openSQLite(b) }, func() {})
}

func BenchmarkClaimPostgres(b *testing.B) {
	url := ""
	claims(b, func() bridge.Store {
		url = pgtest.New(b)
		return open(b, pgtest.Open(b, url), sqlstore.PostgreSQL)
	}, func() { analyze(b, url) })
}

// claims takes turns at a small pile and at a large one, so that what else the machine does meets both. It reports the
// medians: ratio of the turns, claim-ratio of the claims in them.
func claims(b *testing.B, open func() bridge.Store, settle func()) {
	for _, s := range shapes {
		fill := sync.OnceValues(func() (piles [2]*queue, err error) {
			for i, size := range []int{few, many} {
				if piles[i], err = newQueue(b.Context(), open(), s, size); err != nil {
					return piles, err
				}
				settle()
			}
			return piles, nil
		})
		b.Run(s.name, func(b *testing.B) {
			piles, err := fill()
			if err != nil {
				b.Fatal(err)
			}
			var claim, all [2][]time.Duration
			for b.Loop() {
				for i, q := range piles {
					c, a, err := q.turn(b.Context(), s.claimed)
					if err != nil {
						b.Fatal(err)
					}
					claim[i], all[i] = append(claim[i], c), append(all[i], a)
				}
			}
			b.ReportMetric(float64(median(all[1])), "ns/op")
			b.ReportMetric(float64(median(all[0])), "floor-ns/op")
			b.ReportMetric(float64(median(all[1]))/float64(median(all[0])), "ratio")
			b.ReportMetric(float64(median(claim[1]))/float64(median(claim[0])), "claim-ratio")
		})
	}
}

func median(ds []time.Duration) time.Duration {
	slices.Sort(ds)
	return ds[len(ds)/2]
}
