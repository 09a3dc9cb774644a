package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// pollAgain is when a claim that another node was quicker than is worth repeating.
const pollAgain = 50 * time.Millisecond

// Claim implements [bridge.Store]. What is due is looked for on a connection that no write waits for: most claims of a
// quiet bridge find nothing, and need no commit.
func (s *Store) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, want bridge.Wanted) (*bridge.Claimed, error) {
	q := &claiming{node: node, channel: channel, now: now, want: want}
	if err := s.settleDoubt(ctx); err != nil {
		return nil, err
	}
	if err := s.read(ctx, q.find); err != nil {
		return nil, err
	}
	if len(q.lanes) == 0 {
		return &bridge.Claimed{Next: q.next}, nil
	}
	if err := s.write.enqueue(&write{ctx: ctx, claim: q}); err != nil {
		return nil, err
	}
	if len(q.items) == 0 {
		return &bridge.Claimed{Next: now.Add(pollAgain)}, nil
	}
	return &bridge.Claimed{Items: q.items}, nil
}

// claiming is a call of Claim.
type claiming struct {
	node    bridge.Node
	channel channels.ID
	now     time.Time
	want    bridge.Wanted

	lanes []key // that are due, in the order of the turns
	next  time.Time
	items []*bridge.Item
}

// turnsOf lists the portals that have free lanes, from one portal to another, with when their sends and their calls of HubSpot are
// due. It jumps from portal to portal, so that it costs the same however many lanes each has.
const turnsOf = `WITH RECURSIVE turns (portal) AS (
	SELECT MIN(portal) FROM @lanes WHERE channel = ?1 AND owner = 0 AND portal >= ?2 AND portal <= ?3
	UNION ALL
	SELECT (SELECT MIN(l.portal) FROM @lanes l WHERE l.channel = ?1 AND l.owner = 0 AND l.portal > t.portal AND l.portal <= ?3)
	FROM turns t WHERE t.portal IS NOT NULL
), states AS (SELECT t.portal,
	(SELECT MIN(l.due) FROM @lanes l WHERE l.channel = ?1 AND l.owner = 0 AND l.portal = t.portal AND l.calls_hubspot = 0) AS sends,
	(SELECT MIN(l.due) FROM @lanes l WHERE l.channel = ?1 AND l.owner = 0 AND l.portal = t.portal AND l.calls_hubspot = 1) AS calls,
	COALESCE(p.paused_until, 0) AS paused, COALESCE(p.owner, 0) AS node
	FROM turns t LEFT JOIN @portals p ON p.channel = ?1 AND p.portal = t.portal WHERE t.portal IS NOT NULL
) `

const dueTurns = turnsOf + `SELECT portal, CASE WHEN calls <= ?4 AND paused <= ?4 AND node IN (0, ?5) THEN 1 ELSE 0 END FROM states
	WHERE sends <= ?4 OR calls <= ?4 AND paused <= ?4 AND node IN (0, ?5) LIMIT ?6`

const nextTurn = turnsOf + `SELECT COALESCE(MIN(at), 0) FROM (
	SELECT sends AS at FROM states UNION ALL
	SELECT CASE WHEN calls > paused THEN calls ELSE paused END FROM states WHERE calls IS NOT NULL AND node IN (0, ?4)) AS moments
	WHERE at > ?5`

// turn is a portal that has something due.
type turn struct {
	portal int64
	calls  bool // some of it calls HubSpot
	lanes  []key
	whole  bool // there are no more lanes
}

// find looks for lanes that are due, else for when some will be.
func (q *claiming) find(c *session) error {
	if err := c.running(q.node, q.channel); err != nil {
		return err
	}
	turns, err := q.turns(c)
	if err != nil {
		return err
	}
	if q.lanes, err = q.pick(c, turns); err != nil || len(q.lanes) > 0 {
		return err
	}
	// What is due of portals that the node holds as much of as it may waits for the end of that, not for a time.
	var next int64
	err = c.get(nextTurn, []any{string(q.channel), int64(minPortal), int64(maxPortal), int64(q.node), micros(q.now)}, &next)
	if next != forever {
		q.next = fromMicros(next)
	}
	return err
}

const (
	minPortal = -1 << 63
	maxPortal = 1<<63 - 1
)

