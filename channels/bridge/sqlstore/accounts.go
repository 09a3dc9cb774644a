package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

const accountColumns = `row, channel, portal, id, identifier_type, identifier_value, inbox, name, active, authorized, archived, credentials`

// storedAccount is an account as its row holds it, with the credentials still sealed.
type storedAccount struct {
	row    int64
	sealed []byte
	bridge.Account
}

func scanAccount(scan func(...any) error) (*storedAccount, error) {
	var a storedAccount
	var channel, id, kind, inbox string
	var value, name []byte
	if err := scan(&a.row, &channel, &a.Portal, &id, &kind, &value, &inbox, &name, &a.Active, &a.Authorized, &a.Archived, &a.sealed); err != nil {
		return nil, err
	}
	a.Channel, a.ID, a.InboxID, a.Name = channels.ID(channel), channels.AccountID(id), channels.InboxID(inbox), string(name)
	a.Identifier = channels.DeliveryIdentifier{Type: channels.IdentifierType(kind), Value: string(value)}
	return &a, nil
}

// accounts returns the accounts that a condition selects, in the order of their rows.
func (c *session) accounts(where string, args ...any) ([]*storedAccount, error) {
	var out []*storedAccount
	err := c.each(`SELECT `+accountColumns+` FROM @accounts WHERE `+where+` ORDER BY row`, args, func(scan func(...any) error) error {
		a, err := scanAccount(scan)
		out = append(out, a)
		return err
	})
	return out, err
}

// openAccounts unseals the credentials of what was read.
func (s *Store) openAccounts(stored []*storedAccount) ([]*bridge.Account, error) {
	var out []*bridge.Account
	for _, a := range stored {
		if a.sealed != nil {
			plain, err := s.keys.ring.Open(a.sealed, credentialsOwner(&a.Account))
			if err != nil {
				return nil, fmt.Errorf("sqlstore: the credentials of account %s cannot be opened: %w", a.ID, err)
			}
			a.Credentials = plain
		}
		out = append(out, &a.Account)
	}
	return out, nil
}

// credentialsOwner binds sealed credentials to their account. The id is not part of it: it is not known at first.
func credentialsOwner(a *bridge.Account) string {
	return fmt.Sprintf("account\x00%s\x00%d\x00%s\x00%s", a.Channel, a.Portal, a.Identifier.Type, a.Identifier.Value)
}

func identifierKey(d channels.DeliveryIdentifier) []byte {
	k := digest(string(d.Type), d.Value)
	return k[:]
}

// Account implements [bridge.Store].
func (s *Store) Account(ctx context.Context, channel channels.ID, id channels.AccountID) (*bridge.Account, error) {
	found, err := s.findAccounts(ctx, `channel = ?1 AND id = ?2 AND id <> ''`, string(channel), string(id))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, bridge.ErrNotFound
	}
	return found[0], nil
}

// FindAccounts implements [bridge.Store].
func (s *Store) FindAccounts(ctx context.Context, channel channels.ID, d channels.DeliveryIdentifier) ([]*bridge.Account, error) {
	return s.findAccounts(ctx, `channel = ?1 AND identifier = ?2 AND archived = 0`, string(channel), identifierKey(d))
}

// Accounts implements [bridge.Store].
func (s *Store) Accounts(ctx context.Context, channel channels.ID, portal int64) ([]*bridge.Account, error) {
	if portal == 0 {
		return s.findAccounts(ctx, `channel = ?1 AND archived = 0`, string(channel))
	}
	return s.findAccounts(ctx, `channel = ?1 AND portal = ?2 AND archived = 0`, string(channel), portal)
}

