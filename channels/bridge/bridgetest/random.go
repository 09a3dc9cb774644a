package bridgetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

const (
	modelSeeds = 12
	modelSteps = 150
)

// runModel does the same random things to the store and to the model, and compares what they answer. The seed is part of
// the subtest's name: run that one alone to see it again.
func runModel(t *testing.T, open func(t *testing.T) bridge.Store) {
	for seed := range uint64(modelSeeds) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			p := newProbe(t, open(t), "a store behaves like a list of all that was accepted, searched anew for every claim")
			r := &random{
				probe: p, Rand: rand.New(rand.NewPCG(seed, 0)),
				model: &model{paused: map[int64]bridge.Pause{}, links: map[string]modelLink{}, people: map[string][]string{}},
			}
			r.run()
		})
	}
}

type random struct {
	*probe
	*rand.Rand
	model *model
	last  int64    // the portal that had its turn last
	steps []string // what was done so far
	ended []ended
}

// ended is an attempt that is over.
type ended struct {
	node bridge.Node
	item *bridge.Item
}

func (r *random) run() {
	r.t.Cleanup(func() {
		if r.t.Failed() {
			for _, step := range r.steps[max(0, len(r.steps)-40):] {
				r.t.Log(step)
			}
		}
	})
	actions := []struct {
		weight int
		do     func()
	}{
		{30, r.acceptSome}, {30, r.claimSome}, {30, r.finishOne}, {5, r.checkpointOne}, {3, r.pauseOne}, {3, r.resumeOne},
		{2, r.rejoin}, {4, r.writeStale}, {4, r.retryBuried}, {2, r.dropBuried}, {2, r.forgetSome}, {2, r.holdOne},
	}
	var deck []func()
	for _, a := range actions {
		deck = append(deck, slices.Repeat([]func(){a.do}, a.weight)...)
	}
	for range modelSteps {
		r.now = r.now.Add(time.Duration(1+r.IntN(20_000)) * time.Millisecond)
		deck[r.IntN(len(deck))]()
	}
	r.compare()
}

