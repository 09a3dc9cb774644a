package bridgetest

import (
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var thenRules = []rule{
	{
		name: "then/is claimed at once",
		why:  "every message leaves a status report; to claim each would cost a transaction more per message",
		test: testThen,
	}, {
		name: "then/after every verdict",
		why:  "a message that is buried is reported, too, and one that is tried again may be",
		test: func(p *probe) {
			p.accept(work("a", "a"), work("b", "b"), work("c", "c"))
			for i, it := range p.claims("a", "b", "c") {
				o := &bridge.Outcome{Verdict: bridge.Verdict(i), At: p.now, Reason: "reason", Then: work("after "+it.Lane, "after "+it.Lane)}
				p.isGiven(p.goesOn(it, o), "after "+it.Lane)
			}
			p.claims("b")
			p.isBuried("c")
		},
	}, {
		name: "then/waits where its lane has other work",
		why:  "it may overtake nothing in its lane, and not be done beside it",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "1"), work("c", "2"), later(work("d", "3"), time.Hour), work("e", "4"))
			items := p.claims("a", "c", "e")
			p.waits(items[0], work("after a", "1")) // behind b
			p.waits(items[1], work("after c", "3")) // behind d, which is not due
			b := p.one("b")
			p.finish(items[2], &bridge.Outcome{Verdict: bridge.Retry, At: p.now})
			p.waits(p.one("e"), work("after e", "1")) // behind b, which is under way
			p.claims()
			p.done(b)
			p.done(p.one("after a"))
			p.claims("after e")
			p.now = start.Add(time.Hour)
			p.done(p.one("d"))
			p.claims("after c")
		},
	}, {
		name: "then/waits behind what is tried again",
		why:  "an attempt that did not end its item leaves it in the lane",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			got := p.goesOn(p.one("a"), &bridge.Outcome{Verdict: bridge.Retry, At: p.now, Then: work("after a", "1")})
			p.isNothing(got)
			p.done(p.one("a"))
			p.claims("after a")
		},
	}, {
		name: "then/is the head where it comes first",
		why:  "it is sorted into its lane like any other work",
		test: func(p *probe) {
			p.accept(work("a", "1"), ordered("c", "2", 5))
			items := p.claims("a", "c")
			p.waits(items[0], ordered("b", "2", 1))
			p.retry(items[1], 0)
			p.done(p.one("b"))
			p.claims("c")
		},
	}, {
		name: "then/respects a pause",
		why:  "a status report is a call to HubSpot like any other",
		test: func(p *probe) {
			p.accept(sent("a", "1"), sent("b", "2"), sent("c", "3"), sent("d", "4"))
			items := p.claims("a", "b", "c", "d")
			p.pause(start.Add(time.Minute))
			p.waits(items[0], kind(bridge.KindStatus, work("status of a", "5")))
			p.isGiven(p.goesOnTo(items[1], sent("after b", "6")), "after b")
			p.isGiven(p.goesOnTo(items[2], of(2, kind(bridge.KindStatus, work("status of c", "7")))), "status of c")
			p.claims()
			p.now = start.Add(time.Minute)
			after := kind(bridge.KindStatus, work("status of d", "8"))
			after.At = p.now
			status := p.goesOnTo(items[3], after)
			p.isGiven(status, "status of d")
			p.pause(time.Time{})
			p.waits(status, kind(bridge.KindReport, work("endless", "9")))
			p.claims()
			p.resume()
			p.claims("status of a", "endless")
		},
	}, {
		name: "then/is not done before it is due",
		why:  "a delay is meant; and the time at which the item is tried again is not the time of its end",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "2"), work("c", "3"))
			items := p.claims("a", "b", "c")
			p.waits(items[0], later(work("after a", "4"), time.Minute))
			hourly := &bridge.Outcome{Verdict: bridge.Retry, At: start.Add(time.Hour), Then: later(work("after b", "5"), time.Minute)}
			p.isNothing(p.goesOn(items[1], hourly))
			p.pause(start.Add(time.Minute))
			hourly.Then = work("after c", "6")
			p.isNothing(p.goesOn(items[2], hourly))
			p.claims()
			p.now = start.Add(time.Minute)
			p.claims("after a", "after b", "after c")
		},
	}, {
		name: "then/known already",
		why:  "an attempt that is repeated after a crash leaves the same follow-up; it may be done only once",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "2"), work("c", "3"), work("d", "4"))
			items := p.claims("a", "b", "c", "d")
			then := p.goesOnTo(items[0], work("then", "5"))
			p.isGiven(then, "then")
			p.isNothing(p.goesOnTo(items[1], work("then", "6")))
			p.done(then)
			p.isNothing(p.goesOnTo(items[2], work("then", "6")))
			other := work("then", "6")
			other.Payload = []byte("other")
			p.isNothing(p.goesOnTo(items[3], other))
			p.claims()
			p.answers([]bridge.Acceptance{bridge.Duplicate}, work("then", "6"))
		},
	}, {
		name: "then/is buried",
		why:  "what is set aside holds up nobody, and is nobody's to do",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			then := work("then", "2")
			then.Buried = "not understood"
			p.waits(p.one("a"), then)
			p.isBuried("then")
			p.equal("the reason", p.buried()[0].Reason, "not understood")
			p.claims()
		},
	}, {
		name: "then/nothing on error",
		why:  "the bridge repeats a Finish that failed; half of the first would be done twice",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "1"))
			a := p.one("a")
			o := &bridge.Outcome{Verdict: bridge.Done, At: p.now, Follow: []*bridge.NewItem{work("follow", "2")}, Then: timeless("then", "3")}
			if _, err := p.store.Finish(p.ctx, p.node, a, o); err == nil {
				p.fatalf("a follow-up without a time was accepted")
			}
			p.claims()
			o.Then = work("then", "3")
			p.isGiven(p.goesOn(a, o), "then")
			p.claims("b", "follow")
		},
	}, {
		name: "then/a Finish that is repeated",
		why:  "a Finish is repeated when its answer was lost; what is under way by then may not be done a second time",
		test: func(p *probe) {
			for _, key := range []string{"then", ""} {
				p.accept(work("a"+key, "1"))
				a := p.one("a" + key)
				o := &bridge.Outcome{Verdict: bridge.Done, At: p.now, Then: work(key, "1")}
				then := p.goesOn(a, o)
				if then == nil { // a store may leave it in the lane that has just become empty
					then = p.one(key)
				}
				_, err := p.store.Finish(p.ctx, p.node, a, o)
				p.fails("Finish once more", err, bridge.ErrLeaseLost)
				p.done(then)
				p.claims()
			}
		},
	}, {
		name: "follow/without a key",
		why:  "a follow-up that can come once only needs not be recognised, and its key not be kept",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			then := p.goesOn(p.one("a"), &bridge.Outcome{
				Verdict: bridge.Done, At: p.now, Follow: []*bridge.NewItem{work("", "2"), work("", "3")}, Then: work("", "4"),
			})
			p.isGiven(then, "")
			p.equal("Attempt", then.Attempt, 1)
			items := p.claims("", "")
			p.waits(items[0], later(work("", "5"), time.Hour))
			p.bury(items[1], "reason")
			p.done(then)
			p.sweepAt(time.Hour)
			p.retryBuried(p.now, "")
			p.done(p.one(""))
			if _, err := p.store.Accept(p.ctx, work("", "6")); err == nil {
				p.fatalf("an item without a key was accepted, which is not a follow-up")
			}
			p.now = start.Add(time.Hour)
			p.done(p.one(""))
			p.claims()
		},
	},
}

