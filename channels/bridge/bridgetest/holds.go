package bridgetest

import (
	"runtime"
	"sync/atomic"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

var holdRules = []rule{
	{
		name: "hold/until it is released",
		why:  "a listener runs on one node; that node asks again and again whether it still may",
		test: func(p *probe) {
			for range 2 {
				p.holds("name", true)
				p.holds("name", true)
				p.ok("Release", p.store.Release(p.ctx, p.node, "name"))
			}
			p.ok("Release of what is not held", p.store.Release(p.ctx, p.node, "name"))
			p.ok("Release of what nobody ever held", p.store.Release(p.ctx, p.node, "other name"))
		},
	}, {
		name: "hold/any name",
		why:  "accounts are named by their addresses, which have any bytes",
		test: func(p *probe) {
			for _, name := range hostile {
				p.holds(name, true)
			}
			for _, name := range hostile {
				p.holds(name, true)
				p.ok("Release", p.store.Release(p.ctx, p.node, name))
			}
			p.holds("", true)
		},
	}, {
		name: "hold/names are the channel's",
		why:  "several bridges may share a store; each has its own listeners",
		test: func(p *probe) {
			p.holds("name", true)
			other := p.another(elsewhere)
			other.holds("name", true)
			p.ok("Release", p.store.Release(p.ctx, other.node, "name"))
			p.holds("name", true)
		},
	}, {
		name: "hold/ends with the node",
		why:  "what a killed process held goes on elsewhere, and a node that has left may not go on",
		test: func(p *probe) {
			p.holds("name", true)
			for _, end := range []func(){func() { p.ok("Leave", p.store.Leave(p.ctx, p.node)) }, func() {}} {
				stale := p.node
				end()
				p.join()
				p.holds("name", true)
				for _, node := range []bridge.Node{stale, 0} {
					for _, name := range []string{"name", "other name"} {
						_, err := p.store.Hold(p.ctx, node, name)
						p.fails("Hold by a node that is gone", err, bridge.ErrLeaseLost)
					}
				}
			}
		},
	},
}

var sharedHoldRules = []sharedRule{
	{
		name: "shared hold/is exclusive",
		why:  "two listeners to one account receive every message twice",
		test: func(a, b *probe) {
			for _, name := range hostile {
				a.holds(name, true)
			}
			for _, name := range hostile {
				b.holds(name, false)
				b.holds(name+"b", true)
			}
			b.ok("Release of another's", b.store.Release(b.ctx, b.node, "A"))
			b.holds("A", false)
			a.ok("Release", a.store.Release(a.ctx, a.node, "A"))
			b.holds("A", true)
			a.holds("A", false)
			a.holds("a", true)
		},
	}, {
		name: "shared hold/ends with the node",
		why:  "the accounts of a process that is gone are without a listener until another takes them",
		test: func(a, b *probe) {
			a.holds("name", true)
			b.holds("name", false)
			a.ok("Leave", a.store.Leave(a.ctx, a.node))
			b.holds("name", true)

			third := b.another(channel)
			third.holds("name", false)
			b.ok("ExpireNode", expire(b.ctx, b.store, b.node))
			third.isAlive()
			third.holds("name", true)
			_, err := b.store.Hold(b.ctx, b.node, "name")
			b.fails("Hold by a node whose time is over", err, bridge.ErrLeaseLost)

			_ = b.store.Release(b.ctx, b.node, "name") // may be an error; does nothing in any case
			fourth := a.another(channel)
			fourth.holds("name", false)
			third.holds("name", true)
		},
	}, {
		name: "shared hold/at the same time",
		why:  "processes that start together ask for the same names at the same moment",
		test: testHoldTogether,
	},
}

func testHoldTogether(a, b *probe) {
	nodes := []*probe{a, b, a.another(channel), b.another(channel)}
	var holders atomic.Int64
	a.concurrently(len(nodes), func(i int) {
		p := nodes[i]
		for range 30 {
			held, err := p.store.Hold(p.ctx, p.node, "name")
			if err != nil {
				p.errorf("Hold failed: %v", err)
			}
			if !held {
				continue
			}
			if holders.Add(1) > 1 {
				p.errorf("two nodes hold the same name")
			}
			runtime.Gosched()
			holders.Add(-1)
			if err := p.store.Release(p.ctx, p.node, "name"); err != nil {
				p.errorf("Release failed: %v", err)
			}
		}
	})
	a.holds("name", true)
}

func (p *probe) holds(name string, want bool) {
	p.t.Helper()
	got, err := p.store.Hold(p.ctx, p.node, name)
	p.ok("Hold", err)
	if got != want {
		p.fatalf("whether node %d holds %q: got %v, want %v", p.node, name, got, want)
	}
}

// another returns a probe of the same store with a node of its own.
func (p *probe) another(of channels.ID) *probe {
	p.t.Helper()
	node, err := p.store.Join(p.ctx, of)
	p.ok("Join", err)
	other := *p
	other.node = node
	return &other
}
