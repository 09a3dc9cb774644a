package rest

import (
	"container/list"
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limiter keeps the calls of one portal under HubSpot's rolling limit. It remembers when it let calls go, and lets the
// next go only while fewer than the limit are younger than the window: a token bucket would let twice the limit through
// around a burst. Waiting callers are served in order.
//
// A nil *Limiter limits nothing.
type Limiter struct {
	window time.Duration
	most   int // calls in a window as configured: what HubSpot says can only lower it

	mu      sync.Mutex
	limit   int           // calls in a window as it is now
	sent    []time.Time   // when calls were let go that still count, oldest first
	blocked time.Time     // no call before this
	pause   time.Duration // the latest block, doubled while refusals go on
	queue   list.List     // of chan struct{}; the front one is told when it becomes first
}

// NewLimiter returns a limiter for calls per window.
func NewLimiter(calls int, window time.Duration) *Limiter {
	// Requests do not travel equally fast: with a little more than the window between them they are not seen by HubSpot
	// with a little less.
	return &Limiter{window: window + window/50, most: calls, limit: calls}
}

// Acquire returns when a call may go, or ctx has ended. With noWait it returns at once, with how long a call would have
// to wait if it may not go now.
func (l *Limiter) Acquire(ctx context.Context, noWait bool) (time.Duration, error) {
	if l == nil {
		return 0, ctx.Err()
	}
	l.mu.Lock()
	delay := l.delay(time.Now())
	if l.queue.Len() == 0 && delay <= 0 {
		l.sent = append(l.sent, time.Now())
		l.mu.Unlock()
		return 0, nil
	}
	if noWait {
		defer l.mu.Unlock()
		return max(delay, time.Millisecond), nil
	}
	turn := make(chan struct{}, 1)
	place := l.queue.PushBack(turn)
	l.mu.Unlock()
	return 0, l.await(ctx, place, turn)
}

// await waits in the queue until the caller at place is first and may go.
func (l *Limiter) await(ctx context.Context, place *list.Element, turn chan struct{}) error {
	for {
		l.mu.Lock()
		var timer <-chan time.Time
		if l.queue.Front() == place {
			now := time.Now()
			delay := l.delay(now)
			if delay <= 0 {
				l.sent = append(l.sent, now)
				l.leave(place)
				l.mu.Unlock()
				return nil
			}
			timer = time.After(delay)
		}
		l.mu.Unlock()
		select {
		case <-turn:
		case <-timer:
		case <-ctx.Done():
			l.mu.Lock()
			l.leave(place)
			l.mu.Unlock()
			return ctx.Err()
		}
	}
}

// leave takes a caller out of the queue and wakes who is first then. l.mu is held.
func (l *Limiter) leave(place *list.Element) {
	l.queue.Remove(place)
	l.wake()
}

// wake makes the first in the queue look again. l.mu is held.
func (l *Limiter) wake() {
	if first := l.queue.Front(); first != nil {
		select {
		case first.Value.(chan struct{}) <- struct{}{}:
		default:
		}
	}
}

// delay returns how long the next call has to wait. l.mu is held.
func (l *Limiter) delay(now time.Time) time.Duration {
	for len(l.sent) > 0 && now.Sub(l.sent[0]) >= l.window {
		l.sent = l.sent[1:]
	}
	delay := l.blocked.Sub(now)
	if over := len(l.sent) - l.limit; over >= 0 {
		delay = max(delay, l.sent[over].Add(l.window).Sub(now))
	}
	return delay
}

// Observe learns from an answer of HubSpot. Calls that others made in the portal show in X-HubSpot-RateLimit-Remaining;
// they are counted as if they had been made now. A 429 stops all callers for a while.
func (l *Limiter) Observe(status int, h http.Header, wait time.Duration) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if status == http.StatusTooManyRequests {
		l.block(now, wait)
		return
	}
	l.pause = 0
	if most, err := strconv.Atoi(h.Get("X-HubSpot-RateLimit-Max")); err == nil && most > 0 && min(most, l.most) != l.limit {
		l.limit = min(most, l.most)
		l.wake()
	}
	if remaining, err := strconv.Atoi(h.Get("X-HubSpot-RateLimit-Remaining")); err == nil && remaining >= 0 {
		l.delay(now) // drops what no longer counts
		for range l.limit - len(l.sent) - remaining {
			l.sent = append(l.sent, now)
		}
	}
}

// block stops all calls for wait, or if HubSpot named none for a tenth of the window, doubled at each refusal in a row.
func (l *Limiter) block(now time.Time, wait time.Duration) {
	if l.blocked.After(now) {
		return // calls that were under way when the first was refused
	}
	l.pause = min(max(2*l.pause, l.window/10), l.window)
	l.blocked = now.Add(min(max(wait, l.pause), l.window))
}
