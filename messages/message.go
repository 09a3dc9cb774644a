package messages

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/internal/jsonx"
)

// ID is the id of a message, an opaque string that HubSpot assigns. It decodes from a JSON string or number and is sent
// as a string.
type ID string

// UnmarshalJSON implements [json.Unmarshaler].
func (id *ID) UnmarshalJSON(data []byte) error { return jsonx.String(data, id) }

// ThreadID is the id that HubSpot gives a thread of one portal (conversationsThreadId). It decodes from a JSON string or
// number and is sent as a string.
type ThreadID string

// UnmarshalJSON implements [json.Unmarshaler].
func (id *ThreadID) UnmarshalJSON(data []byte) error { return jsonx.String(data, id) }

// FileID is the id of a file in one portal's Files. It decodes from a JSON string or number and is sent as a string.
type FileID string

// UnmarshalJSON implements [json.Unmarshaler].
func (id *FileID) UnmarshalJSON(data []byte) error { return jsonx.String(data, id) }

// Direction says who a message comes from.
type Direction string

// The two directions, as seen from HubSpot.
const (
	DirectionIncoming Direction = "INCOMING" // from the customer
	DirectionOutgoing Direction = "OUTGOING" // from an agent
)

// Participant is someone who sends or gets a message.
type Participant struct {
	// ActorID is who it is within HubSpot, such as A-2620022 for an agent or V-1401 for a contact. In a [Draft] it is
	// sent for senders only; what HubSpot makes of it there is not documented.
	ActorID string `json:"actorId,omitempty"`
	// Name is shown to agents. It is often missing for agents: look them up by ActorID ([channels.Actors]).
	Name string `json:"name,omitempty"`
	// DeliveryIdentifier is the participant's address.
	DeliveryIdentifier channels.DeliveryIdentifier `json:"deliveryIdentifier,omitzero"`
	// SenderField and RecipientField only come from HubSpot, for messages with several kinds of senders or recipients.
	SenderField    string `json:"senderField,omitempty"`
	RecipientField string `json:"recipientField,omitempty"`
}

// TruncationStatus says whether HubSpot has cut a message's text.
type TruncationStatus string

// The ways in which HubSpot cuts texts, mostly those of long emails.
const (
	NotTruncated               TruncationStatus = "NOT_TRUNCATED"
	Truncated                  TruncationStatus = "TRUNCATED"
	TruncatedToMostRecentReply TruncationStatus = "TRUNCATED_TO_MOST_RECENT_REPLY"
)

// StatusType is how far a message has got.
type StatusType string

// The states of a message. RECEIVED only comes from HubSpot.
const (
	StatusSent     StatusType = "SENT"
	StatusFailed   StatusType = "FAILED"
	StatusRead     StatusType = "READ"
	StatusReceived StatusType = "RECEIVED"
)

// Status is the state of a message. It decodes from HubSpot's object and from the bare string of its webhooks.
type Status struct {
	Type StatusType
	// Reason says why a message failed.
	Reason string
	// Tokens are the values that HubSpot puts into a reason of its own, by name.
	Tokens map[string]string
}

type wireStatus struct {
	Type    StatusType     `json:"statusType"`
	Failure *statusFailure `json:"failureDetails,omitempty"`
}

type statusFailure struct {
	Reason string            `json:"errorMessage,omitempty"`
	Tokens map[string]string `json:"errorMessageTokens"`
}

// IsZero reports whether nothing is known about the state.
func (s Status) IsZero() bool { return s.Type == "" && s.Reason == "" && len(s.Tokens) == 0 }

// MarshalJSON implements [json.Marshaler].
func (s Status) MarshalJSON() ([]byte, error) {
	wire := wireStatus{Type: s.Type}
	if s.Reason != "" || len(s.Tokens) > 0 {
		wire.Failure = &statusFailure{s.Reason, s.Tokens}
		if s.Tokens == nil {
			wire.Failure.Tokens = map[string]string{}
		}
	}
	return jsonx.Marshal(wire)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Status) UnmarshalJSON(data []byte) error {
	if jsonx.Kind(data) != '{' {
		*s = Status{}
		if err := jsonx.String(data, &s.Type); err != nil {
			return fmt.Errorf("message status: %w", err)
		}
		return nil
	}
	o, err := jsonx.NewObject(data)
	if err != nil {
		return fmt.Errorf("message status: %w", err)
	}
	*s = Status{}
	for o.Next() {
		switch string(o.Key) {
		case "statusType":
			err = jsonx.String(o.Value, &s.Type)
		case "failureDetails":
			var failure statusFailure
			err = json.Unmarshal(o.Value, &failure)
			s.Reason, s.Tokens = failure.Reason, failure.Tokens
		}
		if err != nil {
			return fmt.Errorf("message status: %w", err)
		}
	}
	return nil
}

// Origin says what kind of program made a message ("client" in HubSpot's API reference).
type Origin struct {
	// Type is HUBSPOT, INTEGRATION, SYSTEM or UNKNOWN.
	Type string `json:"clientType"`
	// AppID is the app's id, for an integration.
	AppID int64 `json:"integrationAppId,omitempty"`
}

// Message is a message as HubSpot keeps it ("ConversationsMessage" in its API reference). It does not repeat the
// integration's thread and idempotency ids. A time that cannot be read is zero.
type Message struct {
	ID               ID                 `json:"id"`
	ThreadID         ThreadID           `json:"conversationsThreadId"`
	ChannelID        channels.ID        `json:"channelId"`
	AccountID        channels.AccountID `json:"channelAccountId"`
	Direction        Direction          `json:"direction"`
	CreatedBy        string             `json:"createdBy"` // actor id
	CreatedAt        time.Time          `json:"createdAt"`
	UpdatedAt        time.Time          `json:"updatedAt,omitzero"`
	Origin           Origin             `json:"client"`
	Senders          []Participant      `json:"senders"`
	Recipients       []Participant      `json:"recipients"`
	Text             string             `json:"text"` // plain; may be empty where RichText holds only pictures
	RichText         string             `json:"richText,omitempty"`
	Subject          string             `json:"subject,omitempty"`
	InReplyTo        ID                 `json:"inReplyToId,omitempty"`
	Attachments      Attachments        `json:"attachments"`
	TruncationStatus TruncationStatus   `json:"truncationStatus"`
	Status           Status             `json:"status,omitzero"`
	Archived         bool               `json:"archived"`
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Message) UnmarshalJSON(data []byte) error {
	type plain Message
	before := *m
	if json.Unmarshal(data, (*plain)(m)) == nil { // nearly always, and much quicker
		return nil
	}
	*m = before
	wire := struct {
		*plain
		CreatedAt jsonx.LooseTime `json:"createdAt"`
		UpdatedAt jsonx.LooseTime `json:"updatedAt"`
	}{plain: (*plain)(m)}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	m.CreatedAt, m.UpdatedAt = wire.CreatedAt.Time, wire.UpdatedAt.Time
	return nil
}
