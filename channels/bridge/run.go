package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

const (
	pollEvery    = time.Second // how late work is seen that another process stored
	sweepEvery   = time.Hour
	accountEvery = 24 * time.Hour // how often all accounts are read anew, whatever the webhooks said
	storeRetry   = time.Second    // pause after the store failed
	longClaim    = 50 * time.Millisecond
	leaveTimeout = 3 * time.Second
)

// Run works until ctx ends: it registers the channel, sends agents' messages to the [Channel], publishes customers'
// messages, and reports what became of them. It returns nil after a graceful stop, in which calls under way may end
// within [Config.StopTimeout]; what they leave undone is kept for the next Run.
//
// One Run of a bridge at a time: another returns an error, and so does Run on a store that another process uses if
// the store serves only one.
func (b *Bridge) Run(ctx context.Context) error {
	if !b.running.CompareAndSwap(false, true) {
		return errRunning
	}
	defer b.running.Store(false)
	for ctx.Err() == nil {
		if _, err := b.channelID(ctx); errors.Is(err, errNotRegistered) {
			if err := b.registerPatiently(ctx); err != nil {
				return err
			}
			continue
		}
		n, err := b.join(ctx)
		switch {
		case errors.Is(err, ErrStoreInUse):
			return err
		case err == nil:
			if err = b.runNode(ctx, n); ctx.Err() != nil {
				return err
			}
		}
		if err != nil && ctx.Err() == nil { // what a node could not hand back comes free when its time is over
			b.log.Error("the store is out of reach; trying again", "error", err)
			sleep(ctx, storeRetry)
		}
	}
	return nil
}

// runNode works until ctx ends, the channel is found to have another id, or the node's time was over. HubSpot's consent to
// the registration is not waited for: what was accepted in an earlier run can be delivered while HubSpot is down.
func (b *Bridge) runNode(ctx context.Context, n *node) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(n.ctx, cancel) // another node has taken over, or may: begin anew as a new node
	var wg sync.WaitGroup
	wg.Go(func() { b.keepHouse(ctx) })
	wg.Go(func() { n.listen(ctx) })
	wg.Go(func() {
		_ = b.registerPatiently(ctx) // the store is this process's already
		if id, err := b.channelID(ctx); err == nil && id != n.channel {
			cancel()
		}
	})
	n.loop(ctx)
	n.end()
	wg.Wait()
	return n.leave()
}

// Drain works until nothing is due and returns. What is to be tried again later is left for later.
func (b *Bridge) Drain(ctx context.Context) error {
	if !b.running.CompareAndSwap(false, true) {
		return errRunning
	}
	defer b.running.Store(false)
	if err := b.register(ctx); err != nil {
		return err
	}
	n, err := b.join(ctx)
	if err != nil {
		return err
	}
	err = n.drain(ctx)
	n.end()
	return errors.Join(err, n.leave())
}

var errRunning = errors.New("bridge: it is running already")

// node is one run of the bridge.
type node struct {
	*Bridge
	id      Node
	channel channels.ID
	ready   chan task       // what is claimed, and waits for a worker
	workers sync.WaitGroup  // they end when ready is closed
	ctx     context.Context // of the workers; outlives the run's by StopTimeout
	cancel  context.CancelFunc
	life    life
	living  sync.WaitGroup     // keepAlive
	die     context.CancelFunc // ends it
	served  int64              // the portal that had its turn last
	stopped atomic.Bool        // nothing is begun any more

	claimed sync.WaitGroup // items that are not ended
	mu      sync.Mutex
	held    map[int64]int // how many items each portal has of those that are not ended
	total   int           // of all portals
}

func (b *Bridge) join(ctx context.Context) (*node, error) {
	channel, err := b.channelID(ctx)
	if err != nil {
		return nil, err
	}
	id, err := b.store.Join(ctx, channel)
	if err != nil {
		return nil, err
	}
	n := &node{Bridge: b, id: id, channel: channel, held: map[int64]int{}}
	n.ready = make(chan task, n.capacity())
	n.ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := n.renew(ctx); err != nil {
		n.cancel()
		return nil, err
	}
	alive, die := context.WithCancel(context.WithoutCancel(ctx))
	n.die = die
	n.living.Go(func() { n.keepAlive(alive) })
	for range b.cfg.Workers {
		n.workers.Go(n.worker)
	}
	return n, nil
}

