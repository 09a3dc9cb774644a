package bridgetest

import (
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

var outcomeRules = []rule{
	{
		name: "finish/done frees the lane",
		why:  "the next message of the conversation is due at once",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "1"))
			p.done(p.one("a"))
			p.done(p.one("b"))
			p.claims()
		},
	}, {
		name: "finish/retry waits",
		why:  "trying again at once would only make a failure last longer",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.retry(p.one("a"), time.Minute)
			p.claims()
			p.now = start.Add(time.Minute)
			p.claims("a")
		},
	}, {
		name: "finish/bury frees the lane",
		why:  "one message that can never be sent may not stop the conversation",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "1"))
			a := p.one("a")
			p.bury(a, "HubSpot refused it")
			p.claims("b")
			p.equal("what is buried", p.buried(), []*bridge.BuriedItem{{Item: *a, Reason: "HubSpot refused it", BuriedAt: start}})
		},
	}, {
		name: "finish/buried at once",
		why:  "a webhook that cannot be understood is kept for a human, and holds up nobody",
		test: func(p *probe) {
			unread := work("a", "1")
			unread.Buried = "not understood"
			p.accept(unread, work("b", "1"))
			p.done(p.one("b"))
			p.isBuried("a")
			p.equal("the reason", p.buried()[0].Reason, "not understood")
			p.equal("when it was buried", p.buried()[0].BuriedAt, start)
			p.answers([]bridge.Acceptance{bridge.Duplicate}, unread)
		},
	}, {
		name: "finish/one transaction",
		why:  "a message that is done without its status report and mapping stays pending in HubSpot for ever",
		test: testFinishAtomic,
	}, {
		name: "finish/nothing on error",
		why:  "the bridge repeats a Finish that failed; half of the first would be done twice",
		test: testFinishNothing,
	}, {
		name: "finish/time is required",
		why:  "work that is buried or due at no time would be lost, or be tried again without a pause",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			a := p.one("a")
			if _, err := p.store.Finish(p.ctx, p.node, a, &bridge.Outcome{Verdict: bridge.Bury, Reason: "reason"}); err == nil {
				p.fatalf("an outcome without a time was stored")
			}
			p.done(a)
		},
	}, {
		name: "finish/follow-ups are recognised",
		why:  "an attempt that is repeated after a crash leaves the same follow-up; it may be done only once",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "2"), work("c", "3"))
			other := work("follow", "4")
			other.Payload = []byte("other")
			for i, it := range p.claims("a", "b", "c") {
				follow := []*bridge.NewItem{work("follow", "4"), work("follow", "5"), other}
				p.finish(it, &bridge.Outcome{Verdict: bridge.Done, At: p.now, Follow: follow[i:]})
			}
			p.done(p.one("follow"))
			p.claims()
		},
	}, {
		name: "finish/follow-up in the same lane",
		why:  "it is sorted into the lane like any other work",
		test: func(p *probe) {
			p.accept(ordered("a", "1", 1), ordered("c", "1", 3))
			p.finish(p.one("a"), &bridge.Outcome{Verdict: bridge.Done, At: p.now, Follow: []*bridge.NewItem{ordered("b", "1", 2)}})
			p.done(p.one("b"))
			p.finish(p.one("c"), &bridge.Outcome{Verdict: bridge.Done, At: p.now, Follow: []*bridge.NewItem{work("d", "1")}})
			p.claims("d")
		},
	}, {
		name: "finish/every verdict may leave something",
		why:  "a message that failed is reported to the agent, one that is tried again may have been sent in part",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "2"))
			claimed := p.claims("a", "b")
			for i, v := range []bridge.Verdict{bridge.Retry, bridge.Bury} {
				id := string(claimed[i].Payload)
				p.finish(claimed[i], &bridge.Outcome{
					Verdict: v, At: p.now.Add(time.Hour), Reason: "reason", Links: []bridge.Link{aLink(id, messages.ID(id))},
					Follow: []*bridge.NewItem{work("after "+id, "after "+id)},
				})
				p.isLinked(id, messages.ID(id))
			}
			p.claims("after a", "after b")
			p.isBuried("b")
		},
	}, {
		name: "checkpoint/is kept",
		why:  "a file that was uploaded before a crash may not be uploaded again",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "1"))
			a := p.one("a")
			p.equal("Progress at first", a.Progress, []byte(nil))
			for _, progress := range []string{"one", "two\x00\xff"} {
				p.ok("Checkpoint", p.store.Checkpoint(p.ctx, p.node, a, []byte(progress)))
			}
			p.retry(a, 0)
			p.equal("Progress after a retry", p.one("a").Progress, []byte("two\x00\xff"))
			p.join()
			a = p.one("a")
			p.equal("Progress after a crash", a.Progress, []byte("two\x00\xff"))
			p.bury(a, "reason")
			p.equal("Progress of what is buried", p.buried()[0].Progress, []byte("two\x00\xff"))
			p.equal("Progress of the next item", p.one("b").Progress, []byte(nil))
		},
	}, {
		name: "checkpoint/with a retry",
		why:  "what an attempt found out as it ended costs no transaction of its own",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			a := p.one("a")
			p.ok("Checkpoint", p.store.Checkpoint(p.ctx, p.node, a, []byte("saved")))
			for _, step := range []struct{ with, want []byte }{
				{nil, []byte("saved")}, {[]byte("new\x00\xff"), []byte("new\x00\xff")}, {nil, []byte("new\x00\xff")}, {[]byte{}, nil},
			} {
				p.finish(a, &bridge.Outcome{Verdict: bridge.Retry, At: p.now, Progress: step.with})
				if len(step.with) > 0 {
					step.with[0] = 'x' // what was passed in is not shared
				}
				a = p.one("a")
				p.equal("Progress", a.Progress, step.want)
			}
			p.ok("Checkpoint", p.store.Checkpoint(p.ctx, p.node, a, []byte("saved")))
			p.finish(a, &bridge.Outcome{Verdict: bridge.Bury, At: p.now, Reason: "reason", Progress: []byte("only with Retry")})
			p.equal("Progress of what is buried", p.buried()[0].Progress, []byte("saved"))
		},
	},
}

