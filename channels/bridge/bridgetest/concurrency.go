package bridgetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var concurrencyRules = []rule{
	{
		name: "concurrent/one key is accepted once",
		why:  "HubSpot may deliver a webhook and its repetition at the same time",
		test: func(p *probe) {
			for round := range 5 {
				key := fmt.Sprint("key ", round)
				var answers [3]atomic.Int64
				p.concurrently(8, func(int) {
					got, err := p.store.Accept(p.ctx, work(key, key))
					if err != nil {
						p.errorf("Accept failed: %v", err)
						return
					}
					answers[got[0]].Add(1)
				})
				p.equal("how often it was accepted", answers[bridge.Accepted].Load(), int64(1))
				p.equal("how often it was a duplicate", answers[bridge.Duplicate].Load(), int64(7))
			}
			p.equal("how much is claimed", len(p.claim(100).Items), 5)
		},
	}, {
		name: "concurrent/no lane is claimed twice",
		why:  "two workers in one conversation double or reorder its messages",
		test: testConcurrentClaims,
	}, {
		name: "concurrent/a neighbour that fails",
		why:  "writes may share a transaction, but not their fate: another's error says nothing about this message",
		test: func(p *probe) {
			const callers = 40
			p.concurrently(callers, func(i int) {
				it := work(fmt.Sprint(i), fmt.Sprint(i))
				if i%2 == 0 {
					it.Key = "" // is refused
				}
				if _, err := p.store.Accept(p.ctx, it); (err != nil) != (i%2 == 0) {
					p.errorf("Accept of item %d: %v", i, err)
				}
			})
			p.equal("how much is claimed", len(p.claim(callers).Items), callers/2)
		},
	}, {
		name: "concurrent/a caller that goes away",
		why:  "writes may share a transaction, but not their fate: whoever was told that it is stored must find it stored",
		test: testCancelledNeighbours,
	},
}

func (p *probe) errorf(format string, args ...any) {
	p.t.Helper()
	p.t.Errorf(format+"\nThe rule: %s", append(args, p.why)...)
}

// concurrently runs fn n times at once, with the numbers from 0. fn reports with errorf.
func (p *probe) concurrently(n int, fn func(i int)) {
	p.t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
	if p.t.Failed() {
		p.t.FailNow()
	}
}

// crowd is many workers on a few lanes, each of which checks that it is alone in its lane.
type crowd struct {
	*probe
	lanes [crowdLanes]struct {
		busy atomic.Bool
		next atomic.Int64 // the number of the item that must come next
	}
	left atomic.Int64
}

const (
	crowdLanes = 6
	crowdItems = 12 // of each lane
)

// member is a node with its store.
type member struct {
	store bridge.Store
	node  bridge.Node
}

func testConcurrentClaims(p *probe) { runCrowd(p, member{p.store, p.node}) }

// runCrowd has two producers and four workers for each member, all at once.
func runCrowd(p *probe, members ...member) {
	c := &crowd{probe: p}
	c.left.Store(crowdLanes * crowdItems)
	p.concurrently(6*len(members), func(i int) {
		m := members[i%len(members)]
		if i < 2*len(members) {
			c.produce(m, i, 2*len(members))
			return
		}
		c.work(m)
	})
	p.claims()
}

// produce fills every step-th lane from one number on.
func (c *crowd) produce(m member, from, step int) {
	for lane := from; lane < crowdLanes; lane += step {
		for n := range crowdItems {
			if _, err := m.store.Accept(c.ctx, work(fmt.Sprintf("%d %d", lane, n), fmt.Sprint(lane))); err != nil {
				c.errorf("Accept failed: %v", err)
			}
		}
	}
}

func (c *crowd) work(m member) {
	for c.left.Load() > 0 && !c.t.Failed() {
		claimed, err := m.store.Claim(c.ctx, m.node, channel, c.now, 2)
		if err != nil {
			c.errorf("Claim failed: %v", err)
			return
		}
		for _, it := range claimed.Items {
			c.do(m, it)
		}
		runtime.Gosched()
	}
}

// do tries every item twice.
func (c *crowd) do(m member, it *bridge.Item) {
	var lane, n int
	fmt.Sscan(string(it.Payload), &lane, &n)
	l := &c.lanes[lane]
	if l.busy.Swap(true) {
		c.errorf("lane %d was claimed twice", lane)
	}
	if next := int(l.next.Load()); n != next {
		c.errorf("item %d of lane %d was claimed where %d is the head", n, lane, next)
	}
	o := &bridge.Outcome{Verdict: bridge.Retry, At: c.now}
	if it.Attempt > 1 {
		o.Verdict = bridge.Done
		l.next.Add(1)
		c.left.Add(-1)
	}
	l.busy.Store(false)
	if err := m.store.Finish(c.ctx, m.node, it, o); err != nil {
		c.errorf("Finish failed: %v", err)
	}
}

func testCancelledNeighbours(p *probe) {
	const callers = 40
	var stored [callers]bool
	p.concurrently(callers, func(i int) {
		ctx, cancel := context.WithCancel(p.ctx)
		defer cancel()
		if i%2 == 0 {
			go cancel() // at whatever moment
		}
		_, err := p.store.Accept(ctx, work(fmt.Sprint(i), fmt.Sprint(i)))
		if err != nil && (i%2 != 0 || !errors.Is(err, context.Canceled)) {
			p.errorf("Accept failed: %v", err)
		}
		stored[i] = err == nil
	})
	for i := range callers {
		got, err := p.store.Accept(p.ctx, work(fmt.Sprint(i), fmt.Sprint(i)))
		p.ok("Accept", err)
		if stored[i] && got[0] != bridge.Duplicate {
			p.fatalf("item %d was accepted and is not there", i)
		}
	}
	p.equal("how much is claimed", len(p.claim(2*callers).Items), callers)
}
