package bridgetest

import (
	"strconv"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

const account channels.AccountID = "55"

func aLink(serviceID string, id messages.ID) bridge.Link {
	return bridge.Link{
		Channel: channel, Account: account, Portal: portal, ServiceID: serviceID, HubSpotID: id, Direction: messages.DirectionOutgoing,
	}
}

// finished stores mappings the only way there is: with the end of an attempt.
func (p *probe) finished(o bridge.Outcome) {
	p.t.Helper()
	key := "work " + strconv.Itoa(p.count)
	p.count++
	p.accept(work(key, key))
	if o.At.IsZero() {
		o.At = p.now
	}
	p.finish(p.one(key), &o)
}

func (p *probe) isLinked(serviceID string, id messages.ID) {
	p.t.Helper()
	got, err := p.store.LinkByService(p.ctx, channel, account, serviceID)
	p.ok("LinkByService", err)
	want := aLink(serviceID, id)
	p.equal("the link", got, &want)
}

func (p *probe) isNotLinked(serviceID string) {
	p.t.Helper()
	_, err := p.store.LinkByService(p.ctx, channel, account, serviceID)
	p.fails("LinkByService", err, bridge.ErrNotFound)
}

// personIs compares all that is known of a person, but for when it was saved.
func (p *probe) personIs(want *bridge.Person) {
	p.t.Helper()
	got := p.person(want)
	p.equal("the person", got, want)
}

func (p *probe) person(who *bridge.Person) *bridge.Person {
	p.t.Helper()
	one := *who
	one.ThreadIDs, one.LastIncoming = []string{"not read"}, start.Add(day)
	got, err := p.store.Person(p.ctx, &one)
	p.ok("Person", err)
	return got
}

func (p *probe) isUnknown(who *bridge.Person) {
	p.t.Helper()
	_, err := p.store.Person(p.ctx, who)
	p.fails("Person", err, bridge.ErrNotFound)
}

var mappingRules = []rule{
	{
		name: "link/both ways",
		why:  "receipts name the service's id, replies HubSpot's",
		test: func(p *probe) {
			p.finished(bridge.Outcome{Links: []bridge.Link{aLink("s", "h")}})
			p.isLinked("s", "h")
			got, err := p.store.LinkByHubSpot(p.ctx, channel, "h")
			p.ok("LinkByHubSpot", err)
			want := aLink("s", "h")
			p.equal("the link", got, &want)
			_, err = p.store.LinkByHubSpot(p.ctx, channel, "s")
			p.fails("LinkByHubSpot of an unknown id", err, bridge.ErrNotFound)
		},
	}, {
		name: "link/ids are the account's",
		why:  "services number messages within an account only",
		test: func(p *probe) {
			other, foreign := aLink("s", "h2"), aLink("s", "h3")
			other.Account = "56"
			foreign.Channel = elsewhere
			p.finished(bridge.Outcome{Links: []bridge.Link{aLink("s", "h1"), other, foreign}})
			p.isLinked("s", "h1")
			got, err := p.store.LinkByService(p.ctx, channel, "56", "s")
			p.ok("LinkByService", err)
			p.equal("the other account's link", got, &other)
			got, err = p.store.LinkByService(p.ctx, elsewhere, account, "s")
			p.ok("LinkByService", err)
			p.equal("the other channel's link", got, &foreign)
			_, err = p.store.LinkByHubSpot(p.ctx, channel, "h3")
			p.fails("LinkByHubSpot of another channel", err, bridge.ErrNotFound)
		},
	}, {
		name: "link/several parts",
		why:  "a long message is sent in parts: each leads to the message, and the message to its first part",
		test: func(p *probe) {
			p.finished(bridge.Outcome{Links: []bridge.Link{aLink("z", "h"), aLink("a", "h"), aLink("m", "h")}})
			for _, part := range []string{"z", "a", "m"} {
				p.isLinked(part, "h")
			}
			got, err := p.store.LinkByHubSpot(p.ctx, channel, "h")
			p.ok("LinkByHubSpot", err)
			p.equal("the part that the message leads to", got.ServiceID, "z")
		},
	}, {
		name: "link/saved again",
		why:  "a message that was sent twice after a crash has two ids; the last one is the service's",
		test: func(p *probe) {
			p.finished(bridge.Outcome{Links: []bridge.Link{aLink("s", "h1")}})
			p.finished(bridge.Outcome{Links: []bridge.Link{aLink("s", "h2")}})
			p.isLinked("s", "h2")
			_, err := p.store.LinkByHubSpot(p.ctx, channel, "h1")
			p.fails("LinkByHubSpot of the replaced id", err, bridge.ErrNotFound)
		},
	}, {
		name: "link/any bytes",
		why:  "the ids of services have any form and length",
		test: func(p *probe) {
			var links []bridge.Link
			for name, s := range hostile {
				links = append(links, aLink(s, messages.ID(name)))
			}
			p.finished(bridge.Outcome{Links: links})
			for name, s := range hostile {
				p.isLinked(s, messages.ID(name))
				got, err := p.store.LinkByHubSpot(p.ctx, channel, messages.ID(name))
				p.ok("LinkByHubSpot", err)
				p.equal("the service's id "+name, got.ServiceID, s)
			}
		},
	}, {
		name: "person/only what is set changes",
		why:  "threads are learned when publishing, the time of the last message when receiving",
		test: func(p *probe) {
			p.isUnknown(aPerson())
			p.finished(bridge.Outcome{Person: aPerson("t1", "t2")})
			p.personIs(aPerson("t1", "t2"))

			heard := aPerson()
			heard.LastIncoming = start
			p.finished(bridge.Outcome{Person: heard})
			want := aPerson("t1", "t2")
			want.LastIncoming = start
			p.personIs(want)

			p.finished(bridge.Outcome{Person: aPerson("t3")})
			want.ThreadIDs = []string{"t3"}
			p.personIs(want)
		},
	}, {
		name: "person/the last message stays the last",
		why:  "messages are published in several lanes, so an older one may end later",
		test: func(p *probe) {
			want := aPerson()
			for _, at := range []time.Time{start, start.Add(-time.Hour)} {
				heard := aPerson()
				heard.LastIncoming = at
				p.finished(bridge.Outcome{Person: heard})
			}
			want.LastIncoming = start
			p.personIs(want)
		},
	}, {
		name: "person/is known by four fields",
		why:  "the same customer has other threads with another account, portal or bridge",
		test: func(p *probe) {
			for i, change := range []func(*bridge.Person){
				func(*bridge.Person) {},
				func(p *bridge.Person) { p.Channel = elsewhere },
				func(p *bridge.Person) { p.Portal = 2 },
				func(p *bridge.Person) { p.Account = channels.Email("support@example.com") },
				func(p *bridge.Person) { p.Identifier = channels.Opaque(p.Identifier.Value) },
				func(p *bridge.Person) { p.Identifier.Value = "ana@example.com\x00" },
			} {
				who := aPerson(strconv.Itoa(i))
				change(who)
				p.isUnknown(who)
				p.finished(bridge.Outcome{Person: who})
				p.personIs(who)
			}
			p.personIs(aPerson("0"))
		},
	}, {
		name: "value/remembered",
		why:  "the channel's id must survive a restart, or the channel is registered twice",
		test: func(p *probe) {
			_, err := p.store.Recall(p.ctx, "name")
			p.fails("Recall", err, bridge.ErrNotFound)
			for _, value := range []string{"first", "second", "", "a\x00\xff"} {
				p.ok("Remember", p.store.Remember(p.ctx, "name", value))
				p.ok("Remember", p.store.Remember(p.ctx, "other name", "other"))
				got, err := p.store.Recall(p.ctx, "name")
				p.ok("Recall", err)
				p.equal("the value", got, value)
			}
		},
	},
}
