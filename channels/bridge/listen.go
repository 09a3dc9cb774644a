package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// Listener is implemented by a [Channel] whose messaging service is not one that calls: it is polled, or messages come
// through a connection that is kept open. Without it messages come in through [Bridge.Receive] only.
//
// [Bridge.Run], not [Bridge.Drain], keeps one Listen for every account that is switched on and whose credentials are good,
// on exactly one of the nodes that share the store.
type Listener interface {
	// Listen hands what comes from the service to in, until ctx ends: when the bridge stops, when the account is deleted,
	// switched off or gets other credentials, or when another node takes over. Then it must return soon, since Run waits
	// for it.
	//
	// Whatever else it returns, or a panic, is logged, and it is called again, with pauses that grow up to a minute, or as
	// long as an error made by [RetryAfter] says. An error made by [Disconnected] ends it until the account has other
	// credentials.
	//
	// What the service counts as read after an in.Receive that returned nil is stored. After a crash the service may hand
	// out again what was stored, which does no harm.
	Listen(ctx context.Context, account *Account, in Inbox) error
}

// Inbox is where a [Listener] puts what comes for its account. Its methods are safe for concurrent use.
type Inbox interface {
	// Receive is [Bridge.Receive] for a message to the account: To and AccountID need not be set.
	Receive(ctx context.Context, m *Incoming) error

	// Report is [Bridge.Report] for a message of the account.
	Report(ctx context.Context, receiptID string, status messages.StatusType, reason string) error
}

type inbox struct {
	bridge  *Bridge
	account *Account
}

func (in *inbox) Receive(ctx context.Context, m *Incoming) error {
	addressed := *m
	addressed.AccountID = in.account.ID
	return in.bridge.Receive(ctx, &addressed)
}

func (in *inbox) Report(ctx context.Context, receiptID string, status messages.StatusType, reason string) error {
	return in.bridge.report(ctx, []*Account{in.account}, receiptID, status, reason)
}

const (
	listenPoll   = 5 * time.Second  // how late a change is seen that another process stored
	listenAgain  = 15 * time.Second // how often a node asks for an account that another one listens to
	listenSteady = time.Minute      // after how long a Listen that ends counts as one that had worked
)

// listeners are a node's running Listens.
type listeners struct {
	*node
	impl    Listener
	running map[channels.AccountID]*listening
	taken   map[channels.AccountID]time.Time // accounts that another node has, and when to ask again
	ended   chan channels.AccountID
	wg      sync.WaitGroup
}

type listening struct {
	account *Account // as Listen got it
	cancel  context.CancelFunc
}

// listen starts and ends Listens as accounts come, change and go, until ctx ends.
func (n *node) listen(ctx context.Context) {
	impl, ok := as[Listener](n.Bridge.impl)
	if !ok {
		return
	}
	l := &listeners{node: n, impl: impl, running: map[channels.AccountID]*listening{},
		taken: map[channels.AccountID]time.Time{}, ended: make(chan channels.AccountID)}
	defer l.wg.Wait()
	poll := time.NewTicker(listenPoll)
	defer poll.Stop()
	for {
		if err := l.adjust(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot tell which accounts to listen to; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case id := <-l.ended:
			delete(l.running, id)
		case <-n.changed:
		case <-poll.C:
		}
	}
}

// adjust makes the running Listens fit the accounts. One that has to end is not replaced before it has ended.
func (l *listeners) adjust(ctx context.Context) error {
	accounts, err := l.store.Accounts(ctx, l.channel, 0)
	if err != nil {
		return err
	}
	wanted := map[channels.AccountID]*Account{}
	for _, a := range accounts {
		if a.ID != "" && a.Active && a.Authorized {
			wanted[a.ID] = a
		}
	}
	for id, running := range l.running {
		if a := wanted[id]; a == nil || !bytes.Equal(a.Credentials, running.account.Credentials) {
			running.cancel()
		}
		delete(wanted, id)
	}
	for _, a := range wanted {
		if err := l.start(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// start listens to an account, unless another node does.
func (l *listeners) start(run context.Context, a *Account) error {
	if l.now().Before(l.taken[a.ID]) {
		return nil
	}
	ok, err := l.store.Hold(run, l.id, listenName(a))
	if err != nil {
		return err
	}
	if !ok {
		l.taken[a.ID] = l.now().Add(listenAgain)
		return nil
	}
	delete(l.taken, a.ID)
	ctx, cancel := context.WithCancel(run)
	l.running[a.ID] = &listening{a, cancel}
	l.wg.Go(func() {
		defer cancel()
		l.keep(ctx, a)
		l.giveBack(a)
		select {
		case l.ended <- a.ID:
		case <-run.Done():
		}
	})
	return nil
}

// listenName is what a node holds in the store while it listens to an account.
func listenName(a *Account) string {
	return fmt.Sprintf("listen to account %s of channel %s", a.ID, a.Channel)
}

func (l *listeners) giveBack(a *Account) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), leaveTimeout)
	defer cancel()
	if err := l.store.Release(ctx, l.id, listenName(a)); err != nil {
		l.log.Warn("cannot let other nodes listen to an account", "account", a, "error", err)
	}
}

// keep calls Listen again and again until ctx ends.
func (l *listeners) keep(ctx context.Context, a *Account) {
	for attempt := 1; ctx.Err() == nil && l.life.holds(); attempt++ {
		begun := l.now()
		err := l.listenOnce(ctx, a)
		if ctx.Err() != nil {
			return
		}
		if l.now().Sub(begun) >= listenSteady {
			attempt = 1
		}
		pause := backoff(attempt, time.Second, time.Minute)
		var gone *disconnection
		var later *postponement
		switch {
		case errors.As(err, &gone):
			l.disconnect(ctx, a, gone) // which ends ctx, unless it could not be stored
		case errors.As(err, &later) && later.delay > 0:
			pause = later.delay
			fallthrough
		default:
			l.log.Warn("Listen has ended; calling it again", "account", a, "attempt", attempt, "error", err)
		}
		sleep(ctx, pause)
	}
}

func (l *listeners) listenOnce(ctx context.Context, a *Account) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.log.Error("panic in Listen", "account", a, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return l.impl.Listen(ctx, a.clone(), &inbox{l.Bridge, a})
}
