package messages

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

// Client publishes and reads the messages of one portal, and its files. It is safe for concurrent use.
type Client struct{ api *channels.Client }

// NewClient returns a client that makes its calls with api.
func NewClient(api *channels.Client) *Client { return &Client{api} }

// Publish puts a message into HubSpot and returns it as HubSpot keeps it. It always carries an idempotency id, so that
// retries within the call cannot double the message: d.IdempotencyID, or one made for the call.
//
// An error that matches [channels.ErrInvalid] says what is wrong with the draft. One that matches [channels.ErrConflict]
// means that HubSpot has a message with this idempotency id already; it does not say which. After any other error,
// [channels.MayHaveArrived] tells whether the message may be there all the same; publishing it again with
// the same idempotency id is safe then too. It needs the scope conversations.custom_channels.write.
func (c *Client) Publish(ctx context.Context, channel channels.ID, d *Draft, opts ...channels.CallOption) (*Message, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	body := d.wire()
	if body.IdempotencyID == "" {
		body.IdempotencyID = rand.Text()
	}
	if body.Timestamp == "" {
		body.Timestamp = time.Now().UTC().Format(timestampForm)
	}
	return c.message(ctx, http.MethodPost, c.api.ChannelPath(channel, messagesElem), body, opts)
}

const messagesElem = "messages"

// Get returns a message, or an error that matches [channels.ErrNotFound]. It needs the scope
// conversations.custom_channels.read.
func (c *Client) Get(ctx context.Context, channel channels.ID, id ID, opts ...channels.CallOption) (*Message, error) {
	return c.message(ctx, http.MethodGet, c.api.ChannelPath(channel, messagesElem, string(id)), nil, opts)
}

// SetStatus reports what became of an outgoing message: StatusSent, StatusFailed with the reason that the agent reads, or
// StatusRead. The reason is for StatusFailed only. It needs the scope conversations.custom_channels.write.
func (c *Client) SetStatus(ctx context.Context, channel channels.ID, id ID, status StatusType, reason string, opts ...channels.CallOption) (*Message, error) {
	switch {
	case status != StatusSent && status != StatusFailed && status != StatusRead:
		return nil, invalid(errors.New("a status is SENT, FAILED or READ"))
	case reason != "" && status != StatusFailed:
		return nil, invalid(errors.New("only the status FAILED has a reason"))
	}
	body := struct {
		Status StatusType `json:"statusType"`
		Reason string     `json:"errorMessage,omitempty"`
	}{status, reason}
	return c.message(ctx, http.MethodPatch, c.api.ChannelPath(channel, messagesElem, string(id)), body, opts)
}

// message makes a call that may be repeated and answers with a message.
func (c *Client) message(ctx context.Context, method, path string, in any, opts []channels.CallOption) (*Message, error) {
	m := new(Message)
	if err := c.api.Call(ctx, method, path, in, m, repeatable(opts)...); err != nil {
		return nil, err
	}
	return m, nil
}

func repeatable(opts []channels.CallOption) []channels.CallOption {
	return append(opts[:len(opts):len(opts)], channels.Idempotent())
}
