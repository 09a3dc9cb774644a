package bridge

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

// accountFor is how long a message may be sent with an account as it was: what changes on another node is known that much
// later. Only sends read accounts so; all else asks the store.
const accountFor = time.Second

// accountCache is a Store that remembers the accounts of messages that are sent, and forgets those that this process changes.
type accountCache struct {
	Store
	now func() time.Time

	mu    sync.Mutex
	known map[channels.AccountID]knownAccount
	saved int // how many times an account was saved
}

type knownAccount struct {
	account *Account
	until   time.Time
}

func newAccountCache(s Store, now func() time.Time) *accountCache {
	return &accountCache{Store: s, now: now, known: map[channels.AccountID]knownAccount{}}
}

// recentAccount returns an account as it was at most [accountFor] ago.
func (c *accountCache) recentAccount(ctx context.Context, channel channels.ID, id channels.AccountID) (*Account, error) {
	now := c.now()
	c.mu.Lock()
	known, ok := c.known[id]
	saved := c.saved
	c.mu.Unlock()
	if ok && known.account.Channel == channel && now.Before(known.until) {
		return known.account.copy(), nil
	}
	a, err := c.Store.Account(ctx, channel, id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= 1000 {
		clear(c.known)
	}
	if saved == c.saved { // else what was read may be older than what was saved
		c.known[id] = knownAccount{a.copy(), now.Add(accountFor)}
	}
	return a, nil
}

// SaveAccount implements [Store].
func (c *accountCache) SaveAccount(ctx context.Context, a *Account) (*Account, error) {
	old, err := c.Store.SaveAccount(ctx, a)
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.known) // also of the accounts that it takes the place of
	c.saved++
	return old, err
}

// copy returns an account that shares nothing with a.
func (a *Account) copy() *Account {
	own := *a
	own.Credentials = bytes.Clone(a.Credentials)
	return &own
}
