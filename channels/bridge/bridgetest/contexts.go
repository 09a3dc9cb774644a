package bridgetest

import (
	"context"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var contextRules = []rule{
	{
		name: "context/ended before the call",
		why:  "a caller that has gone away takes every error for: nothing was stored",
		test: testEndedContext,
	},
}

func testEndedContext(p *probe) {
	p.accept(work("a", "1"), work("b", "2"), work("buried", "3"))
	items := p.claims("a", "b", "buried")
	p.bury(items[2], "reason")
	a := items[0]
	p.write("file", 0, []byte("file"))
	ctx, cancel := context.WithCancel(p.ctx)
	cancel()
	for _, call := range endedCalls(p, a) {
		p.fails(call.name, call.do(ctx), context.Canceled)
	}
	p.done(a) // still this node's
	p.isBuried("buried")
	p.pausesAre()
	p.accept(work("c", "1"))
	c := p.one("c")
	p.equal("Attempt", c.Attempt, 1)
	p.equal("Progress", len(c.Progress), 0)
	p.accountsAre(service)
	p.chunkIs("file", 0, []byte("file"))
	_, err := p.store.Recall(p.ctx, "name")
	p.fails("Recall", err, bridge.ErrNotFound)
}

type endedCall struct {
	name string
	do   func(context.Context) error
}

func endedCalls(p *probe, it *bridge.Item) []endedCall {
	s, set := p.store, p.buried()[0].Seq
	return []endedCall{
		{"Join", func(ctx context.Context) error { _, err := s.Join(ctx, channel); return err }},
		{"Renew", func(ctx context.Context) error { _, err := s.Renew(ctx, p.node); return err }},
		{"Leave", func(ctx context.Context) error { return s.Leave(ctx, p.node) }},
		{"Accept", func(ctx context.Context) error { _, err := s.Accept(ctx, work("c", "1")); return err }},
		{"Claim", func(ctx context.Context) error {
			_, err := s.Claim(ctx, p.node, channel, p.now, bridge.Wanted{Limit: 1})
			return err
		}},
		{"Checkpoint", func(ctx context.Context) error { return s.Checkpoint(ctx, p.node, it, []byte("progress")) }},
		{"Finish", func(ctx context.Context) error {
			_, err := s.Finish(ctx, p.node, it, &bridge.Outcome{Verdict: bridge.Bury, At: p.now, Reason: "reason"})
			return err
		}},
		{"PausePortal", func(ctx context.Context) error { return s.PausePortal(ctx, channel, portal, time.Time{}, "reason") }},
		{"ResumePortal", func(ctx context.Context) error { return s.ResumePortal(ctx, channel, portal) }},
		{"Pauses", func(ctx context.Context) error { _, err := s.Pauses(ctx, channel, p.now); return err }},
		{"Hold", func(ctx context.Context) error { _, err := s.Hold(ctx, p.node, "name"); return err }},
		{"Release", func(ctx context.Context) error { return s.Release(ctx, p.node, "name") }},
		{"Depths", func(ctx context.Context) error { _, err := s.Depths(ctx, channel); return err }},
		{"Retry", func(ctx context.Context) error { return s.Retry(ctx, channel, set, p.now, p.now) }},
		{"Drop", func(ctx context.Context) error { return s.Drop(ctx, channel, set) }},
		{"Forget", func(ctx context.Context) error {
			_, err := s.Forget(ctx, aPerson(), func(*bridge.Item) bool { return true })
			return err
		}},
		{"Buried", func(ctx context.Context) error { _, err := s.Buried(ctx, channel, 0, 1000); return err }},
		{"Account", func(ctx context.Context) error { _, err := s.Account(ctx, channel, "1"); return err }},
		{"FindAccounts", func(ctx context.Context) error { _, err := s.FindAccounts(ctx, channel, service); return err }},
		{"Accounts", func(ctx context.Context) error { _, err := s.Accounts(ctx, channel, portal); return err }},
		{"SaveAccount", func(ctx context.Context) error { a := anAccount("1"); _, err := s.SaveAccount(ctx, &a); return err }},
		{"LinkByService", func(ctx context.Context) error { _, err := s.LinkByService(ctx, channel, account, "s"); return err }},
		{"LinkByHubSpot", func(ctx context.Context) error { _, err := s.LinkByHubSpot(ctx, channel, "h"); return err }},
		{"Person", func(ctx context.Context) error { _, err := s.Person(ctx, aPerson()); return err }},
		{"WriteMedia", func(ctx context.Context) error { return s.WriteMedia(ctx, "file", 0, []byte("other")) }},
		{"ReadMedia", func(ctx context.Context) error { _, err := s.ReadMedia(ctx, "file", 0); return err }},
		{"Remember", func(ctx context.Context) error { return s.Remember(ctx, "name", "value") }},
		{"Recall", func(ctx context.Context) error { _, err := s.Recall(ctx, "name"); return err }},
		{"Sweep", func(ctx context.Context) error { return s.Sweep(ctx, time.Now().Add(365*day)) }},
	}
}
