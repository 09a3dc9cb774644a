package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// Channel is what you implement to join your messaging service to HubSpot.
//
// Optional abilities are further interfaces that the bridge looks for in the same value, and in what its
// method Unwrap() Channel returns if it has one: [Connector], [AccountWatcher], [Listener] and [MediaOpener].
type Channel interface {
	// Send delivers an agent's message to the customer. The bridge calls it for one message of a conversation
	// at a time, in order, and for many conversations concurrently. ctx ends after [Config.SendTimeout].
	//
	// What it returns decides what the agent sees:
	//   - nil: the message is SENT. A nil Receipt is fine for services without message ids.
	//   - an error made by [Reject]: the message is FAILED with that reason, and Send is not called again.
	//   - an error made by [RetryAfter]: Send is called again after that time, or when [Config.DeliverFor] is over.
	//   - an error made by [Disconnected]: the account's messages wait until it has good credentials again.
	//   - any other error: Send is called again, with growing pauses, until [Config.DeliverFor] is over.
	//
	// After a crash Send may be called again for a message that the service has already taken; m.ID is the
	// same then and m.Attempt is above 1, so pass m.ID on to services that can recognise repetitions.
	// Nothing of m may be used after Send has returned.
	Send(ctx context.Context, m *Outgoing) (*Receipt, error)
}

// ChannelFunc makes a [Channel] of a function.
type ChannelFunc func(ctx context.Context, m *Outgoing) (*Receipt, error)

// Send calls f.
func (f ChannelFunc) Send(ctx context.Context, m *Outgoing) (*Receipt, error) { return f(ctx, m) }

// Outgoing is a message from an agent to a customer.
type Outgoing struct {
	// ID is HubSpot's id of the message. It never changes, however often the message is sent again.
	ID string

	// Attempt is 1 when Send is called for the first time.
	Attempt int

	// Account is the connected account that the agent answers from, with its credentials.
	Account *Account

	// Thread is the service's name for the conversation, as [Incoming.Thread] or [Receipt.Thread] gave it, else an id that
	// the bridge or HubSpot made for it. It is never empty.
	Thread string

	// From is the agent.
	From Agent

	// To is the customer's address; where there are several recipients, the first one's.
	To channels.DeliveryIdentifier

	// Recipients are all recipients, To's among them. Send is called once for all; see [Outgoing.Delivered].
	Recipients []messages.Participant

	// Text is the plain text, with the addresses of links behind what they are called. It is empty if the message consists
	// of files only.
	Text string

	// RichText is the same as HTML, empty unless the channel's capabilities declare rich text. It is what [richtext.Sanitize]
	// leaves of the features that they declare, and of the pictures in the text. Turn it into your service's mark-up with
	// package richtext.
	RichText string

	// Media are the files that came with the message, and the pictures in its text.
	Media []*OutgoingMedia

	// QuickReplies are answers that the customer may choose from, nil unless the message has some and the channel's capabilities
	// declare them (channels.OutgoingQuickReplies); else they are listed in Text. Hand the Value of the one that was chosen to
	// [Bridge.Receive] as the text of a message, as if the customer had written it.
	QuickReplies *messages.QuickRepliesAttachment

	// InReplyTo is the service's own id of the message that the agent answered, if it is known.
	InReplyTo string

	// CreatedAt is when the agent wrote.
	CreatedAt time.Time

	// LastIncoming is when the customer last wrote, zero if that is not known. Services that allow answers
	// only for some hours need it.
	LastIncoming time.Time

	steps *steps
}

// Agent is who wrote an outgoing message.
type Agent struct {
	ID        string // HubSpot's actor id: "A-123" for a user
	Name      string // empty if HubSpot would not say
	AvatarURL string
}

