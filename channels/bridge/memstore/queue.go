package memstore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

type laneKey struct {
	channel channels.ID
	name    string
}

// lane is the work of one lane that is neither done nor buried, never empty.
type lane struct {
	items   []*item // by order and seq
	claimed *item   // nil if none is
	owner   bridge.Node
}

type item struct {
	bridge.Item
	key   string
	order int64
	due   time.Time

	// Of an item that was set aside:
	reason   string
	buriedAt time.Time
}

func (l *lane) add(it *item) {
	at, _ := slices.BinarySearchFunc(l.items, it, func(a, b *item) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.Seq, b.Seq))
	})
	l.items = slices.Insert(l.items, at, it)
}

func (l *lane) free() { l.claimed, l.owner = nil, 0 }

type seenKey struct {
	channel channels.ID
	key     string
}

// seen is what is kept of accepted work for 30 days, to recognise it when it comes again.
type seen struct {
	sum [sha256.Size]byte
	at  time.Time
}

// Accept implements [bridge.Store].
func (s *Store) Accept(ctx context.Context, items ...*bridge.NewItem) ([]bridge.Acceptance, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if err := validate(items); err != nil {
		return nil, err
	}
	var out []bridge.Acceptance
	for _, it := range items {
		out = append(out, s.accept(it))
	}
	return out, nil
}

// validate finds what would fail later, so that nothing has to be undone.
func validate(items []*bridge.NewItem) error {
	for _, it := range items {
		if it.Key == "" || it.At.IsZero() {
			return errors.New("memstore: an item needs a key and the time of its acceptance")
		}
	}
	return nil
}

func (s *Store) accept(n *bridge.NewItem) bridge.Acceptance {
	content := n.Content
	if content == nil {
		content = n.Payload
	}
	key, sum := seenKey{n.Channel, n.Key}, sha256.Sum256(content)
	if before, ok := s.seen[key]; ok {
		if before.sum != sum {
			return bridge.Conflict
		}
		return bridge.Duplicate
	}
	s.seen[key] = seen{sum, n.At}
	s.insert(n)
	return bridge.Accepted
}

func (s *Store) insert(n *bridge.NewItem) {
	s.seq++
	it := &item{key: n.Key, order: n.Order, due: n.Due, Item: bridge.Item{
		Seq: s.seq, Kind: n.Kind, Channel: n.Channel, Portal: n.Portal, Lane: n.Lane,
		Payload: bytes.Clone(n.Payload), Accepted: n.At, Deadline: n.Deadline,
	}}
	if it.due.IsZero() {
		it.due = n.At
	}
	for _, id := range n.Media {
		if f, ok := s.files[id]; ok {
			f.item = it.Seq
		}
	}
	if n.Buried != "" {
		s.bury(it, n.Buried, n.At)
		return
	}
	key := laneKey{n.Channel, n.Lane}
	if s.lanes[key] == nil {
		s.lanes[key] = &lane{}
	}
	s.lanes[key].add(it)
}

func (s *Store) bury(it *item, reason string, at time.Time) {
	it.reason, it.buriedAt = reason, at
	s.buried = append(s.buried, it)
}

// Claim implements [bridge.Store].
func (s *Store) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, limit int) (*bridge.Claimed, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if s.nodes[channel] != node {
		return nil, bridge.ErrLeaseLost
	}
	due, next := s.heads(channel, now)
	out := &bridge.Claimed{Next: next}
	for _, l := range due[:min(limit, len(due))] {
		l.claimed, l.owner = l.items[0], node
		l.claimed.Attempt++
		out.Items = append(out.Items, copied(&l.claimed.Item))
	}
	return out, nil
}

// heads returns the free lanes whose head is due, the one that has been due longest first, and when the next head is.
func (s *Store) heads(channel channels.ID, now time.Time) (due []*lane, next time.Time) {
	for key, l := range s.lanes {
		if key.channel != channel || l.claimed != nil {
			continue
		}
		at, ever := s.claimable(l.items[0])
		switch {
		case !ever:
		case !at.After(now):
			due = append(due, l)
		case next.IsZero() || at.Before(next):
			next = at
		}
	}
	slices.SortFunc(due, func(a, b *lane) int {
		return cmp.Or(a.items[0].due.Compare(b.items[0].due), cmp.Compare(a.items[0].Seq, b.items[0].Seq))
	})
	return due, next
}

