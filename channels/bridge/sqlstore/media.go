package sqlstore

import (
	"context"
	"errors"
	"time"
)

// WriteMedia implements [bridge.Store].
func (s *Store) WriteMedia(ctx context.Context, id string, n int, chunk []byte) error {
	return s.write.do(ctx, func(c *session) error {
		if err := c.run(`INSERT INTO @files (id, at) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET at = excluded.at`,
			id, micros(time.Now())); err != nil {
			return err
		}
		return c.run(`INSERT INTO @chunks (id, n, data) VALUES (?1, ?2, ?3) ON CONFLICT (id, n) DO UPDATE SET data = excluded.data`,
			id, n, blob(chunk))
	})
}

// ReadMedia implements [bridge.Store].
func (s *Store) ReadMedia(ctx context.Context, id string, n int) ([]byte, error) {
	var data []byte
	err := s.read(ctx, func(c *session) error {
		return c.get(`SELECT data FROM @chunks WHERE id = ?1 AND n = ?2`, []any{id, n}, &data)
	})
	return data, err
}

// removeFiles removes the spooled files that a condition on the table of files selects.
func (c *session) removeFiles(where string, args ...any) error {
	if err := c.run(`DELETE FROM @chunks WHERE id IN (SELECT id FROM @files WHERE `+where+`)`, args...); err != nil {
		return err
	}
	return c.run(`DELETE FROM @files WHERE `+where, args...)
}

// Remember implements [bridge.Store].
func (s *Store) Remember(ctx context.Context, name, value string) error {
	return s.write.do(ctx, func(c *session) error { return c.remember(name, value) })
}

func (c *session) remember(name, value string) error {
	return c.run(`INSERT INTO @values (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		name, []byte(value))
}

// Recall implements [bridge.Store].
func (s *Store) Recall(ctx context.Context, name string) (string, error) {
	var value []byte
	err := s.read(ctx, func(c *session) error {
		return c.get(`SELECT value FROM @values WHERE name = ?1`, []any{name}, &value)
	})
	return string(value), err
}

const (
	keepKeys    = 30 * 24 * time.Hour // de-duplication, links and people
	keepBuried  = 30 * 24 * time.Hour
	keepOrphans = time.Hour // files whose message was never accepted
)

// Sweep implements [bridge.Store].
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	err := s.write.do(ctx, func(c *session) error {
		old := micros(now.Add(-keepKeys))
		for _, query := range []string{
			// The key of work that still waits outlives the 30 days: the work would be accepted twice.
			`DELETE FROM @seen WHERE at < ?1 AND item_key NOT IN (SELECT item_key FROM @items)`,
			`DELETE FROM @links WHERE at < ?1`,
			`DELETE FROM @people WHERE at < ?1`,
		} {
			if err := c.run(query, old); err != nil {
				return err
			}
		}
		return c.removeFiles(`item = 0 AND at < ?1`, micros(now.Add(-keepOrphans)))
	})
	return errors.Join(err, s.sweepBuried(ctx, now.Add(-keepBuried)))
}

func (s *Store) sweepBuried(ctx context.Context, before time.Time) error {
	return s.write.do(ctx, func(c *session) error {
		var old []int64
		err := c.each(`SELECT seq FROM @items WHERE buried_at > 0 AND buried_at < ?1 LIMIT 1000`, []any{micros(before)},
			func(scan func(...any) error) error {
				var seq int64
				err := scan(&seq)
				old = append(old, seq)
				return err
			})
		if err != nil {
			return err
		}
		for _, seq := range old {
			if err := c.remove(seq); err != nil {
				return err
			}
		}
		return nil
	})
}
