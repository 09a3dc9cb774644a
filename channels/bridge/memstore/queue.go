package memstore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
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
	for _, it := range items {
		if it.Key == "" {
			return nil, errors.New("memstore: an item needs a key, by which it is recognised when it comes again")
		}
	}
	if err := validate(items...); err != nil {
		return nil, err
	}
	var out []bridge.Acceptance
	for _, it := range items {
		_, how := s.accept(it)
		out = append(out, how)
	}
	return out, nil
}

// validate finds what would fail later, so that nothing has to be undone.
func validate(items ...*bridge.NewItem) error {
	for _, it := range items {
		if it != nil && it.At.IsZero() {
			return errors.New("memstore: an item needs the time of its acceptance")
		}
	}
	return nil
}

// accept returns the item that it stored, nil for one that is known.
func (s *Store) accept(n *bridge.NewItem) (*item, bridge.Acceptance) {
	if n.Key == "" {
		return s.insert(n), bridge.Accepted
	}
	content := n.Content
	if content == nil {
		content = n.Payload
	}
	key, sum := seenKey{n.Channel, n.Key}, sha256.Sum256(content)
	if before, ok := s.seen[key]; ok {
		if before.sum != sum {
			return nil, bridge.Conflict
		}
		return nil, bridge.Duplicate
	}
	s.seen[key] = seen{sum, n.At}
	return s.insert(n), bridge.Accepted
}

func (s *Store) insert(n *bridge.NewItem) *item {
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
	} else {
		s.enqueue(it)
	}
	return it
}

func (s *Store) enqueue(it *item) {
	key := laneKey{it.Channel, it.Lane}
	if s.lanes[key] == nil {
		s.lanes[key] = &lane{}
	}
	s.lanes[key].add(it)
}

func (s *Store) bury(it *item, reason string, at time.Time) {
	it.reason, it.buriedAt = reason, at
	s.buried = append(s.buried, it)
}

// own returns the lane that the node holds for this claim of the item, or ErrLeaseLost.
func (s *Store) own(node bridge.Node, it *bridge.Item) (*lane, error) {
	l := s.lanes[laneKey{it.Channel, it.Lane}]
	if l == nil || l.claimed == nil || l.owner != node || l.claimed.Seq != it.Seq || l.claimed.Claims != it.Claims {
		return nil, bridge.ErrLeaseLost
	}
	return l, nil
}

// handBack frees what a node holds.
func (s *Store) handBack(node bridge.Node) {
	maps.DeleteFunc(s.held, func(_ holdKey, holder bridge.Node) bool { return holder == node })
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
func (s *Store) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	l, err := s.own(node, it)
	if err != nil {
		return nil, err
	}
	if o.At.IsZero() {
		return nil, errors.New("memstore: an outcome needs its time")
	}
	if err := validate(append([]*bridge.NewItem{o.Then}, o.Follow...)...); err != nil {
		return nil, err
	}
	s.end(l, o)
	for _, link := range o.Links {
		s.saveLink(link, o.Person, o.At)
	}
	if o.Person != nil {
		s.savePerson(o.Person, o.At)
	}
	for _, f := range o.Follow {
		s.accept(f)
	}
	if o.Then == nil {
		return nil, nil
	}
	return s.goOn(node, o.Then), nil
}

// goOn accepts an item and claims it, if it is alone in its lane and nothing holds it back. With Retry the time of the
// outcome is still to come; it is now when the item is accepted.
func (s *Store) goOn(node bridge.Node, n *bridge.NewItem) *bridge.Item {
	it, _ := s.accept(n)
	if it == nil || n.Buried != "" {
		return nil
	}
	l := s.lanes[laneKey{n.Channel, n.Lane}]
	at, ever := s.claimable(it)
	if len(l.items) > 1 || !ever || at.After(n.At) {
		return nil
	}
	return l.claim(node)
}

func (s *Store) end(l *lane, o *bridge.Outcome) {
	it := l.claimed
	l.free()
	if o.Verdict == bridge.Retry {
		it.due = o.At
		if o.Progress != nil {
			it.Progress = bytes.Clone(o.Progress)
		}
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
