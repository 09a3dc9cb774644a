package memstore

import (
	"bytes"
	"context"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Account implements [bridge.Store].
func (s *Store) Account(ctx context.Context, channel channels.ID, id channels.AccountID) (*bridge.Account, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	found := s.newest(func(a *bridge.Account) bool { return a.Channel == channel && a.ID == id && id != "" })
	if found == nil {
		return nil, bridge.ErrNotFound
	}
	return clone(found), nil
}

// FindAccounts implements [bridge.Store].
func (s *Store) FindAccounts(ctx context.Context, channel channels.ID, d channels.DeliveryIdentifier) ([]*bridge.Account, error) {
	return s.connected(ctx, func(a *bridge.Account) bool { return a.Channel == channel && a.Identifier == d })
}

// Accounts implements [bridge.Store].
func (s *Store) Accounts(ctx context.Context, channel channels.ID, portal int64) ([]*bridge.Account, error) {
	return s.connected(ctx, func(a *bridge.Account) bool { return a.Channel == channel && (portal == 0 || a.Portal == portal) })
}

func (s *Store) connected(ctx context.Context, which func(*bridge.Account) bool) ([]*bridge.Account, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var out []*bridge.Account
	for _, a := range s.accounts {
		if which(a) && !a.Archived {
			out = append(out, clone(a))
		}
	}
	return out, nil
}

// SaveAccount implements [bridge.Store].
func (s *Store) SaveAccount(ctx context.Context, a *bridge.Account) (*bridge.Account, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	saved := clone(a)
	known := s.same(a)
	if known == nil {
		if saved.Credentials == nil && a.ID != "" && !a.Archived {
			saved.Credentials = s.inherited(a)
		}
		s.accounts = append(s.accounts, saved)
		return nil, nil
	}
	old := clone(known)
	if saved.Credentials == nil {
		saved.Credentials = known.Credentials
	}
	if a.Archived {
		saved.Credentials = nil
	}
	if a.ID == "" && known.ID != "" {
		// Connecting again an account that HubSpot has: what HubSpot says of it stays, the credentials are new.
		known.Credentials = saved.Credentials
	} else {
		*known = *saved
	}
	return old, nil
}

// same finds the account that a is, nil if there is none: by its id, else by portal and address, where an account that is
// being connected waits for the id that HubSpot gives it.
func (s *Store) same(a *bridge.Account) *bridge.Account {
	if a.ID == "" {
		return s.newest(func(b *bridge.Account) bool { return atAddress(a, b) })
	}
	found := s.newest(func(b *bridge.Account) bool { return b.Channel == a.Channel && b.ID == a.ID })
	if found != nil || a.Archived {
		return found // one that is deleted already is not the one being connected
	}
	return s.newest(func(b *bridge.Account) bool { return atAddress(a, b) && b.ID == "" })
}

// inherited returns the credentials of the account that a new one of the same portal and address takes the place of:
// HubSpot may have given the new id before it told that the old one is deleted.
func (s *Store) inherited(a *bridge.Account) []byte {
	earlier := s.newest(func(b *bridge.Account) bool { return atAddress(a, b) })
	if earlier == nil {
		return nil
	}
	return bytes.Clone(earlier.Credentials)
}

func atAddress(a, b *bridge.Account) bool {
	return b.Channel == a.Channel && b.Portal == a.Portal && b.Identifier == a.Identifier && !b.Archived
}

func (s *Store) newest(which func(*bridge.Account) bool) *bridge.Account {
	for i := len(s.accounts) - 1; i >= 0; i-- {
		if which(s.accounts[i]) {
			return s.accounts[i]
		}
	}
	return nil
}

func clone(a *bridge.Account) *bridge.Account {
	c := *a
	c.Credentials = bytes.Clone(a.Credentials)
	return &c
}
