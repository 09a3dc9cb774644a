package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// maxBatch bounds how many writes share a commit, and with it how long the first of them waits for the last.
const maxBatch = 256

// writer commits for all its callers through one connection. Callers that come while a commit is under way share the
// next one (group commit): what costs is the sync to disk, not the rows. There is no goroutine of its own: the first
// caller commits for all who wait, then hands that role to the first of those who came meanwhile.
type writer struct {
	session *session
	hands   hands

	mu     sync.Mutex
	queue  []*write
	busy   bool
	closed bool
}

// write is one caller's part of a commit. What callers do all the time is done for all of a batch at once, in the fewest
// statements; everything else has a function.
type write struct {
	ctx    context.Context
	accept *accepting
	claim  *claiming
	finish *finishing
	fn     func(*session) error
	turn   chan bool // true: lead the next batch; false: done, see err
	err    error
}

var errClosed = errors.New("sqlstore: the store is closed")

func newWriter(s *session) *writer {
	return &writer{session: s, hands: hands{lanes: map[key]hold{}}}
}

// do runs fn within a transaction and returns after the commit. fn may run more than once: it must set whatever it
// returns through variables anew each time. If fn fails, nothing of it is committed.
func (w *writer) do(ctx context.Context, fn func(*session) error) error {
	return w.enqueue(&write{ctx: ctx, fn: fn})
}

// enqueue returns when the write is committed, or failed.
func (w *writer) enqueue(op *write) error {
	ctx := op.ctx
	if err := ctx.Err(); err != nil {
		return err
	}
	op.turn = make(chan bool, 1)
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return errClosed
	}
	w.queue = append(w.queue, op)
	lead := !w.busy
	w.busy = true
	w.mu.Unlock()
	if !lead {
		select {
		case lead = <-op.turn:
		case <-ctx.Done():
			if w.withdraw(op) {
				return ctx.Err()
			}
			lead = <-op.turn
		}
	}
	if lead {
		w.lead()
		<-op.turn
	}
	return op.err
}

// withdraw takes op back, unless it is being committed or has been told to lead.
func (w *writer) withdraw(op *write) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(op.turn) > 0 {
		return false
	}
	for i, q := range w.queue {
		if q == op {
			w.queue = append(w.queue[:i], w.queue[i+1:]...)
			return true
		}
	}
	return false
}

// lead commits one batch, which the caller's own write is the first of, and passes the role on.
func (w *writer) lead() {
	w.mu.Lock()
	n := min(len(w.queue), maxBatch)
	batch := append([]*write(nil), w.queue[:n]...)
	w.queue = append(w.queue[:0], w.queue[n:]...)
	w.mu.Unlock()

	w.commit(batch)

	w.mu.Lock()
	if len(w.queue) > 0 {
		w.queue[0].turn <- true
	} else {
		w.busy = false
	}
	w.mu.Unlock()
	for _, op := range batch {
		op.turn <- false
	}
}

// commit runs a batch in one transaction. If one of several writes fails, each gets a transaction of its own,
// so that no caller sees another's error. What is nobody's own is an error to all: to try again for each would make them wait
// for each other, and a commit whose answer was lost may have happened.
func (w *writer) commit(batch []*write) {
	err := w.transact(batch)
	var common *batchError
	if err == nil || len(batch) == 1 || errors.As(err, &common) || errors.Is(err, context.DeadlineExceeded) {
		for _, op := range batch {
			op.err = err
		}
		return
	}
	for i := range batch {
		batch[i].err = w.transact(batch[i : i+1])
	}
}

// commitTimeout is for how long a database server may give no answer before its connection is given up.
const commitTimeout = 15 * time.Second

// transact runs a batch in one transaction, again if it failed because of another node's, or because the connection had been
// lost before.
func (w *writer) transact(batch []*write) error {
	// A commit serves several callers: none of them may cut it short by going away.
	ctx := context.WithoutCancel(batch[0].ctx)
	if w.session.engine.shared {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, commitTimeout)
		defer cancel()
	}
	for attempt := 0; ; attempt++ {
		err := w.session.use(ctx, func(s *session) error { return runBatch(s, batch) })
		if err == nil {
			for _, op := range batch {
				w.hands.note(op)
			}
			return nil
		}
		var common *batchError
		_ = errors.As(err, &common)
		stale := attempt == 0 && common != nil && !common.begun && w.session.conn == nil
		if attempt == 10 || !stale && !serialization(err) {
			if common != nil && common.begun {
				w.hands.doubt.Store(true)
			}
			return err
		}
	}
}

func runBatch(s *session, batch []*write) (err error) {
	if err := s.run(s.engine.begin); err != nil {
		return &batchError{error: err}
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sqlstore: panic in a write: %v", p)
		}
		if err != nil {
			// Also where the time for the commit is over.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), time.Second)
			defer cancel()
			s.ctx = ctx
			_ = s.run("ROLLBACK")
		}
	}()
	var accepted []*newItem
	var finished []*finishing
	var claims []*claiming
	for _, op := range batch {
		switch {
		case op.accept != nil:
			accepted = append(accepted, op.accept.items...)
		case op.finish != nil:
			finished = append(finished, op.finish)
		case op.claim != nil:
			claims = append(claims, op.claim)
		default:
			if err := op.fn(s); err != nil {
				return err
			}
		}
	}
	if err := s.finish(finished, lanesOf(accepted)); err != nil {
		return err
	}
	if err := s.accept(accepted); err != nil {
		return err
	}
	// Last, for what is claimed must not look to settleDoubt like what nobody knows of, and a claim waits for no lane: the
	// others, which do, must not hold what it has taken.
	for _, q := range claims {
		if err := q.take(s); err != nil {
			return err
		}
	}
	if err := s.run("COMMIT"); err != nil {
		return &batchError{err, true}
	}
	return nil
}

// batchError is a failure to connect, to begin a transaction, or to commit it.
type batchError struct {
	error
	begun bool
}

func (e *batchError) Unwrap() error { return e.error }

// close waits for the commit under way and refuses all that come after it.
func (w *writer) close() error {
	_ = w.do(context.Background(), func(*session) error { return nil }) // a database that is gone is no reason not to close
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	return w.session.close()
}
