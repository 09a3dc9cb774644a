package rest_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/internal/rest"
)

const (
	limit  = 110
	window = 10 * time.Second
)

// most returns how many of the times fall into the fullest window.
func most(times []time.Time, window time.Duration) int {
	slices.SortFunc(times, time.Time.Compare)
	fullest, first := 0, 0
	for last := range times {
		for times[last].Sub(times[first]) >= window {
			first++
		}
		fullest = max(fullest, last-first+1)
	}
	return fullest
}

func TestLimiterNeverExceedsARollingWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := rest.NewLimiter(limit, window)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var mu sync.Mutex
		var times []time.Time
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for {
					if _, err := l.Acquire(ctx, false); err != nil {
						return
					}
					mu.Lock()
					times = append(times, time.Now())
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if got := most(times, window); got > limit {
			t.Errorf("%d calls within %v, want at most %d", got, window, limit)
		}
		if got, want := len(times), 6*limit*97/100; got < want {
			t.Errorf("%d calls in a minute, want at least %d", got, want)
		}
	})
}

func TestLimiterServesInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := rest.NewLimiter(1, time.Second)
		mustAcquire(t, l)
		var mu sync.Mutex
		var served []int
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				if _, err := l.Acquire(t.Context(), false); err != nil {
					t.Error(err)
				}
				mu.Lock()
				served = append(served, i)
				mu.Unlock()
			})
			synctest.Wait() // so that they queue in this order
		}
		wg.Wait()
		if !slices.IsSorted(served) {
			t.Errorf("served in the order %v", served)
		}
	})
}

func TestLimiterWaiterLeavesWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := rest.NewLimiter(1, time.Second)
		mustAcquire(t, l)
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { _, err := l.Acquire(ctx, false); left <- err }()
		synctest.Wait()
		behind := make(chan time.Duration, 1)
		start := time.Now()
		go func() { mustAcquire(t, l); behind <- time.Since(start) }()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("the cancelled waiter got %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the cancelled waiter left after %v, want at once", took)
		}
		if waited := <-behind; waited > 1100*time.Millisecond {
			t.Errorf("the waiter behind it waited %v, want the one slot's second only", waited)
		}
	})
}

func TestLimiterNoWaitTellsTheDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := rest.NewLimiter(2, window)
		mustAcquire(t, l)
		time.Sleep(4 * time.Second)
		mustAcquire(t, l)
		delay, err := l.Acquire(t.Context(), true)
		if err != nil || delay < 6*time.Second || delay > 7*time.Second {
			t.Fatalf("Acquire without waiting = %v, %v, want about 6s", delay, err)
		}
		time.Sleep(delay)
		if delay, err := l.Acquire(t.Context(), true); delay != 0 || err != nil {
			t.Errorf("Acquire after the delay = %v, %v, want to go", delay, err)
		}
	})
}

func TestLimiterLearnsOfOthersCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := rest.NewLimiter(limit, window)
		mustAcquire(t, l)
		l.Observe(http.StatusOK, header("X-HubSpot-RateLimit-Remaining", "3"), 0)
		for range 3 {
			mustGo(t, l)
		}
		if delay, _ := l.Acquire(t.Context(), true); delay == 0 {
			t.Error("a fourth call went out, but HubSpot had said that 3 remain")
		}
	})
}

func TestLimiterFollowsALowerLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := rest.NewLimiter(limit, window)
		l.Observe(http.StatusOK, header("X-HubSpot-RateLimit-Max", "2"), 0)
		mustGo(t, l)
		mustGo(t, l)
		if delay, _ := l.Acquire(t.Context(), true); delay == 0 {
			t.Error("a third call went out, but HubSpot's limit is 2")
		}
		l.Observe(http.StatusOK, header("X-HubSpot-RateLimit-Max", "1000"), 0)
		for range limit - 2 {
			mustGo(t, l)
		}
		if delay, _ := l.Acquire(t.Context(), true); delay == 0 {
			t.Errorf("more than %d calls went out: HubSpot must not raise what was configured", limit)
		}
	})
}

func TestLimiterPausesAfterRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := rest.NewLimiter(limit, window)
		refuse := func(wait time.Duration) time.Duration {
			l.Observe(http.StatusTooManyRequests, nil, wait)
			delay, _ := l.Acquire(t.Context(), true)
			time.Sleep(delay)
			return delay.Round(time.Second)
		}
		for _, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, window, window} {
			if got := refuse(0); got != want {
				t.Errorf("paused %v, want %v", got, want)
			}
		}
		l.Observe(http.StatusOK, nil, 0)
		if got, want := refuse(3*time.Second), 3*time.Second; got != want {
			t.Errorf("paused %v after Retry-After, want %v", got, want)
		}
		l.Observe(http.StatusOK, nil, 0)
		if got := refuse(time.Hour); got != window {
			t.Errorf("paused %v after a Retry-After of an hour, want at most the window", got)
		}
	})
}

func TestNilLimiterLimitsNothing(t *testing.T) {
	t.Parallel()
	var l *rest.Limiter
	for range 1000 {
		mustGo(t, l)
	}
	l.Observe(http.StatusTooManyRequests, nil, time.Hour)
	mustGo(t, l)
}

func mustAcquire(t *testing.T, l *rest.Limiter) {
	t.Helper()
	if _, err := l.Acquire(t.Context(), false); err != nil {
		t.Error(err)
	}
}

func mustGo(t *testing.T, l *rest.Limiter) {
	t.Helper()
	if delay, err := l.Acquire(t.Context(), true); delay != 0 || err != nil {
		t.Fatalf("Acquire = %v, %v, want to go at once", delay, err)
	}
}

func header(name, value string) http.Header {
	h := http.Header{}
	h.Set(name, value)
	return h
}
