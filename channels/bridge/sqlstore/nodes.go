package sqlstore

import (
	"context"
	"errors"
	"maps"
	"math"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Join implements [bridge.Store]. A second process gets [bridge.ErrStoreInUse].
func (s *Store) Join(ctx context.Context, channel channels.ID) (bridge.Node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.acquire(ctx); err != nil {
		return 0, err
	}
	var node bridge.Node
	err := s.write.do(ctx, func(c *session) error {
		// The lock is held, so whoever else is noted as running has died.
		if err := c.run(`DELETE FROM @nodes WHERE channel = ?1`, string(channel)); err != nil {
			return err
		}
		if err := c.freeLanes(`channel = ?1`, string(channel)); err != nil {
			return err
		}
		var n int64
		err := c.get(`INSERT INTO @nodes (channel) VALUES (?1) RETURNING node`, []any{string(channel)}, &n)
		node = bridge.Node(n)
		return err
	})
	if err != nil {
		return 0, errors.Join(err, s.unlockIfIdle())
	}
	s.joined[channel] = node
	return node, nil
}

// Leave implements [bridge.Store].
func (s *Store) Leave(ctx context.Context, node bridge.Node) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.write.do(ctx, func(c *session) error {
		if err := c.freeLanes(`owner = ?1`, int64(node)); err != nil {
			return err
		}
		return c.run(`DELETE FROM @nodes WHERE node = ?1`, int64(node))
	})
	if err != nil {
		return err
	}
	maps.DeleteFunc(s.joined, func(_ channels.ID, n bridge.Node) bool { return n == node })
	return s.unlockIfIdle()
}

// unlockIfIdle lets another process run bridges on the file once none of this process does.
func (s *Store) unlockIfIdle() error {
	if len(s.joined) > 0 {
		return nil
	}
	return s.unlock()
}

// acquire makes this process the one that runs bridges on the file.
func (s *Store) acquire(ctx context.Context) error {
	if s.lock != nil {
		return nil
	}
	conn, err := lockFile(ctx, s.db)
	if err != nil {
		return err
	}
	s.lock = conn
	return nil
}

func (s *Store) unlock() error {
	if s.lock == nil {
		return nil
	}
	conn := s.lock
	s.lock = nil
	return unlockConn(conn)
}

// forever is the end of a pause that only ResumePortal ends.
const forever = int64(math.MaxInt64)

// PausePortal implements [bridge.Store].
func (s *Store) PausePortal(ctx context.Context, channel channels.ID, portal int64, until time.Time, reason string) error {
	end := forever
	if !until.IsZero() {
		end = micros(until)
	}
	return s.write.do(ctx, func(c *session) error {
		return c.run(`INSERT INTO @portals (channel, portal, paused_until, reason) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (channel, portal) DO UPDATE SET paused_until = excluded.paused_until, reason = excluded.reason`,
			string(channel), portal, end, []byte(reason))
	})
}

// ResumePortal implements [bridge.Store].
func (s *Store) ResumePortal(ctx context.Context, channel channels.ID, portal int64) error {
	return s.write.do(ctx, func(c *session) error {
		return c.run(`DELETE FROM @portals WHERE channel = ?1 AND portal = ?2`, string(channel), portal)
	})
}
