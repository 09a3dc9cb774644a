package bridgetest

import (
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var acceptRules = []rule{
	{
		name: "accept/answers in order",
		why:  "the caller tells by position which message is new",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.answers([]bridge.Acceptance{bridge.Accepted, bridge.Duplicate, bridge.Accepted, bridge.Duplicate},
				work("b", "1"), work("a", "1"), work("c", "2"), work("b", "1"))
		},
	}, {
		name: "accept/duplicate",
		why:  "services and HubSpot repeat a message until it is acknowledged; it may be done only once",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			again := work("a", "2") // in another lane it would be claimed
			again.At = start.Add(time.Hour)
			p.answers([]bridge.Acceptance{bridge.Duplicate}, again)
			p.claims("a")
		},
	}, {
		name: "accept/duplicate after done",
		why:  "repetitions come hours after the message was handled, when its item is long gone",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.done(p.one("a"))
			p.answers([]bridge.Acceptance{bridge.Duplicate}, work("a", "1"))
			p.claims()
		},
	}, {
		name: "accept/duplicate of buried",
		why:  "what was given up must not come back by a repetition while an operator may retry it",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.bury(p.one("a"), "refused")
			p.answers([]bridge.Acceptance{bridge.Duplicate}, work("a", "1"))
			p.claims()
			p.isBuried("a")
		},
	}, {
		name: "accept/conflict",
		why:  "another message under a known id must be noticed, and must not replace the first",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			other := work("a", "1")
			other.Payload = []byte("other")
			p.answers([]bridge.Acceptance{bridge.Conflict}, other)
			p.done(p.one("a"))
			p.answers([]bridge.Acceptance{bridge.Conflict}, other)
			p.claims()
		},
	}, {
		name: "accept/content decides",
		why:  "a repetition may differ in details such as its time of arrival; Content says what counts",
		test: func(p *probe) {
			first, again, other := work("a", "1"), work("a", "1"), work("a", "1")
			first.Content, again.Content, other.Content = []byte("same"), []byte("same"), []byte{}
			again.Payload = []byte("later")
			p.accept(first)
			p.answers([]bridge.Acceptance{bridge.Duplicate, bridge.Conflict}, again, other)
			p.claims("a")
		},
	}, {
		name: "accept/all or none",
		why:  "a webhook that is refused is sent again whole; half of it stored would be taken for a repetition of all",
		test: func(p *probe) {
			nameless := work("", "1")
			if _, err := p.store.Accept(p.ctx, work("a", "1"), nameless); err == nil {
				p.fatalf("an item without a key was accepted")
			}
			p.claims()
			p.accept(work("a", "1"))
		},
	}, {
		name: "accept/time is required",
		why:  "a key without a time would be forgotten at once, and its repetitions done again",
		test: func(p *probe) {
			if _, err := p.store.Accept(p.ctx, timeless("a", "1")); err == nil {
				p.fatalf("an item without a time was accepted")
			}
		},
	}, {
		name: "accept/channels are apart",
		why:  "several bridges may share a store; the same id is another message for each",
		test: func(p *probe) {
			other := work("a", "1")
			other.Channel = elsewhere
			p.accept(work("a", "1"), other)
			p.claims("a")
		},
	}, {
		name: "accept/whole item",
		why:  "the worker knows nothing but what was stored",
		test: testWholeItem,
	}, {
		name: "accept/payload is frozen",
		why:  "every attempt must do the same, whatever the caller does with its memory",
		test: func(p *probe) {
			it := work("a", "1")
			p.accept(it)
			it.Payload[0] = 'x'
			claimed := p.one("a")
			claimed.Payload[0] = 'y'
			p.retry(claimed, 0)
			p.claims("a")
		},
	}, {
		name: "accept/empty payload",
		why:  "a kind of work may need no payload",
		test: func(p *probe) {
			none, empty := work("a", "1"), work("b", "2")
			none.Payload, empty.Payload = nil, []byte{}
			p.accept(none, empty)
			p.claims("", "")
		},
	}, {
		name: "accept/any bytes",
		why:  "ids, threads and texts come from outside: they have any length and any bytes, and near ones are not equal",
		test: testHostileItems,
	},
}

func testWholeItem(p *probe) {
	p.accept(&bridge.NewItem{
		Key: "key", Kind: bridge.KindOutgoing, Channel: channel, Portal: portal, Lane: "lane", Order: -5,
		Payload: []byte("payload"), Content: []byte("content"), At: start, Due: start.Add(time.Minute), Deadline: start.Add(time.Hour),
	})
	p.now = start.Add(time.Minute)
	got := *p.one("payload")
	if got.Seq == 0 {
		p.fatalf("Seq is not set")
	}
	got.Seq = 0
	p.equal("the item", got, bridge.Item{
		Kind: bridge.KindOutgoing, Channel: channel, Portal: portal, Lane: "lane", Payload: []byte("payload"), Attempt: 1, Claims: 1,
		Accepted: start, Deadline: start.Add(time.Hour),
	})
}

func testHostileItems(p *probe) {
	for _, s := range hostile {
		it := work(s, s)
		it.Content = []byte(s)
		p.accept(it)
	}
	items := p.claim(100).Items
	p.equal("how many are claimed", len(items), len(hostile))
	for _, it := range items {
		p.equal("the lane", it.Lane, string(it.Payload))
		p.ok("Checkpoint", p.store.Checkpoint(p.ctx, p.node, it, it.Payload))
		p.retry(it, 0)
	}
	for _, it := range p.claim(100).Items {
		p.equal("the progress", it.Progress, it.Payload)
		p.bury(it, string(it.Payload))
	}
	for _, it := range p.buried() {
		p.equal("the reason", it.Reason, string(it.Payload))
	}
	for name, s := range hostile {
		it := work(s, s)
		it.Content = []byte(s)
		got, err := p.store.Accept(p.ctx, it)
		p.ok("Accept of a key "+name, err)
		p.equal("the answer for a key "+name, got, []bridge.Acceptance{bridge.Duplicate})
	}
}
