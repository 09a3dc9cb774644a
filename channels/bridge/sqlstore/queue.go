package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// digest makes a key of fixed size from parts of any length and content.
func digest(parts ...string) []byte {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// Accept implements [bridge.Store].
func (s *Store) Accept(ctx context.Context, items ...*bridge.NewItem) ([]bridge.Acceptance, error) {
	var out []bridge.Acceptance
	err := s.write.do(ctx, func(c *session) error {
		out = out[:0]
		for _, it := range items {
			a, err := c.accept(it)
			if err != nil {
				return err
			}
			out = append(out, a)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *session) accept(it *bridge.NewItem) (bridge.Acceptance, error) {
	if it.Key == "" || it.At.IsZero() {
		return 0, errors.New("sqlstore: an item needs a key and the time of its acceptance")
	}
	key := digest(string(it.Channel), it.Key)
	body := it.Content
	if body == nil {
		body = it.Payload
	}
	sum := sha256.Sum256(body)
	n, err := c.exec(`INSERT INTO @seen (item_key, content, at) VALUES (?1, ?2, ?3) ON CONFLICT (item_key) DO NOTHING`,
		key, sum[:], micros(it.At))
	if err != nil {
		return 0, err
	}
	if n == 0 {
		var before []byte
		if err := c.get(`SELECT content FROM @seen WHERE item_key = ?1`, []any{key}, &before); err != nil {
			return 0, err
		}
		if !bytes.Equal(before, sum[:]) {
			return bridge.Conflict, nil
		}
		return bridge.Duplicate, nil
	}
	return bridge.Accepted, c.insert(it)
}

func (c *session) insert(it *bridge.NewItem) error {
	lane := digest(string(it.Channel), it.Lane)
	due := it.Due
	if due.IsZero() {
		due = it.At
	}
	var buried int64
	if it.Buried != "" {
		buried = micros(it.At)
	}
	const insert = `INSERT INTO @items (channel, portal, lane, lane_name, kind, item_key, ord, payload, accepted_at, due, deadline, buried_at, reason, files)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`
	args := []any{string(it.Channel), it.Portal, lane, []byte(it.Lane), string(it.Kind), digest(string(it.Channel), it.Key), it.Order, blob(it.Payload),
		micros(it.At), micros(due), micros(it.Deadline), buried, []byte(it.Buried), len(it.Media)}
	if len(it.Media) == 0 {
		if err := c.run(insert, args...); err != nil {
			return err
		}
	} else if err := c.insertWithFiles(insert, args, it.Media); err != nil {
		return err
	}
	if buried > 0 {
		return nil
	}
	return c.enqueue(it, lane, due)
}

func (c *session) insertWithFiles(insert string, args []any, files []string) error {
	var seq int64
	if err := c.get(insert+` RETURNING seq`, args, &seq); err != nil {
		return err
	}
	for _, id := range files {
		if err := c.run(`UPDATE @files SET item = ?1 WHERE id = ?2`, seq, id); err != nil {
			return err
		}
	}
	return nil
}

// enqueue makes the item's lane known to claims. An item that sorts before the lane's head becomes the head, unless the
// head is being worked on. A lane that stays as it is is locked all the same, lest a Finish that saw it empty remove it.
func (c *session) enqueue(it *bridge.NewItem, lane []byte, due time.Time) error {
	return c.run(`INSERT INTO @lanes (lane, channel, portal, calls_hubspot, ord, due) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT (lane) DO UPDATE SET
		portal = CASE WHEN @lanes.owner = 0 AND @lanes.ord > excluded.ord THEN excluded.portal ELSE @lanes.portal END,
		calls_hubspot = CASE WHEN @lanes.owner = 0 AND @lanes.ord > excluded.ord THEN excluded.calls_hubspot ELSE @lanes.calls_hubspot END,
		due = CASE WHEN @lanes.owner = 0 AND @lanes.ord > excluded.ord THEN excluded.due ELSE @lanes.due END,
		ord = CASE WHEN @lanes.owner = 0 AND @lanes.ord > excluded.ord THEN excluded.ord ELSE @lanes.ord END`,
		lane, string(it.Channel), it.Portal, flag(it.Kind.CallsHubSpot()), it.Order, micros(due))
}

const dueLanes = `SELECT l.lane FROM @lanes l WHERE l.channel = ?1 AND l.owner = 0 AND l.due <= ?2 AND NOT (l.calls_hubspot = 1 AND EXISTS (
	SELECT 1 FROM @portals p WHERE p.channel = l.channel AND p.portal = l.portal AND p.paused_until > ?2)) ORDER BY l.due LIMIT ?3`

// Claim implements [bridge.Store].
func (s *Store) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, limit int) (*bridge.Claimed, error) {
	out := &bridge.Claimed{}
	due := false
	// Most claims of a quiet bridge find nothing; those need no commit.
	err := s.read(ctx, func(c *session) (err error) {
		if err = c.running(node, channel); err != nil {
			return err
		}
		lanes, err := c.lanes(dueLanes, string(channel), micros(now), 1)
		due = len(lanes) > 0
		return err
	})
	if err != nil {
		return nil, err
	}
	if due {
		err := s.write.do(ctx, func(c *session) (err error) {
			out.Items, err = c.claim(node, channel, now, limit)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(out.Items) == limit {
		return out, nil // the next claim tells
	}
	return out, s.read(ctx, func(c *session) error {
		next, err := c.next(channel, now)
		out.Next = fromMicros(next)
		return err
	})
}

func (c *session) claim(node bridge.Node, channel channels.ID, now time.Time, limit int) ([]*bridge.Item, error) {
	if err := c.stayRunning(node, channel); err != nil {
		return nil, err
	}
	lanes, err := c.lanes(dueLanes+` FOR UPDATE OF l SKIP LOCKED`, string(channel), micros(now), limit)
	if err != nil {
		return nil, err
	}
	items := make([]*bridge.Item, len(lanes))
	for i, lane := range lanes {
		if items[i], err = c.claimHead(node, lane); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// lanes returns the keys of lanes that a query selects.
func (c *session) lanes(query string, args ...any) ([][]byte, error) {
	var lanes [][]byte
	err := c.each(query, args, func(scan func(...any) error) error {
		var lane []byte
		err := scan(&lane)
		lanes = append(lanes, lane)
		return err
	})
	return lanes, err
}

// next returns when a waiting lane is due or a pause ends, whichever is first.
func (c *session) next(channel channels.ID, now time.Time) (next int64, err error) {
	err = c.get(`SELECT COALESCE(MIN(at), 0) FROM (
		SELECT MIN(due) AS at FROM @lanes WHERE channel = ?1 AND owner = 0 AND due > ?2
		UNION ALL SELECT MIN(paused_until) FROM @portals WHERE channel = ?1 AND paused_until > ?2 AND paused_until < ?3) AS moments`,
		[]any{string(channel), micros(now), forever}, &next)
	return next, err
}

// running returns ErrLeaseLost for a node that has left, or whose channel a later node has joined.
func (c *session) running(node bridge.Node, channel channels.ID) error {
	return c.findNode(`SELECT 1 FROM @nodes WHERE node = ?1 AND channel = ?2`, node, channel)
}

// stayRunning is running that holds up whoever would declare the node dead, until the commit: it must see what is claimed.
func (c *session) stayRunning(node bridge.Node, channel channels.ID) error {
	return c.findNode(`SELECT 1 FROM @nodes WHERE node = ?1 AND channel = ?2 FOR UPDATE`, node, channel)
}

func (c *session) findNode(query string, node bridge.Node, channel channels.ID) error {
	var one int
	err := c.get(query, []any{int64(node), string(channel)}, &one)
	if errors.Is(err, bridge.ErrNotFound) {
		return bridge.ErrLeaseLost
	}
	return err
}

func (c *session) claimHead(node bridge.Node, lane []byte) (*bridge.Item, error) {
	it := (*bridge.Item)(nil)
	err := c.each(`UPDATE @items SET attempt = attempt + 1 WHERE seq = (
		SELECT seq FROM @items WHERE lane = ?1 AND buried_at = 0 ORDER BY ord, seq LIMIT 1) RETURNING `+itemColumns, []any{lane},
		func(scan func(...any) error) (err error) {
			it, err = scanItem(scan)
			return err
		})
	if err == nil && it == nil {
		err = errors.New("sqlstore: a lane without work is in the table of lanes")
	}
	if err != nil {
		return nil, err
	}
	return it, c.run(`UPDATE @lanes SET owner = ?1, claimed = ?2 WHERE lane = ?3`, int64(node), it.Seq, lane)
}

const itemColumns = `seq, kind, channel, portal, lane_name, payload, progress, attempt, accepted_at, deadline`

func scanItem(scan func(...any) error, more ...any) (*bridge.Item, error) {
	var it bridge.Item
	var lane []byte
	var kind, channel string
	var accepted, deadline int64
	dest := append([]any{&it.Seq, &kind, &channel, &it.Portal, &lane, &it.Payload, &it.Progress, &it.Attempt, &accepted, &deadline}, more...)
	if err := scan(dest...); err != nil {
		return nil, err
	}
	it.Lane, it.Kind, it.Channel = string(lane), bridge.Kind(kind), channels.ID(channel)
	it.Accepted, it.Deadline = fromMicros(accepted), fromMicros(deadline)
	return &it, nil
}

// own returns ErrLeaseLost unless the node holds the item's lane for this very attempt. A node that repeats a write
// whose answer was lost may by then hold the lane for another item. The lane stays locked until the commit.
func (c *session) own(node bridge.Node, it *bridge.Item) (lane []byte, err error) {
	lane = digest(string(it.Channel), it.Lane)
	var one int
	err = c.get(`SELECT 1 FROM @lanes l JOIN @items i ON i.seq = l.claimed
		WHERE l.lane = ?1 AND l.owner = ?2 AND l.claimed = ?3 AND i.attempt = ?4 FOR UPDATE OF l`,
		[]any{lane, int64(node), it.Seq, it.Attempt}, &one)
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, bridge.ErrLeaseLost
	}
	return lane, err
}

// Checkpoint implements [bridge.Store].
func (s *Store) Checkpoint(ctx context.Context, node bridge.Node, it *bridge.Item, progress []byte) error {
	return s.write.do(ctx, func(c *session) error {
		if _, err := c.own(node, it); err != nil {
			return err
		}
		return c.run(`UPDATE @items SET progress = ?1 WHERE seq = ?2`, progress, it.Seq)
	})
}

// Finish implements [bridge.Store].
func (s *Store) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) error {
	if o.At.IsZero() {
		return errors.New("sqlstore: an outcome needs its time")
	}
	return s.write.do(ctx, func(c *session) error {
		lane, err := c.own(node, it)
		if err != nil {
			return err
		}
		if err := c.end(it, o); err != nil {
			return err
		}
		for i := range o.Links {
			if err := c.saveLink(&o.Links[i], o.At); err != nil {
				return err
			}
		}
		if o.Person != nil {
			if err := c.savePerson(o.Person, o.At); err != nil {
				return err
			}
		}
		for _, f := range o.Follow {
			if _, err := c.accept(f); err != nil {
				return err
			}
		}
		return c.freeLane(lane)
	})
}

func (c *session) end(it *bridge.Item, o *bridge.Outcome) error {
	switch o.Verdict {
	case bridge.Retry:
		back := 0
		if o.Free {
			back = 1
		}
		return c.run(`UPDATE @items SET due = ?1, attempt = attempt - ?2 WHERE seq = ?3`, micros(o.At), back, it.Seq)
	case bridge.Bury:
		return c.run(`UPDATE @items SET buried_at = ?1, reason = ?2 WHERE seq = ?3`, micros(o.At), []byte(o.Reason), it.Seq)
	default:
		return c.remove(it.Seq)
	}
}

func (c *session) remove(seq int64) error {
	var files int64
	err := c.get(`DELETE FROM @items WHERE seq = ?1 RETURNING files`, []any{seq}, &files)
	if err != nil || files == 0 {
		return err
	}
	return c.removeFiles(`item = ?1`, seq)
}

// freeLane gives a lane back with its new head, or removes it when it is empty.
func (c *session) freeLane(lane []byte) error {
	n, err := c.exec(`DELETE FROM @lanes WHERE lane = ?1 AND NOT EXISTS (SELECT 1 FROM @items WHERE lane = ?1 AND buried_at = 0)`, lane)
	if err != nil || n > 0 {
		return err
	}
	var portal, ord, due int64
	var kind string
	err = c.get(`SELECT portal, kind, ord, due FROM @items WHERE lane = ?1 AND buried_at = 0 ORDER BY ord, seq LIMIT 1`, []any{lane},
		&portal, &kind, &ord, &due)
	if err != nil {
		return err
	}
	return c.run(`UPDATE @lanes SET owner = 0, claimed = 0, portal = ?1, calls_hubspot = ?2, ord = ?3, due = ?4 WHERE lane = ?5`,
		portal, flag(bridge.Kind(kind).CallsHubSpot()), ord, due, lane)
}

// freeLanes gives back the lanes that a condition selects. Their heads may not be what was claimed: an earlier item may
// have come meanwhile.
func (c *session) freeLanes(where string, args ...any) error {
	lanes, err := c.lanes(`SELECT lane FROM @lanes WHERE owner <> 0 AND `+where+` ORDER BY lane FOR UPDATE`, args...)
	if err != nil {
		return err
	}
	for _, lane := range lanes {
		if err := c.freeLane(lane); err != nil {
			return err
		}
	}
	return nil
}

// Buried implements [bridge.Store].
func (s *Store) Buried(ctx context.Context, channel channels.ID) ([]*bridge.BuriedItem, error) {
	var out []*bridge.BuriedItem
	err := s.read(ctx, func(c *session) error {
		return c.each(`SELECT `+itemColumns+`, reason, buried_at FROM @items WHERE buried_at > 0 AND channel = ?1 ORDER BY buried_at, seq`,
			[]any{string(channel)}, func(scan func(...any) error) error {
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
