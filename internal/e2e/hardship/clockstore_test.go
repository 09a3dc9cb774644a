package hardship

import (
	"context"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
)

// clockedStore is a store whose times stay what they were when the node's clock jumps.
type clockedStore struct {
	*memstore.Store
	node *clockedNode
}

// in is a time of the node's as the store keeps it, out the other way round.
func (s *clockedStore) in(t time.Time) time.Time  { return shifted(t, s.node.off()) }
func (s *clockedStore) out(t time.Time) time.Time { return shifted(t, -s.node.off()) }

func shifted(t time.Time, d time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(d)
}

func (s *clockedStore) newItem(it *bridge.NewItem) *bridge.NewItem {
	if it == nil {
		return nil
	}
	c := *it
	c.At, c.Due, c.Deadline = s.in(c.At), s.in(c.Due), s.in(c.Deadline)
	return &c
}

func (s *clockedStore) newItems(items []*bridge.NewItem) []*bridge.NewItem {
	var out []*bridge.NewItem
	for _, it := range items {
		out = append(out, s.newItem(it))
	}
	return out
}

func (s *clockedStore) item(it *bridge.Item) *bridge.Item {
	if it == nil {
		return nil
	}
	c := *it
	c.Accepted, c.Deadline = s.out(c.Accepted), s.out(c.Deadline)
	return &c
}

func (s *clockedStore) Accept(ctx context.Context, items ...*bridge.NewItem) ([]bridge.Acceptance, error) {
	return s.Store.Accept(ctx, s.newItems(items)...)
}

func (s *clockedStore) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, want bridge.Wanted) (*bridge.Claimed, error) {
	got, err := s.Store.Claim(ctx, node, channel, s.in(now), want)
	if err != nil {
		return nil, err
	}
	for i, it := range got.Items {
		got.Items[i] = s.item(it)
	}
	got.Next = s.out(got.Next)
	return got, nil
}

func (s *clockedStore) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	c := *o
	c.At, c.Follow, c.Then = s.in(c.At), s.newItems(c.Follow), s.newItem(c.Then)
	then, err := s.Store.Finish(ctx, node, it, &c)
	return s.item(then), err
}

func (s *clockedStore) PausePortal(ctx context.Context, channel channels.ID, portal int64, until time.Time, reason string) error {
	return s.Store.PausePortal(ctx, channel, portal, s.in(until), reason)
}

func (s *clockedStore) Pauses(ctx context.Context, channel channels.ID, now time.Time) ([]bridge.Pause, error) {
	pauses, err := s.Store.Pauses(ctx, channel, s.in(now))
	for i := range pauses {
		pauses[i].Until = s.out(pauses[i].Until)
	}
	return pauses, err
}

func (s *clockedStore) Sweep(ctx context.Context, now time.Time) error {
	return s.Store.Sweep(ctx, s.in(now))
}
