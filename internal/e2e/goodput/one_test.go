package goodput

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/internal/e2e/traffic"
)

// TestOneNode has a node publish, upload and report for some minutes, in simulated time.
func TestOneNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const portals, most = 1, 10 * time.Minute
		var w *world
		inside := roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "hubspot.test" {
				return w.hubspot.Transport().RoundTrip(r)
			}
			return traffic.Local{Handler: w}.RoundTrip(r)
		})
		w, err := newWorld(hubspottest.Config{URL: "http://hubspot.test", HTTPClient: &http.Client{Transport: inside}}, portals)
		if err != nil {
			t.Fatal(err)
		}
		br, err := w.addNode(memstore.New(), inside)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 2)
		go func() { done <- w.hubspot.Run(ctx) }()
		go func() { done <- br.Run(ctx) }()
		synctest.Wait()
		if err := w.connect(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // all conversations have begun, and the limit is unused
		if err := w.overload(ctx, most); err != nil {
			t.Fatal(err)
		}
		time.Sleep(most)
		got := w.meter.between(time.Now().Add(-most+window), time.Now())
		allowed := int((most-window)/window) * limit * portals
		t.Logf("%d calls answered where %d are allowed, %d with 429", got.answered, allowed, got.refused)
		if used := got.answered - got.refused; used*100 < allowed*97 {
			t.Errorf("%d of %d calls were made, want at least 97 %%", used, allowed)
		}
		if got.refused*100 > got.answered {
			t.Errorf("%d of %d calls were refused, want at most 1 %%", got.refused, got.answered)
		}
		cancel()
		if err := errors.Join(<-done, <-done, w.hubspot.Close()); err != nil {
			t.Error(err)
		}
	})
}
