package bridgetest

import (
	"context"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

var watcherRules = []channelRule{
	{
		name: "account/told twice",
		why:  "a change is told at least once, and again after a crash; an error keeps it from taking effect",
		test: func(p *channelProbe) {
			for _, c := range p.changes() {
				p.told(c)
				p.told(c)
			}
		},
	}, {
		name: "account/deleted one that was never seen",
		why:  "the process may have been started anew since the account was created, and what it had set up may be gone",
		test: func(p *channelProbe) {
			changes := p.changes()
			p.told(changes[len(changes)-1])
		},
	}, {
		name: "account/context that has ended",
		why:  "the bridge waits for AccountChanged when it stops",
		test: func(p *channelProbe) {
			ctx, cancel := context.WithCancel(p.ctx)
			cancel()
			watcher, _ := as[bridge.AccountWatcher](p.channel)
			c := p.changes()[0]
			p.call("AccountChanged", p.soon, func() { _ = watcher.AccountChanged(ctx, c.change) })
		},
	},
}

// namedChange is a change with what to call it.
type namedChange struct {
	name   string
	change *bridge.AccountChange
}

// changes are what happens to an account in the course of its life.
func (p *channelProbe) changes() []namedChange {
	var all []namedChange
	var old *bridge.Account
	next := func(name string, change func(*bridge.Account)) {
		a := p.account()
		if old != nil {
			a = cloneAccount(old)
		}
		change(a)
		all = append(all, namedChange{name, &bridge.AccountChange{Old: old, New: a}})
		old = a
	}
	next("created", func(*bridge.Account) {})
	next("renamed", func(a *bridge.Account) { a.Name = "Sales" })
	next("moved", func(a *bridge.Account) { a.InboxID = channels.InboxID("302") })
	next("disabled", func(a *bridge.Account) { a.Active = false })
	next("enabled", func(a *bridge.Account) { a.Active = true })
	next("disconnected", func(a *bridge.Account) { a.Authorized = false })
	next("reconnected", func(a *bridge.Account) { a.Authorized = true })
	next("deleted", func(a *bridge.Account) { a.Archived, a.Credentials = true, nil })
	return all
}

func (p *channelProbe) told(c namedChange) {
	p.t.Helper()
	watcher, _ := as[bridge.AccountWatcher](p.channel)
	var err error
	p.call("AccountChanged", 2*p.soon, func() { err = watcher.AccountChanged(p.ctx, c.change) })
	p.ok("AccountChanged of an account that was "+c.name, err)
}
