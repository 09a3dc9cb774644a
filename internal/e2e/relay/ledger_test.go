package relay

import (
	"context"
	"errors"
	"sync"
)

// ledger records what became of messages. All of a call is committed in one transaction, which is on disk when it returns.
type ledger interface {
	commit(ctx context.Context, changes []*change) error
	close() error
}

// step is what happened to a message, and with it which rows come and go.
type step int

const (
	accepted  step = iota // its item and its key for de-duplication come
	sent                  // the item goes, its status comes
	reported              // the status goes
	published             // the item goes, its link with HubSpot's message comes
)

type change struct {
	step    step
	id      string
	value   []byte     // of accepted the payload, of published HubSpot's id
	outcome chan error // nil if nobody waits
}

// byStep sorts changes into those of each step.
func byStep(changes []*change) map[step][]*change {
	sorted := map[step][]*change{}
	for _, c := range changes {
		sorted[c.step] = append(sorted[c.step], c)
	}
	return sorted
}

// batching is how changes are grouped into commits.
type batching struct {
	most       int // changes in a commit
	committers int // that work side by side, if the database can
}

var (
	// batched gives a commit all the changes that came while the one before was under way: 64 of each step, for that many
	// messages are on their way.
	batched = batching{most: 3 * concurrent, committers: 1}
	// oneByOne is what code does that thinks of one message at a time. A database server may still write several to
	// disk at once, so each message under way has a connection.
	oneByOne = batching{most: 1, committers: 16}
)

// committer takes changes from many goroutines and records them in batches.
type committer struct {
	ledger ledger
	queue  chan *change
	work   sync.WaitGroup
}

func newCommitter(l ledger, how batching) *committer {
	c := &committer{ledger: l, queue: make(chan *change, 4096)}
	for range how.committers {
		c.work.Go(func() { c.run(how.most) })
	}
	return c
}

func (c *committer) run(most int) {
	for first := range c.queue {
		batch := []*change{first}
		for len(batch) < most && len(c.queue) > 0 {
			if next, ok := <-c.queue; ok {
				batch = append(batch, next)
			}
		}
		err := c.ledger.commit(context.Background(), batch)
		for _, b := range batch {
			if b.outcome != nil {
				b.outcome <- err
			} else if err != nil {
				panic(err) // the benchmark is worthless
			}
		}
	}
}

// record returns when the change is on disk.
func (c *committer) record(ch *change) error {
	ch.outcome = make(chan error, 1)
	c.queue <- ch
	return <-ch.outcome
}

// recordLater does not wait.
func (c *committer) recordLater(ch *change) { c.queue <- ch }

func (c *committer) stop() error {
	close(c.queue)
	c.work.Wait()
	return errors.Join(c.ledger.close())
}
