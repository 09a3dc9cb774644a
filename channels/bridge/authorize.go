package bridge

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

// Disconnected makes an error for [Channel.Send], [Listener] and [MediaOpener]: the messaging service does not take the
// account's credentials any more. The account is switched off in HubSpot (authorized: false), an [AccountWatcher] is
// told, and its messages wait until an admin connects the account again or [Bridge.Authorize] is called. Agents' messages
// that wait for longer than [Config.DeliverFor] are FAILED with reason, a sentence such as "The bot's token was revoked.";
// err is the cause for logs and operators, and may be nil.
func Disconnected(reason string, err error) error { return &disconnection{reason, err} }

type disconnection struct {
	reason string
	err    error
}

func (e *disconnection) Error() string {
	if e.err == nil {
		return "disconnected: " + e.reason
	}
	return fmt.Sprintf("disconnected: %s: %v", strings.TrimSuffix(e.reason, "."), e.err)
}

func (e *disconnection) Unwrap() error { return e.err }

// Authorize says that an account's credentials are good (again), after an error made by [Disconnected] or before: its
// messages go on, and HubSpot is told as soon as it can be reached. New credentials replace the old ones, nil keeps them.
// It returns [ErrUnknownAccount] for an account that is not known or deleted.
func (b *Bridge) Authorize(ctx context.Context, account channels.AccountID, credentials []byte) error {
	channel, err := b.channelID(ctx)
	if err != nil {
		return err
	}
	a, err := b.storedAccount(ctx, channel, account)
	if err != nil {
		return err
	}
	if a == nil || a.Archived {
		return ErrUnknownAccount
	}
	return b.authorize(ctx, a, credentials)
}

func (b *Bridge) authorize(ctx context.Context, a *Account, credentials []byte) error {
	if err := b.tellAuthorized(ctx, a, true); err != nil {
		return err
	}
	if err := b.store.Remember(ctx, reasonName(a), ""); err != nil {
		return err
	}
	return b.editAccount(ctx, a.Channel, a.ID, func(known *Account) (*Account, error) {
		if known == nil || known.Archived {
			return nil, nil
		}
		good := *known
		good.Authorized = true
		if credentials != nil {
			good.Credentials = credentials
		}
		return &good, nil
	})
}

// disconnect is what follows from an error made by [Disconnected] that the channel returned for an account. What fails of
// it comes again, since the account's next Send or Listen fails again.
func (n *node) disconnect(ctx context.Context, refused *Account, d *disconnection) {
	err := n.deauthorize(ctx, refused, d)
	if err != nil {
		n.log.Error("an account is disconnected, but that cannot be stored", "account", refused, "reason", d, "error", err)
	}
}

func (n *node) deauthorize(ctx context.Context, refused *Account, d *disconnection) error {
	a, err := n.storedAccount(ctx, n.channel, refused.ID)
	if err != nil || !stillUses(a, refused.Credentials) {
		return err
	}
	n.log.Error("the messaging service does not take an account's credentials any more; its messages wait until it is connected again in HubSpot, or Authorize is called", "account", a, "reason", d)
	if err := n.store.Remember(ctx, reasonName(a), cmp.Or(d.reason, noReason)); err != nil {
		return err
	}
	if err := n.tellAuthorized(ctx, a, false); err != nil {
		return err
	}
	return n.editAccount(ctx, n.channel, a.ID, func(known *Account) (*Account, error) {
		if !stillUses(known, refused.Credentials) {
			return nil, nil
		}
		bad := *known
		bad.Authorized = false
		return &bad, nil
	})
}

// stillUses reports whether an account relies on credentials: it is neither disconnected already nor connected again.
func stillUses(a *Account, credentials []byte) bool {
	return a != nil && a.Authorized && bytes.Equal(a.Credentials, credentials)
}

// reasonName is the name under which the store remembers why an account was disconnected.
func reasonName(a *Account) string {
	return fmt.Sprintf("disconnected account %s of channel %s", a.ID, a.Channel)
}

// noReason is what agents and admins read where the channel has not given a reason.
const noReason = "This account is disconnected from its messaging service. Connect it again in HubSpot's settings."

// disconnectedReason is why the bridge disconnected an account, empty if it did not, or the account is authorized again.
func (b *Bridge) disconnectedReason(ctx context.Context, a *Account) (string, error) {
	reason, err := b.store.Recall(ctx, reasonName(a))
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return reason, err
}

// tellAuthorized queues the work of telling HubSpot whether an account's credentials are good. The lane is that of all the
// account's changes, so that what is said last stands.
func (b *Bridge) tellAuthorized(ctx context.Context, a *Account, good bool) error {
	now := b.now()
	_, err := b.store.Accept(ctx, &NewItem{
		Key: fmt.Sprintf("account/%s/authorized/%s", a.ID, randomID()), Kind: KindAccount, Channel: a.Channel, Portal: a.Portal,
		Lane: accountLane(a.Portal), Payload: marshal(accountWork{Account: a.ID, Authorized: &good}), At: now, Deadline: now.Add(b.cfg.HoldFor),
	})
	b.poke()
	return err
}

// updateAuthorized does the work that tellAuthorized queued.
func (n *node) updateAuthorized(ctx context.Context, portalID int64, w *accountWork) error {
	p, err := n.portal(portalID)
	if err != nil {
		return err
	}
	a, err := p.api.Accounts().Update(ctx, n.channel, w.Account, &channels.AccountUpdate{Authorized: w.Authorized}, once()...)
	if err != nil {
		return err
	}
	// What HubSpot said before may have been stored meanwhile.
	return n.saveAccount(ctx, accountOf(portalID, a))
}

// accountLane is the lane of all that happens to a portal's accounts.
func accountLane(portal int64) string { return "account/" + strconv.FormatInt(portal, 10) }

// waiting is the outcome of an attempt that cannot begin because of the account's state. It does not count.
func (n *node) waiting(it *Item, reason string) *Outcome {
	now := n.now()
	at := now.Add(min(max(now.Sub(it.Accepted)/4, time.Second), time.Minute))
	return &Outcome{Verdict: Retry, At: at, Free: true, Reason: reason}
}
