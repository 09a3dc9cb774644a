package bridgetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// RunShared tests a store that serves several processes at once, beside [RunStore]. open returns n stores on the same data,
// as that many processes would open them, with a method ExpireNode as RunStore describes it.
func RunShared(t *testing.T, open func(t *testing.T, n int) []bridge.Store) {
	t.Helper()
	for _, r := range slices.Concat(sharedRules, sharedPortalRules, sharedHoldRules) {
		t.Run(r.name, func(t *testing.T) {
			stores := open(t, 2)
			a, b := newProbe(t, stores[0], r.why), newProbe(t, stores[1], r.why)
			r.test(a, b)
		})
	}
}

// sharedRule is one promise about two nodes that live beside each other.
type sharedRule struct {
	name string
	why  string
	test func(a, b *probe)
}

var sharedRules = []sharedRule{
	{
		name: "shared/nodes live beside each other",
		why:  "more processes do more work, and a rolling update has two versions run at once",
		test: func(a, b *probe) {
			a.accept(sent("1", "x"), sent("2", "x"))
			b.accept(sent("3", "y"))
			one := a.claim(1).Items
			a.equal("how many the first claims", len(one), 1)
			two := b.claim(100).Items
			a.equal("how many the second claims", len(two), 1)
			b.isStale(b.node, one[0])
			a.done(one[0])
			b.done(two[0])
			b.claims("2")
		},
	}, {
		name: "shared/the living keep what they hold",
		why:  "a process that starts may not take the work of one that is busy with it",
		test: func(a, b *probe) {
			a.accept(work("1", "x"))
			it := a.one("1")
			life, err := b.store.Renew(b.ctx, b.node)
			b.ok("Renew", err)
			if life <= 0 {
				b.fatalf("Renew says that the node lives for %v", life)
			}
			third, err := b.store.Join(b.ctx, channel)
			b.ok("Join", err)
			b.ok("Leave", b.store.Leave(b.ctx, third))
			b.claims()
			a.done(it)
		},
	}, {
		name: "shared/the dead are buried",
		why:  "what a killed or frozen process held goes on elsewhere, and that process must notice when it wakes up",
		test: func(a, b *probe) {
			a.accept(work("1", "x"))
			it := a.one("1")
			a.ok("ExpireNode", expire(a.ctx, a.store, a.node))
			_, err := a.store.Renew(a.ctx, a.node)
			a.fails("Renew of a node whose time is over", err, bridge.ErrLeaseLost)
			_, err = b.store.Renew(b.ctx, b.node)
			b.ok("Renew", err)
			a.isStale(a.node, it)
			again := b.one("1")
			b.equal("Attempt", again.Attempt, 2)
			a.isStale(a.node, it)
			_, err = a.store.Claim(a.ctx, a.node, channel, a.now, bridge.Wanted{Limit: 1})
			a.fails("Claim by a node whose time is over", err, bridge.ErrLeaseLost)
			b.done(again)
		},
	}, {
		name: "shared/what one leaves the other does",
		why:  "a rolling update may not delay messages until the old process' time is over",
		test: func(a, b *probe) {
			a.accept(work("1", "x"))
			a.claims("1")
			a.ok("Leave", a.store.Leave(a.ctx, a.node))
			b.claims("1")
		},
	}, {
		name: "shared/pauses are everybody's",
		why:  "HubSpot's limit is the portal's, whichever process ran into it",
		test: func(a, b *probe) {
			a.accept(work("1", "x"))
			a.pause(time.Time{})
			b.claims()
			b.resume()
			a.claims("1")
		},
	}, {
		name: "shared/no lane is claimed twice",
		why:  "two processes in one conversation double or reorder its messages, and what both believe to be the other's is lost",
		test: func(a, b *probe) { runCrowd(a, member{a.store, a.node}, member{b.store, b.node}) },
	}, {
		name: "shared/an item comes as its lane ends",
		why:  "a message that is accepted just as the last one is finished elsewhere must not be forgotten with the lane",
		test: testLaneEnds,
	}, {
		name: "shared/one key is accepted once",
		why:  "a load balancer gives a webhook and its repetition to two processes",
		test: func(a, b *probe) {
			stores := []*probe{a, b}
			for round := range 10 {
				key := fmt.Sprint("key ", round)
				var accepted atomic.Int64
				a.concurrently(6, func(i int) {
					got, err := stores[i%2].store.Accept(a.ctx, work(key, key))
					if err != nil {
						a.errorf("Accept failed: %v", err)
					} else if got[0] == bridge.Accepted {
						accepted.Add(1)
					}
				})
				a.equal("how often it was accepted", accepted.Load(), int64(1))
			}
			a.equal("how much is claimed", len(a.claim(100).Items), 10)
		},
	}, {
		name: "shared/one account is saved once",
		why:  "every process may read a new account from HubSpot at the same time",
		test: testAccountOnce,
	}, {
		name: "shared/a node dies while it claims",
		why:  "a lane that is claimed by a node nobody knows any more is stuck for ever",
		test: testDiesClaiming,
	},
}

func testAccountOnce(a, b *probe) {
	stores := []*probe{a, b}
	for round := range 10 {
		address := channels.Opaque(fmt.Sprint("address ", round))
		for _, id := range []channels.AccountID{"", channels.AccountID(fmt.Sprint(round))} {
			saved := anAccount(id)
			saved.Identifier = address
			a.concurrently(4, func(i int) {
				one := saved
				if _, err := stores[i%2].store.SaveAccount(a.ctx, &one); err != nil {
					a.errorf("SaveAccount failed: %v", err)
				}
			})
			b.accountsAre(address, saved)
		}
	}
}

func testLaneEnds(a, b *probe) {
	for round := range 40 {
		first, second := fmt.Sprint(round, " first"), fmt.Sprint(round, " second")
		a.accept(work(first, "lane"))
		it := a.one(first)
		a.concurrently(2, func(i int) {
			if i == 0 {
				if _, err := a.store.Finish(a.ctx, a.node, it, &bridge.Outcome{Verdict: bridge.Done, At: a.now}); err != nil {
					a.errorf("Finish failed: %v", err)
				}
			} else if _, err := b.store.Accept(b.ctx, work(second, "lane")); err != nil {
				b.errorf("Accept failed: %v", err)
			}
		})
		a.done(a.one(second))
	}
}

func testDiesClaiming(a, b *probe) {
	const rounds = 20
	for round := range rounds {
		a.accept(work(fmt.Sprint(round), fmt.Sprint(round)))
		a.concurrently(2, func(i int) {
			if i == 0 {
				_, err := a.store.Claim(a.ctx, a.node, channel, a.now, bridge.Wanted{Limit: 10})
				if err != nil && !errors.Is(err, bridge.ErrLeaseLost) {
					a.errorf("Claim failed: %v", err)
				}
				return
			}
			if err := expire(a.ctx, b.store, a.node); err != nil {
				b.errorf("ExpireNode failed: %v", err)
			}
			if _, err := b.store.Renew(b.ctx, b.node); err != nil {
				b.errorf("Renew failed: %v", err)
			}
		})
		node, err := a.store.Join(a.ctx, channel) // as a new node
		a.ok("Join", err)
		a.node = node
	}
	_, err := b.store.Renew(b.ctx, b.node)
	b.ok("Renew", err)
	b.equal("how much is claimed", len(b.claim(100).Items), rounds)
}
