package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// WithLimit bounds what the store takes in: new work and files beyond maxItems items, waiting and buried ones together, or
// beyond maxBytes bytes of the database's tables are refused with [bridge.ErrFull]. 0 means no bound. What follows from work
// that was accepted is always stored. How much there is is measured every five seconds, so the bound is passed a little, and
// room is noticed a little late. Defaults to no bounds.
func WithLimit(maxItems, maxBytes int64) Option {
	return func(s *Store) error {
		if maxItems < 0 || maxBytes < 0 {
			return errors.New("sqlstore: the bounds of WithLimit must not be negative")
		}
		s.limit.maxItems, s.limit.maxBytes = maxItems, maxBytes
		return nil
	}
}

// limit is how much the store may hold, and what it holds as far as that is known.
type limit struct {
	maxItems, maxBytes int64

	mu           sync.Mutex
	measured     time.Time
	items, bytes int64
}

const measureEvery = 5 * time.Second

// admit returns ErrFull if there is no room for so much more.
func (l *limit) admit(ctx context.Context, s *Store, items, bytes int64) error {
	if l.maxItems == 0 && l.maxBytes == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.measured) >= measureEvery {
		if err := s.read(ctx, l.measure); err != nil {
			return err
		}
		l.measured = time.Now()
	}
	switch {
	case l.maxItems > 0 && l.items+items > l.maxItems:
		return fmt.Errorf("%w: it may hold %d items", bridge.ErrFull, l.maxItems)
	case l.maxBytes > 0 && l.bytes+bytes > l.maxBytes:
		return fmt.Errorf("%w: it may hold %d bytes", bridge.ErrFull, l.maxBytes)
	}
	l.items += items
	l.bytes += bytes
	return nil
}

func (l *limit) measure(c *session) error {
	if l.maxItems > 0 {
		// No more are counted than matter.
		if err := c.get(`SELECT COUNT(*) FROM (SELECT 1 FROM @items LIMIT ?1) AS counted`, []any{l.maxItems}, &l.items); err != nil {
			return err
		}
	}
	if l.maxBytes > 0 {
		return c.get(c.engine.size, nil, &l.bytes)
	}
	return nil
}
