package bridgetest

import (
	"math"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var pauseRules = []rule{
	{
		name: "pause/holds back what calls HubSpot",
		why:  "what HubSpot limits or refuses waits, but agents' messages still reach the customer",
		test: func(p *probe) {
			p.pause(time.Time{})
			for _, kind := range []bridge.Kind{bridge.KindIncoming, bridge.KindOutgoing, bridge.KindStatus, bridge.KindReport, bridge.KindAccount} {
				it := work(string(kind), string(kind))
				it.Kind = kind
				p.accept(it)
			}
			p.claims("outgoing")
			p.resume()
			p.claims("incoming", "status", "report", "account")
		},
	}, {
		name: "pause/of one portal and channel",
		why:  "one customer's limit or uninstallation may not stop the others",
		test: func(p *probe) {
			other := work("other portal", "2")
			other.Portal = 2
			p.accept(work("paused", "1"), other)
			p.pause(time.Time{})
			p.claims("other portal")

			foreign := work("foreign", "1")
			foreign.Channel = elsewhere
			p.accept(foreign)
			node, err := p.store.Join(p.ctx, elsewhere)
			p.ok("Join", err)
			claimed, err := p.store.Claim(p.ctx, node, elsewhere, p.now, bridge.Wanted{Limit: 1})
			p.ok("Claim", err)
			p.equal("what another channel claims of the portal", payloads(claimed.Items), []string{"foreign"})
		},
	}, {
		name: "pause/ends by itself",
		why:  "a limit is over at a known time, and nobody is there to resume",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.pause(start.Add(time.Minute))
			p.now = start.Add(time.Minute - time.Microsecond)
			p.claims()
			p.now = start.Add(time.Minute)
			p.claims("a")
		},
	}, {
		name: "pause/next is its end",
		why:  "the bridge sleeps until then; work held back by a limit is due when the limit is over",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.pause(start.Add(time.Minute))
			p.retry(p.wakesFor("a", start.Add(time.Minute)), time.Hour) // the pause that is over is no reason to wake up
			p.wakesFor("a", start.Add(time.Minute+time.Hour))
			p.accept(work("b", "2"))
			p.pause(time.Time{})
			p.equal("Next of an open-ended pause", p.claim(1).Next, time.Time{})
		},
	}, {
		name: "pause/the longest counts",
		why:  "a short limit does not end the wait for an app that is not installed",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.pause(start.Add(time.Hour))
			p.pause(start.Add(time.Minute))
			p.now = start.Add(59 * time.Minute)
			p.claims()
			p.now = start.Add(time.Hour)
			p.pause(time.Time{})
			p.pause(p.now.Add(time.Minute))
			p.now = p.now.Add(time.Hour)
			p.claims()
			p.resume()
			p.done(p.one("a"))
		},
	}, {
		name: "pause/costs no attempt",
		why:  "a message may wait for days; that is no failure of the message",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			p.pause(time.Time{})
			for range 3 {
				p.claims()
			}
			p.resume()
			p.equal("Attempt", p.one("a").Attempt, 1)
		},
	}, {
		name: "pause/does not take what is under way",
		why:  "a call that has begun ends as it ends, and its outcome must be kept",
		test: func(p *probe) {
			p.accept(work("a", "1"))
			a := p.one("a")
			p.pause(time.Time{})
			p.done(a)
		},
	}, {
		name: "pause/is decided by the head",
		why:  "whatever else waits in a lane, it is the head's work that may not call HubSpot",
		test: func(p *probe) {
			second := ordered("b", "1", 2)
			second.Kind = bridge.KindOutgoing
			p.accept(ordered("a", "1", 1), second)
			a := p.one("a")
			p.pause(time.Time{})
			p.done(a)
			b := p.one("b")
			p.accept(ordered("c", "1", 1))
			p.retry(b, 0)
			p.claims()
			first := ordered("d", "1", 0)
			first.Kind = bridge.KindOutgoing
			p.accept(first)
			p.claims("d")
		},
	}, {
		name: "pauses/list",
		why:  "operators see which portals wait, until when, and why",
		test: func(p *probe) {
			p.pausesAre()
			for portal, wait := range map[int64]time.Duration{7: time.Minute, -7: time.Hour, math.MaxInt64: time.Minute} {
				p.pausePortal(portal, start.Add(wait), "a limit")
			}
			p.pausePortal(0, time.Time{}, "not \x00\xff installed")
			p.ok("PausePortal", p.store.PausePortal(p.ctx, elsewhere, 1, time.Time{}, "another channel's"))
			p.pausesAre(
				bridge.Pause{Portal: -7, Until: start.Add(time.Hour), Reason: "a limit"}, bridge.Pause{Portal: 0, Reason: "not \x00\xff installed"},
				bridge.Pause{Portal: 7, Until: start.Add(time.Minute), Reason: "a limit"},
				bridge.Pause{Portal: math.MaxInt64, Until: start.Add(time.Minute), Reason: "a limit"})
			p.now = start.Add(time.Minute)
			p.pausesAre(bridge.Pause{Portal: -7, Until: start.Add(time.Hour), Reason: "a limit"}, bridge.Pause{Portal: 0, Reason: "not \x00\xff installed"})
			for _, portal := range []int64{0, -7} {
				p.ok("ResumePortal", p.store.ResumePortal(p.ctx, channel, portal))
			}
			p.pausesAre()
		},
	}, {
		name: "pauses/the one that counts",
		why:  "a reason that is not that of the wait leads operators astray",
		test: func(p *probe) {
			p.pausePortal(portal, start.Add(time.Hour), "long")
			p.pausePortal(portal, start.Add(time.Minute), "short")
			p.pausesAre(bridge.Pause{Portal: portal, Until: start.Add(time.Hour), Reason: "long"})
			p.pausePortal(portal, start.Add(2*time.Hour), "longer")
			p.pausesAre(bridge.Pause{Portal: portal, Until: start.Add(2 * time.Hour), Reason: "longer"})
			p.pausePortal(portal, time.Time{}, "endless")
			p.pausePortal(portal, start.Add(1000*day), "shorter than endless")
			p.pausesAre(bridge.Pause{Portal: portal, Reason: "endless"})
			p.resume()
			p.pausePortal(portal, start.Add(time.Minute), "anew")
			p.pausesAre(bridge.Pause{Portal: portal, Until: start.Add(time.Minute), Reason: "anew"})
		},
	},
}

func (p *probe) pausePortal(portal int64, until time.Time, reason string) {
	p.t.Helper()
	p.ok("PausePortal", p.store.PausePortal(p.ctx, channel, portal, until, reason))
}

func (p *probe) pausesAre(want ...bridge.Pause) {
	p.t.Helper()
	got, err := p.store.Pauses(p.ctx, channel, p.now)
	p.ok("Pauses", err)
	p.equal("what is paused", got, want)
}

// pause pauses the portal of [work].
func (p *probe) pause(until time.Time) {
	p.t.Helper()
	p.pausePortal(portal, until, "a reason")
}

func (p *probe) resume() {
	p.t.Helper()
	p.ok("ResumePortal", p.store.ResumePortal(p.ctx, channel, portal))
}
