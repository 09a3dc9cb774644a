package webhook

import (
	"encoding/json"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// The types of events that HubSpot sends to the webhook URL of a custom channel.
const (
	TypeOutgoingMessage = "OUTGOING_CHANNEL_MESSAGE_CREATED"
	TypeAccountCreated  = "CHANNEL_ACCOUNT_CREATED"
	TypeAccountUpdated  = "CHANNEL_ACCOUNT_UPDATED"
	TypeAccountPurged   = "CHANNEL_ACCOUNT_PURGED"
)

// Event is one thing that HubSpot reports: [*OutgoingMessage], [*AccountCreated], [*AccountUpdated], [*AccountPurged],
// [*AppEvent] or [*Unknown]. Types may be added, so a switch over them needs a default. HubSpot promises no order, and
// may report an event more than once.
type Event interface {
	// Header returns what all events have in common. It is never nil.
	Header() *Header

	// Key identifies the event: it is the same in every delivery of one event, and differs between any two events. It
	// holds ids only, no text of people.
	Key() string

	event()
}

// Header is what all events have in common.
type Header struct {
	// Type is the event's type as HubSpot names it: "type" of a channel's events, "subscriptionType" of an [AppEvent].
	Type string
	// PortalID is the HubSpot account in which it happened. One webhook URL serves all of them.
	PortalID int64
	// ChannelID is the custom channel. It is empty for an [AppEvent].
	ChannelID channels.ID
	// Time is when it happened, or zero if HubSpot did not say.
	Time time.Time
	// EventID is HubSpot's name for the event, good for support requests. It may be missing and need not be unique.
	EventID string
	// Raw is the event as it came, part of the body that was parsed. It must not be changed.
	Raw json.RawMessage
}

// OutgoingMessage is a message that somebody in HubSpot, mostly an agent, wants delivered to a customer
// (OUTGOING_CHANNEL_MESSAGE_CREATED).
type OutgoingMessage struct {
	Head Header
	// ThreadIDs are the integrationThreadIds of the conversation (channelIntegrationThreadIds): the ids under which its
	// messages were published, or what HubSpot has generated.
	ThreadIDs []string
	// Message is what to deliver. Its ID is never empty.
	Message messages.Message
}

// AccountCreated reports that an admin has connected an account to the channel (CHANNEL_ACCOUNT_CREATED). Like the other
// events of accounts it carries no more than the account's name tag: get the account to learn its state.
type AccountCreated struct {
	Head Header
	// AccountID is the channel account. It is never empty.
	AccountID channels.AccountID
	// DeliveryIdentifier is the account's address; its Type is empty where HubSpot sends the bare value.
	DeliveryIdentifier channels.DeliveryIdentifier
}

// AccountUpdated reports that something about an account has changed, it does not say what (CHANNEL_ACCOUNT_UPDATED).
// Its fields are those of [AccountCreated].
type AccountUpdated struct {
	Head               Header
	AccountID          channels.AccountID
	DeliveryIdentifier channels.DeliveryIdentifier
}

// AccountPurged reports that an account is deleted for good (CHANNEL_ACCOUNT_PURGED). Its fields are those of
// [AccountCreated].
type AccountPurged struct {
	Head               Header
	AccountID          channels.AccountID
	DeliveryIdentifier channels.DeliveryIdentifier
}

// AppEvent is an event of the app's own webhook subscriptions, such as conversation.newMessage, so that one endpoint can
// serve them too. What is not listed here is in Head.Raw.
type AppEvent struct {
	Head Header
	// AppID is the app, SubscriptionID its subscription.
	AppID, SubscriptionID int64
	// ObjectID is the object it happened to; of conversation.* events it is the id of the thread.
	ObjectID string
	// PropertyName and PropertyValue are the change that a *.propertyChange event reports.
	PropertyName, PropertyValue string
	// ChangeSource says what caused the change, in HubSpot's words.
	ChangeSource string
	// MessageID and MessageType (MESSAGE, COMMENT, WELCOME_MESSAGE) are set in conversation.newMessage events.
	MessageID   messages.ID
	MessageType string
	// Attempt counts HubSpot's attempts to deliver the event, from 0.
	Attempt int
}

// Unknown is an event of a type that this package does not know. Everything it carries is in Head.Raw.
type Unknown struct{ Head Header }

// Header implements [Event].
func (e *OutgoingMessage) Header() *Header { return &e.Head }

// Header implements [Event].
func (e *AccountCreated) Header() *Header { return &e.Head }

// Header implements [Event].
func (e *AccountUpdated) Header() *Header { return &e.Head }

// Header implements [Event].
func (e *AccountPurged) Header() *Header { return &e.Head }

// Header implements [Event].
func (e *AppEvent) Header() *Header { return &e.Head }

// Header implements [Event].
func (e *Unknown) Header() *Header { return &e.Head }

func (*OutgoingMessage) event() {}
func (*AccountCreated) event()  {}
func (*AccountUpdated) event()  {}
func (*AccountPurged) event()   {}
func (*AppEvent) event()        {}
func (*Unknown) event()         {}
