package bridgetest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
)

// lockRules are those of a store that is an [oauth.RefreshLocker].
var lockRules = []tokenRule{
	{
		name: "lock/one at a time",
		why:  "two processes that refresh at once get two tokens, and may end each other's",
		test: func(p *tokenProbe) {
			p.locks(1, "a", true)
			p.locks(1, "b", false)
			p.unlocks(1, "a")
			p.locks(1, "b", true)
			p.locks(1, "a", false)
		},
	}, {
		name: "lock/of client and portal",
		why:  "portals must not wait for each other",
		test: func(p *tokenProbe) {
			p.locks(1, "a", true)
			p.locks(2, "b", true)
			ok, err := p.locker().LockRefresh(p.ctx, "client-2", 1, "b", lockTime)
			p.ok("LockRefresh", err)
			p.equal("locked for another client", ok, true)
			p.unlocks(2, "b")
			p.locks(1, "b", false)
		},
	}, {
		name: "lock/same holder",
		why:  "an answer of the store may get lost, and the process asks again",
		test: func(p *tokenProbe) {
			p.locks(1, "a", true)
			p.locks(1, "a", true)
			p.locks(1, "b", false)
		},
	}, {
		name: "lock/only its holder ends it",
		why:  "a process that hung and comes back must not end the lock of the one that took over",
		test: func(p *tokenProbe) {
			p.locks(1, "a", true)
			p.unlocks(1, "b")
			p.locks(1, "b", false)
			p.unlocks(1, "a")
			p.unlocks(1, "a")
			p.locks(1, "b", true)
			p.unlocks(1, "a")
			p.locks(1, "c", false)
		},
	}, {
		name: "lock/ends by itself",
		why:  "a process that was killed ends nothing, and the portal's messages wait",
		test: testLockEnds,
	}, {
		name: "lock/several at once",
		why:  "all nodes notice at the same time that a token is about to expire",
		test: testConcurrentLock,
	}, {
		name: "lock/apart from installs",
		why:  "an admin who installs the app anew must not wait, nor lose what she did to a refresh under way",
		test: func(p *tokenProbe) {
			in := anInstall(1, "a")
			p.saves(in)
			p.locks(1, "a", true)
			p.installIs(anInstall(1, "a"))
			p.saves(anInstall(1, "b"))
			p.fails("a refresh that began before", p.store.ReplaceInstall(p.ctx, in), oauth.ErrStaleInstall)
			p.installIs(anInstall(1, "b"))
			p.locks(1, "b", false)
		},
	}, {
		name: "lock/context ended before the call",
		why:  "a caller that has gone away never ends the lock that it would get",
		test: func(p *tokenProbe) {
			ctx, cancel := context.WithCancel(p.ctx)
			cancel()
			_, err := p.locker().LockRefresh(ctx, clientID, 1, "a", lockTime)
			p.fails("LockRefresh", err, context.Canceled)
			p.locks(1, "b", true)
			p.fails("UnlockRefresh", p.locker().UnlockRefresh(ctx, clientID, 1, "b"), context.Canceled)
			p.locks(1, "a", false)
		},
	},
}

// lockTime outlasts every test.
const lockTime = time.Minute

func testLockEnds(p *tokenProbe) {
	const ttl = 50 * time.Millisecond
	before := time.Now()
	ok, err := p.locker().LockRefresh(p.ctx, clientID, 1, "a", ttl)
	p.ok("LockRefresh", err)
	p.equal("locked", ok, true)
	for ok = false; !ok; {
		ok, err = p.locker().LockRefresh(p.ctx, clientID, 1, "b", lockTime)
		p.ok("LockRefresh while waiting", err)
	}
	if passed := time.Since(before); passed < ttl {
		p.fatalf("a lock for %v ended after %v", ttl, passed)
	}
	p.locks(1, "a", false)
	p.unlocks(1, "a")
	p.locks(1, "c", false)
}

func testConcurrentLock(p *tokenProbe) {
	for range 5 {
		var got atomic.Int64
		var wg sync.WaitGroup
		for _, holder := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			wg.Go(func() {
				ok, err := p.locker().LockRefresh(p.ctx, clientID, 1, holder, lockTime)
				if err != nil {
					p.t.Errorf("LockRefresh: %v", err)
				}
				if ok {
					got.Add(1)
				}
			})
		}
		wg.Wait()
		p.equal("how many have the lock", got.Load(), int64(1))
		for _, holder := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			p.unlocks(1, holder)
		}
	}
}

func (p *tokenProbe) locker() oauth.RefreshLocker { return p.store.(oauth.RefreshLocker) }

func (p *tokenProbe) locks(portalID int64, holder string, want bool) {
	p.t.Helper()
	got, err := p.locker().LockRefresh(p.ctx, clientID, portalID, holder, lockTime)
	p.ok("LockRefresh", err)
	if got != want {
		p.fatalf("LockRefresh of portal %d by %s = %v, want %v", portalID, holder, got, want)
	}
}

func (p *tokenProbe) unlocks(portalID int64, holder string) {
	p.t.Helper()
	p.ok("UnlockRefresh", p.locker().UnlockRefresh(p.ctx, clientID, portalID, holder))
}
