package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/internal/jsonx"
	"github.com/customchannels/customchannels-go/messages"
)

// ParseError says which event of a body could not be understood, and why.
type ParseError struct {
	// Index is the place of the event in the body, from 0; it is -1 if the body as a whole is at fault.
	Index int
	// Type is the type of the event, as far as known.
	Type string
	// Err is the cause. Like all errors of decoding it may quote a few characters of the body.
	Err error
}

// Error implements error.
func (e *ParseError) Error() string {
	switch {
	case e.Index < 0:
		return "webhook: " + e.Err.Error()
	case e.Type == "":
		return fmt.Sprintf("webhook: event %d: %v", e.Index, e.Err)
	}
	return fmt.Sprintf("webhook: event %d (%q): %v", e.Index, shorten(e.Type), e.Err)
}

// Unwrap returns Err.
func (e *ParseError) Unwrap() error { return e.Err }

// Parse decodes the body of a webhook: one event, as HubSpot sends to a channel's URL, or an array of events, as it sends
// for the app's subscriptions. It is lenient about what HubSpot writes in more than one way: ids may be strings or
// numbers, delivery identifiers and states strings or objects. Types and members that this package does not know are no
// error.
//
// The error is a [*ParseError], and then there are no events: for what is not JSON in UTF-8, for a name that occurs
// twice in an object, for nesting deeper than 64 levels, and for an event of a known type that lacks its portal or the id
// of its message or account.
//
// Parse trusts the body. Verify it first.
func Parse(body []byte) ([]Event, error) {
	if err := checkStrict(body); err != nil {
		return nil, &ParseError{Index: -1, Err: err}
	}
	switch jsonx.Kind(body) {
	case '{':
		e, err := parseEvent(bytes.TrimSpace(body), 0)
		if err != nil {
			return nil, err
		}
		return []Event{e}, nil
	case '[':
		return parseArray(body)
	case 0:
		return nil, &ParseError{Index: -1, Err: errors.New("the body is empty")}
	}
	return nil, &ParseError{Index: -1, Err: errors.New("the body is neither a JSON object nor an array")}
}

func parseArray(body []byte) ([]Event, error) {
	var raws []json.RawMessage
	if err := json.Unmarshal(body, &raws); err != nil {
		return nil, &ParseError{Index: -1, Err: plainError(err)}
	}
	events := make([]Event, len(raws))
	for i, raw := range raws {
		e, err := parseEvent(raw, i)
		if err != nil {
			return nil, err
		}
		events[i] = e
	}
	return events, nil
}

// wire are the members of all known events, so that one pass over the JSON does for each of them. Nothing is embedded:
// encoding/json is slow at that.
type wire struct {
	Type             string      `json:"type"`
	SubscriptionType string      `json:"subscriptionType"`
	PortalID         looseInt    `json:"portalId"`
	ChannelID        channels.ID `json:"channelId"`
	EventID          looseString `json:"eventId"`
	EventTimestamp   looseTime   `json:"eventTimestamp"`
	OccurredAt       looseTime   `json:"occurredAt"`

	ThreadIDs []looseString `json:"channelIntegrationThreadIds"`
	Message   any           `json:"message"` // where to decode it to

	AccountID          channels.AccountID          `json:"channelAccountId"`
	DeliveryIdentifier channels.DeliveryIdentifier `json:"channelAccountDeliveryIdentifier"`

	AppID          looseInt    `json:"appId"`
	SubscriptionID looseInt    `json:"subscriptionId"`
	ObjectID       looseString `json:"objectId"`
	PropertyName   looseString `json:"propertyName"`
	PropertyValue  looseString `json:"propertyValue"`
	ChangeSource   looseString `json:"changeSource"`
	MessageID      looseString `json:"messageId"`
	MessageType    looseString `json:"messageType"`
	Attempt        looseInt    `json:"attemptNumber"`
}

// plainMessage is a message without its own decoder, which reads times that are none. That decoder would have the JSON read
// twice more, and is hardly ever needed.
type plainMessage messages.Message

// decode decodes an event into w and its message, if it has one, into m.
func decode(raw json.RawMessage, w *wire, m *messages.Message) error {
	w.Message = (*plainMessage)(m)
	if json.Unmarshal(raw, w) == nil {
		return nil
	}
	*w, *m = wire{Message: m}, messages.Message{}
	return json.Unmarshal(raw, w)
}

func parseEvent(raw json.RawMessage, index int) (Event, error) {
	if jsonx.Kind(raw) != '{' {
		return nil, &ParseError{Index: index, Err: errors.New("the event is not a JSON object")}
	}
	var out OutgoingMessage
	var w wire
	if err := decode(raw, &w, &out.Message); err != nil {
		head := readHead(raw)
		if head.name() != "" && !head.known() { // it may use a name of ours in its own way
			return &Unknown{Head: head.header(raw)}, nil
		}
		return nil, &ParseError{Index: index, Type: head.name(), Err: plainError(err)}
	}
	head := w.header(raw)
	if err := w.check(&out.Message); err != nil {
		return nil, &ParseError{Index: index, Type: head.Type, Err: err}
	}
	switch {
	case w.Type == TypeOutgoingMessage:
		out.Head, out.ThreadIDs = head, plainStrings(w.ThreadIDs)
		return &out, nil
	case w.Type == TypeAccountCreated:
		return &AccountCreated{Head: head, AccountID: w.AccountID, DeliveryIdentifier: w.DeliveryIdentifier}, nil
	case w.Type == TypeAccountUpdated:
		return &AccountUpdated{Head: head, AccountID: w.AccountID, DeliveryIdentifier: w.DeliveryIdentifier}, nil
	case w.Type == TypeAccountPurged:
		return &AccountPurged{Head: head, AccountID: w.AccountID, DeliveryIdentifier: w.DeliveryIdentifier}, nil
	case w.known():
		return w.appEvent(head), nil
	}
	return &Unknown{Head: head}, nil
}

