package bridgetest_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
)

// claimer alters what is asked of Claim, or what it answers.
type claimer struct {
	*memstore.Store
	ask    func(*bridge.Wanted)
	answer func(*bridge.Claimed, bridge.Wanted)
}

func asked(ask func(*bridge.Wanted)) func(*memstore.Store) bridge.Store {
	return func(s *memstore.Store) bridge.Store {
		return claimer{s, ask, func(*bridge.Claimed, bridge.Wanted) {}}
	}
}

func answered(answer func(*bridge.Claimed, bridge.Wanted)) func(*memstore.Store) bridge.Store {
	return func(s *memstore.Store) bridge.Store { return claimer{s, func(*bridge.Wanted) {}, answer} }
}

func (c claimer) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, want bridge.Wanted) (*bridge.Claimed, error) {
	c.ask(&want)
	claimed, err := c.Store.Claim(ctx, node, channel, now, want)
	if err == nil {
		c.answer(claimed, want)
	}
	return claimed, err
}

// finisher alters what is passed to Finish, or what it answers.
type finisher struct {
	*memstore.Store
	change func(*bridge.Outcome)
	answer func(*bridge.Outcome, *bridge.Item) *bridge.Item
}

func outcome(change func(*bridge.Outcome)) func(*memstore.Store) bridge.Store {
	return func(s *memstore.Store) bridge.Store {
		return finisher{s, change, func(_ *bridge.Outcome, then *bridge.Item) *bridge.Item { return then }}
	}
}

func finished(answer func(*bridge.Outcome, *bridge.Item) *bridge.Item) func(*memstore.Store) bridge.Store {
	return func(s *memstore.Store) bridge.Store { return finisher{s, func(*bridge.Outcome) {}, answer} }
}

func (f finisher) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	changed := *o
	f.change(&changed)
	then, err := f.Store.Finish(ctx, node, it, &changed)
	if err != nil {
		return nil, err
	}
	return f.answer(&changed, then), nil
}

// lastFirst claims all, and gives back what came first.
type lastFirst struct{ *memstore.Store }

func (s lastFirst) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, want bridge.Wanted) (*bridge.Claimed, error) {
	limit := want.Limit
	want.Limit = math.MaxInt
	claimed, err := s.Store.Claim(ctx, node, channel, now, want)
	if err != nil {
		return nil, err
	}
	slices.Reverse(claimed.Items)
	for len(claimed.Items) > limit {
		last := claimed.Items[len(claimed.Items)-1]
		claimed.Items = claimed.Items[:len(claimed.Items)-1]
		if _, err := s.Finish(ctx, node, last, &bridge.Outcome{Verdict: bridge.Retry, At: now, Free: true}); err != nil {
			return nil, err
		}
	}
	return claimed, nil
}

// pausesAll gives nobody anything of a paused portal.
type pausesAll struct{ *memstore.Store }

func (s pausesAll) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, want bridge.Wanted) (*bridge.Claimed, error) {
	pauses, err := s.Pauses(ctx, channel, now)
	if err != nil {
		return nil, err
	}
	claimed, err := s.Store.Claim(ctx, node, channel, now, want)
	if err != nil {
		return nil, err
	}
	claimed.Items = slices.DeleteFunc(claimed.Items, func(it *bridge.Item) bool {
		return slices.ContainsFunc(pauses, func(p bridge.Pause) bool { return p.Portal == it.Portal })
	})
	return claimed, nil
}

type lastPause struct{ *memstore.Store }

func (s lastPause) PausePortal(ctx context.Context, channel channels.ID, portal int64, until time.Time, reason string) error {
	if err := s.ResumePortal(ctx, channel, portal); err != nil {
		return err
	}
	return s.Store.PausePortal(ctx, channel, portal, until, reason)
}

type oldPauses struct{ *memstore.Store }

func (s oldPauses) Pauses(ctx context.Context, channel channels.ID, _ time.Time) ([]bridge.Pause, error) {
	return s.Store.Pauses(ctx, channel, time.Time{})
}

type anyHolder struct{ *memstore.Store }

func (anyHolder) Hold(context.Context, bridge.Node, string) (bool, error) { return true, nil }

// shallow counts only what waits.
type shallow struct{ *memstore.Store }

