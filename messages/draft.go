package messages

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/internal/jsonx"
)

// Draft is a message to be published. Its JSON is the body of HubSpot's publish call, and decoding that JSON gives the
// Draft back, so that it can be stored and sent later exactly as it is.
type Draft struct {
	// Direction is who the message is from. Defaults to DirectionIncoming; what HubSpot does with an outgoing one is not
	// documented.
	Direction Direction
	// AccountID is the account that got the message. Required.
	AccountID channels.AccountID
	// Thread is the integration's own name for the thread (integrationThreadId). Required if the channel's threading
	// model is ByIntegrationThread.
	Thread string
	// IdempotencyID is unique for each message of the account: HubSpot keeps only one message with it
	// (integrationIdempotencyId). Give the messaging service's id of the message, so that a message which is published
	// again after a crash does not appear twice. Defaults to a random id for each call of Publish, which only makes that
	// call's own retries safe.
	IdempotencyID string
	// Text is the plain text. Defaults to one space, since HubSpot requires a text also where RichText or Attachments say
	// it all.
	Text string
	// RichText is the text as HTML, if it has formatting.
	RichText string
	// Senders are who wrote the message; usually one. Required.
	Senders []Participant
	// Recipients are who it was written to; usually the account.
	Recipients []Participant
	// Attachments come with the text.
	Attachments Attachments
	// Timestamp is when the message was written. It is sent to the millisecond. Defaults to now.
	Timestamp time.Time
	// InReplyTo is HubSpot's id of the message that this one answers, if it answers one.
	InReplyTo ID
	// ContactID is the contact to associate the message with, if the app knows it (associateWithContactId).
	ContactID int64
	// ResolvedContacts are contacts that the app has matched itself (preResolvedContacts). HubSpot does not say which of
	// the two fields wins.
	ResolvedContacts []ResolvedContact
}

// ResolvedContact is a contact that the app has matched with a message.
type ResolvedContact struct {
	ContactID  int64    `json:"contactVid"`
	Properties []string `json:"contactPropertiesLeadingToMatch"` // names of the properties that matched, such as email
}

// wireDraft is the body of the publish call, with everything that HubSpot's reference requires.
type wireDraft struct {
	Direction        Direction          `json:"messageDirection"`
	AccountID        channels.AccountID `json:"channelAccountId"`
	Thread           string             `json:"integrationThreadId,omitempty"`
	IdempotencyID    string             `json:"integrationIdempotencyId,omitempty"`
	Text             string             `json:"text"`
	RichText         string             `json:"richText,omitempty"`
	Senders          []wireParticipant  `json:"senders"`
	Recipients       []wireParticipant  `json:"recipients"`
	Attachments      []Attachment       `json:"attachments"`
	Timestamp        string             `json:"timestamp,omitempty"`
	InReplyTo        ID                 `json:"inReplyToId,omitempty"`
	ContactID        int64              `json:"associateWithContactId,omitempty"`
	ResolvedContacts *resolvedContacts  `json:"preResolvedContacts,omitempty"`
}

type wireParticipant struct {
	Name               string                      `json:"name,omitempty"`
	DeliveryIdentifier channels.DeliveryIdentifier `json:"deliveryIdentifier"`
	SenderActorID      string                      `json:"senderActorId,omitempty"`
}

type resolvedContacts struct {
	Contacts []ResolvedContact `json:"contacts"`
}

// timestampForm is RFC 3339 with milliseconds, as HubSpot's own examples have it.
const timestampForm = "2006-01-02T15:04:05.000Z07:00"

func (d *Draft) wire() *wireDraft {
	w := &wireDraft{
		Direction:     d.Direction,
		AccountID:     d.AccountID,
		Thread:        d.Thread,
		IdempotencyID: d.IdempotencyID,
		Text:          d.Text,
		RichText:      d.RichText,
		Senders:       wireParticipants(d.Senders, true),
		Recipients:    wireParticipants(d.Recipients, false),
		Attachments:   d.Attachments.list(),
		InReplyTo:     d.InReplyTo,
		ContactID:     d.ContactID,
	}
	if w.Direction == "" {
		w.Direction = DirectionIncoming
	}
	if w.Text == "" && (d.RichText != "" || len(d.Attachments) > 0) {
		w.Text = " "
	}
	if !d.Timestamp.IsZero() {
		w.Timestamp = d.Timestamp.UTC().Format(timestampForm)
	}
	if len(d.ResolvedContacts) > 0 {
		w.ResolvedContacts = &resolvedContacts{d.ResolvedContacts}
	}
	return w
}