func (w *wire) appEvent(head Header) *AppEvent {
	return &AppEvent{
		Head: head, AppID: int64(w.AppID), SubscriptionID: int64(w.SubscriptionID), ObjectID: string(w.ObjectID),
		PropertyName: string(w.PropertyName), PropertyValue: string(w.PropertyValue), ChangeSource: string(w.ChangeSource),
		MessageID: messages.ID(w.MessageID), MessageType: string(w.MessageType), Attempt: int(w.Attempt),
	}
}

// check reports what an event of a channel lacks without which it cannot be handled.
func (w *wire) check(m *messages.Message) error {
	switch w.Type {
	case TypeOutgoingMessage:
		if m.ID == "" {
			return errors.New("message.id is missing")
		}
	case TypeAccountCreated, TypeAccountUpdated, TypeAccountPurged:
		if w.AccountID == "" {
			return errors.New("channelAccountId is missing")
		}
	default:
		return nil
	}
	if w.PortalID <= 0 {
		return errors.New("portalId is missing")
	}
	return nil
}

// known reports whether the type of event is one that this package decodes.
func (w *wire) known() bool {
	switch w.Type {
	case TypeOutgoingMessage, TypeAccountCreated, TypeAccountUpdated, TypeAccountPurged:
		return true
	case "":
		return w.SubscriptionType != ""
	}
	return false
}

// name returns the event's type in either family of webhooks.
func (w *wire) name() string {
	if w.Type == "" {
		return w.SubscriptionType
	}
	return w.Type
}

// readHead reads what can be read of the members that tell what an event is.
func readHead(raw json.RawMessage) *wire {
	var w wire
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) == nil {
		for name, dst := range map[string]any{
			"type": &w.Type, "subscriptionType": &w.SubscriptionType, "portalId": &w.PortalID, "channelId": &w.ChannelID,
			"eventId": &w.EventID, "eventTimestamp": &w.EventTimestamp, "occurredAt": &w.OccurredAt,
		} {
			_ = json.Unmarshal(members[name], dst)
		}
	}
	return &w
}

func (w *wire) header(raw json.RawMessage) Header {
	at := time.Time(w.EventTimestamp)
	if at.IsZero() {
		at = time.Time(w.OccurredAt)
	}
	return Header{
		Type: w.name(), PortalID: int64(w.PortalID), ChannelID: w.ChannelID, Time: at, EventID: string(w.EventID), Raw: raw,
	}
}

func plainStrings(loose []looseString) []string {
	if loose == nil {
		return nil
	}
	list := make([]string, len(loose))
	for i, s := range loose {
		list[i] = string(s)
	}
	return list
}

// plainError words the errors of encoding/json without the names of Go types.
func plainError(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is a JSON %s, which does not belong there", e.Field, e.Value)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("the body is not JSON: %w, at byte %d", e, e.Offset)
	}
	return err
}

// looseInt is an integer that may come as a string.
type looseInt int64

func (n *looseInt) UnmarshalJSON(data []byte) error {
	if text, ok := bareString(data); ok {
		if i, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			*n = looseInt(i)
			return nil
		}
	}
	return jsonx.Int(data, n)
}

// looseString is a string that may come as a number or a boolean. What cannot be one is left out: no event is worth
// losing for what nobody needs to handle it.
type looseString string

func (s *looseString) UnmarshalJSON(data []byte) error {
	if text, ok := bareString(data); ok {
		*s = looseString(text)
		return nil
	}
	switch jsonx.Kind(data) {
	case '"':
		return jsonx.String(data, s)
	case '{', '[', 'n':
		return nil
	}
	*s = looseString(data)
	return nil
}

// looseTime is a time as text or in milliseconds. One that cannot be read is left out as well.
type looseTime time.Time

func (t *looseTime) UnmarshalJSON(data []byte) error {
	if text, ok := bareString(data); ok {
		if at, err := time.Parse(time.RFC3339, string(text)); err == nil {
			*t = looseTime(at)
			return nil
		}
	}
	_ = jsonx.Time(data, (*time.Time)(t))
	return nil
}

// bareString returns what stands between the quotes of a JSON string that means what it shows. Nearly all do, and a
// second run of the decoder costs more than everything else about them.
func bareString(data []byte) ([]byte, bool) {
	if len(data) < 2 || data[0] != '"' || bytes.IndexByte(data, '\\') >= 0 {
		return nil, false
	}
	return data[1 : len(data)-1], true
}
