package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxBatch bounds how many writes share a commit.
const maxBatch = 256

// writer commits for all its callers through one connection. Callers that come while a commit is under way share the
// next one (group commit): what costs is the sync to disk, not the rows.
type writer struct {
	batcher[*write]
	session *session
	hands   hands
}

// write is one caller's part of a commit. What callers do all the time is done for all of a batch at once, in the fewest
// statements; everything else has a function.
type write struct {
	ctx    context.Context
	accept *accepting
	claim  *claiming
	finish *finishing
	fn     func(*session) error
	err    error
}

var errClosed = errors.New("sqlstore: the store is closed")

func newWriter(s *session) *writer {
	w := &writer{session: s, hands: hands{lanes: map[key]hold{}}}
	w.max, w.run = maxBatch, w.commit
	return w
}

// transaction runs fn within a transaction and returns after the commit. fn may run more than once: it must set whatever it
// returns through variables anew each time. If fn fails, nothing of it is committed.
func (w *writer) transaction(ctx context.Context, fn func(*session) error) error {
	return w.enqueue(&write{ctx: ctx, fn: fn})
}

// enqueue returns when the write is committed, or failed.
func (w *writer) enqueue(op *write) error {
	if err := w.do(op.ctx, op); err != nil {
		return err
	}
	return op.err
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

// transact runs a batch in one transaction, again if it failed because of another node's, or because the connection had been
// lost before.
func (w *writer) transact(batch []*write) error {
	// A commit serves several callers: none of them may cut it short by going away.
	ctx, cancel := w.session.engine.limited(context.WithoutCancel(batch[0].ctx))
	defer cancel()
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
	_ = w.transaction(context.Background(), func(*session) error { return nil }) // a database that is gone is no reason not to close
	w.batcher.close()
	return w.session.close()
}
