package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// finishing is a call of Finish, or of Checkpoint if there is no outcome.
type finishing struct {
	node     bridge.Node
	item     *bridge.Item
	lane     key
	progress []byte
	outcome  *bridge.Outcome

	follow []*newItem
	then   *newItem

	files int64 // that the item has spooled
	lost  bool
	next  *bridge.Item
}

// Checkpoint implements [bridge.Store].
func (s *Store) Checkpoint(ctx context.Context, node bridge.Node, it *bridge.Item, progress []byte) error {
	_, err := s.settle(ctx, &finishing{node: node, item: it, progress: progress})
	return err
}

// Finish implements [bridge.Store].
func (s *Store) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	if o.At.IsZero() {
		return nil, errors.New("sqlstore: an outcome needs its time")
	}
	op := &finishing{node: node, item: it, outcome: o}
	for _, f := range o.Follow {
		if f.At.IsZero() {
			return nil, errNoTime
		}
		op.follow = append(op.follow, newWork(f))
	}
	if o.Then != nil {
		if o.Then.At.IsZero() {
			return nil, errNoTime
		}
		op.then = newWork(o.Then)
	}
	return s.settle(ctx, op)
}

func (s *Store) settle(ctx context.Context, op *finishing) (*bridge.Item, error) {
	op.lane = digest(string(op.item.Channel), op.item.Lane)
	if err := s.write.enqueue(&write{ctx: ctx, finish: op}); err != nil {
		return nil, err
	}
	if op.lost {
		return nil, bridge.ErrLeaseLost
	}
	return op.next, nil
}

// finish does what a set of nodes' calls ask for, except for those whose lane is not theirs any more. next are lanes that
// the transaction will write to after it.
func (c *session) finish(ops []*finishing, next []key) error {
	if len(ops) == 0 {
		return nil
	}
	held, err := c.own(ops, next)
	if err != nil || len(held) == 0 {
		return err
	}
	var ended []*finishing
	var saved [][]any
	for _, op := range held {
		if op.outcome != nil {
			ended = append(ended, op)
		} else {
			saved = append(saved, []any{op.item.Seq, op.progress})
		}
	}
	err = c.insertRows(`WITH saved (seq, progress) AS (VALUES #) UPDATE @items SET progress = saved.progress FROM saved WHERE @items.seq = saved.seq`, saved, nil)
	if err != nil {
		return err
	}
	if err := c.end(ended); err != nil {
		return err
	}
	if err := c.saveMappings(ended); err != nil {
		return err
	}
	var left, shorter []key // what is tried again is left in its lane
	for _, op := range ended {
		if op.outcome.Verdict == bridge.Retry {
			left = append(left, op.lane)
		} else {
			shorter = append(shorter, op.lane)
		}
	}
	shorter, err = c.removeEmpty(shorter) // what follows may come into a lane that has just become empty
	if err != nil {
		return err
	}
	if err := c.followUp(ended); err != nil {
		return err
	}
	return c.renewHeads(append(left, shorter...))
}

// own marks as lost what the nodes do not hold for this very claim, and returns the rest. A node that repeats a write
// whose answer was lost may by then hold the lane for another item. The claim under way is the one after those that the
// item counts. The lanes stay locked until the commit, together with those that come next: two nodes that lock some of the
// same lanes in two steps each would wait for each other.
func (c *session) own(ops []*finishing, next []key) ([]*finishing, error) {
	byLane := map[key][]*finishing{}
	var lanes []key
	if c.engine.shared {
		lanes = append(lanes, next...)
	}
	for _, op := range ops {
		op.lost, op.next = true, nil
		byLane[op.lane] = append(byLane[op.lane], op)
		lanes = append(lanes, op.lane)
	}
	var held []*finishing
	err := c.with(`SELECT l.lane, l.owner, l.claimed, COALESCE(i.claims + 1, 0), COALESCE(i.files, 0) FROM @lanes l LEFT JOIN @items i ON i.seq = l.claimed
		WHERE l.lane IN (#) ORDER BY l.lane FOR UPDATE OF l`, nil, keyArgs(lanes), func(scan func(...any) error) error {
		var lane []byte
		var owner, claimed, claims, files int64
		if err := scan(&lane, &owner, &claimed, &claims, &files); err != nil {
			return err
		}
		for _, op := range byLane[key(lane)] {
			if int64(op.node) == owner && op.item.Seq == claimed && op.item.Claims == claims && op.lost {
				op.lost, op.files = false, files
				held = append(held, op)
			}
		}
		return nil
	})
	return held, err
}

