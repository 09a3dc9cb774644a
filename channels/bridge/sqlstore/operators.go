package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Depths implements [bridge.Store].
func (s *Store) Depths(ctx context.Context, channel channels.ID) ([]bridge.Depth, error) {
	var out []bridge.Depth
	err := s.read(ctx, func(c *session) error {
		out = nil
		return c.each(`SELECT portal, kind, COUNT(CASE WHEN buried_at = 0 THEN 1 END), COALESCE(MIN(CASE WHEN buried_at = 0 THEN accepted_at END), 0),
			COUNT(CASE WHEN buried_at > 0 THEN 1 END) FROM @items WHERE channel = ?1 GROUP BY portal, kind ORDER BY portal, kind`,
			[]any{string(channel)}, func(scan func(...any) error) error {
				var d bridge.Depth
				var kind string
				var oldest int64
				err := scan(&d.Portal, &kind, &d.Waiting, &oldest, &d.Buried)
				d.Kind, d.Oldest = bridge.Kind(kind), fromMicros(oldest)
				out = append(out, d)
				return err
			})
	})
	return out, err
}

// Buried implements [bridge.Store].
func (s *Store) Buried(ctx context.Context, channel channels.ID, after int64, limit int) ([]*bridge.BuriedItem, error) {
	var out []*bridge.BuriedItem
	err := s.read(ctx, func(c *session) error {
		out = nil
		return c.each(`SELECT `+itemColumns+`, reason, buried_at FROM @items WHERE buried_at > 0 AND channel = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3`,
			[]any{string(channel), after, limit}, func(scan func(...any) error) error {
				var reason []byte
				var at int64
				it, err := scanItem(scan, &reason, &at)
				if err != nil {
					return err
				}
				out = append(out, &bridge.BuriedItem{Item: *it, Reason: string(reason), BuriedAt: fromMicros(at)})
				return nil
			})
	})
	return out, err
}

// Retry implements [bridge.Store].
func (s *Store) Retry(ctx context.Context, channel channels.ID, seq int64, now, deadline time.Time) error {
	return s.write.transaction(ctx, func(c *session) error {
		var lane []byte
		err := c.get(`SELECT lane FROM @items WHERE seq = ?1 AND channel = ?2 AND buried_at > 0 FOR UPDATE`, []any{seq, string(channel)}, &lane)
		if err != nil {
			return err
		}
		var again, portal, calls, ord int64
		err = c.get(`INSERT INTO @items (channel, portal, lane, lane_name, kind, calls_hubspot, item_key, ord, payload, accepted_at, due, deadline, files)
			SELECT i.channel, i.portal, i.lane, i.lane_name, i.kind, i.calls_hubspot, i.item_key,
			GREATEST(i.ord, COALESCE((SELECT MAX(l.ord) FROM @items l WHERE l.lane = i.lane AND l.buried_at = 0), i.ord)),
			i.payload, i.accepted_at, ?2, ?3, i.files FROM @items i WHERE i.seq = ?1 RETURNING seq, portal, calls_hubspot, ord`,
			[]any{seq, micros(now), micros(deadline)}, &again, &portal, &calls, &ord)
		if err != nil {
			return err
		}
		if err := c.run(`UPDATE @files SET item = ?1 WHERE item = ?2`, again, seq); err != nil {
			return err
		}
		if err := c.run(`DELETE FROM @items WHERE seq = ?1`, seq); err != nil {
			return err
		}
		return c.enqueueRows([][]any{{lane, string(channel), portal, calls, ord, micros(now)}})
	})
}

// Drop implements [bridge.Store].
func (s *Store) Drop(ctx context.Context, channel channels.ID, seq int64) error {
	return s.write.transaction(ctx, func(c *session) error {
		var files int64
		err := c.get(`DELETE FROM @items WHERE seq = ?1 AND channel = ?2 AND buried_at > 0 RETURNING files`, []any{seq, string(channel)}, &files)
		if err != nil || files == 0 {
			return err
		}
		return c.removeFiles(`item = ?1`, seq)
	})
}

