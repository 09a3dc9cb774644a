package crash

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// TestSQLite kills a bridge on SQLite again and again, at every stage of a message's way and at random, while messages
// flow in both directions through a world full of faults. Then all is delivered, and both sides are compared.
//
// CRASH_SIZE=full makes it long: CONTRIBUTING.md says how. CRASH_SEED repeats the faults and ends of another run.
func TestSQLite(t *testing.T) {
	t.Parallel()
	s := size{
		children: 1, portals: 20, customers: 10, messages: 8, perStage: 1, random: 9, graceful: 2,
		longest: 400 * time.Millisecond,
	}
	if full() {
		s.messages, s.perStage, s.random, s.graceful = 105, 8, 140, 10
		s.longest = 1500 * time.Millisecond
	}
	crash(t, s, "")
}

// TestPostgres does the same to two bridges on one PostgreSQL, one of which is also frozen for longer than it may be
// without the other taking over.
func TestPostgres(t *testing.T) {
	t.Parallel()
	s := size{
		children: 2, portals: 20, customers: 10, messages: 4, random: 6, graceful: 1, frozen: 1,
		longest: 400 * time.Millisecond,
	}
	if full() {
		s.messages, s.perStage, s.random, s.graceful, s.frozen = 105, 5, 160, 6, 6
		s.longest = 1500 * time.Millisecond
	}
	crash(t, s, pgtest.New(t))
}

// patience is longer than the longest pause of the bridge, 5 minutes: an attempt that was killed counts, so that what fails once
// after many kills waits for that long.
const patience = 10 * time.Minute

func full() bool { return os.Getenv("CRASH_SIZE") == "full" }

func crash(t *testing.T, s size, database string) {
	s.seed = seed(t)
	t.Logf("CRASH_SEED=%d", s.seed)
	begun := time.Now()
	w := newWorld(t, s, database)
	if err := w.settle(); err != nil {
		w.fail(err)
	}
	w.faults(true)
	tr := w.startTraffic()
	ends, err := w.crash(tr)
	if err != nil {
		w.fail(err)
	}
	for _, stage := range stages {
		if ends[stage] < s.perStage {
			t.Errorf("%d kills %s, want %d", ends[stage], stage, s.perStage)
		}
	}
	if err := w.drain(tr); err != nil {
		t.Error(err) // what is lost or doubled may say why
	}
	w.check()
	t.Log(w.report(ends, time.Since(begun)))
	if t.Failed() {
		w.tellLog()
	}
}

func seed(t *testing.T) uint64 {
	given := os.Getenv("CRASH_SEED")
	if given == "" {
		return rand.Uint64()
	}
	n, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		t.Fatalf("CRASH_SEED: %v", err)
	}
	return n
}

func (w *world) fail(err error) {
	w.t.Helper()
	w.tellLog()
	w.t.Fatal(err)
}

// tellLog shows the end of what the children logged.
func (w *world) tellLog() {
	content, err := os.ReadFile(filepath.Join(w.setup.Dir, "child.log"))
	if err != nil {
		w.t.Error(err)
	}
	lines := bytes.Split(content, []byte("\n"))
	w.t.Logf("the children's last words:\n%s", bytes.Join(lines[max(0, len(lines)-30):], []byte("\n")))
}
