package bridgetest

import (
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

var forgetRules = []rule{
	{
		name: "forget/the person and their links",
		why:  "who asks to be forgotten must not be found any more; all others must",
		test: testForgetPerson,
	}, {
		name: "forget/items that match",
		why:  "what a person wrote is in the queue, too: waiting, under way, and set aside",
		test: testForgetItems,
	}, {
		name: "forget/frees the lane of what is under way",
		why:  "the others of a conversation may not wait for a worker that nobody needs any more",
		test: func(p *probe) {
			p.accept(work("ana 1", "1"), work("ben 2", "1"))
			ana := p.one("ana 1")
			p.forgets(1)
			ben := p.one("ben 2")
			p.isStale(p.node, ana)
			p.claims()
			p.done(ben)
			p.claims()
		},
	}, {
		name: "forget/looks for the head",
		why:  "the next item of the lane has its own time and kind",
		test: func(p *probe) {
			p.accept(later(work("ana 1", "1"), time.Hour), work("ben 2", "1"))
			p.accept(work("ana 3", "2"), sent("ben 4", "2"))
			p.accept(sent("ana 5", "3"), work("ben 6", "3"))
			p.accept(work("ana 7", "4"), later(work("ben 8", "4"), 2*time.Hour))
			p.pause(start.Add(time.Hour))
			p.forgets(4)
			p.claims("ben 4")
			p.now = start.Add(time.Hour)
			p.claims("ben 2", "ben 6")
			p.wakesFor("ben 8", start.Add(2*time.Hour))
		},
	}, {
		name: "forget/with its files",
		why:  "what a person sent is in files above all",
		test: func(p *probe) {
			p.acceptWithMedia("ana 1", "one")
			p.acceptWithMedia("ana 2", "two")
			p.acceptWithMedia("ana 3", "three")
			p.acceptWithMedia("ben 4", "four")
			items := p.claims("ana 1", "ana 2", "ana 3", "ben 4")
			p.retry(items[0], time.Hour)
			p.bury(items[1], "reason")
			p.forgets(3)
			for _, id := range []string{"one", "two", "three"} {
				p.noChunk(id, 0)
			}
			p.chunkIs("four", 0, []byte("four"))
		},
	}, {
		name: "forget/keys stay known",
		why:  "a repetition of a forgotten message must not bring it back",
		test: func(p *probe) {
			p.accept(work("ana 1", "1"))
			p.forgets(1)
			p.answers([]bridge.Acceptance{bridge.Duplicate}, work("ana 1", "1"))
			p.claims()
			p.sweepAt(old)
			p.answers([]bridge.Acceptance{bridge.Accepted}, work("ana 1", "1"))
		},
	}, {
		name: "forget/the match sees the whole item",
		why:  "the bridge finds the person in the payload, the lane or the progress, according to the kind",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "2"), later(work("c", "3"), time.Hour))
			items := p.claims("a", "b")
			p.ok("Checkpoint", p.store.Checkpoint(p.ctx, p.node, items[0], []byte("progress")))
			items[0].Progress = []byte("progress")
			p.bury(items[1], "reason")
			seen := map[string]bridge.Item{}
			_, err := p.store.Forget(p.ctx, ana(), func(it *bridge.Item) bool {
				seen[string(it.Payload)] = *it
				it.Payload, it.Lane = []byte("changed"), "changed" // is not shared
				return false
			})
			p.ok("Forget", err)
			p.equal("how many items were seen", len(seen), 3)
			p.equal("what is under way", seen["a"], *items[0])
			p.equal("what is buried", seen["b"], *items[1])
			p.equal("the lane of what waits", seen["c"].Lane, "3")
			p.done(items[0])
			p.now = start.Add(time.Hour)
			p.claims("c")
		},
	},
}

func ana() *bridge.Person { return aPerson() }

func ben() *bridge.Person {
	who := aPerson()
	who.Identifier = channels.Email("ben@example.com")
	return who
}

