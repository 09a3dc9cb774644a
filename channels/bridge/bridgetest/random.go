package bridgetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
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
				model: &model{paused: map[int64]time.Time{}, links: map[string]messages.ID{}, node: p.node},
			}
			r.run()
		})
	}
}

type random struct {
	*probe
	*rand.Rand
	model *model
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
		{2, r.rejoin}, {4, r.writeStale},
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

// some returns an item that may be new, known or in conflict with a known one.
func (r *random) some() *bridge.NewItem {
	kinds := []bridge.Kind{bridge.KindIncoming, bridge.KindOutgoing, bridge.KindStatus}
	n := r.IntN(200)
	it := &bridge.NewItem{
		Key: fmt.Sprint("key ", n), Channel: channel, Kind: kinds[r.IntN(len(kinds))], Portal: int64(1 + r.IntN(2)),
		Lane: fmt.Sprint("lane ", r.IntN(4)), Order: int64(r.IntN(5)), Payload: fmt.Append(nil, n), At: r.now,
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

func (r *random) several(most int) []*bridge.NewItem {
	var out []*bridge.NewItem
	for range r.IntN(most + 1) {
		out = append(out, r.some())
	}
	return out
}

func (r *random) acceptSome() {
	items := append(r.several(3), r.some())
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
	limit := 1 + r.IntN(4)
	claimed := r.claim(limit)
	r.note("claim %d: %q", limit, payloads(claimed.Items))
	heads := r.model.heads(r.now)
	r.equal("how many are claimed", len(claimed.Items), min(limit, len(heads)))
	for i, it := range claimed.Items {
		own := r.model.byPayload(it.Payload)
		if own == nil || !slices.Contains(heads, own) {
			r.fatalf("%q was claimed, which is not the head of a lane that is due", it.Payload)
		}
		// Lanes that have been due equally long come in any order.
		r.equal("since when the claimed one is due", own.due, heads[i].due)
		own.state, own.attempt, own.claim = taken, own.attempt+1, it
		r.equal("the claimed item", *it, bridge.Item{
			Seq: it.Seq, Kind: own.Kind, Channel: channel, Portal: own.Portal, Lane: own.Lane, Payload: own.Payload,
			Progress: own.progress, Attempt: own.attempt, Accepted: own.At,
		})
	}
	if len(claimed.Items) < limit {
		r.checkNext(claimed.Next)
	}
}

// checkNext: Next may not be later than when more can be claimed, nor in the past.
func (r *random) checkNext(next time.Time) {
	soonest := forever
	for _, it := range r.model.work {
		if at := r.model.claimable(it); it.state == waiting && r.model.isHead(it) && at.After(r.now) && at.Before(soonest) {
			soonest = at
		}
	}
	switch {
	case next.IsZero() && soonest.Before(forever):
		r.fatalf("Next is zero, but something is due at %v", soonest)
	case next.After(soonest) || !next.IsZero() && !next.After(r.now):
		r.fatalf("Next is %v, but it is %v and something is due at %v", next, r.now, soonest)
	}
}

func (r *random) anyTaken() *modelItem {
	items := r.model.taken()
	if len(items) == 0 {
		return nil
	}
	return items[r.IntN(len(items))]
}

func (r *random) finishOne() {
	it := r.anyTaken()
	if it == nil {
		return
	}
	o := &bridge.Outcome{At: r.now, Reason: "reason", Follow: r.several(2)}
	switch r.IntN(6) {
	case 0, 1:
		o.Verdict, o.At, o.Free = bridge.Retry, r.now.Add(time.Duration(r.IntN(30_000))*time.Millisecond), r.IntN(2) == 0
	case 2:
		o.Verdict = bridge.Bury
	}
	if r.IntN(2) == 0 {
		o.Links = []bridge.Link{aLink(fmt.Sprint("service ", r.IntN(10)), messages.ID(fmt.Sprint(r.IntN(1000))))}
		o.Person = aPerson(fmt.Sprint(r.IntN(1000)))
	}
	r.note("finish %q verdict=%d free=%v at=%v follow=%d", it.Payload, o.Verdict, o.Free, o.At, len(o.Follow))
	r.finish(it.claim, o)
	r.model.finish(it, o)
	if !o.Free { // an attempt that does not count is not told from its repetition
		r.ended = append(r.ended, ended{r.node, it.claim})
	}
}

func (r *random) checkpointOne() {
	if it := r.anyTaken(); it != nil {
		it.progress = fmt.Append(nil, r.now)
		r.note("checkpoint %q", it.Payload)
		r.ok("Checkpoint", r.store.Checkpoint(r.ctx, r.node, it.claim, it.progress))
	}
}

func (r *random) pauseOne() {
	portal, until := int64(1+r.IntN(2)), r.now.Add(time.Duration(r.IntN(60))*time.Second)
	end := until
	if r.IntN(3) == 0 {
		until, end = time.Time{}, forever
	}
	if end.After(r.model.paused[portal]) {
		r.model.paused[portal] = end
	}
	r.note("pause portal=%d until=%v", portal, until)
	r.ok("PausePortal", r.store.PausePortal(r.ctx, channel, portal, until, "reason"))
}

func (r *random) resumeOne() {
	portal := int64(1 + r.IntN(2))
	r.note("resume portal=%d", portal)
	delete(r.model.paused, portal)
	r.ok("ResumePortal", r.store.ResumePortal(r.ctx, channel, portal))
}

func (r *random) rejoin() {
	r.note("rejoin")
	for _, it := range r.model.taken() {
		r.ended = append(r.ended, ended{r.node, it.claim})
	}
	if r.IntN(2) == 0 {
		r.ok("Leave", r.store.Leave(r.ctx, r.node))
	}
	r.join()
	r.model.handBack()
}

// writeStale repeats the end of an attempt that is over.
func (r *random) writeStale() {
	if len(r.ended) == 0 {
		return
	}
	e := r.ended[r.IntN(len(r.ended))]
	r.note("stale write of %q", e.item.Payload)
	err := r.store.Finish(r.ctx, e.node, e.item, &bridge.Outcome{Verdict: bridge.Done, At: r.now, Follow: r.several(2)})
	r.fails("a stale Finish", err, bridge.ErrLeaseLost)
}

// compare looks at all that does not show in claims.
func (r *random) compare() {
	got := map[string]string{}
	for _, it := range r.buried() {
		got[string(it.Payload)] = fmt.Sprint(it.Reason, " ", it.Attempt, " ", it.BuriedAt.UTC())
	}
	want := map[string]string{}
	for _, it := range r.model.work {
		if it.state == buried {
			want[string(it.Payload)] = fmt.Sprint(it.reason, " ", it.attempt, " ", it.end.UTC())
		}
	}
	r.equal("what is buried", got, want)
	for service, id := range r.model.links {
		r.isLinked(service, id)
	}
	if r.model.person != nil {
		r.personIs(aPerson(r.model.person...))
	}
}
