package fairness

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/internal/e2e/traffic"
)

// TestSingleMessageDoesNotWait has a portal's message sent at once, in simulated time, while another portal has a crowd
// of messages that take a while each, and another one's hang.
func TestSingleMessageDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{begun: make(chan time.Time, 1)}
		store := memstore.New()
		for portal := range int64(quiet) {
			if err := traffic.Install(t.Context(), store, portal+1); err != nil {
				t.Fatal(err)
			}
		}
		br, err := bridge.New(s, traffic.Config("http://hubspot.test", local(traffic.NewHubSpot(0)), store))
		if err != nil {
			t.Fatal(err)
		}
		app := local(br)
		for n := range 1000 {
			for _, portal := range []int64{busy, hung} {
				if err := traffic.Post(t.Context(), app, traffic.AppURL, traffic.Reply(portal, int(portal)*threads+n%threads, int(portal)*1_000_000+n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- br.Run(ctx) }()
		for n := range 100 {
			time.Sleep(7 * time.Millisecond)
			start := time.Now()
			if err := traffic.Post(t.Context(), app, traffic.AppURL, traffic.Reply(quiet, n, n)); err != nil {
				t.Fatal(err)
			}
			if waited := (<-s.begun).Sub(start); waited > 0 {
				t.Errorf("message %d waited %v", n, waited)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestPortalsTakeTurns has more portals with a crowd than a node takes messages at a time: each portal's first message is sent soon, and
// none waits until others have nothing more to say.
func TestPortalsTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const portals, workers = 40, 4
		s := &turns{first: map[int64]time.Duration{}, begun: time.Now()}
		store := memstore.New()
		cfg := traffic.Config("http://hubspot.test", local(traffic.NewHubSpot(0)), store)
		cfg.Workers = workers
		br, err := bridge.New(s, cfg)
		if err != nil {
			t.Fatal(err)
		}
		app := local(br)
		for portal := range int64(portals) {
			if err := traffic.Install(t.Context(), store, portal+1); err != nil {
				t.Fatal(err)
			}
			for n := range 20 {
				if err := traffic.Post(t.Context(), app, traffic.AppURL, traffic.Reply(portal+1, int(portal)*threads+n, int(portal)*1000+n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- br.Run(ctx) }()
		time.Sleep(4 * portals / workers * sendTime)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for portal := range int64(portals) {
			if waited, ok := s.first[portal+1]; !ok || waited > 2*portals/workers*sendTime {
				t.Errorf("the first message of portal %d was sent after %v (%t), want one in the first two rounds", portal+1, waited, ok)
			}
		}
	})
}

// turns is a slow messaging service that notes when it got the first message of each portal.
type turns struct {
	begun time.Time

	mu    sync.Mutex
	first map[int64]time.Duration
}

func (s *turns) Send(_ context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	s.mu.Lock()
	if _, ok := s.first[m.Account.Portal]; !ok {
		s.first[m.Account.Portal] = time.Since(s.begun)
	}
	s.mu.Unlock()
	time.Sleep(sendTime)
	return nil, nil
}