// turns returns portals with something due that the node may still work for, beginning after the one that had its turn last.
func (q *claiming) turns(c *session) ([]*turn, error) {
	var out []*turn
	ranges := [][2]int64{{minPortal, q.want.After}}
	if q.want.After < maxPortal {
		ranges = [][2]int64{{q.want.After + 1, maxPortal}, {minPortal, q.want.After}}
	}
	// Those that the node holds enough of take no turn, but a place in the answer.
	limit := q.want.Limit + len(q.want.Held)
	for _, r := range ranges {
		err := c.each(dueTurns, []any{string(q.channel), r[0], r[1], micros(q.now), int64(q.node), limit}, func(scan func(...any) error) error {
			t := &turn{}
			err := scan(&t.portal, &t.calls)
			if q.allowance(t.portal) > 0 {
				out = append(out, t)
			}
			return err
		})
		if err != nil || len(out) >= q.want.Limit {
			return out, err
		}
	}
	return out, nil
}

// allowance is how many lanes of a portal the node may take.
func (q *claiming) allowance(portal int64) int {
	if q.want.PerPortal <= 0 {
		return q.want.Limit
	}
	return min(q.want.PerPortal-q.want.Held[portal], q.want.Limit)
}

// pick takes lanes from the portals, of each one per round. How many a portal has is not known, so it is asked for its share
// of what is still wanted, until enough are found.
func (q *claiming) pick(c *session, turns []*turn) ([]key, error) {
	for left := turns; len(left) > 0; {
		found := 0
		for _, t := range turns {
			found += len(t.lanes)
		}
		if found >= q.want.Limit {
			break
		}
		share := (q.want.Limit - found + len(left) - 1) / len(left)
		if err := q.more(c, left, share); err != nil {
			return nil, err
		}
		left = slices.DeleteFunc(slices.Clone(left), func(t *turn) bool { return t.whole })
	}
	var lanes []key
	for round := 0; ; round++ {
		before := len(lanes)
		for _, t := range turns {
			if round < len(t.lanes) && len(lanes) < q.want.Limit {
				lanes = append(lanes, t.lanes[round])
			}
		}
		if len(lanes) == before {
			return lanes, nil
		}
	}
}

// dueLanes are a portal's sends and its calls of HubSpot that are due, as many of each as are wanted, then so many of both.
func dueLanes(portal, kind, wanted string) string {
	due := func(kind string) string {
		return `SELECT lane, due FROM (SELECT lane, due FROM @lanes WHERE channel = ?1 AND owner = 0 AND portal = ` + portal +
			` AND calls_hubspot = ` + kind + ` AND due <= ?2 ORDER BY due LIMIT ` + wanted + `)`
	}
	return `SELECT lane, due FROM (` + due("0") + ` AS sends UNION ALL ` + due(kind) + ` AS calls) AS both_kinds ORDER BY due, lane LIMIT ` + wanted
}

var (
	lanesOfPortal  = `SELECT l.lane FROM (` + dueLanes("?3", "?4", "?5") + `) AS l ORDER BY l.due, l.lane`
	lanesOfPortals = `SELECT t.place, l.lane FROM unnest(?3::bigint[], ?4::bigint[], ?5::bigint[]) WITH ORDINALITY AS t (portal, kind, wanted, place)
		CROSS JOIN LATERAL (` + dueLanes("t.portal", "t.kind", "t.wanted") + `) AS l ORDER BY t.place, l.due, l.lane`
)

