package hubspottest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestAdvance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{RetryDelays: []time.Duration{time.Hour}}, nil)
		s.say("m1", "Hi")
		h := &hook{answer: func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}}
		s.run(h)
		s.reply("Hello")
		synctest.Wait()
		before := s.Now()
		if err := s.Advance(59 * time.Minute); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := len(h.all()); got != 1 || s.Now().Sub(before) != 59*time.Minute {
			t.Errorf("%d attempts after %v", got, s.Now().Sub(before))
		}
		s.want(s.call("GET", helpers+"/inboxes", nil), http.StatusUnauthorized)
		if err := s.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := len(h.all()); got != 2 || s.PendingWebhooks() != 0 {
			t.Errorf("%d attempts, %d pending", got, s.PendingWebhooks())
		}
		if err := s.Advance(-time.Second); err == nil {
			t.Error("the clock goes back")
		}
		if err := s.Advance(1<<63 - 1); err == nil {
			t.Error("the clock goes too far")
		}
	})
}

func TestClockPersists(t *testing.T) {
	dir := t.TempDir()
	now := func() time.Time { return time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC) }
	b := restart(t, dir, hubspottest.Config{Now: now})
	if err := b.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if got := restart(t, dir, hubspottest.Config{Now: now}).Now(); !got.Equal(now().Add(time.Hour)) {
		t.Errorf("the clock stands at %v", got)
	}
}