// keyArgs are the keys as parameters, each once, sorted.
func keyArgs(keys []key) []any {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, key.compare)
	var out []any
	for _, k := range slices.Compact(keys) {
		out = append(out, bytes.Clone(k[:]))
	}
	return out
}

// end removes, postpones or buries the items.
func (c *session) end(ops []*finishing) error {
	var done []any
	for _, op := range ops {
		o, seq := op.outcome, op.item.Seq
		var err error
		switch o.Verdict {
		case bridge.Retry:
			err = c.run(`UPDATE @items SET due = ?1, attempt = attempt + ?2, claims = claims + 1, progress = COALESCE(?3, progress) WHERE seq = ?4`,
				micros(o.At), flag(!o.Free), o.Progress, seq)
		case bridge.Bury:
			err = c.run(`UPDATE @items SET buried_at = ?1, reason = ?2, attempt = attempt + 1, claims = claims + 1 WHERE seq = ?3`,
				micros(o.At), []byte(o.Reason), seq)
		default:
			done = append(done, seq)
			if op.files > 0 {
				err = c.removeFiles(`item = ?1`, seq)
			}
		}
		if err != nil {
			return err
		}
	}
	return c.with(`DELETE FROM @items WHERE seq IN (#)`, nil, done, nil)
}

// saveMappings saves the links and the people of the outcomes.
func (c *session) saveMappings(ops []*finishing) error {
	var links []savedLink
	var people []savedPerson
	for _, op := range ops {
		o := op.outcome
		for i := range o.Links {
			links = append(links, savedLink{&o.Links[i], o.Person, o.At})
		}
		if o.Person != nil {
			people = append(people, savedPerson{o.Person, o.At})
		}
	}
	if err := c.saveLinks(links); err != nil {
		return err
	}
	return c.savePeople(people)
}

// followUp accepts what follows from the outcomes, and claims what the nodes go on with.
func (c *session) followUp(ops []*finishing) error {
	var waiting, then []*newItem
	var thens []*finishing
	for _, op := range ops {
		waiting = append(waiting, op.follow...)
		if op.then != nil {
			thens = append(thens, op)
			then = append(then, op.then)
		}
	}
	fresh, err := c.recognise(append(waiting, then...))
	if err != nil {
		return err
	}
	isFresh := map[*newItem]bool{}
	for _, it := range fresh {
		isFresh[it] = true
	}
	stored, err := c.claimFollowUps(slices.DeleteFunc(thens, func(op *finishing) bool { return !isFresh[op.then] }))
	if err != nil {
		return err
	}
	var rest []*newItem
	for _, it := range fresh {
		if !stored[it] {
			rest = append(rest, it)
		}
	}
	if err := c.insertItems(rest); err != nil {
		return err
	}
	return c.enqueue(rest)
}

// claimFollowUps stores what the nodes go on with, as far as its lane is empty and nothing holds it back.
func (c *session) claimFollowUps(ops []*finishing) (map[*newItem]bool, error) {
	open, err := c.openPortals(ops)
	if err != nil {
		return nil, err
	}
	byLane := map[key]*finishing{}
	var items []*newItem
	for _, op := range ops {
		it := op.then
		held := it.Buried != "" || it.due() > micros(it.At) || it.Kind.CallsHubSpot() && !open[ownerOf(op)][it.Portal]
		if !held && byLane[it.lane] == nil {
			byLane[it.lane] = op
			items = append(items, it)
		}
	}
	if err := c.insertNumbered(items); err != nil {
		return nil, err
	}
	stored := map[*newItem]bool{}
	var rows [][]any
	for _, it := range items {
		stored[it] = true
		rows = append(rows, []any{it.lane[:], string(it.Channel), it.Portal, flag(it.Kind.CallsHubSpot()), it.Order, it.due(),
			int64(byLane[it.lane].node), it.seq})
	}
	slices.SortFunc(rows, func(a, b []any) int { return bytes.Compare(a[0].([]byte), b[0].([]byte)) })
	err = c.insertRows(`INSERT INTO @lanes (lane, channel, portal, calls_hubspot, ord, due, owner, claimed) VALUES #
		ON CONFLICT (lane) DO NOTHING RETURNING lane`, rows, func(scan func(...any) error) error {
		var lane []byte
		err := scan(&lane)
		op := byLane[key(lane)]
		op.next = op.then.claimed()
		return err
	})
	if err != nil {
		return nil, err
	}
	// In some lanes there was other work after all.
	return stored, c.enqueue(slices.DeleteFunc(items, func(it *newItem) bool { return byLane[it.lane].next != nil }))
}

