package bridge

import (
	"context"
	"errors"
	"sync"
	"time"
)

// life is how long a node may work. When its time is over others may take what it holds, so it must not begin anything
// then, and what it has begun must end before.
type life struct {
	mu    sync.Mutex
	until time.Time // zero: as long as the process
}

// lifeMargin is how much earlier than the store a node holds itself for dead: clocks run at different speeds, and a call
// that is cut off may still arrive.
const lifeMargin = 2 * time.Second

// renewPause is the least time between two signs of life, however little of the node's time is left.
const renewPause = 100 * time.Millisecond

func (l *life) set(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = until
}

func (l *life) get() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until
}

// holds reports whether the node may still work. It is asked before each call to the outside, since a process that was
// frozen does not know for how long.
func (l *life) holds() bool {
	until := l.get()
	return until.IsZero() || time.Now().Before(until)
}

// renew gives the store a sign of life.
func (n *node) renew(ctx context.Context) error {
	begun := time.Now()
	lives, err := n.store.Renew(ctx, n.id)
	if err != nil {
		return err
	}
	if lives > 0 {
		n.life.set(begun.Add(lives - lifeMargin))
	}
	return nil
}

// keepAlive renews until ctx ends or the node's time is over, and then cuts off the calls that it has begun.
func (n *node) keepAlive(ctx context.Context) {
	for {
		until := n.life.get()
		if until.IsZero() {
			<-ctx.Done() // the node lives as long as the process
			return
		}
		if !n.life.holds() {
			n.log.Error("this node was out of the store's reach for too long; it begins anew")
			n.cancel()
			return
		}
		if !sleep(ctx, min(max(time.Until(until)/3, renewPause), 5*time.Second)) {
			return
		}
		attempt, cancel := context.WithDeadline(ctx, until)
		err := n.renew(attempt)
		cancel()
		if errors.Is(err, ErrLeaseLost) {
			n.life.set(time.Unix(1, 0))
		} else if err != nil && ctx.Err() == nil {
			n.log.Warn("cannot renew this node's life", "error", err)
		}
	}
}
