package hardship

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// traffic has customers and agents write to each other until it is ended. Customers insist.
type traffic struct {
	customers []string
	done      atomic.Bool
	count     atomic.Int64 // messages that are written
	wg        sync.WaitGroup

	mu      sync.Mutex
	refused []error // what customers were told
}

func (w *world) startTraffic(customers ...string) *traffic {
	w.t.Helper()
	w.begin(customers...)
	tr := &traffic{customers: customers}
	for _, c := range customers {
		tr.wg.Go(func() {
			for i := 1; !tr.done.Load(); i++ {
				refused := w.insist(c, fmt.Sprintf("%s %d", c, i))
				w.reply(c, fmt.Sprintf("reply %d to %s", i, c))
				tr.count.Add(1)
				tr.mu.Lock()
				tr.refused = append(tr.refused, refused...)
				tr.mu.Unlock()
			}
		})
	}
	return tr
}

// more waits until n more messages are written in each direction.
func (tr *traffic) more(t *testing.T, n int64) {
	t.Helper()
	begun := tr.count.Load()
	until(t, "traffic", func() string {
		if got := tr.count.Load() - begun; got < n {
			return fmt.Sprintf("%d of %d", got, n)
		}
		return ""
	})
}

// end stops writing and returns all that customers were told in vain.
func (tr *traffic) end() string {
	tr.done.Store(true)
	tr.wg.Wait()
	var all []string
	for _, err := range tr.refused {
		all = append(all, err.Error())
	}
	return strings.Join(all, "\n")
}

// A database server that is stopped, also as if it had crashed, and started again costs time and nothing else.
func TestPostgresRestarted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	w := newWorld(t, pgtest.Open(t, s.url), sqlstore.PostgreSQL)
	tr := w.startTraffic("ana", "ben", "cem", "dora")
	for _, how := range []struct {
		name string
		stop func()
	}{
		{"fast", func() { s.stop(fast) }},
		{"immediate", func() { s.stop(immediate) }},
	} {
		tr.more(t, 20)
		before := w.refusals()
		how.stop()
		w.reply("ana", "while it is stopped: "+how.name)
		until(t, "HubSpot to be told to come again", func() string {
			if w.refusals() == before {
				return "no webhook was answered 503"
			}
			return ""
		})
		s.start()
		tr.more(t, 20)
	}
	refused := tr.end()
	if !strings.Contains(refused, "bridge: not stored: sqlstore: ") && !strings.Contains(refused, "sqlstore: connect: ") {
		t.Errorf("customers were told:\n%s", refused)
	}
	t.Log(summary(refused))
	w.delivered()
}

// summary counts equal lines.
func summary(lines string) string {
	count := map[string]int{}
	for line := range strings.Lines(lines) {
		count[strings.TrimSpace(line)]++
	}
	var b strings.Builder
	for line, n := range count {
		fmt.Fprintf(&b, "%5d %s\n", n, line)
	}
	return b.String()
}

// Connections that end at any moment are made anew.
func TestPostgresTerminated(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	w := newWorld(t, pgtest.Open(t, url), sqlstore.PostgreSQL)
	admin := pgtest.Open(t, url)
	tr := w.startTraffic("ana", "ben", "cem", "dora")
	ended := int64(0)
	for range 40 {
		res, err := admin.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 2) AS victims`)
		must(t, err)
		n, err := res.RowsAffected()
		must(t, err)
		ended += n
		tr.more(t, 3)
	}
	t.Logf("%d connections were ended\n%s", ended, summary(tr.end()))
	w.delivered()
}

// A store whose connections have ended can be closed like any other.
func TestPostgresClosedAfterLoss(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	store, err := openWithNewKeys(t, pgtest.Open(t, url), sqlstore.PostgreSQL)
	must(t, err)
	must(t, store.Remember(t.Context(), "name", "value"))
	execAll(t, url, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	must(t, store.Close())
}
