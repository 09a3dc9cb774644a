package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

// Operator looks after the work of a channel: what waits, what was buried and why, which portals are paused, what is kept
// of a person. It needs nothing but the [Store], so that it works in any process, whether a bridge is running on the store
// or not; a running one notices within a second what was changed.
//
// Make one with [NewOperator], or in the process of a bridge with [Bridge.Operator]. Its methods are safe for concurrent
// use.
type Operator struct {
	// DeliverFor is how long Send is tried for an outgoing message that Retry puts back. Defaults to 24 hours.
	DeliverFor time.Duration

	// HoldFor is how long an incoming message that Retry puts back may wait. Defaults to 7 days.
	HoldFor time.Duration

	store   Store
	channel channels.ID
	poke    func() // wakes the bridge of this process
}

// NewOperator makes an operator for one channel of a store.
func NewOperator(store Store, channel channels.ID) (*Operator, error) {
	if store == nil || channel == "" {
		return nil, errors.New("bridge: an Operator needs a Store and the id of the channel")
	}
	return &Operator{DeliverFor: 24 * time.Hour, HoldFor: 7 * 24 * time.Hour, store: store, channel: channel, poke: func() {}}, nil
}

// Operator returns an operator for the bridge's channel, with the bridge's times, whose changes the bridge notices at
// once. It returns an error as long as the channel is not registered.
func (b *Bridge) Operator(ctx context.Context) (*Operator, error) {
	channel, err := b.channelID(ctx)
	if err != nil {
		return nil, err
	}
	return &Operator{DeliverFor: b.cfg.DeliverFor, HoldFor: b.cfg.HoldFor, store: b.store, channel: channel, poke: b.poke}, nil
}

// Stats is how much work there is.
type Stats struct {
	// Portals are those that have work or are paused, in the order of their ids. What HubSpot sent and nobody could
	// understand belongs to portal 0.
	Portals []PortalStats
}

// PortalStats is how much work there is of one portal.
type PortalStats struct {
	Portal int64
	Work   map[Kind]Load // without the kinds of which there is nothing
	Pause  *Pause        // nil if the portal is not paused
}

// Load is how much there is of one kind of work.
type Load struct {
	Waiting int           // what is neither done nor buried, work that is under way included
	Oldest  time.Duration // the age of the oldest that waits; 0 if nothing does
	Buried  int           // what was set aside
}

// Stats counts the channel's work. It reads the whole queue, so call it every minute rather than every second, and use
// [Trace] for more.
func (o *Operator) Stats(ctx context.Context) (*Stats, error) {
	now := time.Now()
	depths, err := o.store.Depths(ctx, o.channel)
	if err != nil {
		return nil, err
	}
	pauses, err := o.store.Pauses(ctx, o.channel, now)
	if err != nil {
		return nil, err
	}
	s := &Stats{}
	for _, d := range depths {
		load := Load{Waiting: d.Waiting, Buried: d.Buried}
		if d.Waiting > 0 {
			load.Oldest = max(now.Sub(d.Oldest), 0)
		}
		s.portal(d.Portal).Work[d.Kind] = load
	}
	for _, p := range pauses {
		s.portal(p.Portal).Pause = &p
	}
	slices.SortFunc(s.Portals, func(a, b PortalStats) int { return cmp.Compare(a.Portal, b.Portal) })
	return s, nil
}

// portal returns the entry of a portal, which it adds if there is none. Depths come portal by portal.
func (s *Stats) portal(id int64) *PortalStats {
	i := slices.IndexFunc(s.Portals, func(p PortalStats) bool { return p.Portal == id })
	if i < 0 {
		i = len(s.Portals)
		s.Portals = append(s.Portals, PortalStats{Portal: id, Work: map[Kind]Load{}})
	}
	return &s.Portals[i]
}

// buriedPage is how many buried items are read at a time. A payload may have a megabyte.
const buriedPage = 50

// Buried lists what was set aside, oldest first, and reads page after page while it is ranged over. An error ends it. What
// is buried meanwhile comes as well, also what was put back and failed again: to retry all, list first.
//
// The payloads are what people wrote, with their addresses.
func (o *Operator) Buried(ctx context.Context) iter.Seq2[*BuriedItem, error] {
	return func(yield func(*BuriedItem, error) bool) {
		for after := int64(0); ; {
			page, err := o.store.Buried(ctx, o.channel, after, buriedPage)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, it := range page {
				if !yield(it, nil) {
					return
				}
				after = it.Seq
			}
			if len(page) < buriedPage {
				return
			}
		}
	}
}

// Retry puts a buried item at the end of its conversation, under a new Seq and with all its time ahead: DeliverFor for an
// outgoing message, HoldFor for an incoming one, 24 hours for a status. It comes after what was done meanwhile. An agent's
// message is sent as a whole, without what [Outgoing.Delivered] has recorded; it was FAILED, and becomes SENT if it is
// delivered now.
//
// An incoming message whose fate is not known, which its reason says, may appear a second time, since HubSpot may have
// forgotten the first: look into the inbox before.
//
// The error matches [ErrNotFound] if no such item is buried, and [ErrInvalid] for a webhook that could not be understood:
// nothing can be done with it but to read and to Drop it.
func (o *Operator) Retry(ctx context.Context, seq int64) error {
	page, err := o.store.Buried(ctx, o.channel, seq-1, 1)
	if err != nil {
		return err
	}
	if len(page) == 0 || page[0].Seq != seq {
		return notBuried(seq, ErrNotFound)
	}
	now := time.Now()
	deadline := now
	switch kind := page[0].Kind; kind {
	case KindUnread:
		return fmt.Errorf("%w: item %d is a webhook that was not understood; it can only be dropped", ErrInvalid, seq)
	case KindOutgoing:
		deadline = now.Add(o.DeliverFor)
	case KindStatus, KindReport:
		deadline = now.Add(reportFor)
	default:
		deadline = now.Add(o.HoldFor)
	}
	if err := o.store.Retry(ctx, o.channel, seq, now, deadline); err != nil {
		return notBuried(seq, err)
	}
	o.poke()
	return nil
}

// Drop removes a buried item for good. The error matches [ErrNotFound] if no such item is buried.
func (o *Operator) Drop(ctx context.Context, seq int64) error {
	return notBuried(seq, o.store.Drop(ctx, o.channel, seq))
}

func notBuried(seq int64, err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: item %d is not buried (any more)", err, seq)
	}
	return err
}

// PausePortal holds back the portal's work that calls HubSpot, as when HubSpot itself asks for a pause: customers'
// messages and statuses wait, agents' messages are still sent. Deadlines run on: what is past its own when the pause ends
// has one attempt more, and is set aside if that fails. until is when it goes on; the zero time means until
// [Operator.ResumePortal], or until the app is installed in the portal anew. A pause that is longer already stays as it is.
// reason is for operators.
func (o *Operator) PausePortal(ctx context.Context, portal int64, until time.Time, reason string) error {
	return o.store.PausePortal(ctx, o.channel, portal, until, reason)
}

// ResumePortal ends the pause of a portal, whoever made it. If HubSpot's reason for it persists, it pauses again.
func (o *Operator) ResumePortal(ctx context.Context, portal int64) error {
	if err := o.store.ResumePortal(ctx, o.channel, portal); err != nil {
		return err
	}
	o.poke()
	return nil
}