func (s shallow) Depths(ctx context.Context, channel channels.ID) ([]bridge.Depth, error) {
	depths, err := s.Store.Depths(ctx, channel)
	return slices.DeleteFunc(depths, func(d bridge.Depth) bool { return d.Waiting == 0 }), err
}

type onePage struct{ *memstore.Store }

func (s onePage) Buried(ctx context.Context, channel channels.ID, _ int64, limit int) ([]*bridge.BuriedItem, error) {
	return s.Store.Buried(ctx, channel, 0, limit)
}

type oldDeadline struct{ *memstore.Store }

func (s oldDeadline) Retry(ctx context.Context, channel channels.ID, seq int64, now, deadline time.Time) error {
	if it := find(ctx, s, channel, seq); it != nil {
		deadline = it.Deadline
	}
	return s.Store.Retry(ctx, channel, seq, now, deadline)
}

// acceptsAnew knows no other way to retry.
type acceptsAnew struct{ *memstore.Store }

func (s acceptsAnew) Retry(ctx context.Context, channel channels.ID, seq int64, now, deadline time.Time) error {
	it := find(ctx, s, channel, seq)
	if it == nil {
		return bridge.ErrNotFound
	}
	if err := s.Drop(ctx, channel, seq); err != nil {
		return err
	}
	_, err := s.Accept(ctx, &bridge.NewItem{
		Key: fmt.Sprint("again ", seq), Kind: it.Kind, Channel: channel, Portal: it.Portal, Lane: it.Lane, Payload: it.Payload, At: now,
		Deadline: deadline, Order: math.MaxInt64,
	})
	return err
}

func find(ctx context.Context, s bridge.Store, channel channels.ID, seq int64) *bridge.BuriedItem {
	items, err := s.Buried(ctx, channel, seq-1, 1)
	if err != nil || len(items) == 0 || items[0].Seq != seq {
		return nil
	}
	return items[0]
}

type keeps struct{ *memstore.Store }

func (keeps) Drop(context.Context, channels.ID, int64) error { return nil }

// pretends to retry what is not there.
type pretends struct{ *memstore.Store }

func (s pretends) Retry(ctx context.Context, channel channels.ID, seq int64, now, deadline time.Time) error {
	_ = s.Store.Retry(ctx, channel, seq, now, deadline)
	return nil
}

// forgetter decides about some items by itself.
type forgetter struct {
	*memstore.Store
	decide func(*bridge.Item) (match, decided bool)
}

func forgets(decide func(*bridge.Item) (match, decided bool)) func(*memstore.Store) bridge.Store {
	return func(s *memstore.Store) bridge.Store { return forgetter{s, decide} }
}

func (s forgetter) Forget(ctx context.Context, p *bridge.Person, match func(*bridge.Item) bool) (int, error) {
	return s.Store.Forget(ctx, p, func(it *bridge.Item) bool {
		if matches, decided := s.decide(it); decided {
			return matches
		}
		return match(it)
	})
}

type allPortals struct{ *memstore.Store }

func (s allPortals) Forget(ctx context.Context, p *bridge.Person, match func(*bridge.Item) bool) (int, error) {
	other := *p
	other.Portal = 2
	if _, err := s.Store.Forget(ctx, &other, match); err != nil {
		return 0, err
	}
	return s.Store.Forget(ctx, p, match)
}

// deaf goes on although the caller has gone away.
type deaf struct{ *memstore.Store }

func (s deaf) Forget(_ context.Context, p *bridge.Person, match func(*bridge.Item) bool) (int, error) {
	return s.Store.Forget(context.Background(), p, match)
}

// sameAttempt takes a call about an attempt for one about the last of that number.
type sameAttempt struct {
	*memstore.Store
	last map[int64]*bridge.Item
}

func (s *sameAttempt) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, want bridge.Wanted) (*bridge.Claimed, error) {
	claimed, err := s.Store.Claim(ctx, node, channel, now, want)
	if err == nil {
		for _, it := range claimed.Items {
			s.last[it.Seq] = it
		}
	}
	return claimed, err
}

func (s *sameAttempt) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	if last := s.last[it.Seq]; last != nil && last.Attempt == it.Attempt {
		it = last
	}
	return s.Store.Finish(ctx, node, it, o)
}