// claimed returns the item as a claim would.
func (it *newItem) claimed() *bridge.Item {
	return &bridge.Item{
		Seq: it.seq, Kind: it.Kind, Channel: it.Channel, Portal: it.Portal, Lane: it.Lane, Payload: bytes.Clone(it.Payload),
		Attempt: 1, Claims: 1, Accepted: fromMicros(micros(it.At)), Deadline: fromMicros(micros(it.Deadline)),
	}
}

// freeLanes gives lanes back with their new heads, and removes those that are empty. What was claimed in them counts as
// attempted.
func (c *session) freeLanes(lanes []key) error {
	var claimed []any
	err := c.with(`SELECT claimed FROM @lanes WHERE claimed <> 0 AND lane IN (#)`, nil, keyArgs(lanes), collect(&claimed))
	if err != nil {
		return err
	}
	if err := c.with(`UPDATE @items SET attempt = attempt + 1, claims = claims + 1 WHERE seq IN (#)`, nil, claimed, nil); err != nil {
		return err
	}
	lanes, err = c.removeEmpty(lanes)
	if err != nil {
		return err
	}
	return c.renewHeads(lanes)
}

// removeEmpty removes the lanes that have no work, and returns the others.
func (c *session) removeEmpty(lanes []key) ([]key, error) {
	left := map[key]bool{}
	for _, lane := range lanes {
		left[lane] = true
	}
	// For each lane one look at the index: no join, for which PostgreSQL might read all items.
	err := c.with(`DELETE FROM @lanes WHERE lane IN (#)
		AND (SELECT i.seq FROM @items i WHERE i.lane = @lanes.lane AND i.buried_at = 0 ORDER BY i.ord, i.seq LIMIT 1) IS NULL RETURNING lane`,
		nil, keyArgs(lanes), func(scan func(...any) error) error {
			var lane []byte
			err := scan(&lane)
			delete(left, key(lane))
			return err
		})
	return slices.Collect(maps.Keys(left)), err
}

// renewHeads frees lanes, each with its first item as its head.
func (c *session) renewHeads(lanes []key) error {
	return c.with(`UPDATE @lanes SET owner = 0, claimed = 0, (portal, calls_hubspot, ord, due) = (
		SELECT i.portal, i.calls_hubspot, i.ord, i.due FROM @items i WHERE i.lane = @lanes.lane AND i.buried_at = 0 ORDER BY i.ord, i.seq LIMIT 1)
		WHERE lane IN (#)`, nil, keyArgs(lanes), nil)
}

// freeOwned gives back the lanes of a node. Their heads may not be what was claimed: an earlier item may have come meanwhile.
// It looks until there are none: a Finish that it waits for may go on with what follows, in a lane that it did not see.
func (c *session) freeOwned(node int64) error {
	for {
		var one int
		err := c.get(`SELECT 1 FROM @lanes WHERE owner = ?1 LIMIT 1`, []any{node}, &one)
		if errors.Is(err, bridge.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		lanes, err := c.lanes(`SELECT lane FROM @lanes WHERE owner = ?1 ORDER BY lane FOR UPDATE`, node)
		if err != nil {
			return err
		}
		if err := c.freeLanes(lanes); err != nil {
			return err
		}
	}
}

// lanes returns the keys of lanes that a query selects.
func (c *session) lanes(query string, args ...any) ([]key, error) {
	var lanes []key
	err := c.each(query, args, func(scan func(...any) error) error {
		var lane []byte
		err := scan(&lane)
		if err == nil {
			lanes = append(lanes, key(lane))
		}
		return err
	})
	return lanes, err
}
