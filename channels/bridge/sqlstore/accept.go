package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// key is what stands in the tables for a name of any length and content.
type key [16]byte

func digest(parts ...string) key {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return key(sum[:])
}

func (k key) compare(other key) int { return bytes.Compare(k[:], other[:]) }

// newItem is work on its way into the tables.
type newItem struct {
	*bridge.NewItem
	key     key // of no use where NewItem.Key is empty
	content key
	lane    key
	how     bridge.Acceptance
	seq     int64 // set where it is needed
}

func newWork(it *bridge.NewItem) *newItem {
	body := it.Content
	if body == nil {
		body = it.Payload
	}
	sum := sha256.Sum256(body)
	return &newItem{NewItem: it, key: digest(string(it.Channel), it.Key), content: key(sum[:]), lane: digest(string(it.Channel), it.Lane)}
}

func (it *newItem) due() int64 {
	if it.Due.IsZero() {
		return micros(it.At)
	}
	return micros(it.Due)
}

var (
	errNoKey  = errors.New("sqlstore: an item needs a key, by which it is recognised when it comes again")
	errNoTime = errors.New("sqlstore: an item needs the time of its acceptance")
)

// accepting is a call of Accept.
type accepting struct{ items []*newItem }

// Accept implements [bridge.Store].
func (s *Store) Accept(ctx context.Context, items ...*bridge.NewItem) ([]bridge.Acceptance, error) {
	var bytes int64
	for _, it := range items {
		if it.Key == "" {
			return nil, errNoKey
		}
		if it.At.IsZero() {
			return nil, errNoTime
		}
		bytes += int64(len(it.Payload))
	}
	if err := s.limit.admit(ctx, s, int64(len(items)), bytes); err != nil {
		return nil, err
	}
	op := &accepting{}
	for _, it := range items {
		op.items = append(op.items, newWork(it))
	}
	if err := s.write.enqueue(&write{ctx: ctx, accept: op}); err != nil {
		return nil, err
	}
	out := make([]bridge.Acceptance, len(items))
	for i, it := range op.items {
		out[i] = it.how
	}
	return out, nil
}

// accept stores what is new of a set of items and notes in each what became of it.
func (c *session) accept(items []*newItem) error {
	fresh, err := c.recognise(items)
	if err != nil || len(fresh) == 0 {
		return err
	}
	if err := c.insertItems(fresh); err != nil {
		return err
	}
	return c.enqueue(fresh)
}

// recognise returns the items that were never accepted before, and remembers their keys.
func (c *session) recognise(items []*newItem) ([]*newItem, error) {
	first := map[key]*newItem{} // of several with one key
	var fresh []*newItem
	var rows [][]any
	for _, it := range items {
		if it.Key == "" {
			it.how = bridge.Accepted
			fresh = append(fresh, it)
			continue
		}
		if first[it.key] == nil {
			first[it.key] = it
			rows = append(rows, []any{it.key[:], it.content[:], micros(it.At)})
		}
	}
	// Always in the same order, lest two nodes wait for each other.
	slices.SortFunc(rows, func(a, b []any) int { return bytes.Compare(a[0].([]byte), b[0].([]byte)) })
	unknown := map[key]bool{}
	err := c.insertRows(`INSERT INTO @seen (item_key, content, at) VALUES # ON CONFLICT (item_key) DO NOTHING RETURNING item_key`, rows,
		func(scan func(...any) error) error {
			var k []byte
			err := scan(&k)
			unknown[key(k)] = true
			return err
		})
	if err != nil {
		return nil, err
	}
	var known []*newItem
	for _, it := range items {
		switch {
		case it.Key == "":
		case unknown[it.key] && first[it.key] == it:
			it.how = bridge.Accepted
			fresh = append(fresh, it)
		default:
			known = append(known, it)
		}
	}
	return fresh, c.compare(known)
}

// compare tells repetitions from other work under a known key.
func (c *session) compare(known []*newItem) error {
	if len(known) == 0 {
		return nil
	}
	var keys []any
	for _, it := range known {
		keys = append(keys, it.key[:])
	}
	before := map[key]key{}
	err := c.with(`SELECT item_key, content FROM @seen WHERE item_key IN (#)`, nil, keys, func(scan func(...any) error) error {
		var k, content []byte
		if err := scan(&k, &content); err != nil {
			return err
		}
		before[key(k)] = key(content)
		return nil
	})
	for _, it := range known {
		it.how = bridge.Duplicate
		if before[it.key] != it.content {
			it.how = bridge.Conflict
		}
	}
	return err
}

