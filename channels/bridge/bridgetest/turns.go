package bridgetest

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var turnRules = []rule{
	{
		name: "turns/one lane of each portal per round",
		why:  "a portal with much to do may not hold up those with little",
		test: func(p *probe) {
			p.fill(30, 3)
			p.fill(10, 2)
			p.fill(20, 1)
			p.turns(bridge.Wanted{Limit: 100}, "10/1 20/1 30/1 10/2 30/2 30/3")
		},
	}, {
		name: "turns/longest due first within a portal",
		why:  "whose message is due first is served first, whatever its kind and its number",
		test: func(p *probe) {
			p.accept(of(1, later(work("1/3", "c"), 3*time.Millisecond)), of(1, later(work("1/1", "b"), time.Millisecond)))
			p.accept(of(1, later(sent("1/2", "a"), 2*time.Millisecond)), of(2, work("2/1", "d")))
			p.now = start.Add(time.Second)
			p.turns(bridge.Wanted{Limit: 2}, "1/1 2/1")
			p.turns(bridge.Wanted{Limit: 1}, "1/2")
			p.turns(bridge.Wanted{Limit: 1}, "1/3")
		},
	}, {
		name: "turns/after the last one",
		why:  "a claim that began with the same portal each time would starve all others",
		test: func(p *probe) {
			for _, portal := range []int64{1, 2, 3, 4} {
				p.fill(portal, 3)
			}
			p.turns(bridge.Wanted{Limit: 3, After: 2}, "3/1 4/1 1/1")
			p.turns(bridge.Wanted{Limit: 3, After: 1}, "2/1 3/2 4/2")
			p.turns(bridge.Wanted{Limit: 9, After: 4}, "1/2 2/2 3/3 4/3 1/3 2/3")
		},
	}, {
		name: "turns/after a portal that has nothing",
		why:  "the portal that had its turn last has often nothing left",
		test: func(p *probe) {
			for _, portal := range []int64{10, 20, 30} {
				p.fill(portal, 2)
			}
			p.turns(bridge.Wanted{Limit: 2, After: 15}, "20/1 30/1")
			p.turns(bridge.Wanted{Limit: 2, After: 35}, "10/1 20/2")
			p.turns(bridge.Wanted{Limit: 2, After: -5}, "10/2 30/2")
		},
	}, {
		name: "turns/any id",
		why:  "no arithmetic on ids may overflow, and an odd one may not be left out",
		test: func(p *probe) {
			for _, portal := range []int64{math.MaxInt64, 1, 0, -1, math.MinInt64} {
				p.fill(portal, 3)
			}
			low, high := fmt.Sprint(math.MinInt64), fmt.Sprint(math.MaxInt64)
			p.turns(bridge.Wanted{Limit: 5}, "1/1", high+"/1", low+"/1", "-1/1", "0/1")
			p.turns(bridge.Wanted{Limit: 2, After: math.MaxInt64}, low+"/2", "-1/2")
			p.turns(bridge.Wanted{Limit: 3, After: math.MinInt64}, "-1/3", "0/2", "1/2")
			p.turns(bridge.Wanted{Limit: 2, After: -2}, "0/3", "1/3")
			p.turns(bridge.Wanted{Limit: 5, After: -1}, high+"/2", low+"/3", high+"/3")
		},
	}, {
		name: "turns/no more of a portal than it may hold",
		why:  "a portal with slow calls would take every worker, and all others would wait for it",
		test: func(p *probe) {
			p.fill(1, 6)
			p.fill(2, 2)
			p.turns(bridge.Wanted{Limit: 100, PerPortal: 3}, "1/1 2/1 1/2 2/2 1/3")
			p.turns(bridge.Wanted{Limit: 100, PerPortal: 3, Held: map[int64]int{1: 3, 2: 2, 7: 100}}, "")
			p.turns(bridge.Wanted{Limit: 100, PerPortal: 3, Held: map[int64]int{1: 2}}, "1/4")
			p.turns(bridge.Wanted{Limit: 100, PerPortal: 2, Held: map[int64]int{1: 4}}, "")
			p.turns(bridge.Wanted{Limit: 100, Held: map[int64]int{1: 4}}, "1/5 1/6")
		},
	}, {
		name: "turns/every portal gets its own",
		why:  "a bridge has few workers and many portals; each must be served in time",
		test: testManyPortals,
	}, {
		name: "turns/what is held back hides nothing",
		why:  "a limit, a busy portal or a delay is no reason to leave workers without work",
		test: testHidesNothing,
	}, {
		name: "turns/a paused portal still sends",
		why:  "agents' messages reach the customer however much waits for HubSpot, and long before it",
		test: func(p *probe) {
			var items []*bridge.NewItem
			for i := range 200 {
				items = append(items, work(fmt.Sprint(i), fmt.Sprint(i)))
			}
			p.accept(append(items, later(sent("sent", "sent"), time.Second))...)
			p.pause(time.Time{})
			p.now = start.Add(time.Second)
			p.turns(bridge.Wanted{Limit: 1}, "sent")
			p.turns(bridge.Wanted{Limit: 100}, "")
		},
	}, {
		name: "turns/a portal that is full is not woken up for",
		why:  "a bridge whose Next is in the past would ask again and again until one of its calls ends",
		test: func(p *probe) {
			p.fill(1, 2)
			p.accept(of(2, later(work("2/1", "2/1"), time.Minute)))
			claimed := p.claimAs(bridge.Wanted{Limit: 1, PerPortal: 1, Held: map[int64]int{1: 1}})
			p.equal("what is claimed", payloads(claimed.Items), []string(nil))
			if !claimed.Next.After(p.now) || claimed.Next.After(start.Add(time.Minute)) {
				p.fatalf("Next is %v when it is %v, and something is due at %v", claimed.Next, p.now, start.Add(time.Minute))
			}
		},
	},
}

