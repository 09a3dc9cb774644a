package bridgetest

import (
	"math"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var operatorRules = []rule{
	{
		name: "depths/counts",
		why:  "operators see which portal is behind, with what, and since when",
		test: testDepths,
	}, {
		name: "buried/pages",
		why:  "after an outage there may be more than fits into memory",
		test: func(p *probe) {
			for _, key := range []string{"a", "b", "c", "d", "e"} {
				p.accept(work(key, key))
			}
			for _, it := range p.claims("d", "a", "e", "c", "b") { // in any order
				p.bury(it, "reason")
				p.now = p.now.Add(time.Second)
			}
			all := p.buried()
			p.equal("how many are buried", len(all), 5)
			var pages []*bridge.BuriedItem
			var after int64
			for _, want := range []int{2, 2, 1, 0} {
				page, err := p.store.Buried(p.ctx, channel, after, 2)
				p.ok("Buried", err)
				p.equal("the length of a page", len(page), want)
				pages = append(pages, page...)
				for _, it := range page {
					if it.Seq <= after {
						p.fatalf("Seq %d is listed after %d", it.Seq, after)
					}
					after = it.Seq
				}
			}
			p.equal("all pages", pages, all)
			other, err := p.store.Buried(p.ctx, elsewhere, 0, 1000)
			p.ok("Buried", err)
			p.equal("what is buried of another channel", len(other), 0)
		},
	}, {
		name: "retry/at the end of its lane",
		why:  "the conversation went on meanwhile; what is retried must not delay what came after it, nor come among it",
		test: func(p *probe) {
			p.accept(ordered("a", "1", 1), ordered("b", "1", 5), ordered("c", "1", 9))
			p.bury(p.one("a"), "reason")
			b := p.one("b")
			p.retryBuried(p.now, "a")
			p.claims()
			p.done(b)
			p.done(p.one("c"))
			p.done(p.one("a"))

			p.accept(ordered("d", "1", 1), ordered("e", "1", 9))
			p.bury(p.one("d"), "reason")
			e := p.one("e")
			p.retryBuried(p.now, "d") // behind what is under way, too
			p.retry(e, 0)
			p.done(p.one("e"))
			p.done(p.one("d"))
			p.claims()
		},
	}, {
		name: "retry/begins anew",
		why:  "an old deadline or many attempts would bury it again at once, and old progress may no longer be true",
		test: testRetryAnew,
	}, {
		name: "retry/not before it is due",
		why:  "it is as if it were accepted at that time",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.retry(p.one("a"), time.Minute)
			p.now = start.Add(time.Minute)
			p.bury(p.one("a"), "reason")
			p.retryBuried(start.Add(time.Hour), "a")
			p.claims()
			p.now = start.Add(time.Hour)
			p.claims("a")
		},
	}, {
		name: "retry/its key stays known",
		why:  "a repetition of the webhook would do it a second time",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.bury(p.one("a"), "reason")
			p.retryBuried(p.now, "a")
			p.answers([]bridge.Acceptance{bridge.Duplicate}, work("a", "2"))
			p.done(p.one("a"))
			p.answers([]bridge.Acceptance{bridge.Duplicate}, work("a", "2"))
			p.claims()
		},
	}, {
		name: "retry/its files stay",
		why:  "a message is retried whole",
		test: func(p *probe) {
			p.now = time.Now()
			p.acceptWithMedia("a", "one")
			p.bury(p.one("a"), "reason")
			p.retryBuried(p.now, "a")
			p.sweep(48 * time.Hour)
			p.chunkIs("one", 0, []byte("one"))
			p.done(p.one("a"))
			p.noChunk("one", 0)
		},
	}, {
		name: "retry/only what is buried",
		why:  "two operators who press the button must not have a message sent twice",
		test: func(p *probe) {
			p.onlyBuried("Retry", func(p *probe, seq int64) error {
				return p.store.Retry(p.ctx, channel, seq, p.now, p.now.Add(time.Hour))
			})
			p.fails("Retry in another channel", p.store.Retry(p.ctx, elsewhere, p.buried()[0].Seq, p.now, p.now), bridge.ErrNotFound)
		},
	}, {
		name: "drop/for good",
		why:  "what an operator gave up must neither be kept, nor come back by a repetition",
		test: func(p *probe) {
			p.acceptWithMedia("a", "one")
			p.acceptWithMedia("b", "two")
			for _, it := range p.claims("a", "b") {
				p.bury(it, "reason")
			}
			p.ok("Drop", p.store.Drop(p.ctx, channel, p.find("a").Seq))
			p.isBuried("b")
			p.noChunk("one", 0)
			p.chunkIs("two", 0, []byte("two"))
			again := work("a", "a")
			p.answers([]bridge.Acceptance{bridge.Duplicate}, again)
			p.claims()
			p.sweepAt(old)
			p.answers([]bridge.Acceptance{bridge.Accepted}, again)
		},
	}, {
		name: "drop/only what is buried",
		why:  "work that waits or is under way is not an operator's to remove by number",
		test: func(p *probe) {
			p.onlyBuried("Drop", func(p *probe, seq int64) error { return p.store.Drop(p.ctx, channel, seq) })
			p.fails("Drop in another channel", p.store.Drop(p.ctx, elsewhere, p.buried()[0].Seq), bridge.ErrNotFound)
		},
	},
}

