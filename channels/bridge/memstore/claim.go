package memstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Claim implements [bridge.Store].
func (s *Store) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, want bridge.Wanted) (*bridge.Claimed, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if s.nodes[channel] != node {
		return nil, bridge.ErrLeaseLost
	}
	due, next := s.heads(channel, now)
	out := &bridge.Claimed{}
	for _, l := range turns(due, want) {
		out.Items = append(out.Items, l.claim(node))
	}
	if len(out.Items) == 0 {
		out.Next = next
	}
	return out, nil
}

// heads returns the free lanes whose head is due, by portal, and when the next head is.
func (s *Store) heads(channel channels.ID, now time.Time) (due map[int64][]*lane, next time.Time) {
	due = map[int64][]*lane{}
	for key, l := range s.lanes {
		if key.channel != channel || l.claimed != nil {
			continue
		}
		at, ever := s.claimable(l.items[0])
		switch {
		case !ever:
		case !at.After(now):
			due[l.items[0].Portal] = append(due[l.items[0].Portal], l)
		case next.IsZero() || at.Before(next):
			next = at
		}
	}
	return due, next
}

// claimable returns from when on an item can be claimed. ever: it does not have to wait for ResumePortal.
func (s *Store) claimable(it *item) (at time.Time, ever bool) {
	p, paused := s.pauses[portalKey{it.Channel, it.Portal}]
	switch {
	case !paused || !it.Kind.CallsHubSpot():
		return it.due, true
	case p.Until.IsZero():
		return time.Time{}, false
	case p.Until.After(it.due):
		return p.Until, true
	}
	return it.due, true
}

// turns picks from the lanes that are due: of each portal one per round, the longest due first.
func turns(due map[int64][]*lane, want bridge.Wanted) []*lane {
	var portals []int64
	for portal, lanes := range due {
		slices.SortFunc(lanes, func(a, b *lane) int {
			return cmp.Or(a.items[0].due.Compare(b.items[0].due), cmp.Compare(a.items[0].Seq, b.items[0].Seq))
		})
		if want.PerPortal > 0 {
			due[portal] = lanes[:min(len(lanes), max(want.PerPortal-want.Held[portal], 0))]
		}
		portals = append(portals, portal)
	}
	slices.SortFunc(portals, func(a, b int64) int {
		return cmp.Or(later(a, b, want.After), cmp.Compare(a, b))
	})
	var out []*lane
	for round := 0; ; round++ {
		before := len(out)
		for _, portal := range portals {
			if round < len(due[portal]) && len(out) < want.Limit {
				out = append(out, due[portal][round])
			}
		}
		if len(out) == before {
			return out
		}
	}
}

// later compares two portals by whether they come after the one that had its turn last.
func later(a, b, last int64) int {
	switch {
	case a > last && b <= last:
		return -1
	case a <= last && b > last:
		return 1
	}
	return 0
}

// claim begins an attempt of the lane's head.
func (l *lane) claim(node bridge.Node) *bridge.Item {
	l.claimed, l.owner = l.items[0], node
	l.claimed.Attempt++
	l.claimed.Claims++
	return copied(&l.claimed.Item)
}

// copied returns an item that shares nothing with the store's.
func copied(it *bridge.Item) *bridge.Item {
	c := *it
	c.Payload, c.Progress = bytes.Clone(it.Payload), bytes.Clone(it.Progress)
	return &c
}
