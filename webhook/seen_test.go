package webhook_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/customchannels/customchannels-go/webhook"
)

// A duplicate that comes while its event is handled waits, and shares the result.
func TestHandlerDuplicateWaits(t *testing.T) {
	for _, result := range []error{nil, errors.New("broken")} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			var calls atomic.Int32
			h, _ := testHandler(func(context.Context, webhook.Event) error {
				calls.Add(1)
				<-release
				return result
			})
			h.Logger = slog.New(slog.DiscardHandler)
			codes := make(chan int, 5)
			for range 5 {
				r := deliver(t, publicURL+"/cc", accountCreated, now)
				go func() { codes <- serve(h, r).Code }()
			}
			synctest.Wait()
			if len(codes) > 0 || calls.Load() != 1 {
				t.Fatalf("%d answers and %d calls before the result", len(codes), calls.Load())
			}

			ctx, cancel := context.WithCancel(t.Context())
			impatient := deliver(t, publicURL+"/cc", accountCreated, now).WithContext(ctx)
			gone := make(chan int)
			go func() { gone <- serve(h, impatient).Code }()
			synctest.Wait()
			cancel()
			if code := <-gone; code != 503 {
				t.Errorf("a duplicate whose sender hung up: %d", code)
			}

			close(release)
			want := 200
			if result != nil {
				want = 503
			}
			for range 5 {
				if code := <-codes; code != want {
					t.Errorf("%d, want %d", code, want)
				}
			}
			if calls.Load() != 1 {
				t.Errorf("%d calls", calls.Load())
			}
		})
	}
}

// brokenSeen fails as told.
type brokenSeen struct{ ask, mark error }

func (b *brokenSeen) Seen(context.Context, string) (bool, error) { return false, b.ask }
func (b *brokenSeen) Mark(context.Context, string) error         { return b.mark }

func TestHandlerSeenFails(t *testing.T) {
	var called recorder
	h, _ := testHandler(called.call)
	seen := &brokenSeen{ask: errors.New("down")}
	h.Seen = seen
	if w := serve(h, deliver(t, publicURL+"/cc", accountCreated, now)); w.Code != 503 || len(called.types) != 0 {
		t.Errorf("Seen fails: %d after %d calls", w.Code, len(called.types))
	}
	seen.ask, seen.mark = nil, errors.New("down")
	if w := serve(h, deliver(t, publicURL+"/cc", accountCreated, now)); w.Code != 503 || len(called.types) != 1 {
		t.Errorf("Mark fails: %d after %d calls", w.Code, len(called.types))
	}
}

// strictSeen fails once its context has ended, as databases do.
type strictSeen struct{ webhook.LRU }

func (s *strictSeen) Mark(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.LRU.Mark(ctx, key)
}

// When HubSpot hangs up while the callback finishes its work, that work is not done again.
func TestHandlerMarksAfterHangUp(t *testing.T) {
	ctx, hangUp := context.WithCancel(t.Context())
	calls := 0
	h, _ := testHandler(func(context.Context, webhook.Event) error {
		calls++
		hangUp()
		return nil
	})
	h.Seen = new(strictSeen)
	serve(h, deliver(t, publicURL+"/cc", accountCreated, now).WithContext(ctx))
	if w := serve(h, deliver(t, publicURL+"/cc", accountCreated, now)); w.Code != 200 || calls != 1 {
		t.Errorf("%d after %d calls, want 200 after one", w.Code, calls)
	}
}

func TestLRU(t *testing.T) {
	ctx := t.Context()
	l := webhook.NewLRU(2)
	has := func(key string) bool {
		ok, err := l.Seen(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	mark := func(keys ...string) {
		for _, key := range keys {
			if err := l.Mark(ctx, key); err != nil {
				t.Fatal(err)
			}
		}
	}
	if has("a") {
		t.Error("a new LRU has seen a")
	}
	mark("a", "b", "a", "c") // b was used longest ago
	if !has("a") || has("b") || !has("c") {
		t.Errorf("a %v, b %v, c %v; want b forgotten", has("a"), has("b"), has("c"))
	}
	has("a")
	mark("d")
	if !has("a") || has("c") || !has("d") {
		t.Errorf("a %v, c %v, d %v; want c forgotten", has("a"), has("c"), has("d"))
	}
}
