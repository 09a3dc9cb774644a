package sqlstore

import (
	"context"
	"time"
)

// WriteMedia implements [bridge.Store].
func (s *Store) WriteMedia(ctx context.Context, id string, n int, chunk []byte) error {
	if err := s.limit.admit(ctx, s, 0, int64(len(chunk))); err != nil {
		return err
	}
	return s.write.transaction(ctx, func(c *session) error {
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
	return s.write.transaction(ctx, func(c *session) error { return c.remember(name, value) })
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
