package bridgetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

// model is what a store must behave like, in the simplest form: a list of all work that was ever accepted. It knows nothing
// of heads; it looks for them each time.
type model struct {
	work   []*modelItem // in the order of acceptance
	paused map[int64]time.Time
	links  map[string]messages.ID
	person []string
	node   bridge.Node
}

type modelItem struct {
	bridge.NewItem
	state    state
	due      time.Time
	attempt  int
	progress []byte
	reason   string
	end      time.Time
	claim    *bridge.Item // what the store handed out
}

type state int

const (
	waiting state = iota
	taken
	done
	buried
)

// forever is later than all else.
var forever = start.Add(1000 * day)

func (m *model) accept(n *bridge.NewItem) bridge.Acceptance {
	for _, it := range m.work {
		switch {
		case it.Key != n.Key:
		case string(it.Payload) != string(n.Payload):
			return bridge.Conflict
		default:
			return bridge.Duplicate
		}
	}
	it := &modelItem{NewItem: *n, due: cmp.Or(n.Due, n.At)}
	if n.Buried != "" {
		it.state, it.reason, it.end = buried, n.Buried, n.At
	}
	m.work = append(m.work, it)
	return bridge.Accepted
}

// heads returns what can be claimed now, the one that has been due longest first.
func (m *model) heads(now time.Time) []*modelItem {
	var out []*modelItem
	for _, it := range m.work {
		if it.state == waiting && m.isHead(it) && !m.claimable(it).After(now) {
			out = append(out, it)
		}
	}
	slices.SortStableFunc(out, func(a, b *modelItem) int { return a.due.Compare(b.due) })
	return out
}

// isHead: nothing that is left of the lane is under way or comes before the item.
func (m *model) isHead(it *modelItem) bool {
	before := true // of the items before this one in the order of acceptance, those of the same order come first
	for _, other := range m.work {
		if other == it {
			before = false
			continue
		}
		if other.Lane != it.Lane || other.state == done || other.state == buried {
			continue
		}
		if other.state == taken || other.Order < it.Order || other.Order == it.Order && before {
			return false
		}
	}
	return true
}

// claimable returns when the item can be claimed, once it is its lane's head.
func (m *model) claimable(it *modelItem) time.Time {
	if until, ok := m.paused[it.Portal]; ok && it.Kind.CallsHubSpot() && until.After(it.due) {
		return until
	}
	return it.due
}

func (m *model) byPayload(payload []byte) *modelItem {
	i := slices.IndexFunc(m.work, func(it *modelItem) bool { return string(it.Payload) == string(payload) })
	if i < 0 {
		return nil
	}
	return m.work[i]
}

func (m *model) taken() []*modelItem {
	return slices.Collect(func(yield func(*modelItem) bool) {
		for _, it := range m.work {
			if it.state == taken && !yield(it) {
				return
			}
		}
	})
}

// handBack is what Join and Leave do to what is under way.
func (m *model) handBack() {
	for _, it := range m.taken() {
		it.state = waiting
	}
}

func (m *model) finish(it *modelItem, o *bridge.Outcome) {
	it.end, it.reason = o.At, o.Reason
	switch o.Verdict {
	case bridge.Done:
		it.state = done
	case bridge.Bury:
		it.state = buried
	case bridge.Retry:
		it.state, it.due = waiting, o.At
		if o.Free {
			it.attempt--
		}
	}
	for _, f := range o.Follow {
		m.accept(f)
	}
	for _, l := range o.Links {
		m.links[l.ServiceID] = l.HubSpotID
	}
	if o.Person != nil {
		m.person = o.Person.ThreadIDs
	}
}
