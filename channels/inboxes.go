package channels

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/customchannels/customchannels-go/internal/jsonx"
)

// InboxType says whether an inbox is a help desk.
type InboxType string

// The types of inboxes.
const (
	TypeInbox    InboxType = "INBOX"
	TypeHelpDesk InboxType = "HELP_DESK"
)

// Inbox is a conversations inbox or a help desk of a portal. A time that cannot be read is zero.
type Inbox struct {
	ID         InboxID   `json:"id"`
	Name       string    `json:"name"`
	Type       InboxType `json:"type"`
	Archived   bool      `json:"archived"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
	ArchivedAt time.Time `json:"archivedAt,omitzero"`
}

// UnmarshalJSON implements [json.Unmarshaler].
func (i *Inbox) UnmarshalJSON(data []byte) error {
	type plain Inbox
	wire := struct {
		*plain
		CreatedAt  jsonx.LooseTime `json:"createdAt"`
		UpdatedAt  jsonx.LooseTime `json:"updatedAt"`
		ArchivedAt jsonx.LooseTime `json:"archivedAt"`
	}{plain: (*plain)(i)}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	i.CreatedAt, i.UpdatedAt, i.ArchivedAt = wire.CreatedAt.Time, wire.UpdatedAt.Time, wire.ArchivedAt.Time
	return nil
}

// Inboxes are the inboxes of the client's portal, help desks among them. They need the scope conversations.read.
type Inboxes struct{ c *Client }

// Inboxes returns the portal's inboxes.
func (c *Client) Inboxes() *Inboxes { return &Inboxes{c} }

// All lists the portal's inboxes; opts may be nil. ctx holds for all pages. The list ends at the first error.
func (i *Inboxes) All(ctx context.Context, opts *ListOptions) iter.Seq2[*Inbox, error] {
	return all[Inbox](ctx, i.c.rest, i.c.ConversationsPath("inboxes"), opts)
}

// Get returns one inbox, or an error that matches [ErrNotFound].
func (i *Inboxes) Get(ctx context.Context, id InboxID, opts ...CallOption) (*Inbox, error) {
	return get[Inbox](ctx, i.c.rest, i.c.ConversationsPath("inboxes", string(id)), opts...)
}
