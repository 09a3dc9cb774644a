package bridgetest

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// crowd is many workers on a few lanes. Each checks that it is alone in its lane, and that no other node calls HubSpot for
// the portal. Whatever is done leaves a follow-up in a second set of lanes.
type crowd struct {
	*probe
	lanes [2 * crowdLanes]struct {
		busy atomic.Bool
		next atomic.Int64 // the number of the item that must come next
	}
	producing atomic.Int64 // how many producers are not done
	left      atomic.Int64
	shared    bool

	mu    sync.Mutex
	calls [2]map[bridge.Node]int // the work under way that calls HubSpot, by portal
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
	c := &crowd{probe: p, shared: len(members) > 1, calls: [2]map[bridge.Node]int{{}, {}}}
	producers := 2 * len(members)
	c.producing.Store(int64(producers))
	c.left.Store(2 * crowdLanes * crowdItems)
	p.concurrently(6*len(members), func(i int) {
		m := members[i%len(members)]
		if i < producers {
			c.produce(m, i, producers)
			c.producing.Add(-1)
			return
		}
		for last := false; !last && !p.t.Failed(); runtime.Gosched() {
			last = c.producing.Load() == 0
			last = !c.work(m) && last
		}
	})
	for some := true; some && !p.t.Failed(); { // what the last worker left
		some = false
		for _, m := range members {
			some = c.work(m) || some
		}
	}
	p.equal("how many items are left", c.left.Load(), int64(0))
	p.claims()
}

// crowdItem is work of two portals: a third of it for agents' messages, what follows from it for HubSpot.
func crowdItem(lane, n int) *bridge.NewItem {
	it := of(int64(lane%2), work(fmt.Sprint(lane, " ", n), fmt.Sprint(lane)))
	if lane < crowdLanes/3 {
		it.Kind = bridge.KindOutgoing
	}
	return it
}

// produce fills every step-th lane from one number on.
func (c *crowd) produce(m member, from, step int) {
	for lane := from; lane < crowdLanes; lane += step {
		for n := range crowdItems {
			if _, err := m.store.Accept(c.ctx, crowdItem(lane, n)); err != nil {
				c.errorf("Accept failed: %v", err)
			}
		}
	}
}

// work reports whether there was any.
func (c *crowd) work(m member) bool {
	claimed, err := m.store.Claim(c.ctx, m.node, channel, c.now, bridge.Wanted{Limit: 2})
	if err == nil && len(claimed.Items) == 0 && c.shared {
		_, err = m.store.Renew(c.ctx, m.node)
	}
	if err != nil {
		c.errorf("Claim or Renew failed: %v", err)
		return false
	}
	for _, it := range claimed.Items {
		for it != nil {
			it = c.do(m, it)
		}
	}
	return len(claimed.Items) > 0
}

// do tries every item twice, and what follows from it once. It returns what the node goes on with.
func (c *crowd) do(m member, it *bridge.Item) *bridge.Item {
	var lane, n int
	fmt.Sscan(string(it.Payload), &lane, &n)
	l := &c.lanes[lane]
	if l.busy.Swap(true) {
		c.errorf("lane %d was claimed twice", lane)
	}
	if next := int(l.next.Load()); n != next {
		c.errorf("item %d of lane %d was claimed where %d is the head", n, lane, next)
	}
	c.call(m.node, it)
	o := &bridge.Outcome{Verdict: bridge.Retry, At: c.now}
	if it.Attempt > 1 || lane >= crowdLanes {
		o.Verdict = bridge.Done
		l.next.Add(1)
		c.left.Add(-1)
		if lane < crowdLanes {
			o.Then = crowdItem(lane+crowdLanes, n)
			o.Then.Key = ""
		}
	}
	l.busy.Store(false)
	then, err := m.store.Finish(c.ctx, m.node, it, o)
	if err != nil {
		c.errorf("Finish failed: %v", err)
	}
	return then
}

// call stands for a call to HubSpot, if the item makes one.
func (c *crowd) call(node bridge.Node, it *bridge.Item) {
	if !it.Kind.CallsHubSpot() {
		return
	}
	add := func(n int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		calls := c.calls[it.Portal]
		if calls[node] += n; calls[node] == 0 {
			delete(calls, node)
		}
		if len(calls) > 1 {
			c.errorf("two nodes call HubSpot for portal %d", it.Portal)
		}
	}
	add(1)
	runtime.Gosched()
	add(-1)
}
