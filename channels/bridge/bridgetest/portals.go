package bridgetest

import (
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// sharedPortalRules: the work of a portal that calls HubSpot is done by one node at a time.
var sharedPortalRules = []sharedRule{
	{
		name: "portal/is one node's at a time",
		why:  "HubSpot limits the calls of all processes together; only one limiter that sees them all can keep the limit",
		test: func(a, b *probe) {
			for i, k := range []bridge.Kind{bridge.KindIncoming, bridge.KindStatus, bridge.KindReport, bridge.KindAccount} {
				one, two := fmt.Sprint(i, "-one"), fmt.Sprint(i, "-two")
				id := int64(100 + i)
				a.accept(of(id, kind(k, work(one, one))), of(id, kind(k, later(work(two, two), time.Millisecond))))
				a.now, b.now = start.Add(time.Second), start.Add(time.Second)
				a.turns(bridge.Wanted{Limit: 1, After: id - 1}, one)
				b.claims()
				a.claims(two)
			}
			b.accept(of(99, work("another portal", "x")))
			b.claims("another portal")
			a.claims()
		},
	}, {
		name: "portal/agents' messages are everybody's",
		why:  "they do not call HubSpot, and the more processes send them the better",
		test: func(a, b *probe) {
			a.accept(sent("1", "1"), later(sent("2", "2"), time.Millisecond), later(work("3", "3"), time.Millisecond))
			a.turns(bridge.Wanted{Limit: 1}, "1") // to send is not to have the portal
			b.now = start.Add(time.Second)
			b.claims("2", "3")
			a.accept(sent("4", "4"), work("5", "5"))
			a.claims("4")
			b.claims("5")
		},
	}, {
		name: "portal/is given back",
		why:  "a process that has done its work may stay idle for days, or be busy with others",
		test: func(a, b *probe) {
			a.accept(work("1", "x"), work("2", "x"), work("3", "y"))
			items := a.claims("1", "3")
			a.done(items[0])
			b.claims()
			a.done(a.one("2"))
			a.done(items[1])
			a.isAlive()
			b.accept(work("4", "x"))
			four := b.one("4")
			a.accept(work("5", "y"))
			a.claims()
			b.bury(four, "reason")
			b.done(b.one("5"))
			b.isAlive()
			a.accept(work("6", "x"))
			a.claims("6")
		},
	}, {
		name: "portal/is kept as long as there is work under way",
		why:  "two processes that call HubSpot at the same time both believe to be alone within the limit",
		test: func(a, b *probe) {
			a.accept(work("1", "1"), work("2", "2"), work("3", "3"))
			for i, it := range a.claims("1", "2", "3") {
				name := fmt.Sprint("more ", i)
				b.accept(work(name, name))
				a.isAlive()
				b.claims()
				a.done(it)
			}
			a.claims("more 0", "more 1", "more 2")
			b.claims()
		},
	}, {
		name: "portal/of a node that leaves",
		why:  "a rolling update may not delay messages until the old process' time is over",
		test: func(a, b *probe) {
			a.accept(work("1", "x"), work("2", "y"))
			items := a.claims("1", "2")
			a.done(items[0])
			b.claims()
			a.ok("Leave", a.store.Leave(a.ctx, a.node))
			b.claims("2")
		},
	}, {
		name: "portal/of a node that dies",
		why:  "what a killed or frozen process had goes on elsewhere",
		test: func(a, b *probe) {
			a.accept(work("1", "x"), later(work("2", "y"), time.Millisecond))
			a.claims("1")
			b.now = start.Add(time.Second)
			b.claims()
			a.ok("ExpireNode", expire(a.ctx, a.store, a.node))
			b.isAlive()
			b.claims("1", "2")
		},
	}, {
		name: "portal/hides no other",
		why:  "a process may not stay idle because another is busy with many portals",
		test: func(a, b *probe) {
			const many = 100
			var items []*bridge.NewItem
			for i := range int64(many) {
				for n := range 2 {
					name := fmt.Sprint(i, " ", n)
					items = append(items, of(i+1, later(work(name, name), time.Duration(n)*time.Hour)))
				}
			}
			a.accept(items...)
			a.equal("how many the first claims", len(a.claim(1000).Items), many)
			a.accept(of(many/2, sent("sent", "sent")), of(many+1, work("next", "next")))
			b.now = start.Add(2 * time.Hour)
			b.turns(bridge.Wanted{Limit: 1}, "sent")
			b.turns(bridge.Wanted{Limit: 1}, "next")
			b.turns(bridge.Wanted{Limit: 1000}, "")
		},
	}, {
		name: "portal/what a node goes on with",
		why:  "a status report is a call to HubSpot like any other",
		test: func(a, b *probe) {
			a.accept(sent("1", "1"), sent("2", "2"), work("3", "3"))
			items := b.claims("1", "2", "3")
			b.done(items[2])
			b.isAlive()
			a.accept(work("4", "4"))
			four := a.one("4")
			b.waits(items[0], kind(bridge.KindStatus, work("status of 1", "5"))) // the portal is a's
			b.claims()
			status := a.one("status of 1")
			a.done(status)
			a.done(four)
			a.isAlive()
			then := b.goesOnTo(items[1], kind(bridge.KindStatus, work("status of 2", "6"))) // now it is free
			b.isGiven(then, "status of 2")
			a.accept(work("7", "7"))
			a.claims()
			then = b.goesOnTo(then, kind(bridge.KindStatus, work("status of 3", "8"))) // and b's
			b.isGiven(then, "status of 3")
			b.done(then)
			b.claims("7")
		},
	}, {
		name: "portal/channels are apart",
		why:  "several bridges may share a store; none does another's work, so none may wait for it",
		test: func(a, b *probe) {
			foreign := work("foreign", "1")
			foreign.Channel = elsewhere
			a.accept(work("1", "1"), foreign)
			a.claims("1")
			other := b.another(elsewhere)
			claimed, err := other.store.Claim(other.ctx, other.node, elsewhere, other.now, bridge.Wanted{Limit: 1})
			other.ok("Claim", err)
			other.equal("what another channel claims of the portal", payloads(claimed.Items), []string{"foreign"})
		},
	},
}

// isAlive renews the node, at which a store may notice what has changed meanwhile.
func (p *probe) isAlive() {
	p.t.Helper()
	_, err := p.store.Renew(p.ctx, p.node)
	p.ok("Renew", err)
}