// forgets forgets ana, and all items that begin with her name.
func (p *probe) forgets(items int) {
	p.t.Helper()
	got, err := p.store.Forget(p.ctx, ana(), func(it *bridge.Item) bool { return strings.HasPrefix(string(it.Payload), "ana") })
	p.ok("Forget", err)
	p.equal("how many items were removed", got, items)
}

func testForgetPerson(p *probe) {
	p.forgets(0) // of whom nothing is known
	p.finished(bridge.Outcome{Person: ana(), Links: []bridge.Link{aLink("ana 1", "h1"), aLink("ana 2", "h2")}})
	p.finished(bridge.Outcome{Links: []bridge.Link{aLink("ana 3", "h3"), aLink("nobody's", "h4")}})
	p.finished(bridge.Outcome{Person: ana(), Links: []bridge.Link{aLink("ana 3", "h3")}}) // is known to be hers only now
	p.finished(bridge.Outcome{Links: []bridge.Link{aLink("ana 1", "h5")}})                // is hers still
	p.finished(bridge.Outcome{Person: ben(), Links: []bridge.Link{aLink("ben 1", "h6")}})
	others := []*bridge.Person{ben()}
	for _, change := range []func(*bridge.Person){
		func(who *bridge.Person) { who.Channel = elsewhere },
		func(who *bridge.Person) { who.Portal = 2 },
		func(who *bridge.Person) { who.Account = channels.Email("support@example.com") },
		func(who *bridge.Person) { who.Identifier = channels.Opaque(who.Identifier.Value) },
	} {
		other := ana()
		change(other)
		others = append(others, other)
		p.finished(bridge.Outcome{Person: other})
	}
	p.forgets(0)
	p.isUnknown(ana())
	for _, id := range []string{"ana 1", "ana 2", "ana 3"} {
		p.isNotLinked(id)
	}
	_, err := p.store.LinkByHubSpot(p.ctx, channel, "h2")
	p.fails("LinkByHubSpot", err, bridge.ErrNotFound)
	p.isLinked("ben 1", "h6")
	p.isLinked("nobody's", "h4")
	for _, other := range others {
		p.personIs(other)
	}
	p.finished(bridge.Outcome{Person: ana(), Links: []bridge.Link{aLink("ana 1", "h7")}}) // she writes again
	p.personIs(ana())
	p.isLinked("ana 1", "h7")
}

func testForgetItems(p *probe) {
	p.accept(work("ana 1", "1"), work("ben 2", "1"), work("ana 3", "1"), work("ben 4", "1"))
	p.accept(work("ana 5", "2"), work("ben 6", "2"), work("ana 7", "3"), work("ben 8", "4"))
	foreign := work("ana elsewhere", "1")
	foreign.Channel = elsewhere
	p.accept(of(2, work("ana of another portal", "5")), foreign)
	items := p.claims("ana 1", "ana 5", "ana 7", "ben 8", "ana of another portal")
	p.retry(items[0], time.Hour)
	p.bury(items[2], "reason")
	p.bury(items[3], "reason")
	p.forgets(4)
	p.forgets(0)
	p.isBuried("ben 8")
	p.fails("Retry of what is forgotten", p.store.Retry(p.ctx, channel, items[2].Seq, p.now, p.now), bridge.ErrNotFound)
	p.done(items[4])
	rest := p.claims("ben 2", "ben 6")
	p.done(rest[0])
	p.done(p.one("ben 4"))
	p.done(rest[1])
	p.claims()
	node, err := p.store.Join(p.ctx, elsewhere)
	p.ok("Join", err)
	claimed, err := p.store.Claim(p.ctx, node, elsewhere, p.now, bridge.Wanted{Limit: 1})
	p.ok("Claim", err)
	p.equal("what another channel claims", payloads(claimed.Items), []string{"ana elsewhere"})
}
