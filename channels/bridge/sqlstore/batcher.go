package sqlstore

import (
	"context"
	"sync"
)

// batcher does for its callers together what each of them asks for: those who come while it works share its next run. There
// is no goroutine of its own: the first caller works for all who wait, then hands that role to the first of those who came
// meanwhile.
type batcher[T any] struct {
	run func([]T) // in the order in which they came; what becomes of each is noted in itself
	max int       // of one run, and with it how long the first of them waits for the last

	mu     sync.Mutex
	queue  []*caller[T]
	busy   bool
	closed bool
}

type caller[T any] struct {
	ask  T
	turn chan bool // true: lead the next run; false: done
}

// do returns when ask was part of a run, or with an error if it never will be.
func (b *batcher[T]) do(ctx context.Context, ask T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	who := &caller[T]{ask, make(chan bool, 1)}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return errClosed
	}
	b.queue = append(b.queue, who)
	lead := !b.busy
	b.busy = true
	b.mu.Unlock()
	if !lead {
		select {
		case lead = <-who.turn:
		case <-ctx.Done():
			if b.withdraw(who) {
				return ctx.Err()
			}
			lead = <-who.turn
		}
	}
	if lead {
		b.lead()
		<-who.turn
	}
	return nil
}

// withdraw takes a caller back, unless it is being served or has been told to lead.
func (b *batcher[T]) withdraw(who *caller[T]) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(who.turn) > 0 {
		return false
	}
	for i, q := range b.queue {
		if q == who {
			b.queue = append(b.queue[:i], b.queue[i+1:]...)
			return true
		}
	}
	return false
}

// lead serves one batch, which the caller's own is the first of, and passes the role on.
func (b *batcher[T]) lead() {
	b.mu.Lock()
	batch := append([]*caller[T](nil), b.queue[:min(len(b.queue), b.max)]...)
	b.queue = append(b.queue[:0], b.queue[len(batch):]...)
	b.mu.Unlock()

	asked := make([]T, len(batch))
	for i, who := range batch {
		asked[i] = who.ask
	}
	b.run(asked)

	b.mu.Lock()
	if len(b.queue) > 0 {
		b.queue[0].turn <- true
	} else {
		b.busy = false
	}
	b.mu.Unlock()
	for _, who := range batch {
		who.turn <- false
	}
}

// close refuses all who come from now on.
func (b *batcher[T]) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}