func lanesOf(items []*newItem) []key {
	var lanes []key
	for _, it := range items {
		if it.Buried == "" {
			lanes = append(lanes, it.lane)
		}
	}
	return lanes
}

const insertItems = `INSERT INTO @items (channel, portal, lane, lane_name, kind, calls_hubspot, item_key, ord, payload, accepted_at, due, deadline,
	buried_at, reason, files) VALUES #`

func (it *newItem) row() []any {
	var itemKey []byte
	if it.Key != "" {
		itemKey = it.key[:]
	}
	var buried int64
	if it.Buried != "" {
		buried = micros(it.At)
	}
	return []any{string(it.Channel), it.Portal, it.lane[:], []byte(it.Lane), string(it.Kind), flag(it.Kind.CallsHubSpot()), blob(itemKey), it.Order,
		blob(it.Payload), micros(it.At), it.due(), micros(it.Deadline), buried, []byte(it.Buried), len(it.Media)}
}

// insertItems stores items that wait, or are buried.
func (c *session) insertItems(items []*newItem) error {
	var rows [][]any
	for _, it := range items {
		if len(it.Media) == 0 {
			rows = append(rows, it.row())
			continue
		}
		// What was accepted before gets the lower number.
		if err := c.insertRows(insertItems, rows, nil); err != nil {
			return err
		}
		rows = nil
		if err := c.insertNumbered([]*newItem{it}); err != nil {
			return err
		}
	}
	return c.insertRows(insertItems, rows, nil)
}

// insertNumbered stores items of different lanes and learns the numbers that they get.
func (c *session) insertNumbered(items []*newItem) error {
	byLane := map[key]*newItem{}
	var rows [][]any
	for _, it := range items {
		byLane[it.lane] = it
		rows = append(rows, it.row())
	}
	err := c.insertRows(insertItems+` RETURNING seq, lane`, rows, func(scan func(...any) error) error {
		var seq int64
		var lane []byte
		err := scan(&seq, &lane)
		byLane[key(lane)].seq = seq
		return err
	})
	if err != nil {
		return err
	}
	return c.assignFiles(items)
}

func (c *session) assignFiles(items []*newItem) error {
	for _, it := range items {
		for _, id := range it.Media {
			if err := c.run(`UPDATE @files SET item = ?1 WHERE id = ?2`, it.seq, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// enqueue makes the items' lanes known to claims. An item that sorts before the lane's head becomes the head, unless the
// head is being worked on. A lane that stays as it is is locked all the same, lest a Finish that saw it empty remove it.
func (c *session) enqueue(items []*newItem) error {
	var heads []*newItem
	for _, it := range items {
		if it.Buried == "" {
			heads = append(heads, it)
		}
	}
	// Of several items of a lane only the first can be its head: rows of one statement must not meet.
	slices.SortStableFunc(heads, func(a, b *newItem) int { return cmp.Or(a.lane.compare(b.lane), cmp.Compare(a.Order, b.Order)) })
	heads = slices.CompactFunc(heads, func(a, b *newItem) bool { return a.lane == b.lane })
	var rows [][]any
	for _, it := range heads {
		rows = append(rows, []any{it.lane[:], string(it.Channel), it.Portal, flag(it.Kind.CallsHubSpot()), it.Order, it.due()})
	}
	return c.enqueueRows(rows)
}

func (c *session) enqueueRows(rows [][]any) error {
	return c.insertRows(`INSERT INTO @lanes (lane, channel, portal, calls_hubspot, ord, due) VALUES # ON CONFLICT (lane) DO UPDATE SET
		portal = CASE WHEN @lanes.owner = 0 AND @lanes.ord > excluded.ord THEN excluded.portal ELSE @lanes.portal END,
		calls_hubspot = CASE WHEN @lanes.owner = 0 AND @lanes.ord > excluded.ord THEN excluded.calls_hubspot ELSE @lanes.calls_hubspot END,
		due = CASE WHEN @lanes.owner = 0 AND @lanes.ord > excluded.ord THEN excluded.due ELSE @lanes.due END,
		ord = CASE WHEN @lanes.owner = 0 AND @lanes.ord > excluded.ord THEN excluded.ord ELSE @lanes.ord END`, rows, nil)
}
