package hardship

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// A commit whose answer is lost has happened, but whoever waits for the answer cannot know. It must not be done again,
// and what a node was given by it must not lie about until the node ends.
func TestPostgresAnswersLost(t *testing.T) {
	t.Parallel()
	var on atomic.Bool
	var commits, lost atomic.Int64
	db := mustOpenTapped(t, pgtest.New(t), func(_ context.Context, c *tappedConn, query string, run func() error) error {
		err := run()
		if err != nil || query != "COMMIT" || !on.Load() || commits.Add(1)%5 != 0 {
			return err
		}
		lost.Add(1)
		_ = c.Close()
		return fmt.Errorf("the connection was lost: %w", io.ErrUnexpectedEOF)
	})
	w := newWorld(t, db, sqlstore.PostgreSQL)
	tr := w.startTraffic("ana", "ben", "cem", "dora")
	on.Store(true)
	until(t, "answers to get lost", func() string {
		if n := lost.Load(); n < 30 {
			return fmt.Sprint(n)
		}
		return ""
	})
	tr.more(t, 20)
	on.Store(false)
	t.Logf("%d answers were lost\n%s", lost.Load(), summary(tr.end()))
	w.delivered()
}

// A read that fails has taken nothing away.
func TestPostgresReadsFail(t *testing.T) {
	t.Parallel()
	var on atomic.Bool
	var reads, failed atomic.Int64
	db := mustOpenTapped(t, pgtest.New(t), func(_ context.Context, c *tappedConn, query string, run func() error) error {
		if len(query) < 6 || query[:6] != "SELECT" || !on.Load() || reads.Add(1)%10 != 0 {
			return run()
		}
		failed.Add(1)
		_ = c.Close()
		return fmt.Errorf("the connection was lost: %w", io.ErrUnexpectedEOF)
	})
	w := newWorld(t, db, sqlstore.PostgreSQL)
	tr := w.startTraffic("ana", "ben", "cem", "dora")
	on.Store(true)
	until(t, "reads to fail", func() string {
		if n := failed.Load(); n < 100 {
			return fmt.Sprint(n)
		}
		return ""
	})
	on.Store(false)
	t.Logf("%d reads have failed\n%s", failed.Load(), summary(tr.end()))
	w.delivered()
}
