package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// LockRefresh implements [oauth.RefreshLocker]. On PostgreSQL its clock decides when a lock ends, on SQLite that of the
// machine, which all processes with the file share.
func (s *Store) LockRefresh(ctx context.Context, clientID string, portalID int64, holder string, ttl time.Duration) (bool, error) {
	// Those who wait come often, so they only look as long as there is nothing to be had.
	held := false
	err := s.read(ctx, func(c *session) (err error) {
		held, err = c.refreshHeld(clientID, portalID, holder)
		return err
	})
	if err != nil || held {
		return false, err
	}
	locked := false
	err = s.write.transaction(ctx, func(c *session) error {
		now, err := c.now()
		if err != nil {
			return err
		}
		n, err := c.exec(`INSERT INTO @refreshes (client, portal, holder, until) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (client, portal) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE @refreshes.holder = excluded.holder OR @refreshes.until <= ?5`,
			clientID, portalID, holder, now+ttl.Microseconds(), now)
		locked = n > 0
		return err
	})
	return locked && err == nil, err
}

func (c *session) refreshHeld(clientID string, portalID int64, holder string) (bool, error) {
	var until int64
	err := c.get(`SELECT until FROM @refreshes WHERE client = ?1 AND portal = ?2 AND holder <> ?3`, []any{clientID, portalID, holder}, &until)
	if errors.Is(err, bridge.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	now, err := c.now()
	return now < until, err
}

// UnlockRefresh implements [oauth.RefreshLocker].
func (s *Store) UnlockRefresh(ctx context.Context, clientID string, portalID int64, holder string) error {
	return s.write.transaction(ctx, func(c *session) error {
		return c.run(`DELETE FROM @refreshes WHERE client = ?1 AND portal = ?2 AND holder = ?3`, clientID, portalID, holder)
	})
}

// now is the time of the clock that decides when something ends.
func (c *session) now() (int64, error) {
	if !c.engine.shared {
		return micros(time.Now()), nil
	}
	var now int64
	err := c.get(`SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT`, nil, &now)
	return now, err
}