func aPerson(threads ...string) *bridge.Person {
	return &bridge.Person{Channel: channel, Portal: portal, Account: service, Identifier: customer, ThreadIDs: threads}
}

func testFinishAtomic(p *probe) {
	p.accept(work("a", "1"))
	p.finish(p.one("a"), &bridge.Outcome{
		Verdict: bridge.Done, At: p.now, Follow: []*bridge.NewItem{work("b", "2"), work("c", "3")},
		Links: []bridge.Link{aLink("s1", "h1"), aLink("s2", "h1")}, Person: aPerson("thread"),
	})
	p.claims("b", "c")
	p.isLinked("s1", "h1")
	p.isLinked("s2", "h1")
	p.personIs(aPerson("thread"))
}

func testFinishNothing(p *probe) {
	p.accept(work("a", "1"), work("b", "1"))
	a := p.one("a")
	_, err := p.store.Finish(p.ctx, p.node, a, &bridge.Outcome{
		Verdict: bridge.Done, At: p.now, Links: []bridge.Link{aLink("s", "h")}, Person: aPerson("thread"),
		Follow: []*bridge.NewItem{work("c", "2"), timeless("d", "3")},
	})
	if err == nil {
		p.fatalf("a follow-up without a time was accepted")
	}
	p.claims()
	p.isNotLinked("s")
	p.isUnknown(aPerson())
	p.finish(a, &bridge.Outcome{Verdict: bridge.Done, At: p.now, Follow: []*bridge.NewItem{work("c", "2")}})
	p.claims("b", "c")
}