// task is a claimed item.
type task struct {
	*Item
	goesOn bool // it follows from another that the node has done
}

// capacity is how many items a node holds at most. Besides those that a worker is at, some wait for a worker, so that none
// waits for a claim, and some for the commit of their end: workers are for calls to the outside only.
func (n *node) capacity() int { return 4 * n.cfg.Workers }

// end lets the workers end. The node lives on meanwhile, or others would take what it is still at.
func (n *node) end() {
	n.stopped.Store(true)
	timer := time.AfterFunc(n.cfg.StopTimeout, n.cancel)
	n.claimed.Wait()
	close(n.ready)
	n.workers.Wait()
	timer.Stop()
	n.cancel()
}

// leave hands back what is left.
func (n *node) leave() error {
	n.die()
	n.living.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	return n.store.Leave(ctx, n.id)
}

// loop claims work as long as there are workers for it, and waits for more.
func (n *node) loop(ctx context.Context) {
	for ctx.Err() == nil {
		begun := time.Now()
		next, some, err := n.claim(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			n.log.Error("the store cannot be read; trying again", "error", err)
			sleep(ctx, storeRetry)
		case !some:
			// To find nothing takes the longer the more portals have work that waits for later. It shall not be all that is done.
			if took := time.Since(begun); took > longClaim {
				sleep(ctx, min(9*took, pollEvery))
			}
			n.wait(ctx, next)
		}
	}
}

func (n *node) drain(ctx context.Context) error {
	for {
		_, some, err := n.claim(ctx)
		if err != nil {
			return err
		}
		if some {
			continue
		}
		// Only when all have ended without leaving anything due is nothing left to do.
		n.claimed.Wait()
		if _, some, err := n.claim(ctx); err != nil || !some {
			return err
		}
	}
}

// claim takes what is due, as far as there is room for it. If nothing was, it tells when something will be.
func (n *node) claim(ctx context.Context) (next time.Time, some bool, err error) {
	n.mu.Lock()
	limit := min(n.capacity()-n.total, n.cfg.Workers-len(n.ready))
	want := Wanted{Limit: limit, After: n.served, PerPortal: n.cfg.MaxPerPortal, Held: maps.Clone(n.held)}
	n.mu.Unlock()
	if want.Limit < (n.cfg.Workers+3)/4 { // under load one claim serves many
		return time.Time{}, false, nil
	}
	claimed, err := n.store.Claim(ctx, n.id, n.channel, n.now(), want)
	if err != nil {
		return time.Time{}, false, err
	}
	for _, it := range claimed.Items {
		n.served = it.Portal
		n.claimed.Add(1)
		n.hold(it.Portal, 1)
		n.ready <- task{Item: it}
	}
	return claimed.Next, len(claimed.Items) > 0, nil
}

func (n *node) hold(portal int64, more int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.total += more
	if n.held[portal] += more; n.held[portal] == 0 {
		delete(n.held, portal)
	}
}

func (n *node) wait(ctx context.Context, next time.Time) {
	d := pollEvery
	if !next.IsZero() {
		d = min(d, max(next.Sub(n.now()), 0))
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-n.wake:
	case <-timer.C:
	}
}

// worker works on what was claimed. What was not begun when the node stops is handed back.
func (n *node) worker() {
	for t := range n.ready {
		begun := n.now()
		o := &Outcome{Verdict: Retry, At: begun, Free: true, Reason: "stopped before it began"}
		if !n.stopped.Load() || t.goesOn {
			o = n.attempt(t.Item)
		}
		go n.conclude(t.Item, o, begun)
		n.poke() // there is a worker for something else
	}
}

// conclude stores the end of an attempt, if there is one, and has the node go on with what follows from it.
func (n *node) conclude(it *Item, o *Outcome, begun time.Time) {
	if o != nil {
		then, ok := n.finish(it, o)
		if ok {
			n.cfg.Trace.ended(it, o, begun, n.now())
		}
		if then != nil {
			n.ready <- task{then, true}
			n.poke() // its lane may have more
			return
		}
	}
	n.hold(it.Portal, -1)
	n.claimed.Done()
	n.poke() // its lane may have more, and it may have left follow-ups
}