// forgetAtOnce is how many items Forget looks at, or removes, without letting others write.
const forgetAtOnce = 500

// Forget implements [bridge.Store]. An item that an operator puts back meanwhile gets another number, so it looks again until
// it finds nothing.
func (s *Store) Forget(ctx context.Context, p *bridge.Person, match func(*bridge.Item) bool) (int, error) {
	removed := 0
	for {
		found, err := s.matching(ctx, p, match)
		if err != nil {
			return removed, err
		}
		if len(found) == 0 {
			break
		}
		for part := range slices.Chunk(found, forgetAtOnce) {
			count := 0
			err := s.write.transaction(ctx, func(c *session) (err error) {
				count, err = c.removeItems(part)
				return err
			})
			if err != nil {
				return removed, err
			}
			removed += count
		}
	}
	k := personKey(p)
	err := s.inParts(ctx, `SELECT seq FROM @links WHERE seq > ?1 AND person = ?2 ORDER BY seq LIMIT ?3`, int64(0), k[:], func(c *session, part []any) error {
		return c.with(`DELETE FROM @links WHERE person = ?1 AND seq IN (#)`, []any{k[:]}, part, nil)
	})
	if err != nil {
		return removed, err
	}
	return removed, s.write.transaction(ctx, func(c *session) error { return c.run(`DELETE FROM @people WHERE person = ?1`, k[:]) })
}

// matching returns the numbers of the items of a person's portal that match.
func (s *Store) matching(ctx context.Context, p *bridge.Person, match func(*bridge.Item) bool) ([]any, error) {
	var found []any
	for after, more := int64(0), true; more; {
		err := s.read(ctx, func(c *session) error {
			more = false
			return c.each(`SELECT `+itemColumns+`, EXISTS (SELECT 1 FROM @lanes l WHERE l.lane = @items.lane AND l.claimed = @items.seq)
				FROM @items WHERE channel = ?1 AND portal = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4`,
				[]any{string(p.Channel), p.Portal, after, forgetAtOnce}, func(scan func(...any) error) error {
					var claimed bool
					it, err := scanItem(scan, &claimed)
					if err != nil {
						return err
					}
					if claimed {
						countClaim(it)
					}
					if match(it) {
						found = append(found, it.Seq)
					}
					after, more = it.Seq, true
					return nil
				})
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// removeItems removes items wherever they are and returns how many there were. A lane goes on with what is left of it.
func (c *session) removeItems(seqs []any) (int, error) {
	var lanes []key
	count := 0
	err := c.with(`SELECT l.lane FROM @lanes l JOIN @items i ON i.lane = l.lane WHERE i.seq IN (#) ORDER BY l.lane FOR UPDATE OF l`, nil, seqs,
		func(scan func(...any) error) error {
			var lane []byte
			err := scan(&lane)
			lanes = append(lanes, key(lane))
			return err
		})
	if err != nil {
		return 0, err
	}
	err = c.with(`DELETE FROM @items WHERE seq IN (#) RETURNING seq`, nil, seqs, func(func(...any) error) error {
		count++
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, seq := range seqs {
		if err := c.removeFiles(`item = ?1`, seq); err != nil {
			return 0, err
		}
	}
	// Not those that are held for another item.
	var free []key
	err = c.with(`SELECT lane FROM @lanes WHERE lane IN (#) AND NOT EXISTS (SELECT 1 FROM @items i WHERE i.seq = @lanes.claimed AND i.buried_at = 0)`, nil, keyArgs(lanes),
		func(scan func(...any) error) error {
			var lane []byte
			err := scan(&lane)
			free = append(free, key(lane))
			return err
		})
	if err != nil {
		return 0, err
	}
	return count, c.freeLanes(free)
}