func (p *probe) goesOn(it *bridge.Item, o *bridge.Outcome) *bridge.Item {
	p.t.Helper()
	then, err := p.store.Finish(p.ctx, p.node, it, o)
	p.ok("Finish", err)
	return then
}

// goesOnTo finishes an item with what follows from it.
func (p *probe) goesOnTo(it *bridge.Item, then *bridge.NewItem) *bridge.Item {
	p.t.Helper()
	return p.goesOn(it, &bridge.Outcome{Verdict: bridge.Done, At: p.now, Then: then})
}

func (p *probe) isGiven(then *bridge.Item, want string) {
	p.t.Helper()
	if then == nil {
		p.fatalf("the node goes on with nothing, want %q", want)
	}
	p.equal("what the node goes on with", string(then.Payload), want)
}

func (p *probe) isNothing(then *bridge.Item) {
	p.t.Helper()
	if then != nil {
		p.fatalf("the node goes on with %q, which may not be claimed", then.Payload)
	}
}

// waits finishes an item whose follow-up may not be claimed at once.
func (p *probe) waits(it *bridge.Item, then *bridge.NewItem) {
	p.t.Helper()
	p.isNothing(p.goesOnTo(it, then))
}

func testThen(p *probe) {
	p.accept(work("a", "1"))
	then := kind(bridge.KindStatus, work("b", "2"))
	then.Deadline = start.Add(time.Hour)
	b := p.goesOnTo(p.one("a"), then)
	p.isGiven(b, "b")
	if b.Seq == 0 {
		p.fatalf("Seq is not set")
	}
	p.equal("the item", *b, bridge.Item{
		Seq: b.Seq, Kind: bridge.KindStatus, Channel: channel, Portal: portal, Lane: "2", Payload: []byte("b"), Attempt: 1, Claims: 1,
		Accepted: start, Deadline: start.Add(time.Hour),
	})
	p.accept(work("c", "2"))
	p.claims() // the node has the lane
	p.ok("Checkpoint", p.store.Checkpoint(p.ctx, p.node, b, []byte("progress")))
	p.retry(b, 0)
	b = p.one("b")
	p.equal("Progress", b.Progress, []byte("progress"))
	p.equal("Attempt", b.Attempt, 2)
	d := p.goesOnTo(b, work("d", "3"))
	p.isGiven(d, "d")
	e := p.goesOnTo(d, work("e", "4"))
	p.isGiven(e, "e")

	stale := p.node
	p.join() // e's attempt had no end
	p.isStale(stale, e)
	items := p.claims("e", "c")
	p.equal("Attempt after a crash", items[0].Attempt, 2)
	p.done(items[0])
	p.done(items[1])
	p.claims()
}
