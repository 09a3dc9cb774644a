package bridgetest

import (
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var nodeRules = []rule{
	{
		name: "node/join hands over",
		why:  "a process that was killed could not give anything back",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "1"))
			p.claims("a")
			before := p.node
			p.join()
			if p.node <= before {
				p.fatalf("node %d joined after node %d", p.node, before)
			}
			p.done(p.one("a"))
			p.claims("b")
		},
	}, {
		name: "node/leave hands back",
		why:  "what a graceful stop leaves undone is work for the next run",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.claims("a")
			p.ok("Leave", p.store.Leave(p.ctx, p.node))
			before := p.node
			p.join()
			if p.node <= before {
				p.fatalf("node %d joined after node %d", p.node, before)
			}
			p.equal("Attempt", p.one("a").Attempt, 2)
		},
	}, {
		name: "node/renew",
		why:  "a node must learn whether it may go on, before another does its work beside it",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			a := p.one("a")
			life, err := p.store.Renew(p.ctx, p.node)
			p.ok("Renew", err)
			if life < 0 {
				p.fatalf("Renew says that the node lives for %v", life)
			}
			p.done(a)
			stale := p.node
			p.join()
			_, err = p.store.Renew(p.ctx, stale)
			p.fails("Renew of a stale node", err, bridge.ErrLeaseLost)
			p.ok("Leave", p.store.Leave(p.ctx, p.node))
			_, err = p.store.Renew(p.ctx, p.node)
			p.fails("Renew of a node that left", err, bridge.ErrLeaseLost)
			_, err = p.store.Renew(p.ctx, 0)
			p.fails("Renew of no node", err, bridge.ErrLeaseLost)
		},
	}, {
		name: "node/channels are apart",
		why:  "bridges that share a store come and go by themselves",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			a := p.one("a")
			other, err := p.store.Join(p.ctx, elsewhere)
			p.ok("Join", err)
			p.ok("Leave", p.store.Leave(p.ctx, other))
			p.claims()
			p.done(a)
		},
	}, {
		name: "node/stale",
		why:  "a node that hung while another took over its work may not undo or repeat what that one did",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "1"))
			a, stale := p.one("a"), p.node
			p.join()
			p.isStale(stale, a)
			again := p.one("a")
			p.isStale(stale, a)
			p.isStale(stale, again)
			p.done(again)
			p.isStale(stale, a)
			_, err := p.store.Claim(p.ctx, stale, channel, p.now, bridge.Wanted{Limit: 1})
			p.fails("Claim by a stale node", err, bridge.ErrLeaseLost)
			p.ok("Leave of a stale node", p.store.Leave(p.ctx, stale))
			p.done(p.one("b"))
		},
	}, {
		name: "node/gone",
		why:  "a worker that outlives the stop of its bridge may not write any more",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			a := p.one("a")
			p.ok("Leave", p.store.Leave(p.ctx, p.node))
			p.isStale(p.node, a)
			p.isStale(0, a)
			_, err := p.store.Claim(p.ctx, p.node, channel, p.now, bridge.Wanted{Limit: 1})
			p.fails("Claim by a node that left", err, bridge.ErrLeaseLost)
			p.join()
			p.done(p.one("a"))
		},
	}, {
		name: "node/stale attempt",
		why:  "a Finish is repeated when its answer was lost; it may not free a lane in which the next attempt is under way",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "1"))
			first := p.one("a")
			p.retry(first, 0)
			p.isStale(p.node, first)
			second := p.one("a")
			p.isStale(p.node, first)
			p.done(second)
			b := p.one("b")
			p.isStale(p.node, second)
			p.claims()
			p.done(b)
		},
	}, {
		name: "node/handing back looks for the head",
		why:  "an older message that came while the lane was taken is the head now, with its own time",
		test: func(p *probe) {
			for _, handBack := range []func(){p.join, func() { p.ok("Leave", p.store.Leave(p.ctx, p.node)); p.join() }} {
				p.now = p.now.Add(time.Hour)
				lane := p.now.String()
				p.accept(ordered("b in "+lane, lane, 2))
				p.claims("b in " + lane)
				older := ordered("a in "+lane, lane, 1)
				older.Due = p.now.Add(time.Minute)
				p.accept(older)
				handBack()
				p.claims()
				p.now = p.now.Add(time.Minute)
				p.done(p.one("a in " + lane))
				p.done(p.one("b in " + lane))
			}
		},
	},
}

// isStale tries to write as a node that does not own the item, with outcomes that would show.
func (p *probe) isStale(node bridge.Node, it *bridge.Item) {
	p.t.Helper()
	for _, verdict := range []bridge.Verdict{bridge.Done, bridge.Retry, bridge.Bury} {
		_, err := p.store.Finish(p.ctx, node, it, &bridge.Outcome{
			Verdict: verdict, At: p.now, Reason: "stale", Links: []bridge.Link{aLink("stale", "stale")},
			Follow: []*bridge.NewItem{work("stale", "stale")}, Person: aPerson("stale"), Then: work("", "stale"),
		})
		p.fails("Finish by a stale node", err, bridge.ErrLeaseLost)
	}
	p.fails("Checkpoint by a stale node", p.store.Checkpoint(p.ctx, node, it, []byte("stale")), bridge.ErrLeaseLost)
	p.isNotLinked("stale")
	p.isUnknown(aPerson())
	p.isBuried()
}
