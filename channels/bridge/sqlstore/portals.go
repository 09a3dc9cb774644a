package sqlstore

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// forever is the end of a pause that only ResumePortal ends.
const forever = int64(math.MaxInt64)

// owner is a node that works for portals of a channel.
type owner struct {
	node    bridge.Node
	channel channels.ID
}

func ownerOf(op *finishing) owner { return owner{op.node, op.then.Channel} }

// openPortals returns for which portals the nodes may go on with work that calls HubSpot.
func (c *session) openPortals(ops []*finishing) (map[owner]map[int64]bool, error) {
	portals := map[owner][]int64{}
	var now time.Time
	for _, op := range ops {
		if op.then.Kind.CallsHubSpot() {
			portals[ownerOf(op)] = append(portals[ownerOf(op)], op.then.Portal)
		}
		if op.then.At.After(now) {
			now = op.then.At
		}
	}
	out := map[owner]map[int64]bool{}
	for who, wanted := range portals {
		open, err := c.open(who, wanted, now)
		if err != nil {
			return nil, err
		}
		out[who] = open
	}
	return out, nil
}

// open returns which portals' calls of HubSpot the node may make: those that are not paused and, where nodes share
// the database, that it has or can have for itself.
func (c *session) open(who owner, portals []int64, now time.Time) (map[int64]bool, error) {
	slices.Sort(portals)
	portals = slices.Compact(portals)
	open := map[int64]bool{}
	for _, portal := range portals {
		open[portal] = true
	}
	own := map[int64]bool{}
	note := func(scan func(...any) error) error {
		var portal, paused, node int64
		if err := scan(&portal, &paused, &node); err != nil {
			return err
		}
		open[portal] = paused <= micros(now) && (node == 0 || node == int64(who.node))
		own[portal] = node == int64(who.node)
		return nil
	}
	err := c.with(`SELECT portal, paused_until, owner FROM @portals WHERE channel = ?1 AND portal IN (#)`, []any{string(who.channel)}, anys(portals), note)
	if err != nil || !c.engine.shared {
		return only(open), err
	}
	var take [][]any
	for _, portal := range portals {
		if open[portal] && !own[portal] {
			take = append(take, []any{string(who.channel), portal, int64(who.node)})
		}
	}
	err = c.insertRows(`INSERT INTO @portals (channel, portal, owner) VALUES # ON CONFLICT (channel, portal) DO UPDATE SET
		owner = CASE WHEN @portals.owner = 0 THEN excluded.owner ELSE @portals.owner END RETURNING portal, paused_until, owner`, take, note)
	return only(open), err
}

func only(open map[int64]bool) map[int64]bool {
	for portal, ok := range open {
		if !ok {
			delete(open, portal)
		}
	}
	return open
}

// releasePortals gives back the portals of a node that has none of their work any more.
func (c *session) releasePortals(node int64) error {
	return c.run(`UPDATE @portals SET owner = 0 WHERE owner = ?1 AND NOT EXISTS (SELECT 1 FROM @lanes l
		WHERE l.channel = @portals.channel AND l.portal = @portals.portal AND l.calls_hubspot = 1 AND l.owner IN (0, ?1))`, node)
}

// PausePortal implements [bridge.Store]. The longer pause wins: a short limit does not end an uninstall.
func (s *Store) PausePortal(ctx context.Context, channel channels.ID, portal int64, until time.Time, reason string) error {
	end := forever
	if !until.IsZero() {
		end = micros(until)
	}
	return s.write.transaction(ctx, func(c *session) error {
		return c.run(`INSERT INTO @portals (channel, portal, paused_until, reason) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (channel, portal) DO UPDATE SET paused_until = excluded.paused_until, reason = excluded.reason
			WHERE excluded.paused_until >= @portals.paused_until`,
			string(channel), portal, end, []byte(reason))
	})
}

// ResumePortal implements [bridge.Store].
func (s *Store) ResumePortal(ctx context.Context, channel channels.ID, portal int64) error {
	return s.write.transaction(ctx, func(c *session) error {
		return c.run(`UPDATE @portals SET paused_until = 0, reason = ?3 WHERE channel = ?1 AND portal = ?2`, string(channel), portal, []byte{})
	})
}

// Pauses implements [bridge.Store].
func (s *Store) Pauses(ctx context.Context, channel channels.ID, now time.Time) ([]bridge.Pause, error) {
	var out []bridge.Pause
	err := s.read(ctx, func(c *session) error {
		out = nil
		return c.each(`SELECT portal, paused_until, reason FROM @portals WHERE channel = ?1 AND paused_until > ?2 ORDER BY portal`,
			[]any{string(channel), micros(now)}, func(scan func(...any) error) error {
				var p bridge.Pause
				var until int64
				var reason []byte
				err := scan(&p.Portal, &until, &reason)
				p.Reason = string(reason)
				if until != forever {
					p.Until = fromMicros(until)
				}
				out = append(out, p)
				return err
			})
	})
	return out, err
}

// Hold implements [bridge.Store].
func (s *Store) Hold(ctx context.Context, node bridge.Node, name string) (bool, error) {
	var held bool
	err := s.write.transaction(ctx, func(c *session) error {
		var channel string
		err := c.get(`SELECT channel FROM @nodes WHERE node = ?1 FOR UPDATE`, []any{int64(node)}, &channel)
		if err == bridge.ErrNotFound {
			return bridge.ErrLeaseLost
		}
		if err != nil {
			return err
		}
		k := digest(channel, name)
		if err := c.run(`INSERT INTO @holds (name, node) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING`, k[:], int64(node)); err != nil {
			return err
		}
		var holder int64
		err = c.get(`SELECT node FROM @holds WHERE name = ?1`, []any{k[:]}, &holder)
		if errors.Is(err, bridge.ErrNotFound) {
			err = nil // it was another's a moment ago
		}
		held = holder == int64(node)
		return err
	})
	return held && err == nil, err
}

// Release implements [bridge.Store].
func (s *Store) Release(ctx context.Context, node bridge.Node, name string) error {
	return s.write.transaction(ctx, func(c *session) error {
		var channel string
		err := c.get(`SELECT channel FROM @nodes WHERE node = ?1`, []any{int64(node)}, &channel)
		if err == bridge.ErrNotFound {
			return nil // with the node went all that it held
		}
		if err != nil {
			return err
		}
		k := digest(channel, name)
		return c.run(`DELETE FROM @holds WHERE name = ?1 AND node = ?2`, k[:], int64(node))
	})
}
