package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// PausePortal implements [bridge.Store].
func (s *Store) PausePortal(ctx context.Context, channel channels.ID, portal int64, until time.Time, reason string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	key := portalKey{channel, portal}
	if before, ok := s.pauses[key]; !ok || until.IsZero() || !before.Until.IsZero() && !until.Before(before.Until) {
		s.pauses[key] = bridge.Pause{Portal: portal, Until: until, Reason: reason}
	}
	return nil
}

// ResumePortal implements [bridge.Store].
func (s *Store) ResumePortal(ctx context.Context, channel channels.ID, portal int64) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	delete(s.pauses, portalKey{channel, portal})
	return nil
}

// Pauses implements [bridge.Store].
func (s *Store) Pauses(ctx context.Context, channel channels.ID, now time.Time) ([]bridge.Pause, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var out []bridge.Pause
	for key, p := range s.pauses {
		if key.channel == channel && (p.Until.IsZero() || p.Until.After(now)) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b bridge.Pause) int { return cmp.Compare(a.Portal, b.Portal) })
	return out, nil
}

// Depths implements [bridge.Store].
func (s *Store) Depths(ctx context.Context, channel channels.ID) ([]bridge.Depth, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	type key struct {
		portal int64
		kind   bridge.Kind
	}
	depths := map[key]*bridge.Depth{}
	of := func(it *item) *bridge.Depth {
		k := key{it.Portal, it.Kind}
		if depths[k] == nil {
			depths[k] = &bridge.Depth{Portal: it.Portal, Kind: it.Kind}
		}
		return depths[k]
	}
	for it := range s.waiting(channel) {
		d := of(it)
		d.Waiting++
		if d.Oldest.IsZero() || it.Accepted.Before(d.Oldest) {
			d.Oldest = it.Accepted
		}
	}
	for _, it := range s.buried {
		if it.Channel == channel {
			of(it).Buried++
		}
	}
	var out []bridge.Depth
	for _, d := range depths {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b bridge.Depth) int {
		return cmp.Or(cmp.Compare(a.Portal, b.Portal), cmp.Compare(a.Kind, b.Kind))
	})
	return out, nil
}

// waiting yields what is neither done nor buried.
func (s *Store) waiting(channel channels.ID) func(yield func(*item) bool) {
	return func(yield func(*item) bool) {
		for key, l := range s.lanes {
			if key.channel != channel {
				continue
			}
			for _, it := range l.items {
				if !yield(it) {
					return
				}
			}
		}
	}
}

// Buried implements [bridge.Store].
func (s *Store) Buried(ctx context.Context, channel channels.ID, after int64, limit int) ([]*bridge.BuriedItem, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var out []*bridge.BuriedItem
	for _, it := range s.buried {
		if it.Channel == channel && it.Seq > after {
			out = append(out, &bridge.BuriedItem{Item: *copied(&it.Item), Reason: it.reason, BuriedAt: it.buriedAt})
		}
	}
	slices.SortFunc(out, func(a, b *bridge.BuriedItem) int { return cmp.Compare(a.Seq, b.Seq) })
	return out[:max(min(limit, len(out)), 0)], nil
}

// Retry implements [bridge.Store].
func (s *Store) Retry(ctx context.Context, channel channels.ID, seq int64, now, deadline time.Time) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	it, err := s.exhume(channel, seq)
	if err != nil {
		return err
	}
	s.seq++
	for _, f := range s.files {
		if f.item == it.Seq {
			f.item = s.seq
		}
	}
	it.Seq, it.Attempt, it.Claims, it.Progress, it.due, it.Deadline = s.seq, 0, 0, nil, now, deadline
	it.reason, it.buriedAt = "", time.Time{}
	if l := s.lanes[laneKey{it.Channel, it.Lane}]; l != nil {
		it.order = max(it.order, l.items[len(l.items)-1].order)
	}
	s.enqueue(it)
	return nil
}

// Drop implements [bridge.Store].
func (s *Store) Drop(ctx context.Context, channel channels.ID, seq int64) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if _, err := s.exhume(channel, seq); err != nil {
		return err
	}
	s.removeFiles(func(f *file) bool { return f.item == seq })
	return nil
}

// exhume takes an item from those that are buried.
func (s *Store) exhume(channel channels.ID, seq int64) (*item, error) {
	i := slices.IndexFunc(s.buried, func(it *item) bool { return it.Seq == seq && it.Channel == channel })
	if i < 0 {
		return nil, bridge.ErrNotFound
	}
	it := s.buried[i]
	s.buried = slices.Delete(s.buried, i, i+1)
	return it, nil
}

// Forget implements [bridge.Store].
func (s *Store) Forget(ctx context.Context, p *bridge.Person, match func(*bridge.Item) bool) (int, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	removed := map[int64]bool{}
	remove := func(it *item) bool {
		if it.Channel != p.Channel || it.Portal != p.Portal || !match(copied(&it.Item)) {
			return false
		}
		removed[it.Seq] = true
		return true
	}
	for key, l := range s.lanes {
		l.items = slices.DeleteFunc(l.items, remove)
		if l.claimed != nil && removed[l.claimed.Seq] {
			l.free()
		}
		if len(l.items) == 0 {
			delete(s.lanes, key)
		}
	}
	s.buried = slices.DeleteFunc(s.buried, remove)
	s.removeFiles(func(f *file) bool { return removed[f.item] })
	s.forgetPerson(p)
	return len(removed), nil
}

type holdKey struct {
	channel channels.ID
	name    string
}

// Hold implements [bridge.Store].
func (s *Store) Hold(ctx context.Context, node bridge.Node, name string) (bool, error) {
	if err := s.begin(ctx); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	channel, ok := s.channelOf(node)
	if !ok {
		return false, bridge.ErrLeaseLost
	}
	key := holdKey{channel, name}
	if holder, taken := s.held[key]; taken {
		return holder == node, nil
	}
	s.held[key] = node
	return true, nil
}

// Release implements [bridge.Store].
func (s *Store) Release(ctx context.Context, node bridge.Node, name string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for key, holder := range s.held {
		if holder == node && key.name == name {
			delete(s.held, key)
		}
	}
	return nil
}

func (s *Store) channelOf(node bridge.Node) (channels.ID, bool) {
	for channel, n := range s.nodes {
		if n == node {
			return channel, true
		}
	}
	return "", false
}
