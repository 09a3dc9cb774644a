package hardship

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// hanging is a tap that lets commits wait for an answer that does not come, as where the network swallows packets. A driver
// gives up waiting when a statement's context ends.
type hanging struct {
	on      atomic.Bool
	release chan struct{}
	waiting atomic.Int64
}

func (h *hanging) tap(ctx context.Context, c *tappedConn, query string, run func() error) error {
	if !h.on.Load() || query != "COMMIT" {
		return run()
	}
	h.waiting.Add(1)
	select {
	case <-h.release:
		return run()
	case <-ctx.Done():
		_ = c.Close()
		return ctx.Err()
	}
}

// waits waits until a commit waits.
func (h *hanging) waits(t *testing.T) {
	t.Helper()
	until(t, "a commit to wait", func() string {
		if h.waiting.Load() == 0 {
			return "none does"
		}
		return ""
	})
}

// end lets all statements go on.
func (h *hanging) end() {
	h.on.Store(false)
	close(h.release)
}

// A database that does not answer holds up neither whoever has a message for the bridge nor its stop, for ever: the
// connection is given up.
func TestPostgresHangs(t *testing.T) {
	t.Parallel()
	h := &hanging{release: make(chan struct{})}
	w := newWorld(t, mustOpenTapped(t, pgtest.New(t), h.tap), sqlstore.PostgreSQL)
	w.begin("ana", "ben")
	w.reply("ana", "before")
	w.delivered()

	h.on.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	taken := make(chan error, 1)
	go func() { taken <- w.write(ctx, "ana", "while the database hangs") }()
	h.waits(t)
	select {
	case err := <-taken:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Receive returned %v, want that it took too long", err)
		}
	case <-time.After(patience):
		t.Error("Receive does not return")
	}
	t.Log("Run: ", w.stop()) // it may say that it could not hand back what it had
	h.end()
	w.run()
	w.insist("ana", "afterwards")
	w.reply("ben", "afterwards")
	w.delivered()
}
