package fairness

import (
	"context"
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
