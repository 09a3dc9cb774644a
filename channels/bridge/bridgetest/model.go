package bridgetest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

// model is what a store must behave like, in the simplest form: a list of all work that was ever accepted. It knows nothing
// of heads and turns; it looks for them each time.
type model struct {
	work   []*modelItem // in the order of acceptance
	paused map[int64]bridge.Pause
	links  map[string]modelLink
	people map[string][]string // the threads by the name of the person
}

type modelLink struct {
	id messages.ID
	of string // the name of the person, "" if that is not known
}

type modelItem struct {
	bridge.NewItem
	state    state
	due      time.Time
	attempt  int
	claims   int64
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
		case it.Key == "" || it.Key != n.Key:
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

// turns returns what is to be claimed, in the order of the turns.
func (m *model) turns(now time.Time, want bridge.Wanted) []*modelItem {
	var out []*modelItem
	given := map[int64]int{}
	last := want.After
	for len(out) < want.Limit {
		it := m.next(now, last, func(it *modelItem) bool {
			return !slices.Contains(out, it) && (want.PerPortal == 0 || want.Held[it.Portal]+given[it.Portal] < want.PerPortal)
		})
		if it == nil {
			break
		}
		out = append(out, it)
		given[it.Portal]++
		last = it.Portal
	}
	return out
}

// next returns what has been due longest of the first portal after the last one that has something.
func (m *model) next(now time.Time, last int64, may func(*modelItem) bool) *modelItem {
	var best *modelItem
	for _, it := range m.work {
		if it.state != waiting || !m.isHead(it) || m.claimable(it).After(now) || !may(it) {
			continue
		}
		if best == nil || cmp.Or(byTurn(last, it.Portal, best.Portal), it.due.Compare(best.due)) < 0 {
			best = it
		}
	}
	return best
}

// byTurn compares two portals: those with a higher id than the last one's come first.
func byTurn(last, a, b int64) int {
	if (a > last) != (b > last) {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
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
	if pause, ok := m.paused[it.Portal]; ok && it.Kind.CallsHubSpot() && endOf(pause.Until).After(it.due) {
		return endOf(pause.Until)
	}
	return it.due
}

func endOf(until time.Time) time.Time { return cmp.Or(until, forever) }

func (m *model) byPayload(payload []byte) *modelItem {
	i := slices.IndexFunc(m.work, func(it *modelItem) bool { return string(it.Payload) == string(payload) })
	if i < 0 {
		return nil
	}
	return m.work[i]
}

// in returns all that is in a state, in the order of acceptance.
func (m *model) in(s state) []*modelItem {
	var out []*modelItem
	for _, it := range m.work {
		if it.state == s {
			out = append(out, it)
		}
	}
	return out
}

// handBack is what Join and Leave do to what is under way.
func (m *model) handBack() {
	for _, it := range m.in(taken) {
		it.state = waiting
	}
}

// finish returns what the node goes on with.
func (m *model) finish(it *modelItem, o *bridge.Outcome) *modelItem {
	it.end, it.reason = o.At, o.Reason
	switch o.Verdict {
	case bridge.Done:
		it.state = done
	case bridge.Bury:
		it.state = buried
	case bridge.Retry:
		it.state, it.due = waiting, o.At
		if o.Progress != nil {
			it.progress = o.Progress
		}
		if o.Free {
			it.attempt--
		}
	}
	var who string
	if o.Person != nil {
		who = o.Person.Identifier.Value
		m.people[who] = o.Person.ThreadIDs
	}
	for _, l := range o.Links {
		m.links[l.ServiceID] = modelLink{l.HubSpotID, cmp.Or(who, m.links[l.ServiceID].of)}
	}
	for _, f := range o.Follow {
		m.accept(f)
	}
	if o.Then == nil || m.accept(o.Then) != bridge.Accepted {
		return nil
	}
	then := m.work[len(m.work)-1]
	if then.state != waiting || m.claimable(then).After(then.At) || slices.ContainsFunc(m.work, func(other *modelItem) bool {
		return other != then && other.Lane == then.Lane && (other.state == waiting || other.state == taken)
	}) {
		return nil
	}
	return then
}

// retry puts what is buried behind all that is left of its lane.
func (m *model) retry(it *modelItem, now time.Time) {
	m.work = slices.DeleteFunc(m.work, func(other *modelItem) bool { return other == it })
	for _, other := range m.work {
		if other.Lane == it.Lane && (other.state == waiting || other.state == taken) {
			it.Order = max(it.Order, other.Order)
		}
	}
	it.state, it.due, it.attempt, it.claims, it.progress = waiting, now, 0, 0, nil
	m.work = append(m.work, it)
}

// forget removes a person, the links of their messages, and the items of a portal that match.
func (m *model) forget(who string, portal int64, match func(payload []byte) bool) (count int) {
	delete(m.people, who)
	maps.DeleteFunc(m.links, func(_ string, l modelLink) bool { return l.of == who })
	for _, it := range m.work {
		if it.Portal == portal && it.state != done && match(it.Payload) {
			it.state = done // its key stays known
			count++
		}
	}
	return count
}
