package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/oauth"
)

// accountWork is the payload of a KindAccount item. Without an account it means all of the portal's.
type accountWork struct {
	Account channels.AccountID `json:"account,omitempty"`
	Purged  bool               `json:"purged,omitempty"` // HubSpot said that it deleted the account

	// Authorized is what HubSpot is to be told of the account's credentials, if it is set.
	Authorized *bool `json:"authorized,omitempty"`
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

// Accounts returns all connected accounts that have an address, in whichever portals, as [Bridge.Account] does for one.
func (b *Bridge) Accounts(ctx context.Context, identifier channels.DeliveryIdentifier) ([]*Account, error) {
	channel, err := b.channelID(ctx)
	if err != nil {
		return nil, err
	}
	return b.store.FindAccounts(ctx, channel, identifier)
}

// AccountByID returns a connected account, or [ErrUnknownAccount], also for one that was deleted. It asks the store, not
// HubSpot.
func (b *Bridge) AccountByID(ctx context.Context, id channels.AccountID) (*Account, error) {
	channel, err := b.channelID(ctx)
	if err != nil {
		return nil, err
	}
	return b.recipient(ctx, channel, &Incoming{AccountID: id})
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
	return b.refreshLater(ctx, channel, in.PortalID, fmt.Sprint("installed at ", b.now().UnixMicro()))
}

// refreshLater has all accounts of a portal read anew, once for each occasion.
func (b *Bridge) refreshLater(ctx context.Context, channel channels.ID, portal int64, occasion string) error {
	now := b.now()
	lane := accountLane(portal)
	_, err := b.store.Accept(ctx, &NewItem{
		Key: lane + "/all/" + occasion, Kind: KindAccount, Channel: channel, Portal: portal, Lane: lane,
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
	today := b.now().UTC().Format(time.DateOnly) // however many nodes there are, and however often they start
	for _, portal := range portals {
		if err := b.refreshLater(ctx, channel, portal, today); err != nil {
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
	var missing []*NewItem
	var err error
	switch {
	case w.Account == "":
		missing, err = n.readAllAccounts(ctx, it)
	case w.Authorized != nil:
		err = n.updateAuthorized(ctx, it.Portal, &w)
	default:
		err = n.refreshAccount(ctx, it.Portal, w.Account)
	}
	if errors.Is(err, channels.ErrNotFound) && (w.Purged || n.now().Sub(it.Accepted) > notFoundFor) {
		err = n.markDeleted(ctx, n.channel, w.Account)
	}
	if err != nil {
		return n.failed(ctx, it, err)
	}
	return &Outcome{Verdict: Done, At: n.now(), Follow: missing}
}

// readAllAccounts stores all accounts of a portal as HubSpot has them now. It returns the work of reading those that
// HubSpot does not list any more: the webhook about their end may have been lost.
func (n *node) readAllAccounts(ctx context.Context, it *Item) (missing []*NewItem, err error) {
	known, err := n.store.Accounts(ctx, n.channel, it.Portal)
	if err != nil {
		return nil, err
	}
	listed, err := n.refreshAccounts(ctx, it.Portal)
	if err != nil {
		return nil, err
	}
	for _, a := range known {
		if a.ID == "" || listed[a.ID] {
			continue
		}
		now := n.now()
		missing = append(missing, &NewItem{
			Key: fmt.Sprintf("account/%s/missing/%d", a.ID, now.UnixMicro()), Kind: KindAccount, Channel: n.channel, Portal: it.Portal,
			Lane: it.Lane, Payload: marshal(accountWork{Account: a.ID}), At: now, Deadline: now.Add(n.cfg.HoldFor),
		})
	}
	return missing, nil
}

// refreshAccounts stores all accounts of a portal that HubSpot lists, as they are now, and returns their ids.
func (b *Bridge) refreshAccounts(ctx context.Context, portalID int64) (map[channels.AccountID]bool, error) {
	p, err := b.portal(portalID)
	if err != nil {
		return nil, err
	}
	channel, err := b.channelID(ctx)
	if err != nil {
		return nil, err
	}
	listed := map[channels.AccountID]bool{}
	for a, err := range p.api.Accounts().All(ctx, channel, nil) {
		if err != nil {
			return nil, err
		}
		if err := b.saveAccount(ctx, accountOf(portalID, a)); err != nil {
			return nil, err
		}
		listed[a.ID] = true
	}
	return listed, nil
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
	return b.saveAccount(ctx, accountOf(portalID, a))
}

func (b *Bridge) markDeleted(ctx context.Context, channel channels.ID, id channels.AccountID) error {
	return b.editAccount(ctx, channel, id, func(known *Account) (*Account, error) {
		if known == nil {
			return nil, nil
		}
		deleted := *known
		deleted.Archived = true
		return &deleted, nil
	})
}

// accountOf is an account as HubSpot describes it.
func accountOf(portalID int64, a *channels.Account) *Account {
	return &Account{
		Channel: a.ChannelID, Portal: portalID, ID: a.ID, InboxID: a.InboxID, Name: a.Name,
		Identifier: normal(a.DeliveryIdentifier), Active: a.Active, Authorized: a.Authorized, Archived: a.Archived,
	}
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