func (r *random) note(format string, args ...any) {
	r.steps = append(r.steps, r.now.Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// portals are few, so that they share lanes, and wide apart.
var portals = []int64{math.MinInt64, -3, 7, math.MaxInt64}

func (r *random) portal() int64 { return portals[r.IntN(len(portals))] }

// some returns an item that may be new, known or in conflict with a known one.
func (r *random) some() *bridge.NewItem {
	kinds := []bridge.Kind{bridge.KindIncoming, bridge.KindOutgoing, bridge.KindStatus}
	n := r.IntN(200)
	it := &bridge.NewItem{
		Key: fmt.Sprint("key ", n), Channel: channel, Kind: kinds[r.IntN(len(kinds))], Portal: r.portal(),
		Lane: fmt.Sprint("lane ", r.IntN(8)), Order: int64(r.IntN(5)), Payload: fmt.Append(nil, n), At: r.now,
	}
	switch r.IntN(12) {
	case 0:
		it.Payload = fmt.Append(nil, n, " in conflict ", len(r.steps))
	case 1:
		it.Buried = "buried at once"
	case 2, 3:
		it.Due = r.now.Add(time.Duration(r.IntN(60_000)) * time.Millisecond)
	}
	return it
}

// follow returns an item that may be without a key.
func (r *random) follow() *bridge.NewItem {
	it := r.some()
	if r.IntN(3) == 0 {
		r.count++
		it.Key, it.Payload = "", fmt.Append(nil, "keyless ", r.count)
	}
	return it
}

func (r *random) several(most int) []*bridge.NewItem {
	var out []*bridge.NewItem
	for range r.IntN(most + 1) {
		out = append(out, r.follow())
	}
	return out
}

func (r *random) acceptSome() {
	var items []*bridge.NewItem
	for range 1 + r.IntN(4) {
		items = append(items, r.some())
	}
	got, err := r.store.Accept(r.ctx, items...)
	r.ok("Accept", err)
	var want []bridge.Acceptance
	for _, it := range items {
		want = append(want, r.model.accept(it))
		r.note("accept %q lane=%s order=%d kind=%s portal=%d due=%v", it.Payload, it.Lane, it.Order, it.Kind, it.Portal, it.Due)
	}
	r.equal("the answer of Accept", got, want)
}

func (r *random) claimSome() {
	want := bridge.Wanted{Limit: 1 + r.IntN(5), After: r.last}
	if r.IntN(4) == 0 {
		want.After = int64(r.Uint64())
	}
	if r.IntN(2) == 0 {
		want.PerPortal, want.Held = 1+r.IntN(3), map[int64]int{}
		for _, it := range r.model.in(taken) {
			want.Held[it.Portal]++
		}
	}
	claimed := r.claimAs(want)
	r.note("claim %+v: %q", want, payloads(claimed.Items))
	turns := r.model.turns(r.now, want)
	r.equal("whose turns they are", portalsOf(claimed.Items), modelPortals(turns))
	due := r.model.turns(r.now, bridge.Wanted{Limit: math.MaxInt})
	for i, it := range claimed.Items {
		own := r.model.byPayload(it.Payload)
		if own == nil || own.state != waiting || !slices.Contains(due, own) {
			r.fatalf("%q was claimed, which is not the head of a lane that is due", it.Payload)
		}
		// Lanes that have been due equally long come in any order.
		r.equal("since when the claimed one is due", own.due, turns[i].due)
		r.take(own, it)
		r.last = it.Portal
	}
	if len(claimed.Items) == 0 {
		r.checkNext(claimed.Next, want)
	} else {
		r.equal("Next where something was claimed", claimed.Next, time.Time{})
	}
}

// take notes that the store gave out an item.
func (r *random) take(own *modelItem, it *bridge.Item) {
	own.state, own.attempt, own.claims, own.claim = taken, own.attempt+1, own.claims+1, it
	r.equal("the claimed item", *it, bridge.Item{
		Seq: it.Seq, Kind: own.Kind, Channel: channel, Portal: own.Portal, Lane: own.Lane, Payload: own.Payload,
		Progress: own.progress, Attempt: own.attempt, Claims: own.claims, Accepted: own.At, Deadline: own.Deadline,
	})
}

func modelPortals(items []*modelItem) []int64 {
	var out []int64
	for _, it := range items {
		out = append(out, it.Portal)
	}
	return out
}

// checkNext: Next may not be later than when something can be claimed, nor in the past, nor be set if nothing waits.
func (r *random) checkNext(next time.Time, want bridge.Wanted) {
	soonest, idle := forever, true
	for _, it := range r.model.in(waiting) {
		at := r.model.claimable(it)
		full := want.PerPortal > 0 && want.Held[it.Portal] >= want.PerPortal
		if r.model.isHead(it) && !full && at.After(r.now) && at.Before(soonest) {
			soonest = at
		}
		idle = idle && !it.due.After(r.now)
	}
	for _, pause := range r.model.paused {
		idle = idle && !(pause.Until.After(r.now))
	}
	switch {
	case next.IsZero() && soonest.Before(forever):
		r.fatalf("Next is zero, but something is due at %v", soonest)
	case next.After(soonest) || !next.IsZero() && !next.After(r.now):
		r.fatalf("Next is %v, but it is %v and something is due at %v", next, r.now, soonest)
	case idle && !next.IsZero():
		r.fatalf("Next is %v, but nothing waits for a time", next)
	}
}

// compare looks at all that does not show in claims.
func (r *random) compare() {
	got, want := map[string]string{}, map[string]string{}
	for _, it := range r.buried() {
		got[string(it.Payload)] = fmt.Sprint(it.Reason, " ", it.Attempt, " ", it.BuriedAt.UTC())
	}
	for _, it := range r.model.in(buried) {
		want[string(it.Payload)] = fmt.Sprint(it.reason, " ", it.attempt, " ", it.end.UTC())
	}
	r.equal("what is buried", got, want)
	r.compareDepths()
	for n := range 9 {
		service := fmt.Sprint("service ", n)
		if l, ok := r.model.links[service]; ok {
			r.isLinked(service, l.id)
		} else {
			r.isNotLinked(service)
		}
	}
	for n := range 3 {
		who := somebody(n)
		if threads, ok := r.model.people[who.Identifier.Value]; ok {
			who.ThreadIDs = threads
			r.personIs(who)
		} else {
			r.isUnknown(who)
		}
	}
}

func (r *random) compareDepths() {
	want := map[depthKey]bridge.Depth{}
	for _, it := range r.model.work {
		key := depthKey{it.Portal, it.Kind}
		d := want[key]
		d.Portal, d.Kind = it.Portal, it.Kind
		switch it.state {
		case done:
			continue
		case buried:
			d.Buried++
		default:
			d.Waiting++
			if d.Oldest.IsZero() || it.At.Before(d.Oldest) {
				d.Oldest = it.At
			}
		}
		want[key] = d
	}
	r.depthsAre(want)
}