// claimable returns from when on an item can be claimed. ever: it does not have to wait for ResumePortal.
func (s *Store) claimable(it *item) (at time.Time, ever bool) {
	until, paused := s.pauses[portalKey{it.Channel, it.Portal}]
	switch {
	case !paused || !it.Kind.CallsHubSpot():
		return it.due, true
	case until.IsZero():
		return time.Time{}, false
	case until.After(it.due):
		return until, true
	}
	return it.due, true
}

// copied returns an item that shares nothing with the store's.
func copied(it *bridge.Item) *bridge.Item {
	c := *it
	c.Payload, c.Progress = bytes.Clone(it.Payload), bytes.Clone(it.Progress)
	return &c
}

// own returns the lane that the node holds for this attempt of the item, or ErrLeaseLost.
func (s *Store) own(node bridge.Node, it *bridge.Item) (*lane, error) {
	l := s.lanes[laneKey{it.Channel, it.Lane}]
	if l == nil || l.claimed == nil || l.owner != node || l.claimed.Seq != it.Seq || l.claimed.Attempt != it.Attempt {
		return nil, bridge.ErrLeaseLost
	}
	return l, nil
}

// handBack frees the lanes that a node holds.
func (s *Store) handBack(node bridge.Node) {
	for _, l := range s.lanes {
		if l.owner == node {
			l.free()
		}
	}
}

// Checkpoint implements [bridge.Store].
func (s *Store) Checkpoint(ctx context.Context, node bridge.Node, it *bridge.Item, progress []byte) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	l, err := s.own(node, it)
	if err != nil {
		return err
	}
	l.claimed.Progress = bytes.Clone(progress)
	return nil
}

// Finish implements [bridge.Store].
func (s *Store) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	l, err := s.own(node, it)
	if err != nil {
		return err
	}
	if o.At.IsZero() {
		return errors.New("memstore: an outcome needs its time")
	}
	if err := validate(o.Follow); err != nil {
		return err
	}
	s.end(l, o)
	for _, link := range o.Links {
		s.saveLink(link, o.At)
	}
	if o.Person != nil {
		s.savePerson(o.Person, o.At)
	}
	for _, f := range o.Follow {
		s.accept(f)
	}
	return nil
}

func (s *Store) end(l *lane, o *bridge.Outcome) {
	it := l.claimed
	l.free()
	if o.Verdict == bridge.Retry {
		it.due = o.At
		if o.Free {
			it.Attempt--
		}
		return
	}
	l.items = slices.DeleteFunc(l.items, func(other *item) bool { return other == it })
	if len(l.items) == 0 {
		delete(s.lanes, laneKey{it.Channel, it.Lane})
	}
	if o.Verdict == bridge.Bury {
		s.bury(it, o.Reason, o.At)
		return
	}
	s.removeFiles(func(f *file) bool { return f.item == it.Seq })
}

// Buried implements [bridge.Store].
func (s *Store) Buried(ctx context.Context, channel channels.ID) ([]*bridge.BuriedItem, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var out []*bridge.BuriedItem
	for _, it := range s.buried {
		if it.Channel == channel {
			out = append(out, &bridge.BuriedItem{Item: *copied(&it.Item), Reason: it.reason, BuriedAt: it.buriedAt})
		}
	}
	slices.SortFunc(out, func(a, b *bridge.BuriedItem) int {
		return cmp.Or(a.BuriedAt.Compare(b.BuriedAt), cmp.Compare(a.Seq, b.Seq))
	})
	return out, nil
}

func (s *Store) sweepBuried(before time.Time) {
	s.buried = slices.DeleteFunc(s.buried, func(it *item) bool {
		if !it.buriedAt.Before(before) {
			return false
		}
		s.removeFiles(func(f *file) bool { return f.item == it.Seq })
		return true
	})
}

// sweepKeys forgets the keys of old work, but not while the work waits or is buried: it would be accepted twice.
func (s *Store) sweepKeys(before time.Time) {
	kept := map[seenKey]bool{}
	for _, l := range s.lanes {
		for _, it := range l.items {
			kept[seenKey{it.Channel, it.key}] = true
		}
	}
	for _, it := range s.buried {
		kept[seenKey{it.Channel, it.key}] = true
	}
	for key, seen := range s.seen {
		if seen.at.Before(before) && !kept[key] {
			delete(s.seen, key)
		}
	}
}