// more finds more lanes of the portals, of each those that have been due longest first.
func (q *claiming) more(c *session, turns []*turn, share int) error {
	var portals, kinds, wanted []int64
	for _, t := range turns {
		kind := int64(1)
		if !t.calls {
			kind = -1 // none
		}
		portals, kinds = append(portals, t.portal), append(kinds, kind)
		wanted = append(wanted, int64(min(len(t.lanes)+share, q.allowance(t.portal))))
		t.lanes = nil
	}
	channel, now := string(q.channel), micros(q.now)
	if c.engine.arrays {
		err := c.each(lanesOfPortals, []any{channel, now, portals, kinds, wanted}, func(scan func(...any) error) error {
			var place int
			var lane []byte
			err := scan(&place, &lane)
			if err == nil {
				turns[place-1].lanes = append(turns[place-1].lanes, key(lane))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for i, t := range turns {
		if !c.engine.arrays {
			var err error
			if t.lanes, err = c.lanes(lanesOfPortal, channel, now, portals[i], kinds[i], wanted[i]); err != nil {
				return err
			}
		}
		t.whole = len(t.lanes) < int(wanted[i]) || int(wanted[i]) == q.allowance(t.portal)
	}
	return nil
}

// take claims the heads of the lanes that were found, unless another node was quicker or a pause has begun.
func (q *claiming) take(c *session) error {
	q.items = nil
	if err := c.stayRunning(q.node, q.channel); err != nil {
		return err
	}
	free, err := q.lock(c)
	if err != nil || len(free) == 0 {
		return err
	}
	place := map[int64]int{}
	var seqs []any
	err = c.with(`UPDATE @lanes SET owner = ?1, claimed = (
		SELECT i.seq FROM @items i WHERE i.lane = @lanes.lane AND i.buried_at = 0 ORDER BY i.ord, i.seq LIMIT 1)
		WHERE lane IN (#) RETURNING lane, claimed`, []any{int64(q.node)}, keyArgs(free), func(scan func(...any) error) error {
		var lane []byte
		var seq int64
		if err := scan(&lane, &seq); err != nil {
			return err
		}
		place[seq] = slices.Index(q.lanes, key(lane))
		seqs = append(seqs, seq)
		return nil
	})
	if err != nil {
		return err
	}
	err = c.with(`SELECT `+itemColumns+` FROM @items WHERE seq IN (#)`, nil, seqs, func(scan func(...any) error) error {
		it, err := scanItem(scan)
		if err == nil {
			countClaim(it)
			q.items = append(q.items, it)
		}
		return err
	})
	slices.SortFunc(q.items, func(a, b *bridge.Item) int { return cmp.Compare(place[a.Seq], place[b.Seq]) })
	return err
}

// lock returns those of the lanes that the node may claim, which no other can claim until the commit.
func (q *claiming) lock(c *session) ([]key, error) {
	calls := map[int64][]key{}
	var free []key
	err := c.with(`SELECT l.lane, l.portal, l.calls_hubspot FROM @lanes l WHERE l.owner = 0 AND l.due <= ?1 AND l.lane IN (#)
		ORDER BY l.lane FOR UPDATE OF l SKIP LOCKED`, []any{micros(q.now)}, keyArgs(q.lanes), func(scan func(...any) error) error {
		var lane []byte
		var portal int64
		var hubspot bool
		if err := scan(&lane, &portal, &hubspot); err != nil {
			return err
		}
		if hubspot {
			calls[portal] = append(calls[portal], key(lane))
		} else {
			free = append(free, key(lane))
		}
		return nil
	})
	if err != nil || len(calls) == 0 {
		return free, err
	}
	var portals []int64
	for portal := range calls {
		portals = append(portals, portal)
	}
	open, err := c.open(owner{q.node, q.channel}, portals, q.now)
	for portal := range open {
		free = append(free, calls[portal]...)
	}
	return free, err
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

const itemColumns = `seq, kind, channel, portal, lane_name, payload, progress, attempt, claims, accepted_at, deadline`

func scanItem(scan func(...any) error, more ...any) (*bridge.Item, error) {
	var it bridge.Item
	var lane []byte
	var kind, channel string
	var accepted, deadline int64
	dest := append([]any{&it.Seq, &kind, &channel, &it.Portal, &lane, &it.Payload, &it.Progress, &it.Attempt, &it.Claims, &accepted, &deadline}, more...)
	if err := scan(dest...); err != nil {
		return nil, err
	}
	it.Lane, it.Kind, it.Channel = string(lane), bridge.Kind(kind), channels.ID(channel)
	it.Accepted, it.Deadline = fromMicros(accepted), fromMicros(deadline)
	return &it, nil
}

// countClaim counts the claim of an item that has not ended. The tables count it when it ends, so that to claim an item
// writes nothing to it.
func countClaim(it *bridge.Item) { it.Attempt, it.Claims = it.Attempt+1, it.Claims+1 }
