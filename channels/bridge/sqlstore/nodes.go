package sqlstore

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Join implements [bridge.Store]. On SQLite a second process gets [bridge.ErrStoreInUse], and nodes that are noted as
// running have died, for the lock is held. On PostgreSQL a node lives for 15 seconds after each [Store.Renew].
func (s *Store) Join(ctx context.Context, channel channels.ID) (bridge.Node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.acquire(ctx); err != nil {
		return 0, err
	}
	var node bridge.Node
	err := s.write.transaction(ctx, func(c *session) error {
		if err := c.bury(channel); err != nil {
			return err
		}
		until, err := c.aliveUntil()
		if err != nil {
			return err
		}
		var n int64
		err = c.get(`INSERT INTO @nodes (channel, alive_until) VALUES (?1, ?2) RETURNING node`, []any{string(channel), until}, &n)
		node = bridge.Node(n)
		return err
	})
	if err != nil {
		return 0, errors.Join(err, s.unlockIfIdle())
	}
	s.joined[channel] = node
	return node, nil
}

// Renew implements [bridge.Store].
func (s *Store) Renew(ctx context.Context, node bridge.Node) (time.Duration, error) {
	err := s.write.transaction(ctx, func(c *session) error {
		until, err := c.aliveUntil()
		if err != nil {
			return err
		}
		// A node whose time was over stays dead, even if nobody has taken its work yet: somebody may be about to.
		n, err := c.exec(`UPDATE @nodes SET alive_until = ?1 WHERE node = ?2 AND alive_until >= ?3`,
			until, int64(node), until-s.engine.lease.Microseconds())
		if err == nil && n == 0 {
			err = bridge.ErrLeaseLost
		}
		return err
	})
	if err != nil || !s.engine.shared {
		return 0, err
	}
	return s.engine.lease, s.write.transaction(ctx, func(c *session) error {
		if err := c.releasePortals(int64(node)); err != nil {
			return err
		}
		return c.bury("")
	})
}

// aliveUntil is how long a node lives that gives a sign of life now. The database's clock decides, since the nodes' differ.
func (c *session) aliveUntil() (int64, error) {
	if !c.engine.shared {
		return forever, nil
	}
	now, err := c.now()
	return now + c.engine.lease.Microseconds(), err
}

// bury removes the nodes that have died, and gives back what they held. Where the database serves one process at a time
// these are all that ran the channel.
func (c *session) bury(channel channels.ID) error {
	query, args := `SELECT node FROM @nodes WHERE channel = ?1`, []any{string(channel)}
	if c.engine.shared {
		query = `SELECT node FROM @nodes WHERE alive_until < (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT FOR UPDATE SKIP LOCKED`
		args = nil
	}
	var dead []int64
	if err := c.each(query, args, collect(&dead)); err != nil {
		return err
	}
	for _, n := range dead {
		if err := c.endNode(n); err != nil {
			return err
		}
	}
	return nil
}

// endNode gives back all that a node holds.
func (c *session) endNode(node int64) error {
	if err := c.freeOwned(node); err != nil {
		return err
	}
	for _, query := range []string{
		`UPDATE @portals SET owner = 0 WHERE owner = ?1`,
		`DELETE FROM @holds WHERE node = ?1`,
		`DELETE FROM @nodes WHERE node = ?1`,
	} {
		if err := c.run(query, node); err != nil {
			return err
		}
	}
	return nil
}

// Leave implements [bridge.Store].
func (s *Store) Leave(ctx context.Context, node bridge.Node) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.write.transaction(ctx, func(c *session) error {
		s.write.hands.drop(int64(node))
		return c.endNode(int64(node))
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
	if s.engine.shared || s.lock != nil {
		return nil
	}
	conn, err := lockFile(ctx, s.db)
	if err != nil {
		return err
	}
	s.lock = conn
	// A refresh that is noted as under way has died with the process that ran bridges before.
	err = s.write.transaction(ctx, func(c *session) error { return c.run(`DELETE FROM @refreshes`) })
	if err != nil {
		return errors.Join(err, s.unlock())
	}
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
