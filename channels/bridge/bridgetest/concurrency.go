package bridgetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

var concurrencyRules = []rule{
	{
		name: "concurrent/one key is accepted once",
		why:  "HubSpot may deliver a webhook and its repetition at the same time",
		test: func(p *probe) {
			for round := range 5 {
				key := fmt.Sprint("key ", round)
				var answers [3]atomic.Int64
				p.concurrently(8, func(int) {
					got, err := p.store.Accept(p.ctx, work(key, key))
					if err != nil {
						p.errorf("Accept failed: %v", err)
						return
					}
					answers[got[0]].Add(1)
				})
				p.equal("how often it was accepted", answers[bridge.Accepted].Load(), int64(1))
				p.equal("how often it was a duplicate", answers[bridge.Duplicate].Load(), int64(7))
			}
			p.equal("how much is claimed", len(p.claim(100).Items), 5)
		},
	}, {
		name: "concurrent/no lane is claimed twice",
		why:  "two workers in one conversation double or reorder its messages",
		test: testConcurrentClaims,
	}, {
		name: "concurrent/one operator wins",
		why:  "two operators, or one who presses the button twice, must not have a message sent twice",
		test: testOperatorsTogether,
	}, {
		name: "concurrent/forgotten or done",
		why:  "what is forgotten while it is under way must neither come back nor be counted as delivered",
		test: testForgetWhileWorking,
	}, {
		name: "concurrent/a neighbour that fails",
		why:  "writes may share a transaction, but not their fate: another's error says nothing about this message",
		test: func(p *probe) {
			const callers = 40
			p.concurrently(callers, func(i int) {
				it := work(fmt.Sprint(i), fmt.Sprint(i))
				if i%2 == 0 {
					it.Key = "" // is refused
				}
				if _, err := p.store.Accept(p.ctx, it); (err != nil) != (i%2 == 0) {
					p.errorf("Accept of item %d: %v", i, err)
				}
			})
			p.equal("how much is claimed", len(p.claim(callers).Items), callers/2)
		},
	}, {
		name: "concurrent/a caller that goes away",
		why:  "writes may share a transaction, but not their fate: whoever was told that it is stored must find it stored",
		test: testCancelledNeighbours,
	},
}

func (p *probe) errorf(format string, args ...any) {
	p.t.Helper()
	p.t.Errorf(format+"\nThe rule: %s", append(args, p.why)...)
}

// concurrently runs fn n times at once, with the numbers from 0. fn reports with errorf.
func (p *probe) concurrently(n int, fn func(i int)) {
	p.t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
	if p.t.Failed() {
		p.t.FailNow()
	}
}

func testCancelledNeighbours(p *probe) {
	const callers = 40
	var stored [callers]bool
	p.concurrently(callers, func(i int) {
		ctx, cancel := context.WithCancel(p.ctx)
		defer cancel()
		if i%2 == 0 {
			go cancel() // at whatever moment
		}
		_, err := p.store.Accept(ctx, work(fmt.Sprint(i), fmt.Sprint(i)))
		if err != nil && (i%2 != 0 || !errors.Is(err, context.Canceled)) {
			p.errorf("Accept failed: %v", err)
		}
		stored[i] = err == nil
	})
	for i := range callers {
		got, err := p.store.Accept(p.ctx, work(fmt.Sprint(i), fmt.Sprint(i)))
		p.ok("Accept", err)
		if stored[i] && got[0] != bridge.Duplicate {
			p.fatalf("item %d was accepted and is not there", i)
		}
	}
	p.equal("how much is claimed", len(p.claim(2*callers).Items), callers)
}

func testOperatorsTogether(p *probe) {
	for round := range 5 {
		key := fmt.Sprint(round)
		p.accept(work(key, key))
		p.bury(p.one(key), "reason")
		seq := p.find(key).Seq
		var retried, dropped atomic.Int64
		p.concurrently(6, func(i int) {
			do, count := p.store.Drop, &dropped
			if i%2 == 0 {
				count = &retried
				do = func(ctx context.Context, channel channels.ID, seq int64) error {
					return p.store.Retry(ctx, channel, seq, p.now, p.now)
				}
			}
			if err := do(p.ctx, channel, seq); err == nil {
				count.Add(1)
			} else if !errors.Is(err, bridge.ErrNotFound) {
				p.errorf("Retry or Drop failed: %v", err)
			}
		})
		p.equal("how many succeeded", retried.Load()+dropped.Load(), int64(1))
		items := p.claim(100).Items
		p.equal("how much is retried", int64(len(items)), retried.Load())
		p.isBuried()
	}
}

func testForgetWhileWorking(p *probe) {
	const total = 60
	var items []*bridge.NewItem
	for i := range total {
		items = append(items, work(fmt.Sprint("ana ", i), fmt.Sprint(i%6)))
	}
	p.accept(items...)
	var over atomic.Int64
	p.concurrently(5, func(i int) {
		if i == 0 {
			n, err := p.store.Forget(p.ctx, ana(), func(it *bridge.Item) bool { return it.Seq%2 == 0 })
			if err != nil {
				p.errorf("Forget failed: %v", err)
			}
			over.Add(int64(n))
			return
		}
		for range total / 4 {
			claimed, err := p.store.Claim(p.ctx, p.node, channel, p.now, bridge.Wanted{Limit: 1})
			if err != nil {
				p.errorf("Claim failed: %v", err)
				return
			}
			for _, it := range claimed.Items {
				switch _, err := p.store.Finish(p.ctx, p.node, it, &bridge.Outcome{Verdict: bridge.Done, At: p.now}); {
				case err == nil:
					over.Add(1)
				case !errors.Is(err, bridge.ErrLeaseLost):
					p.errorf("Finish failed: %v", err)
				}
			}
		}
	})
	for items := p.claim(total).Items; len(items) > 0; items = p.claim(total).Items {
		for _, it := range items {
			p.done(it)
			over.Add(1)
		}
	}
	p.equal("how many items are done or forgotten", over.Load(), int64(total))
}
