package bridgetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

// oneOf returns an item that is in a state, or nil.
func (r *random) oneOf(s state) *modelItem {
	items := r.model.in(s)
	if len(items) == 0 {
		return nil
	}
	return items[r.IntN(len(items))]
}

func (r *random) finishOne() {
	it := r.oneOf(taken)
	if it == nil {
		return
	}
	o := &bridge.Outcome{At: r.now, Reason: "reason", Follow: r.several(2)}
	switch r.IntN(6) {
	case 0, 1:
		o.Verdict, o.At, o.Free = bridge.Retry, r.now.Add(time.Duration(r.IntN(30_000))*time.Millisecond), r.IntN(2) == 0
		if r.IntN(2) == 0 {
			o.Progress = fmt.Append(nil, "progress ", len(r.steps))
		}
	case 2:
		o.Verdict = bridge.Bury
	}
	if r.IntN(2) == 0 {
		who := r.IntN(3) // a message has one sender, who may be left out
		o.Links = []bridge.Link{aLink(fmt.Sprint("service ", who+3*r.IntN(3)), messages.ID(fmt.Sprint(r.IntN(1000))))}
		if r.IntN(3) > 0 {
			o.Person = somebody(who)
			o.Person.ThreadIDs = []string{fmt.Sprint(r.IntN(1000))}
		}
	}
	if r.IntN(2) == 0 {
		o.Then = r.follow()
		if r.IntN(2) == 0 {
			o.Then.Lane = fmt.Sprint("seldom used ", r.IntN(30))
		}
	}
	r.note("finish %q verdict=%d free=%v at=%v follow=%q then=%q", it.Payload, o.Verdict, o.Free, o.At, newPayloads(o.Follow...), newPayloads(o.Then))
	then, err := r.store.Finish(r.ctx, r.node, it.claim, o)
	r.ok("Finish", err)
	want := r.model.finish(it, o)
	if then == nil && want != nil && want.Lane == it.Lane {
		want = nil // a store may leave it in the lane that has just become empty
	}
	if (then != nil) != (want != nil) {
		r.fatalf("the node goes on with %v, want %q", then, newPayloads(o.Then))
	}
	if want != nil {
		r.take(want, then)
	}
	r.ended = append(r.ended, ended{r.node, it.claim})
}

// somebody is one of a few people of the portal that has them all.
func somebody(n int) *bridge.Person {
	who := aPerson()
	who.Portal, who.Identifier.Value = portals[0], fmt.Sprint("person ", n)
	return who
}

func newPayloads(items ...*bridge.NewItem) []string {
	var out []string
	for _, it := range items {
		if it != nil {
			out = append(out, string(it.Payload)+" in "+it.Lane)
		}
	}
	return out
}

func (r *random) checkpointOne() {
	if it := r.oneOf(taken); it != nil {
		it.progress = fmt.Append(nil, r.now)
		r.note("checkpoint %q", it.Payload)
		r.ok("Checkpoint", r.store.Checkpoint(r.ctx, r.node, it.claim, it.progress))
	}
}

func (r *random) pauseOne() {
	pause := bridge.Pause{Portal: r.portal(), Until: r.now.Add(time.Duration(r.IntN(60)) * time.Second), Reason: fmt.Sprint("reason ", len(r.steps))}
	if r.IntN(3) == 0 {
		pause.Until = time.Time{}
	}
	if before, ok := r.model.paused[pause.Portal]; ok && endOf(before.Until).Equal(endOf(pause.Until)) {
		return // either reason is the right one
	} else if !ok || endOf(pause.Until).After(endOf(before.Until)) {
		r.model.paused[pause.Portal] = pause
	}
	r.note("pause %+v", pause)
	r.pausePortal(pause.Portal, pause.Until, pause.Reason)
	r.comparePauses()
}

func (r *random) resumeOne() {
	portal := r.portal()
	r.note("resume portal=%d", portal)
	delete(r.model.paused, portal)
	r.ok("ResumePortal", r.store.ResumePortal(r.ctx, channel, portal))
	r.comparePauses()
}

func (r *random) comparePauses() {
	var want []bridge.Pause
	for _, portal := range portals {
		if pause, ok := r.model.paused[portal]; ok && endOf(pause.Until).After(r.now) {
			want = append(want, pause)
		}
	}
	r.pausesAre(want...)
}

// buriedOne returns something buried, as the model and as the store have it.
func (r *random) buriedOne() (*modelItem, *bridge.BuriedItem) {
	it := r.oneOf(buried)
	if it == nil {
		return nil, nil
	}
	for _, listed := range r.buried() {
		if string(listed.Payload) == string(it.Payload) {
			return it, listed
		}
	}
	r.fatalf("%q is not listed as buried", it.Payload)
	return nil, nil
}

func (r *random) retryBuried() {
	it, listed := r.buriedOne()
	if it == nil {
		return
	}
	r.note("retry %q", it.Payload)
	it.Deadline = r.now.Add(time.Hour)
	r.ok("Retry", r.store.Retry(r.ctx, channel, listed.Seq, r.now, it.Deadline))
	r.model.retry(it, r.now)
}

func (r *random) dropBuried() {
	it, listed := r.buriedOne()
	if it == nil {
		return
	}
	r.note("drop %q", it.Payload)
	r.ok("Drop", r.store.Drop(r.ctx, channel, listed.Seq))
	it.state = done
	r.fails("Drop of what was dropped", r.store.Drop(r.ctx, channel, listed.Seq), bridge.ErrNotFound)
}

func (r *random) forgetSome() {
	who, digit := somebody(r.IntN(3)), fmt.Sprint(r.IntN(10))
	for _, it := range r.model.in(taken) {
		if it.Portal == who.Portal && matches(it.Payload, digit) {
			r.ended = append(r.ended, ended{r.node, it.claim})
		}
	}
	r.note("forget %q and what ends with %s", who.Identifier.Value, digit)
	got, err := r.store.Forget(r.ctx, who, func(it *bridge.Item) bool { return matches(it.Payload, digit) })
	r.ok("Forget", err)
	want := r.model.forget(who.Identifier.Value, who.Portal, func(payload []byte) bool { return matches(payload, digit) })
	r.equal("how many items were forgotten", got, want)
}

func matches(payload []byte, end string) bool { return strings.HasSuffix(string(payload), end) }

func (r *random) holdOne() {
	name := fmt.Sprint("name ", r.IntN(3))
	r.note("hold %s", name)
	held, err := r.store.Hold(r.ctx, r.node, name)
	r.ok("Hold", err)
	r.equal("whether it is held", held, true)
	if len(r.ended) > 0 && r.ended[0].node != r.node {
		_, err := r.store.Hold(r.ctx, r.ended[0].node, name)
		r.fails("Hold by a stale node", err, bridge.ErrLeaseLost)
	}
	if r.IntN(2) == 0 {
		r.ok("Release", r.store.Release(r.ctx, r.node, name))
	}
}

func (r *random) rejoin() {
	r.note("rejoin")
	for _, it := range r.model.in(taken) {
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
	_, err := r.store.Finish(r.ctx, e.node, e.item, &bridge.Outcome{Verdict: bridge.Done, At: r.now, Follow: r.several(2)})
	r.fails("a stale Finish", err, bridge.ErrLeaseLost)
}