func wireParticipants(ps []Participant, senders bool) []wireParticipant {
	ws := make([]wireParticipant, len(ps))
	for i, p := range ps {
		ws[i] = wireParticipant{Name: p.Name, DeliveryIdentifier: p.DeliveryIdentifier}
		if senders {
			ws[i].SenderActorID = p.ActorID
		}
	}
	return ws
}

// MarshalJSON implements [json.Marshaler].
func (d *Draft) MarshalJSON() ([]byte, error) {
	if err := d.validateTimestamp(); err != nil {
		return nil, err
	}
	return jsonx.Marshal(d.wire())
}

// UnmarshalJSON implements [json.Unmarshaler].
func (d *Draft) UnmarshalJSON(data []byte) error {
	var w struct {
		wireDraft
		Attachments Attachments `json:"attachments"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*d = Draft{
		Direction:     w.Direction,
		AccountID:     w.AccountID,
		Thread:        w.Thread,
		IdempotencyID: w.IdempotencyID,
		Text:          w.Text,
		RichText:      w.RichText,
		Senders:       participants(w.Senders),
		Recipients:    participants(w.Recipients),
		Attachments:   w.Attachments,
		InReplyTo:     w.InReplyTo,
		ContactID:     w.ContactID,
	}
	if w.ResolvedContacts != nil {
		d.ResolvedContacts = w.ResolvedContacts.Contacts
	}
	if w.Timestamp == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, w.Timestamp)
	if err != nil {
		return fmt.Errorf("draft: timestamp: %w", err)
	}
	d.Timestamp = t
	return d.validateTimestamp()
}

func participants(ws []wireParticipant) []Participant {
	var ps []Participant
	for _, w := range ws {
		ps = append(ps, Participant{ActorID: w.SenderActorID, Name: w.Name, DeliveryIdentifier: w.DeliveryIdentifier})
	}
	return ps
}

// Validate returns an error that says what HubSpot would refuse of d, or nil. The error matches [channels.ErrInvalid].
func (d *Draft) Validate() error {
	switch d.Direction {
	case "", DirectionIncoming, DirectionOutgoing:
	default:
		return invalid(fmt.Errorf("the direction %q is neither INCOMING nor OUTGOING", d.Direction))
	}
	switch {
	case d.AccountID == "":
		return invalid(errors.New("a message needs the account it is for"))
	case len(d.Senders) == 0:
		return invalid(errors.New("a message needs a sender"))
	case d.Text == "" && d.RichText == "" && len(d.Attachments) == 0:
		return invalid(errors.New("a message needs a text or an attachment"))
	}
	for _, p := range d.Senders {
		if err := p.DeliveryIdentifier.Validate(); err != nil {
			return invalid(fmt.Errorf("sender: %w", err))
		}
	}
	for _, p := range d.Recipients {
		if err := p.DeliveryIdentifier.Validate(); err != nil {
			return invalid(fmt.Errorf("recipient: %w", err))
		}
	}
	if err := d.validateTimestamp(); err != nil {
		return err
	}
	return d.validateAttachments()
}

// validateTimestamp refuses times that RFC 3339 cannot write, such as those of a service that counts in another unit.
func (d *Draft) validateTimestamp() error {
	if year := d.Timestamp.UTC().Year(); year < 0 || year > 9999 {
		return invalid(fmt.Errorf("the timestamp is in the year %d", year))
	}
	return nil
}

func (d *Draft) validateAttachments() error {
	for _, a := range d.Attachments {
		if a == nil || reflect.ValueOf(a).IsNil() { // all kinds are pointers
			return invalid(errors.New("an attachment is nil"))
		}
		switch a := a.(type) {
		case *FileAttachment:
			if a.ID == "" {
				return invalid(errors.New("a file attachment needs the id of an uploaded file: HubSpot takes no URLs"))
			}
		case *MessageHeaderAttachment:
			if _, ok := a.fileNumber(); !ok && a.FileID != "" {
				return invalid(fmt.Errorf("the file id %q of a message header is not a number", a.FileID))
			}
		case *WhatsAppTemplateAttachment:
			return invalid(errors.New("WhatsApp templates cannot be published on a custom channel"))
		}
	}
	return nil
}

// invalidError marks what this package finds wrong before a call.
type invalidError struct{ error }

func (e invalidError) Is(target error) bool { return target == channels.ErrInvalid }
func (e invalidError) Unwrap() error        { return e.error }

func invalid(err error) error { return invalidError{fmt.Errorf("messages: %w", err)} }
