package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/oauth"
)

// accountWork is the payload of a KindAccount item. Without an account it means all of the portal's.
type accountWork struct {
	Account channels.AccountID `json:"account,omitempty"`
	Purged  bool               `json:"purged,omitempty"` // HubSpot said that it deleted the account
}

// Account returns the connected account that has an address, or [ErrUnknownAccount]; where several portals have it,
// [ErrAmbiguousAccount]. It asks the store, not HubSpot.
func (b *Bridge) Account(ctx context.Context, identifier channels.DeliveryIdentifier) (*Account, error) {
	channel, err := b.channelID(ctx)
	if err != nil {
		return nil, err
	}
	return b.recipient(ctx, channel, &Incoming{To: identifier})
}

// installed lets the work of a portal go on that waited for the app, and has its accounts read.
func (b *Bridge) installed(ctx context.Context, in *oauth.Install) error {
	channel, err := b.channelID(ctx)
	if errors.Is(err, errNotRegistered) {
		return nil // nothing can wait, and Run reads all accounts once it knows the channel
	}
	if err != nil {
		return err
	}
	if err := b.store.ResumePortal(ctx, channel, in.PortalID); err != nil {
		return err
	}
	return b.refreshLater(ctx, channel, in.PortalID)
}

// refreshLater has all accounts of a portal read anew.
func (b *Bridge) refreshLater(ctx context.Context, channel channels.ID, portal int64) error {
	now := b.now()
	lane := "account/" + strconv.FormatInt(portal, 10)
	_, err := b.store.Accept(ctx, &NewItem{
		Key: fmt.Sprintf("%s/all/%d", lane, now.UnixMicro()), Kind: KindAccount, Channel: channel, Portal: portal, Lane: lane,
		Payload: marshal(accountWork{}), At: now, Deadline: now.Add(accountEvery),
	})
	b.poke()
	return err
}

func (b *Bridge) refreshAllAccounts(ctx context.Context) error {
	channel, err := b.channelID(ctx)
	if err != nil {
		return err
	}
	portals, err := b.cfg.App.Tokens.Installs(ctx, b.cfg.App.ClientID)
	if err != nil {
		return err
	}
	for _, portal := range portals {
		if err := b.refreshLater(ctx, channel, portal); err != nil {
			return err
		}
	}
	return nil
}

// readAccounts does a KindAccount item.
func (n *node) readAccounts(ctx context.Context, it *Item) *Outcome {
	var w accountWork
	if err := json.Unmarshal(it.Payload, &w); err != nil {
		return &Outcome{Verdict: Bury, At: n.now(), Reason: "unreadable: " + err.Error()}
	}
	var err error
	if w.Account == "" {
		err = n.refreshAccounts(ctx, it.Portal)
	} else {
		err = n.refreshAccount(ctx, it.Portal, w.Account)
	}
	if errors.Is(err, channels.ErrNotFound) && (w.Purged || n.now().Sub(it.Accepted) > notFoundFor) {
		err = n.markDeleted(ctx, n.channel, w.Account)
	}
	if err != nil {
		return n.failed(ctx, it, err)
	}
	return &Outcome{Verdict: Done, At: n.now()}
}

// refreshAccounts stores all accounts of a portal as HubSpot has them now.
func (b *Bridge) refreshAccounts(ctx context.Context, portalID int64) error {
	p, err := b.portal(portalID)
	if err != nil {
		return err
	}
	channel, err := b.channelID(ctx)
	if err != nil {
		return err
	}
	for a, err := range p.api.Accounts().All(ctx, channel, nil) {
		if err != nil {
			return err
		}
		if err := b.saveAccount(ctx, portalID, a); err != nil {
			return err
		}
	}
	return nil
}

// refreshAccount stores one account as HubSpot has it now. That HubSpot does not know it, an error that matches
// [channels.ErrNotFound], need not mean that it is deleted: a new one is not visible everywhere at once.
func (b *Bridge) refreshAccount(ctx context.Context, portalID int64, id channels.AccountID) error {
	p, err := b.portal(portalID)
	if err != nil {
		return err
	}
	channel, err := b.channelID(ctx)
	if err != nil {
		return err
	}
	a, err := p.api.Accounts().Get(ctx, channel, id, once()...)
	if errors.Is(err, channels.ErrNotFound) {
		a, err = p.api.Accounts().GetArchived(ctx, channel, id, once()...)
	}
	if err != nil {
		return err
	}
	return b.saveAccount(ctx, portalID, a)
}

func (b *Bridge) markDeleted(ctx context.Context, channel channels.ID, id channels.AccountID) error {
	known, err := b.store.Account(ctx, channel, id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	known.Archived = true
	_, err = b.store.SaveAccount(ctx, known)
	return err
}

func (b *Bridge) saveAccount(ctx context.Context, portalID int64, a *channels.Account) error {
	_, err := b.store.SaveAccount(ctx, &Account{
		Channel: a.ChannelID, Portal: portalID, ID: a.ID, InboxID: a.InboxID, Name: a.Name,
		Identifier: normal(a.DeliveryIdentifier), Active: a.Active, Authorized: a.Authorized, Archived: a.Archived,
	})
	return err
}

// normal brings an address that HubSpot reports into the form that Receive looks for.
func normal(d channels.DeliveryIdentifier) channels.DeliveryIdentifier {
	switch d.Type {
	case channels.TypeEmail:
		return channels.Email(d.Value)
	case channels.TypePhone:
		return channels.Phone(d.Value)
	case channels.TypeShortCode:
		return channels.ShortCode(d.Value)
	}
	return d
}

// pending is an account that is being connected: HubSpot gives it an id later.
func pending(channel channels.ID, r *ConnectRequest, c *Connection) *Account {
	return &Account{
		Channel: channel, Portal: r.PortalID, InboxID: r.InboxID, Name: c.Name, Identifier: c.DeliveryIdentifier,
		Credentials: c.Credentials, Active: true, Authorized: true,
	}
}
