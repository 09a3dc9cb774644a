package hubspottest

import (
	"sync"
	"time"
)

// limiter is HubSpot's rolling limit: so many calls per portal in any ten
// seconds. Refused calls do not count.
type limiter struct {
	max   int
	mu    sync.Mutex
	calls map[int64][]time.Time // the last calls per portal, oldest first
}

const limitWindow = 10 * time.Second

// take counts a call and reports how many are left.
func (l *limiter) take(portal int64, now time.Time) (left int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls == nil {
		l.calls = map[int64][]time.Time{}
	}
	recent := l.calls[portal]
	for len(recent) > 0 && now.Sub(recent[0]) >= limitWindow {
		recent = recent[1:]
	}
	if ok = len(recent) < l.max; ok {
		recent = append(recent, now)
	}
	l.calls[portal] = recent
	return l.max - len(recent), ok
}