// attempt works on an item once and says what becomes of it: nothing, if the node's time was over before it began.
func (n *node) attempt(it *Item) *Outcome {
	if !n.life.holds() {
		return nil
	}
	o := n.do(it)
	switch {
	case o == nil:
		return nil
	case o.Verdict == Retry && n.ctx.Err() != nil:
		o.At = n.now() // cut off by the stop, not by a failure; it was an attempt all the same, for it may have arrived
	case o.Verdict == Bury && it.Kind == KindOutgoing && o.Then == nil:
		o.Then = n.buriedStatus(it)
	}
	return o
}

// do does what an item asks for; nil means that the node's time was over meanwhile. A panic, which can only be the
// channel's code, costs an attempt like any error.
func (n *node) do(it *Item) (o *Outcome) {
	defer func() {
		if p := recover(); p != nil {
			n.log.Error("panic while working on a message", "kind", it.Kind, "panic", p, "stack", string(debug.Stack()))
			o = n.again(it, fmt.Errorf("panic: %v", p))
		}
	}()
	switch it.Kind {
	case KindIncoming:
		return n.publish(n.ctx, it)
	case KindOutgoing:
		return n.deliver(n.ctx, it)
	case KindStatus:
		return n.tellStatus(n.ctx, it)
	case KindReport:
		return n.resolveReport(n.ctx, it)
	case KindAccount:
		return n.readAccounts(n.ctx, it)
	}
	return &Outcome{Verdict: Bury, At: n.now(), Reason: "unknown kind of work: " + string(it.Kind)}
}

// finish stores the end of an attempt, however long the store is out of reach: until then the lane stays taken. It
// reports whether that was possible, and the work that the node goes on with.
func (n *node) finish(it *Item, o *Outcome) (then *Item, ok bool) {
	ctx := context.WithoutCancel(n.ctx)
	for attempt := 1; ; attempt++ {
		then, err := n.store.Finish(ctx, n.id, it, o)
		if err == nil {
			n.noteEnd(it, o)
			return then, true
		}
		n.log.Error("cannot store the end of an attempt", "kind", it.Kind, "seq", it.Seq, "error", err)
		if errors.Is(err, ErrLeaseLost) || !sleep(n.ctx, backoff(attempt, storeRetry/10, 5*time.Second)) {
			return nil, false // whoever claims the item next does it again
		}
	}
}

func (n *node) noteEnd(it *Item, o *Outcome) {
	switch o.Verdict {
	case Bury:
		n.log.Error("set aside for good", "kind", it.Kind, "seq", it.Seq, "portal", it.Portal, "attempt", it.Attempt, "reason", o.Reason)
	case Retry:
		n.log.Debug("to be tried again", "kind", it.Kind, "seq", it.Seq, "portal", it.Portal, "attempt", it.Attempt, "at", o.At, "reason", o.Reason)
	default:
		n.log.Debug("done", "kind", it.Kind, "seq", it.Seq, "portal", it.Portal, "conversation", it.Lane, "attempt", it.Attempt)
	}
}

// again is the outcome of an attempt that failed and may be repeated until the deadline; then the item is buried.
func (n *node) again(it *Item, cause error) *Outcome {
	now := n.now()
	if now.After(it.Deadline) {
		return &Outcome{Verdict: Bury, At: now, Reason: "given up after " + it.Deadline.Sub(it.Accepted).String() + ": " + cause.Error()}
	}
	return &Outcome{Verdict: Retry, At: now.Add(backoff(it.Attempt, time.Second, 5*time.Minute)), Reason: cause.Error()}
}

// keepHouse forgets what is old and reads the accounts anew from time to time.
func (b *Bridge) keepHouse(ctx context.Context) {
	var accounts time.Time
	for {
		if b.now().Sub(accounts) >= accountEvery {
			if err := b.refreshAllAccounts(ctx); err == nil {
				accounts = b.now()
			} else if ctx.Err() == nil {
				b.log.Error("cannot refresh the accounts", "error", err)
			}
		}
		b.forgetIdlePortals()
		b.parsed.forget()
		if err := b.store.Sweep(ctx, b.now()); err != nil && ctx.Err() == nil {
			b.log.Error("cannot remove what is old from the store", "error", err)
		}
		if !sleep(ctx, sweepEvery) {
			return
		}
	}
}