// find returns the buried item with a payload.
func (p *probe) find(payload string) *bridge.BuriedItem {
	p.t.Helper()
	for _, it := range p.buried() {
		if string(it.Payload) == payload {
			return it
		}
	}
	p.fatalf("%q is not listed as buried", payload)
	return nil
}

func (p *probe) retryBuried(now time.Time, payload string) {
	p.t.Helper()
	p.ok("Retry", p.store.Retry(p.ctx, channel, p.find(payload).Seq, now, now.Add(time.Hour)))
}

func testRetryAnew(p *probe) {
	p.accept(work("a", "1"))
	p.retry(p.one("a"), 0)
	first := p.one("a")
	p.ok("Checkpoint", p.store.Checkpoint(p.ctx, p.node, first, []byte("progress")))
	p.bury(first, "reason")
	p.now = start.Add(time.Hour)
	p.retryBuried(p.now, "a")
	p.isBuried()
	again := p.one("a")
	if again.Seq == first.Seq {
		p.fatalf("Seq is still %d", again.Seq)
	}
	p.equal("the item", *again, bridge.Item{
		Seq: again.Seq, Kind: first.Kind, Channel: channel, Portal: portal, Lane: "1", Payload: []byte("a"), Attempt: 1, Claims: 1,
		Accepted: start, Deadline: start.Add(2 * time.Hour),
	})
	p.retry(again, 0)
	again = p.one("a")
	p.isStale(p.node, first) // although it was the second attempt, too
	p.bury(again, "another reason")
	p.equal("what is buried", p.buried(), []*bridge.BuriedItem{{Item: *again, Reason: "another reason", BuriedAt: p.now}})
}

// onlyBuried tries to do something with items that are not buried, and with one that is. It leaves another buried.
func (p *probe) onlyBuried(what string, do func(p *probe, seq int64) error) {
	p.t.Helper()
	p.accept(work("taken", "1"), work("retried", "2"), work("done", "3"), work("buried", "4"), work("left", "5"))
	items := p.claims("taken", "retried", "done", "buried", "left")
	p.retry(items[1], time.Hour)
	p.done(items[2])
	for _, it := range items[:3] {
		p.fails(what+" of what is "+string(it.Payload), do(p, it.Seq), bridge.ErrNotFound)
	}
	for _, it := range items[3:] {
		p.bury(it, "reason")
	}
	for _, seq := range []int64{0, -1, math.MinInt64, math.MaxInt64} {
		p.fails(what+" of nothing", do(p, seq), bridge.ErrNotFound)
	}
	p.ok(what, do(p, items[3].Seq))
	p.fails(what+" once more", do(p, items[3].Seq), bridge.ErrNotFound)
	p.isBuried("left")
	p.done(items[0])
	p.now = p.now.Add(time.Hour)
	if !slices.Contains(payloads(p.claim(100).Items), "retried") {
		p.fatalf("what waited is gone")
	}
}

type depthKey struct {
	portal int64
	kind   bridge.Kind
}

// depthsAre compares the depths, whatever their order.
func (p *probe) depthsAre(want map[depthKey]bridge.Depth) {
	p.t.Helper()
	depths, err := p.store.Depths(p.ctx, channel)
	p.ok("Depths", err)
	got := map[depthKey]bridge.Depth{}
	for _, d := range depths {
		got[depthKey{d.Portal, d.Kind}] = d
	}
	p.equal("how many depths there are", len(depths), len(got))
	p.equal("the depths", got, want)
}

func testDepths(p *probe) {
	p.depthsAre(nil)
	p.accept(work("a", "1"), work("b", "1"), work("c", "2"), sent("d", "3"), of(-1, work("e", "4")), of(-1, work("f", "5")))
	foreign := work("g", "1")
	foreign.Channel = elsewhere
	first := work("h", "6")
	first.At, first.Due = start.Add(-time.Hour), start.Add(time.Hour)
	p.accept(foreign, first)
	items := p.claims("a", "c", "d", "e", "f")
	p.done(items[1])
	p.retry(items[2], time.Hour)
	p.bury(items[3], "reason")
	p.bury(items[4], "reason")
	p.depthsAre(map[depthKey]bridge.Depth{
		{portal, bridge.KindIncoming}: {Portal: portal, Kind: bridge.KindIncoming, Waiting: 3, Oldest: start.Add(-time.Hour)}, // one is under way
		{portal, bridge.KindOutgoing}: {Portal: portal, Kind: bridge.KindOutgoing, Waiting: 1, Oldest: start},
		{-1, bridge.KindIncoming}:     {Portal: -1, Kind: bridge.KindIncoming, Buried: 2},
	})
	p.now = start.Add(time.Minute)
	p.retryBuried(p.now, "e")
	p.done(p.one("e"))
	p.done(items[0])
	p.depthsAre(map[depthKey]bridge.Depth{
		{portal, bridge.KindIncoming}: {Portal: portal, Kind: bridge.KindIncoming, Waiting: 2, Oldest: start.Add(-time.Hour)},
		{portal, bridge.KindOutgoing}: {Portal: portal, Kind: bridge.KindOutgoing, Waiting: 1, Oldest: start},
		{-1, bridge.KindIncoming}:     {Portal: -1, Kind: bridge.KindIncoming, Buried: 1},
	})
}
