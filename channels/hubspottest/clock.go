package hubspottest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// clock is the configured clock, and how far it was advanced.
type clock struct {
	ahead atomic.Int64 // nanoseconds

	mu    sync.Mutex
	moved chan struct{} // closed and replaced at each advance
}

func (s *Server) now() time.Time {
	ahead := time.Duration(s.clock.ahead.Load())
	return s.cfg.Now().UTC().Add(ahead).Truncate(time.Millisecond)
}

// Now is the time in the simulated HubSpot: Config.Now and what [Server.Advance]
// has added.
func (s *Server) Now() time.Time { return s.now() }

// farthest is how far the clock goes ahead.
const farthest = 100 * 365 * 24 * time.Hour

// Advance moves the simulated HubSpot's clock ahead: tokens expire, rate limits
// recover, and webhooks whose retry has become due are sent. It does not end
// the pauses of faults in calls. The clock cannot go back, nor further than a
// hundred years ahead; [Server.Persist] keeps where it stands.
func (s *Server) Advance(d time.Duration) error {
	if d < 0 {
		return errors.New("hubspottest: the clock cannot go back")
	}
	err := s.update(func(tx *tx) error {
		a := *tx.app()
		if a.Ahead > farthest-d {
			return invalid("The clock cannot go further than a hundred years ahead")
		}
		a.Ahead += d
		tx.apps.put(tx, "app", &a)
		s.clock.ahead.Store(int64(a.Ahead))
		tx.showState()
		return nil
	})
	s.clock.wake()
	return err
}

func (c *clock) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.moved)
	c.moved = make(chan struct{})
}

func (c *clock) moves() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moved
}

// sleepUntil waits for a time of the simulator's clock, or until ctx is done or
// early is closed. A nil early never is.
func (s *Server) sleepUntil(ctx context.Context, at time.Time, early <-chan struct{}) {
	for {
		moved := s.clock.moves()
		wait := time.NewTimer(at.Sub(s.now()))
		select {
		case <-moved:
			wait.Stop()
			continue
		case <-wait.C:
		case <-early:
		case <-ctx.Done():
		}
		wait.Stop()
		return
	}
}
