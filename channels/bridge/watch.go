package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/customchannels/customchannels-go/channels"
)

// AccountWatcher is implemented by a [Channel] that has to know what becomes of its accounts: to register a webhook with
// the messaging service for a new one, say, or to end a subscription. Without it accounts come and go unseen; Send gets the
// account's state of the moment all the same.
type AccountWatcher interface {
	// AccountChanged is told of a change before it takes effect in the bridge. It is called at least once for each, again
	// after a crash, and not where nothing has changed. Several changes at short intervals may be told as one. ctx ends
	// after [Config.SendTimeout].
	//
	// After an error it is called again, with growing pauses. Until it returns nil the bridge goes on with the account as
	// it was.
	AccountChanged(ctx context.Context, c *AccountChange) error
}

// AccountChange is what happened to an account. Old and New can be compared in every field; the methods name what
// matters. More than one of them may be true, but none beside Created or Deleted.
type AccountChange struct {
	Old *Account // nil for an account that was not connected before
	New *Account // never nil; Archived if the account was deleted
}

// Created reports whether the account is a new one. One that takes the address of a deleted account is new too.
func (c *AccountChange) Created() bool { return c.Old == nil }

// Deleted reports whether the account is gone for good.
func (c *AccountChange) Deleted() bool { return c.New.Archived }

// Enabled reports whether an admin has switched the account on in HubSpot.
func (c *AccountChange) Enabled() bool { return c.updated() && !c.Old.Active && c.New.Active }

// Disabled reports whether an admin has switched the account off in HubSpot.
func (c *AccountChange) Disabled() bool { return c.updated() && c.Old.Active && !c.New.Active }

// Moved reports whether the account belongs to another inbox or help desk now.
func (c *AccountChange) Moved() bool { return c.updated() && c.Old.InboxID != c.New.InboxID }

// Renamed reports whether agents see another name.
func (c *AccountChange) Renamed() bool { return c.updated() && c.Old.Name != c.New.Name }

// Reconnected reports whether the account has new credentials, or the old ones are good again.
func (c *AccountChange) Reconnected() bool {
	return c.updated() && (!bytes.Equal(c.Old.Credentials, c.New.Credentials) || !c.Old.Authorized && c.New.Authorized)
}

// Disconnected reports whether the credentials are good no more; see [Disconnected].
func (c *AccountChange) Disconnected() bool {
	return c.updated() && c.Old.Authorized && !c.New.Authorized
}

func (c *AccountChange) updated() bool { return c.Old != nil && !c.New.Archived }

// saveAccount stores what HubSpot says of an account. That its credentials are good is the bridge's to say, where it has
// said before that they are not: HubSpot may not have heard of it yet.
func (b *Bridge) saveAccount(ctx context.Context, a *Account) error {
	return b.editAccount(ctx, a.Channel, a.ID, func(old *Account) (*Account, error) {
		if old == nil || old.Authorized || !a.Authorized {
			return a, nil
		}
		reason, err := b.disconnectedReason(ctx, a)
		next := *a
		next.Authorized = reason == ""
		return &next, err
	})
}

// editAccount changes an account: edit gets it as it is stored, nil if it is not, and returns what it shall be, or nil for
// no change. The watcher is told before it is stored, so that after a crash in between the change is found, and told, again.
func (b *Bridge) editAccount(ctx context.Context, channel channels.ID, id channels.AccountID, edit func(*Account) (*Account, error)) error {
	for {
		old, err := b.storedAccount(ctx, channel, id)
		if err != nil {
			return err
		}
		a, err := edit(old)
		if err != nil || a == nil {
			return err
		}
		c, err := b.accountChange(ctx, old, a)
		if err != nil || c == nil {
			return err
		}
		if err := b.tellWatcher(ctx, c); err != nil {
			return err
		}
		if done, err := b.replaceAccount(ctx, old, a); err != nil || done {
			return err
		}
	}
}

// storedAccount returns nil for an account that is not known.
func (b *Bridge) storedAccount(ctx context.Context, channel channels.ID, id channels.AccountID) (*Account, error) {
	a, err := b.store.Account(ctx, channel, id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return a, err
}

func (b *Bridge) tellWatcher(ctx context.Context, c *AccountChange) error {
	w, ok := as[AccountWatcher](b.impl)
	if !ok || c.Created() && c.Deleted() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.SendTimeout)
	defer cancel()
	told := &AccountChange{New: c.New.clone()}
	if c.Old != nil {
		told.Old = c.Old.clone()
	}
	if err := w.AccountChanged(ctx, told); err != nil {
		return fmt.Errorf("the channel's AccountChanged: %w", err)
	}
	return nil
}

// replaceAccount stores an account, unless it has changed while the watcher was told: what this process found out earlier
// must not undo what it has learned since.
func (b *Bridge) replaceAccount(ctx context.Context, old, a *Account) (done bool, err error) {
	b.accounts.Lock()
	defer b.accounts.Unlock()
	now, err := b.storedAccount(ctx, a.Channel, a.ID)
	if err != nil || !sameAccount(old, now) {
		return false, err
	}
	if _, err := b.store.SaveAccount(ctx, a); err != nil {
		return false, err
	}
	b.accountsChanged()
	return true, nil
}

// accountChange returns what storing a in place of old would change, or nil if nothing.
func (b *Bridge) accountChange(ctx context.Context, old, a *Account) (_ *AccountChange, err error) {
	next := *a
	switch {
	case next.Archived:
		next.Credentials = nil
	case next.Credentials == nil && old != nil:
		next.Credentials = old.Credentials
	case next.Credentials == nil:
		if next.Credentials, err = b.credentialsAt(ctx, a); err != nil {
			return nil, err
		}
	}
	if sameAccount(old, &next) {
		return nil, nil
	}
	if old != nil && old.Archived {
		old = nil
	}
	return &AccountChange{Old: old, New: &next}, nil
}

// credentialsAt returns the credentials that a new account of a portal finds at its address: those it was connected with
// before HubSpot gave it an id, or those of the account that it takes the place of.
func (b *Bridge) credentialsAt(ctx context.Context, a *Account) ([]byte, error) {
	found, err := b.store.FindAccounts(ctx, a.Channel, a.Identifier)
	for _, other := range slices.Backward(found) {
		if other.Portal == a.Portal {
			return other.Credentials, nil
		}
	}
	return nil, err
}

func sameAccount(a, b *Account) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Portal == b.Portal && a.InboxID == b.InboxID && a.Name == b.Name && a.Identifier == b.Identifier &&
		a.Active == b.Active && a.Authorized == b.Authorized && a.Archived == b.Archived && bytes.Equal(a.Credentials, b.Credentials)
}
