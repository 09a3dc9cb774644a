package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

// Connect connects an account without the popup that [Connector] serves, such as one that your own settings page has asked
// for. The app has to be installed in the portal. Of r the PortalID and the InboxID count. It returns the account with the
// id that HubSpot gave it; of an address that the portal has connected already, the account that is there, with the
// credentials of c.
//
// It calls HubSpot, again for a while where that can help, and wraps what HubSpot answers: [channels.ErrConflict] means
// that the address is taken but the account is not to be seen. What can never do is refused with [ErrInvalid].
func (b *Bridge) Connect(ctx context.Context, r *ConnectRequest, c *Connection) (*Account, error) {
	channel, err := b.channelID(ctx)
	if err != nil {
		return nil, err
	}
	if r.PortalID == 0 || r.InboxID == "" || strings.TrimSpace(c.Name) == "" {
		return nil, fmt.Errorf("%w: an account needs a portal, an inbox and a name", ErrInvalid)
	}
	if err := c.DeliveryIdentifier.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	account := pending(channel, r, c)
	known, err := b.savePending(ctx, account)
	if err != nil {
		return nil, err
	}
	made, err := b.createAccount(ctx, account)
	if err != nil {
		if known == nil && !channels.MayHaveArrived(err) {
			err = errors.Join(err, b.dropPending(ctx, account))
		}
		return nil, fmt.Errorf("bridge: connect an account: %w", err)
	}
	made.Credentials = c.Credentials
	if err := b.saveConnected(ctx, made); err != nil {
		return nil, err
	}
	return b.store.Account(ctx, channel, made.ID)
}

// saveConnected stores an account that HubSpot has taken, or had already: disconnected, perhaps, which is over now.
func (b *Bridge) saveConnected(ctx context.Context, made *Account) error {
	before, err := b.storedAccount(ctx, made.Channel, made.ID)
	if err != nil {
		return err
	}
	if !made.Authorized || before != nil && !before.Authorized {
		made.Authorized = true
		if err := b.tellAuthorized(ctx, made, true); err != nil {
			return err
		}
		if err := b.store.Remember(ctx, reasonName(made), ""); err != nil {
			return err
		}
	}
	return b.saveAccount(ctx, made)
}

// createAccount makes HubSpot know an account, and returns it as HubSpot has it.
func (b *Bridge) createAccount(ctx context.Context, a *Account) (*Account, error) {
	portal, err := b.portal(a.Portal)
	if err != nil {
		return nil, err
	}
	made, err := portal.api.Accounts().Create(ctx, a.Channel, &channels.NewAccount{
		InboxID: a.InboxID, Name: a.Name, DeliveryIdentifier: a.Identifier,
	})
	if err != nil {
		return nil, err
	}
	return accountOf(a.Portal, made), nil
}

// pending is an account that is being connected: HubSpot gives it an id later.
func pending(channel channels.ID, r *ConnectRequest, c *Connection) *Account {
	return &Account{
		Channel: channel, Portal: r.PortalID, InboxID: r.InboxID, Name: c.Name, Identifier: normal(c.DeliveryIdentifier),
		Credentials: c.Credentials, Active: true, Authorized: true,
	}
}

// savePending stores an account that is being connected: a customer's message may come before HubSpot's answer, and then
// it has an account to wait for. It does nothing but return the account that the portal has connected at the address
// already, if there is one.
func (b *Bridge) savePending(ctx context.Context, a *Account) (known *Account, err error) {
	known, err = b.connected(ctx, a)
	if err != nil || known != nil {
		return known, err
	}
	_, err = b.store.SaveAccount(ctx, a)
	return nil, err
}

// dropPending forgets an account that HubSpot refused.
func (b *Bridge) dropPending(ctx context.Context, a *Account) error {
	if known, err := b.connected(ctx, a); err != nil || known != nil {
		return err
	}
	refused := *a
	refused.Archived = true
	_, err := b.store.SaveAccount(ctx, &refused)
	return err
}

// connected returns the account that the portal has at the address already, or nil.
func (b *Bridge) connected(ctx context.Context, a *Account) (*Account, error) {
	found, err := b.store.FindAccounts(ctx, a.Channel, a.Identifier)
	for _, known := range slices.Backward(found) {
		if known.Portal == a.Portal && known.ID != "" {
			return known, nil
		}
	}
	return nil, err
}

// stage tells HubSpot which account an admin connects in the popup. Credentials of an account that is known are replaced
// only after HubSpot has taken the staging token, since until then anybody may have opened the page.
func (p *popup) stage(ctx context.Context, c *Connection) error {
	if err := c.DeliveryIdentifier.Validate(); err != nil {
		return err
	}
	account := pending(p.channel, &p.ConnectRequest, c)
	known, err := p.savePending(ctx, account)
	if err != nil {
		return err
	}
	err = p.updateStagingToken(ctx, c)
	conflict := errors.Is(err, channels.ErrConflict) // connected before
	if err != nil && !conflict {
		if known == nil && !channels.MayHaveArrived(err) {
			err = errors.Join(err, p.dropPending(ctx, account))
		}
		return err
	}
	if known != nil && !conflict {
		// HubSpot will make a new account, so the one that is known must be gone.
		if err := p.refreshAccount(ctx, p.PortalID, known.ID); err != nil && !errors.Is(err, channels.ErrNotFound) {
			return err
		}
	}
	if known, err = p.connected(ctx, account); err != nil {
		return err
	}
	if known == nil {
		_, err = p.store.SaveAccount(ctx, account)
		return err
	}
	return p.authorize(ctx, known, c.Credentials)
}

// errNotStaged is wrapped where HubSpot does not know the staging token: it is too old, or never was.
var errNotStaged = errors.New("HubSpot does not know the accountToken of the popup")

func (p *popup) updateStagingToken(ctx context.Context, c *Connection) error {
	portal, err := p.portal(p.PortalID)
	if err != nil {
		return err
	}
	_, err = portal.api.UpdateStagingToken(ctx, p.channel, p.token, &channels.StagedAccount{Name: c.Name, DeliveryIdentifier: c.DeliveryIdentifier})
	if errors.Is(err, channels.ErrNotFound) {
		return fmt.Errorf("%w: %w", errNotStaged, err)
	}
	return err
}
