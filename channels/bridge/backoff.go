package bridge

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff is the pause after a failed attempt: it doubles from first up to limit, and varies by a quarter so that what
// failed together does not come back together.
func backoff(attempt int, first, limit time.Duration) time.Duration {
	d := limit
	if shift := max(attempt-1, 0); shift < 30 {
		d = min(first<<shift, limit)
	}
	return d - time.Duration(rand.Int64N(int64(d/4)+1))
}

// sleep waits and reports whether ctx has not ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
