package bridgetest

import (
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

const (
	day       = 24 * time.Hour
	almostOld = 30*day - time.Minute
	old       = 30*day + time.Minute
)

var sweepRules = []rule{
	{
		name: "sweep/keys live 30 days",
		why:  "repetitions come for days, but a store may not grow for ever",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.done(p.one("a"))
			p.sweepAt(almostOld)
			p.answers([]bridge.Acceptance{bridge.Duplicate}, work("a", "1"))
			p.sweepAt(old)
			p.answers([]bridge.Acceptance{bridge.Accepted}, work("a", "1"))
		},
	}, {
		name: "sweep/keys of waiting work stay",
		why:  "work that waits longer than 30 days would be accepted a second time",
		test: func(p *probe) {
			p.accept(work("waits", "1"), work("taken", "2"))
			claimed := p.claims("waits", "taken")
			p.retry(claimed[0], 60*day)
			p.sweepAt(old)
			p.answers([]bridge.Acceptance{bridge.Duplicate, bridge.Duplicate}, work("waits", "1"), work("taken", "2"))
			p.done(claimed[1])
			p.now = start.Add(60 * day)
			p.done(p.one("waits"))
			p.sweepAt(61 * day)
			p.accept(work("waits", "1"), work("taken", "2"))
		},
	}, {
		name: "sweep/buried live 30 days",
		why:  "operators have that long to find what went wrong, and its key lives as long",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			a := p.one("a")
			p.now = start.Add(20 * day)
			p.bury(a, "reason")
			p.sweepAt(20*day + almostOld)
			p.isBuried("a")
			p.answers([]bridge.Acceptance{bridge.Duplicate}, work("a", "1"))
			p.sweepAt(20*day + old)
			p.isBuried()
		},
	}, {
		name: "sweep/work stays",
		why:  "nothing that was accepted may be lost, however long its portal is paused",
		test: func(p *probe) {
			p.accept(work("a", "1"), work("b", "1"))
			p.retry(p.one("a"), time.Hour)
			p.sweepAt(365 * day)
			p.now = start.Add(365 * day)
			p.done(p.one("a"))
			p.claims("b")
		},
	}, {
		name: "sweep/mappings live 30 days",
		why:  "receipts and replies come for days after a message; accounts and remembered values have no end",
		test: func(p *probe) {
			p.saves(anAccount("1"), nil)
			p.ok("Remember", p.store.Remember(p.ctx, "name", "value"))
			p.finished(bridge.Outcome{Links: []bridge.Link{aLink("s", "h")}, Person: aPerson("t")})
			p.sweepAt(almostOld)
			p.isLinked("s", "h")
			p.personIs(aPerson("t"))
			p.sweepAt(old)
			p.isNotLinked("s")
			p.isUnknown(aPerson())
			p.accountIs("1", anAccount("1"))
			_, err := p.store.Recall(p.ctx, "name")
			p.ok("Recall", err)
		},
	}, {
		name: "sweep/a person who goes on writing is kept",
		why:  "30 days count from the last message, not from the first",
		test: func(p *probe) {
			p.finished(bridge.Outcome{Person: aPerson("t1")})
			p.finished(bridge.Outcome{Person: aPerson("t2"), At: start.Add(20 * day)})
			p.sweepAt(old)
			p.personIs(aPerson("t2"))
		},
	},
}

func (p *probe) sweepAt(after time.Duration) {
	p.t.Helper()
	p.ok("Sweep", p.store.Sweep(p.ctx, start.Add(after)))
}