// fill gives a portal work in lanes of its own, one due after the other, and sets the time to when all are due.
func (p *probe) fill(portal int64, lanes int) {
	p.t.Helper()
	for i := range lanes {
		name := fmt.Sprintf("%d/%d", portal, i+1)
		p.accept(of(portal, later(work(name, name), time.Duration(i)*time.Millisecond)))
	}
	p.now = start.Add(time.Second)
}

// turns claims, and compares what it gets and in which order; the names are separated by spaces.
func (p *probe) turns(want bridge.Wanted, names ...string) {
	p.t.Helper()
	p.equal("what is claimed, in the order of the turns", payloads(p.claimAs(want).Items), strings.Fields(strings.Join(names, " ")))
}

func testManyPortals(p *probe) {
	const portals, rounds = 300, 3
	var items []*bridge.NewItem
	for i := range portals * rounds {
		name := fmt.Sprint(i)
		items = append(items, of(int64(i/rounds)-portals/2, work(name, name)))
	}
	p.accept(items...)
	var got, want []int64
	for last := int64(math.MinInt64); len(got) < portals*rounds; last = got[len(got)-1] {
		claimed := p.claimAs(bridge.Wanted{Limit: 7, After: last}).Items
		if len(claimed) == 0 {
			break
		}
		got = append(got, portalsOf(claimed)...)
	}
	for i := range portals * rounds {
		want = append(want, int64(i%portals)-portals/2)
	}
	p.equal("the portals in the order of their turns", got, want)
}

func testHidesNothing(p *probe) {
	const many = 100
	var items []*bridge.NewItem
	held := map[int64]int{}
	for i := range int64(many) {
		name := fmt.Sprint(i)
		paused, full, delayed := 1000+i, 2000+i, 3000+i
		p.pausePortal(paused, time.Time{}, "reason")
		held[full] = 1
		items = append(items, of(paused, work("paused "+name, "paused "+name)), of(full, work("full "+name, "full "+name)),
			of(delayed, later(work("delayed "+name, "delayed "+name), time.Hour)))
	}
	p.accept(append(items, of(500, work("first", "first")), of(2500, work("middle", "middle")), of(5000, work("last", "last")))...)
	for _, want := range []string{"middle", "last", "first"} {
		p.turns(bridge.Wanted{Limit: 1, After: 999, PerPortal: 1, Held: held}, want)
	}
	p.turns(bridge.Wanted{Limit: 1, After: 999, PerPortal: 1, Held: held}, "")
}
