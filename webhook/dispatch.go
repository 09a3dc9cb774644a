package webhook

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// handle calls back for e unless that was done, with success, before. If it is being done for another delivery, its
// result is this one's too.
func (h *Handler) handle(ctx context.Context, e Event) error {
	key := e.Key()
	return h.running.do(ctx, key, func() error {
		seen, err := h.seen.Seen(ctx, key)
		if err != nil {
			return fmt.Errorf("webhook: looking up the event: %w", err)
		}
		if seen {
			h.logger().DebugContext(ctx, "webhook: delivered again", "key", key)
			return nil
		}
		if err := h.callBack(ctx, e); err != nil {
			return err
		}
		if err := h.seen.Mark(context.WithoutCancel(ctx), key); err != nil {
			return fmt.Errorf("webhook: the event was handled but cannot be marked as such: %w", err)
		}
		return nil
	})
}

func (h *Handler) callBack(ctx context.Context, e Event) error {
	switch e := e.(type) {
	case *OutgoingMessage:
		if h.OnOutgoingMessage != nil {
			return h.OnOutgoingMessage(ctx, e)
		}
	case *AccountCreated:
		if h.OnAccountCreated != nil {
			return h.OnAccountCreated(ctx, e)
		}
	case *AccountUpdated:
		if h.OnAccountUpdated != nil {
			return h.OnAccountUpdated(ctx, e)
		}
	case *AccountPurged:
		if h.OnAccountPurged != nil {
			return h.OnAccountPurged(ctx, e)
		}
	case *AppEvent:
		if h.OnAppEvent != nil {
			return h.OnAppEvent(ctx, e)
		}
	}
	if h.OnEvent != nil {
		return h.OnEvent(ctx, e)
	}
	return nil
}

// flights are the events being handled, by key.
type flights struct {
	mu sync.Mutex
	m  map[string]*flight
}

type flight struct {
	done chan struct{} // made by the first who waits, closed when err is set
	err  error
}

// do runs fn, or waits for the result of the fn that runs for the same key. A panic of fn becomes its error.
func (f *flights) do(ctx context.Context, key string, fn func() error) error {
	f.mu.Lock()
	if running, ok := f.m[key]; ok {
		if running.done == nil {
			running.done = make(chan struct{})
		}
		f.mu.Unlock()
		select {
		case <-running.done:
			return running.err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if f.m == nil {
		f.m = make(map[string]*flight)
	}
	own := &flight{err: errAborted}
	f.m[key] = own
	f.mu.Unlock()

	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.m, key)
		if own.done != nil {
			close(own.done)
		}
	}()
	own.err = contain(fn)
	return own.err
}

// errAborted is the result of a callback that ends its goroutine, as testing's FailNow does.
var errAborted = errors.New("webhook: callback did not return")

// contain turns a panic of fn into an error.
func contain(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return fn()
}

type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }
