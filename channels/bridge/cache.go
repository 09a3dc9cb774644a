package bridge

import (
	"context"
	"sync"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

// accountFor is how long a message may pass through an account as it was: what changes on another node is known that much
// later. Only messages read accounts so; all else asks the store.
const accountFor = time.Second

// accountCache is a Store that remembers the accounts that messages pass through, and forgets them when this process changes
// one.
type accountCache struct {
	Store
	now func() time.Time

	mu    sync.Mutex
	known map[any]knownAccounts  // by id, or by address
	saved int                    // how many times an account was saved
	back  map[cachedID]time.Time // when an account was switched on again
}

type knownAccounts struct {
	accounts []*Account
	until    time.Time
}

type (
	cachedID struct {
		channel channels.ID
		id      channels.AccountID
	}
	cachedAddress struct {
		channel channels.ID
		address channels.DeliveryIdentifier
	}
)

func newAccountCache(s Store, now func() time.Time) *accountCache {
	return &accountCache{Store: s, now: now, known: map[any]knownAccounts{}, back: map[cachedID]time.Time{}}
}

// recentAccount is Account as it was at most [accountFor] ago.
func (c *accountCache) recentAccount(ctx context.Context, channel channels.ID, id channels.AccountID) (*Account, error) {
	found, err := c.recent(cachedID{channel, id}, func() ([]*Account, error) {
		a, err := c.Store.Account(ctx, channel, id)
		return []*Account{a}, err
	})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// recentAccounts is FindAccounts as it was at most [accountFor] ago; what was not found then is looked for again.
func (c *accountCache) recentAccounts(ctx context.Context, channel channels.ID, address channels.DeliveryIdentifier) ([]*Account, error) {
	return c.recent(cachedAddress{channel, address}, func() ([]*Account, error) { return c.FindAccounts(ctx, channel, address) })
}

func (c *accountCache) recent(key any, read func() ([]*Account, error)) ([]*Account, error) {
	now := c.now()
	c.mu.Lock()
	known, ok := c.known[key]
	saved := c.saved
	c.mu.Unlock()
	if ok && now.Before(known.until) {
		return copied(known.accounts), nil
	}
	found, err := read()
	if err != nil || len(found) == 0 {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= 1000 {
		clear(c.known)
	}
	if saved == c.saved { // else what was read may be older than what was saved
		c.known[key] = knownAccounts{copied(found), now.Add(accountFor)}
	}
	return found, nil
}

// SaveAccount implements [Store].
func (c *accountCache) SaveAccount(ctx context.Context, a *Account) (*Account, error) {
	old, err := c.Store.SaveAccount(ctx, a)
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.known) // also of the accounts that it takes the place of
	c.saved++
	if old != nil && !(old.Active && old.Authorized) && a.Active && a.Authorized {
		if len(c.back) >= 1000 {
			clear(c.back)
		}
		c.back[cachedID{a.Channel, a.ID}] = c.now()
	}
	return old, err
}

// backLately reports whether this process has switched an account on again in the last minute, so that HubSpot may not know yet.
func (c *accountCache) backLately(channel channels.ID, id channels.AccountID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.back[cachedID{channel, id}]
	return ok && c.now().Sub(at) < time.Minute
}

// copied returns accounts that share nothing with the given ones.
func copied(accounts []*Account) []*Account {
	out := make([]*Account, len(accounts))
	for i, a := range accounts {
		out[i] = a.clone()
	}
	return out
}
