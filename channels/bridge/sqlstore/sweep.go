package sqlstore

import (
	"context"
	"errors"
	"slices"
	"time"
)

const (
	keepKeys    = 30 * 24 * time.Hour // de-duplication, links, people, and accounts that were deleted or never quite connected
	keepBuried  = 30 * 24 * time.Hour
	keepOrphans = time.Hour // files whose message was never accepted
)

// sweepAtOnce is how many rows are removed without letting others write.
const sweepAtOnce = 500

// Sweep implements [bridge.Store].
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	old := micros(now.Add(-keepKeys))
	err := s.write.transaction(ctx, func(c *session) error {
		for _, query := range []string{
			`DELETE FROM @people WHERE at < ?1`,
			`DELETE FROM @portals WHERE owner = 0 AND paused_until < ?1`,
			`DELETE FROM @accounts WHERE (archived = 1 OR id = '') AND changed_at < ?1`,
		} {
			if err := c.run(query, old); err != nil {
				return err
			}
		}
		return c.removeFiles(`item = 0 AND at < ?1`, micros(now.Add(-keepOrphans)))
	})
	return errors.Join(err, s.sweepBuried(ctx, micros(now.Add(-keepBuried))), s.sweepKeys(ctx, old), s.sweepLinks(ctx, old))
}

func (s *Store) sweepLinks(ctx context.Context, before int64) error {
	return s.inParts(ctx, `SELECT seq FROM @links WHERE seq > ?1 AND at < ?2 ORDER BY seq LIMIT ?3`, int64(0), before, func(c *session, part []any) error {
		return c.with(`DELETE FROM @links WHERE at < ?1 AND seq IN (#)`, []any{before}, part, nil)
	})
}

func (s *Store) sweepBuried(ctx context.Context, before int64) error {
	for {
		var old []any
		err := s.read(ctx, func(c *session) (err error) {
			old, err = c.column(`SELECT seq FROM @items WHERE buried_at > 0 AND buried_at < ?1 LIMIT ?2`, before, sweepAtOnce)
			return err
		})
		if err != nil || len(old) == 0 {
			return err
		}
		err = s.write.transaction(ctx, func(c *session) error {
			_, err := c.removeItems(old)
			return err
		})
		if err != nil {
			return err
		}
	}
}

func (s *Store) sweepKeys(ctx context.Context, before int64) error {
	needed := map[string]bool{} // of work that waits or is buried, which would be accepted a second time
	err := s.read(ctx, func(c *session) error {
		keys, err := c.column(`SELECT item_key FROM @items WHERE accepted_at < ?1`, before)
		for _, k := range keys {
			needed[string(k.([]byte))] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.inParts(ctx, `SELECT item_key FROM @seen WHERE item_key > ?1 AND at < ?2 ORDER BY item_key LIMIT ?3`, []byte{}, before, func(c *session, part []any) error {
		unneeded := slices.DeleteFunc(slices.Clone(part), func(k any) bool { return needed[string(k.([]byte))] })
		return c.with(`DELETE FROM @seen WHERE item_key IN (#)`, nil, unneeded, nil)
	})
}

// inParts looks for rows without an index, which would cost every message more than this costs once in a while, and has fn
// deal with some at a time, each part in a transaction, so that others can write in between. The query returns keys, in their
// order, that come after its first parameter; the second is its own.
func (s *Store) inParts(ctx context.Context, query string, after, arg any, fn func(c *session, part []any) error) error {
	for {
		var part []any
		err := s.read(ctx, func(c *session) (err error) {
			part, err = c.column(query, after, arg, sweepAtOnce)
			return err
		})
		if err != nil || len(part) == 0 {
			return err
		}
		after = part[len(part)-1]
		if err := s.write.transaction(ctx, func(c *session) error { return fn(c, part) }); err != nil {
			return err
		}
	}
}

// column returns the only column of a query's rows.
func (c *session) column(query string, args ...any) ([]any, error) {
	var out []any
	err := c.each(query, args, collect(&out))
	return out, err
}

// collect returns a function that appends the only column of each row to list.
func collect[T any](list *[]T) func(scan func(...any) error) error {
	return func(scan func(...any) error) error {
		var v T
		err := scan(&v)
		*list = append(*list, v)
		return err
	}
}
