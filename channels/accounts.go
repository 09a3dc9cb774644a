package channels

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/internal/jsonx"
)

// Accounts are the channel accounts of the client's portal: the addresses that are connected to an inbox over a custom
// channel. They need the scope conversations.custom_channels.read or .write. HubSpot has no call to delete one.
type Accounts struct{ c *Client }

// Accounts returns the portal's channel accounts.
func (c *Client) Accounts() *Accounts { return &Accounts{c} }

// Account is a connected account ("ChannelAccount" in HubSpot's API reference). A time that cannot be read is zero.
type Account struct {
	ID        AccountID `json:"id"`
	ChannelID ID        `json:"channelId"`
	InboxID   InboxID   `json:"inboxId"` // the inbox or help desk its messages go to; several accounts may share one
	Name      string    `json:"name"`    // shown to agents
	// Active says that the account is switched on in HubSpot's settings.
	Active bool `json:"active"`
	// Authorized says that the app's credential for the messaging service is good; the app sets it.
	Authorized bool      `json:"authorized"`
	Archived   bool      `json:"archived"`
	CreatedAt  time.Time `json:"createdAt"`
	ArchivedAt time.Time `json:"archivedAt,omitzero"`
	// DeliveryIdentifier is the account's address on the messaging service.
	DeliveryIdentifier DeliveryIdentifier `json:"deliveryIdentifier,omitzero"`
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *Account) UnmarshalJSON(data []byte) error {
	type plain Account
	wire := struct {
		*plain
		CreatedAt  jsonx.LooseTime `json:"createdAt"`
		ArchivedAt jsonx.LooseTime `json:"archivedAt"`
	}{plain: (*plain)(a)}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	a.CreatedAt, a.ArchivedAt = wire.CreatedAt.Time, wire.ArchivedAt.Time
	return nil
}

// NewAccount is an account to be connected.
type NewAccount struct {
	InboxID InboxID `json:"inboxId"` // required
	Name    string  `json:"name"`    // required; shown to agents
	// Unauthorized connects the account switched off: it carries nothing until it is updated.
	Unauthorized bool `json:"-"`
	// DeliveryIdentifier is the account's address, which should be unique in the portal. It may be left out.
	DeliveryIdentifier DeliveryIdentifier `json:"deliveryIdentifier,omitzero"`
}

// AccountUpdate changes an account. Fields that are nil stay as they are. Inbox and address cannot be changed.
type AccountUpdate struct {
	Name *string `json:"name,omitempty"`
	// Authorized false disables the account.
	Authorized *bool `json:"authorized,omitempty"`
}

// AccountListOptions narrow and page a list of accounts. The zero value lists all that are not archived.
type AccountListOptions struct {
	ListOptions
	Archived bool // list the archived accounts instead
	// DeliveryIdentifiers lists only accounts with one of these addresses.
	DeliveryIdentifiers []DeliveryIdentifier
}

// accountQuery is how HubSpot wants the options: repeated parameters, types apart from values.
type accountQuery struct {
	ListOptions
	Archived bool             `url:"archived,omitempty"`
	Types    []IdentifierType `url:"deliveryIdentifierType,omitempty"`
	Values   []string         `url:"deliveryIdentifierValue,omitempty"`
}

// Create connects an account. If its address is connected to the channel already (409), the existing account is returned
// if this portal can see it; otherwise the error matches [ErrConflict]. An account without an address cannot be found
// again, so its creation is not retried where HubSpot may have carried it out.
func (a *Accounts) Create(ctx context.Context, channel ID, account *NewAccount, opts ...CallOption) (*Account, error) {
	if err := account.validate(); err != nil {
		return nil, err
	}
	if !account.DeliveryIdentifier.IsZero() {
		opts = append(opts[:len(opts):len(opts)], Idempotent()) // HubSpot refuses the address the second time
	}
	body := struct {
		*NewAccount
		Authorized bool `json:"authorized"`
	}{account, !account.Unauthorized}
	created, err := send[Account](ctx, a.c.rest, http.MethodPost, a.c.ChannelPath(channel, accountsElem), body, opts...)
	if errors.Is(err, ErrConflict) && !account.DeliveryIdentifier.IsZero() {
		if there := a.lookUp(ctx, channel, account.DeliveryIdentifier); there != nil {
			return there, nil
		}
	}
	return created, err
}

const accountsElem = "channel-accounts"

func (n *NewAccount) validate() error {
	switch {
	case n.InboxID == "":
		return invalidf("an account needs an inbox")
	case strings.TrimSpace(n.Name) == "":
		return invalidf("an account needs a name")
	case n.DeliveryIdentifier.IsZero():
		return nil
	}
	return n.DeliveryIdentifier.Validate()
}

// lookUp returns the account with an address, or nil if there is none to be seen.
func (a *Accounts) lookUp(ctx context.Context, channel ID, address DeliveryIdentifier) *Account {
	for account, err := range a.All(ctx, channel, &AccountListOptions{DeliveryIdentifiers: []DeliveryIdentifier{address}}) {
		if err != nil {
			return nil // the conflict says more
		}
		return account
	}
	return nil
}

// All lists the portal's accounts on a channel; opts may be nil. ctx holds for all pages. The list ends at the first
// error.
func (a *Accounts) All(ctx context.Context, channel ID, opts *AccountListOptions) iter.Seq2[*Account, error] {
	var q accountQuery
	wanted := map[DeliveryIdentifier]bool{}
	if opts != nil {
		q.ListOptions, q.Archived = opts.ListOptions, opts.Archived
		for _, d := range opts.DeliveryIdentifiers {
			q.Types, q.Values = append(q.Types, d.Type), append(q.Values, d.Value)
			wanted[d] = true
		}
	}
	list := all[Account](ctx, a.c.rest, a.c.ChannelPath(channel, accountsElem), q)
	if len(wanted) == 0 {
		return list
	}
	// How HubSpot combines types with values is not documented, so what it sends is checked.
	return func(yield func(*Account, error) bool) {
		for account, err := range list {
			if (err != nil || wanted[account.DeliveryIdentifier]) && !yield(account, err) {
				return
			}
		}
	}
}

// Get returns an account that is not archived, or an error that matches [ErrNotFound].
func (a *Accounts) Get(ctx context.Context, channel ID, id AccountID, opts ...CallOption) (*Account, error) {
	return get[Account](ctx, a.c.rest, a.c.ChannelPath(channel, accountsElem, string(id)), opts...)
}

// GetArchived returns an archived account, or an error that matches [ErrNotFound].
func (a *Accounts) GetArchived(ctx context.Context, channel ID, id AccountID, opts ...CallOption) (*Account, error) {
	return get[Account](ctx, a.c.rest, a.c.ChannelPath(channel, accountsElem, string(id))+"?archived=true", opts...)
}

// Update changes the fields of an account that are set in u.
func (a *Accounts) Update(ctx context.Context, channel ID, id AccountID, u *AccountUpdate, opts ...CallOption) (*Account, error) {
	return send[Account](ctx, a.c.rest, http.MethodPatch, a.c.ChannelPath(channel, accountsElem, string(id)), u,
		append(opts[:len(opts):len(opts)], Idempotent())...)
}
