package bridgetest

import (
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var laneRules = []rule{
	{
		name: "lane/order",
		why:  "a conversation is read in the order in which it was written",
		test: func(p *probe) {
			p.accept(ordered("c", "1", 2), ordered("a", "1", -1), ordered("b", "1", 1))
			p.accept(ordered("d", "1", 2))
			for _, want := range []string{"a", "b", "c", "d"} {
				p.done(p.one(want))
			}
			p.claims()
		},
	}, {
		name: "lane/only the head is claimed",
		why:  "two messages of a conversation under way at once arrive in any order",
		test: func(p *probe) {
			p.accept(work("a1", "a"), work("a2", "a"), work("b1", "b"))
			claimed := p.claims("a1", "b1")
			p.claims()
			p.done(claimed[0])
			p.claims("a2")
		},
	}, {
		name: "lane/older message comes later",
		why:  "webhooks arrive out of order; what still waits is sorted by when it was written",
		test: func(p *probe) {
			p.accept(ordered("b", "1", 2))
			p.accept(ordered("a", "1", 1))
			p.done(p.one("a"))
			p.claims("b")
		},
	}, {
		name: "lane/older message comes while the head is under way",
		why:  "what is being sent cannot be overtaken, but what is only to be tried again can",
		test: func(p *probe) {
			p.accept(ordered("b", "1", 2))
			b := p.one("b")
			p.accept(ordered("a", "1", 1))
			p.claims()
			p.retry(b, 0)
			p.done(p.one("a"))
			p.claims("b")
		},
	}, {
		name: "lane/waiting head blocks its lane only",
		why:  "a message that must be tried again may not be overtaken by the next one, and may not hold up other conversations",
		test: func(p *probe) {
			p.accept(work("a1", "a"), work("a2", "a"), work("b1", "b"), work("b2", "b"))
			claimed := p.claims("a1", "b1")
			p.retry(claimed[0], time.Minute)
			p.done(claimed[1])
			p.claims("b2")
			p.now = start.Add(time.Minute)
			p.claims("a1")
		},
	}, {
		name: "lane/an older head that is not due blocks",
		why:  "the head is decided by order alone, so that a delay cannot turn two messages around",
		test: func(p *probe) {
			p.accept(ordered("b", "1", 2), later(ordered("a", "1", 1), time.Minute))
			p.claims()
			p.now = start.Add(time.Minute)
			p.claims("a")
		},
	}, {
		name: "lane/channels are apart",
		why:  "several bridges may share a store; each does its own work",
		test: func(p *probe) {
			mine, other := work("mine", "1"), ordered("other", "1", -1)
			other.Channel = elsewhere
			p.accept(mine, other)
			p.claims("mine")
			node, err := p.store.Join(p.ctx, elsewhere)
			p.ok("Join", err)
			claimed, err := p.store.Claim(p.ctx, node, elsewhere, p.now, bridge.Wanted{Limit: 100})
			p.ok("Claim", err)
			p.equal("what the other bridge claims", payloads(claimed.Items), []string{"other"})
		},
	}, {
		name: "claim/not before it is due",
		why:  "a pause that a service asked for must be kept",
		test: func(p *probe) {
			p.accept(later(work("a", "1"), time.Minute))
			p.now = start.Add(time.Minute - time.Microsecond)
			p.claims()
			p.now = start.Add(time.Minute)
			p.claims("a")
		},
	}, {
		name: "claim/limit",
		why:  "a bridge claims as much as it has workers for; more would lie blocked",
		test: func(p *probe) {
			for i := range 5 {
				p.accept(work(fmt.Sprint(i), fmt.Sprint(i)))
			}
			var got []string
			for _, want := range []int{2, 2, 1, 0} {
				items := p.claim(2).Items
				p.equal("how many are claimed", len(items), want)
				got = append(got, payloads(items)...)
			}
			p.equal("all that is claimed", sorted(got), []string{"0", "1", "2", "3", "4"})
			p.accept(work("5", "5"))
			p.equal("how many are claimed with a limit of 0", len(p.claim(0).Items), 0)
			p.claims("5")
		},
	}, {
		name: "claim/longest due first",
		why:  "under load no conversation may starve",
		test: func(p *probe) {
			p.accept(later(work("c", "1"), 3*time.Minute), later(work("a", "2"), time.Minute), later(work("b", "3"), 2*time.Minute))
			p.now = start.Add(time.Hour)
			for _, want := range []string{"a", "b", "c"} {
				p.equal("what is claimed", payloads(p.claim(1).Items), []string{want})
			}
		},
	}, {
		name: "claim/next",
		why:  "the bridge sleeps until then; too late delays messages, and none at all would make it poll",
		test: testNext,
	}, {
		name: "claim/counts attempts",
		why:  "a repetition must be seen as one even if the attempt before it died without a word",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			for attempt := range 3 {
				it := p.one("a")
				p.equal("Attempt", it.Attempt, attempt+1)
				p.retry(it, 0)
			}
			p.one("a")
			p.join() // the attempt had no end
			p.equal("Attempt after a crash", p.one("a").Attempt, 5)
		},
	}, {
		name: "claim/free attempts do not count",
		why:  "an attempt that never began, because of a limit or a stop, says nothing about the message",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.retry(p.one("a"), 0)
			for range 3 {
				it := p.one("a")
				p.equal("Attempt", it.Attempt, 2)
				p.finish(it, &bridge.Outcome{Verdict: bridge.Retry, At: p.now, Free: true})
			}
		},
	}, {
		name: "claim/counts claims",
		why:  "of attempts that do not count several have one number; a call about one of them, repeated, must not end the next",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			first := p.one("a")
			for claims := range int64(3) {
				it := first
				if claims > 0 {
					it = p.one("a")
				}
				p.equal("Claims", it.Claims, claims+1)
				p.finish(it, &bridge.Outcome{Verdict: bridge.Retry, At: p.now, Free: true})
			}
			again := p.one("a")
			p.equal("Attempt", again.Attempt, first.Attempt)
			p.isStale(p.node, first)
			p.done(again)
		},
	},
}

func testNext(p *probe) {
	p.equal("Next of an empty store", p.claim(1).Next, time.Time{})
	p.accept(later(work("a", "1"), time.Minute), later(work("b", "2"), time.Second), work("c", "3"), later(work("d", "3"), time.Millisecond))
	claimed := p.claim(100)
	p.equal("what is claimed", payloads(claimed.Items), []string{"c"})
	p.equal("Next where something was claimed", claimed.Next, time.Time{})
	b := p.wakesFor("b", start.Add(time.Second)) // d is no head
	p.retry(b, 2*time.Second)
	p.done(p.wakesFor("b", start.Add(3*time.Second)))
	p.done(p.wakesFor("a", start.Add(time.Minute)))
	p.done(claimed.Items[0])
	p.done(p.one("d"))
	p.equal("Next when all is done", p.claim(1).Next, time.Time{})
}

// wakesFor sleeps until Next, again and again as the bridge does, and compares what it claims first, and when.
func (p *probe) wakesFor(want string, at time.Time) *bridge.Item {
	p.t.Helper()
	for range 10 {
		claimed := p.claim(100)
		if len(claimed.Items) > 0 {
			p.equal("when something is claimed", p.now, at)
			p.equal("what is claimed", payloads(claimed.Items), []string{want})
			return claimed.Items[0]
		}
		if !claimed.Next.After(p.now) {
			p.fatalf("Next is %v when it is %v, and %q is due at %v", claimed.Next, p.now, want, at)
		}
		p.now = claimed.Next
	}
	p.fatalf("the bridge woke up ten times before %q was due", want)
	return nil
}