// OutgoingMedia is a file that an agent sent.
type OutgoingMedia struct {
	Name  string // a file name with extension; never a path, but any other characters, line breaks and quotes too
	Type  string // the MIME type
	Size  int64  // in bytes; 0 if not known
	Usage messages.FileUsage

	// InlineURL is the address by which RichText shows the file, for a picture in the text; empty for an attachment.
	InlineURL string

	// URL is where the file can be fetched by whoever knows the URL, for a limited time, an hour as a rule: for services that
	// fetch files themselves. Empty if there is none.
	URL string

	open func(ctx context.Context) (io.ReadCloser, error)
}

// NewOutgoingMedia makes a file for tests of a [Channel]. open is called by Open.
func NewOutgoingMedia(name, mimeType string, open func(ctx context.Context) (io.ReadCloser, error)) *OutgoingMedia {
	return &OutgoingMedia{Name: name, Type: mimeType, Usage: usageOf(mimeType), open: open}
}

// Open begins to read the file. Every call begins anew.
func (m *OutgoingMedia) Open(ctx context.Context) (io.ReadCloser, error) {
	if m.open == nil {
		return nil, errors.New("bridge: the file has no content; make one for tests with NewOutgoingMedia")
	}
	return m.open(ctx)
}

// Receipt is the messaging service's answer to a [Channel.Send].
type Receipt struct {
	// ID is the service's id of the message. It is what [Bridge.Report] and [Incoming.InReplyTo] refer to.
	ID string

	// Parts are further ids where the service made several messages of one. The message is READ when ID and all Parts
	// are reported as read.
	Parts []string

	// Thread is the service's name of the conversation, if Send has learned or begun one. Later incoming
	// messages with that Thread join the same conversation in HubSpot.
	Thread string
}

// Incoming is a message from a customer.
type Incoming struct {
	// ID is the service's id of the message: required, and unique within the account. Where the service's ids
	// are unique within a chat only, put the chat's id in front. Where it has none, make one up, once for each message.
	ID string

	// From is the customer's address; required.
	From channels.DeliveryIdentifier

	// FromName is the customer's name, if the service tells it.
	FromName string

	// To is the address of the connected account that was written to; required unless AccountID is set.
	To channels.DeliveryIdentifier

	// AccountID names the account where the same address is connected in several portals.
	AccountID channels.AccountID

	// Thread is the service's name of the conversation. Leave it empty where a customer has just one.
	Thread string

	// Text is the plain text. It may be empty if there are Media or Attachments.
	Text string

	// RichText is the same as HTML. HubSpot shows it instead of Text. It is published as [richtext.Sanitize] leaves it of the
	// features that the channel's capabilities declare. Where Text is empty it is made from RichText.
	RichText string

	// Media are files.
	Media []Media

	// Attachments are what is no file: places, contact cards, headers. They are published as they are.
	Attachments messages.Attachments

	// InReplyTo is the service's id of the message that the customer answered.
	InReplyTo string

	// Time is when the customer wrote. Defaults to the time of Receive.
	Time time.Time

	// ContactID associates the message with a CRM contact (associateWithContactId). 0 leaves it to HubSpot.
	ContactID int64
}

// Account is a connected account: one address of one portal on the channel.
type Account struct {
	Channel    channels.ID
	Portal     int64
	ID         channels.AccountID // empty while it is being connected
	InboxID    channels.InboxID
	Name       string
	Identifier channels.DeliveryIdentifier
	Active     bool // switched on in HubSpot
	Authorized bool // the service's credentials work
	Archived   bool // deleted in HubSpot

	// Credentials is what [Connection.Credentials] gave when the account was connected. Stores keep it sealed,
	// and no form of printing shows it.
	Credentials []byte `json:"-"`
}

// clone is for code that may change what it gets.
func (a *Account) clone() *Account {
	own := *a
	own.Credentials = bytes.Clone(a.Credentials)
	return &own
}

// String says which account it is, without what must not get into logs: its credentials, name and address.
func (a Account) String() string { return fmt.Sprintf("account %s of portal %d", a.ID, a.Portal) }

// GoString is String, so that %#v shows no credentials either.
func (a Account) GoString() string { return a.String() }

// LogValue is what package slog shows of the account: what String says.
func (a Account) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", string(a.ID)), slog.Int64("portal", a.Portal))
}