func (s *Store) findAccounts(ctx context.Context, where string, args ...any) ([]*bridge.Account, error) {
	var stored []*storedAccount
	err := s.read(ctx, func(c *session) (err error) {
		stored, err = c.accounts(where, args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.openAccounts(stored)
}

// SaveAccount implements [bridge.Store].
func (s *Store) SaveAccount(ctx context.Context, a *bridge.Account) (*bridge.Account, error) {
	var sealed []byte
	if a.Credentials != nil {
		var err error
		if sealed, err = s.keys.ring.Seal(a.Credentials, credentialsOwner(a)); err != nil {
			return nil, fmt.Errorf("sqlstore: seal credentials: %w", err)
		}
	}
	var before *storedAccount
	err := s.write.transaction(ctx, func(c *session) (err error) {
		before, err = s.saveAccount(c, a, sealed)
		return err
	})
	if err != nil || before == nil {
		return nil, err
	}
	old, err := s.openAccounts([]*storedAccount{before})
	if err != nil {
		return &before.Account, nil // it is saved; that what was before cannot be opened changes nothing
	}
	return old[0], nil
}

// saveAccount returns what was stored before, nil if nothing was.
func (s *Store) saveAccount(c *session, a *bridge.Account, sealed []byte) (before *storedAccount, err error) {
	if before, err = c.sameAccount(a); err != nil {
		return nil, err
	}
	switch {
	case before == nil:
		if sealed == nil && a.ID != "" && !a.Archived {
			if sealed, err = c.inherited(a); err != nil {
				return nil, err
			}
		}
		return nil, c.insertAccount(a, sealed)
	case a.ID == "" && before.ID != "":
		// Connecting again an account that HubSpot has: what HubSpot says of it stays, the credentials are new.
		return before, c.run(`UPDATE @accounts SET credentials = COALESCE(?1, credentials) WHERE row = ?2`, sealed, before.row)
	case a.Archived:
		sealed = nil
	case sealed == nil && before.sealed != nil:
		if sealed, err = s.reseal(before, a); err != nil {
			return nil, err
		}
	}
	return before, c.updateAccount(before, a, sealed)
}

// atAddress selects the accounts of a portal that have an address.
const atAddress = `channel = ?1 AND identifier = ?2 AND portal = ?3 AND archived = 0`

// sameAccount finds the row that a belongs to, nil if there is none: by its id, else by portal and address, where an
// account that is being connected waits for the id that HubSpot gives it.
func (c *session) sameAccount(a *bridge.Account) (*storedAccount, error) {
	if a.ID == "" {
		return c.newestAccount(atAddress, string(a.Channel), identifierKey(a.Identifier), a.Portal)
	}
	same, err := c.newestAccount(`channel = ?1 AND id = ?2`, string(a.Channel), string(a.ID))
	if err != nil || same != nil || a.Archived {
		return same, err // one that is deleted already is not the one being connected
	}
	return c.newestAccount(atAddress+` AND id = ''`, string(a.Channel), identifierKey(a.Identifier), a.Portal)
}

func (c *session) newestAccount(where string, args ...any) (*storedAccount, error) {
	found, err := c.accounts(where, args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[len(found)-1], nil
}

// inherited returns the credentials of the account that a new one of the same portal and address takes the place of:
// HubSpot may have given the new id before it told that the old one is deleted.
func (c *session) inherited(a *bridge.Account) ([]byte, error) {
	earlier, err := c.newestAccount(atAddress, string(a.Channel), identifierKey(a.Identifier), a.Portal)
	if err != nil || earlier == nil {
		return nil, err
	}
	return earlier.sealed, nil
}

// reseal returns the credentials of an account as they must be sealed once it is stored as a.
func (s *Store) reseal(before *storedAccount, a *bridge.Account) ([]byte, error) {
	from, to := credentialsOwner(&before.Account), credentialsOwner(a)
	if from == to {
		return before.sealed, nil
	}
	plain, err := s.keys.ring.Open(before.sealed, from)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: the credentials of account %s cannot be opened: %w", before.ID, err)
	}
	sealed, err := s.keys.ring.Seal(plain, to)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: seal credentials: %w", err)
	}
	return sealed, nil
}

func (c *session) insertAccount(a *bridge.Account, sealed []byte) error {
	return c.run(`INSERT INTO @accounts (channel, portal, id, identifier, identifier_type, identifier_value, inbox, name, active, authorized, archived, credentials, changed_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`,
		string(a.Channel), a.Portal, string(a.ID), identifierKey(a.Identifier), string(a.Identifier.Type), []byte(a.Identifier.Value),
		string(a.InboxID), []byte(a.Name), flag(a.Active), flag(a.Authorized), flag(a.Archived), sealed, micros(time.Now()))
}

func (c *session) updateAccount(before *storedAccount, a *bridge.Account, sealed []byte) error {
	return c.run(`UPDATE @accounts SET id = ?1, portal = ?2, identifier = ?3, identifier_type = ?4, identifier_value = ?5, inbox = ?6,
		name = ?7, active = ?8, authorized = ?9, archived = ?10, credentials = ?11, changed_at = ?12 WHERE row = ?13`,
		string(a.ID), a.Portal, identifierKey(a.Identifier), string(a.Identifier.Type), []byte(a.Identifier.Value), string(a.InboxID), []byte(a.Name),
		flag(a.Active), flag(a.Authorized), flag(a.Archived), sealed, micros(time.Now()), before.row)
}
