package channels

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"

	"github.com/customchannels/customchannels-go/internal/jsonx"
)

// ID is the id of a custom channel (channelId). HubSpot assigns it when the channel is registered; it is the same in
// every portal. It decodes from a JSON string or number and is sent as a string.
type ID string

// UnmarshalJSON implements [json.Unmarshaler].
func (id *ID) UnmarshalJSON(data []byte) error { return jsonx.String(data, id) }

// AccountID is the id of a channel account (channelAccountId), unique over all portals. It decodes from a JSON string or
// number and is sent as a string.
type AccountID string

// UnmarshalJSON implements [json.Unmarshaler].
func (id *AccountID) UnmarshalJSON(data []byte) error { return jsonx.String(data, id) }

// InboxID is the id of a conversations inbox or help desk (inboxId) of one portal. It decodes from a JSON string or
// number and is sent as a string.
type InboxID string

// UnmarshalJSON implements [json.Unmarshaler].
func (id *InboxID) UnmarshalJSON(data []byte) error { return jsonx.String(data, id) }

// IdentifierType says what the value of a [DeliveryIdentifier] is.
type IdentifierType string

// The types of delivery identifiers that HubSpot knows. It matches emails and phone numbers with its contacts; the
// customer behind any other identifier stays an anonymous visitor until someone links a contact.
const (
	TypeEmail     IdentifierType = "HS_EMAIL_ADDRESS"
	TypePhone     IdentifierType = "HS_PHONE_NUMBER"            // E.164, such as +14155550123
	TypeShortCode IdentifierType = "HS_SHORT_CODE"              // digits, as mobile networks give out for services
	TypeOpaque    IdentifierType = "CHANNEL_SPECIFIC_OPAQUE_ID" // any text that means something to the messaging service
)

func (t IdentifierType) known() bool {
	switch t {
	case TypeEmail, TypePhone, TypeShortCode, TypeOpaque:
		return true
	}
	return false
}

// DeliveryIdentifier is the typed address of a person or of an account on a messaging service. Make one with [Email],
// [Phone], [ShortCode] or [Opaque], which bring the value into its normal form: two identifiers are the same address if
// they are ==.
//
// It decodes from an object and also from a bare string, which HubSpot's documentation shows for webhooks; Type is empty
// then.
type DeliveryIdentifier struct {
	Type  IdentifierType `json:"type"`
	Value string         `json:"value"`
}

// Email returns the identifier of an email address, in lower case. Use [DeliveryIdentifier.Validate] to learn whether it
// is one.
func Email(address string) DeliveryIdentifier {
	return DeliveryIdentifier{TypeEmail, strings.ToLower(strings.TrimSpace(address))}
}

// Phone returns the identifier of a phone number in E.164 form, such as +14155550123. Spaces and the punctuation that
// people write in numbers are dropped and a leading 00 becomes +; nothing is guessed, so a number without a country code
// stays without one and [DeliveryIdentifier.Validate] refuses it.
func Phone(number string) DeliveryIdentifier {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("-.()/\u2010\u2011\u2012\u2013\u200e\u200f\u202a\u202c", r) {
			return -1
		}
		return r
	}, number)
	if rest, ok := strings.CutPrefix(digits, "00"); ok {
		digits = "+" + rest
	}
	return DeliveryIdentifier{TypePhone, digits}
}

// ShortCode returns the identifier of a short code, without spaces and dashes.
func ShortCode(code string) DeliveryIdentifier {
	return DeliveryIdentifier{TypeShortCode, strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' {
			return -1
		}
		return r
	}, code)}
}

// Opaque returns the identifier of an id that only the messaging service understands, exactly as given.
func Opaque(id string) DeliveryIdentifier { return DeliveryIdentifier{TypeOpaque, id} }

// IsZero reports whether d has neither type nor value.
func (d DeliveryIdentifier) IsZero() bool { return d == DeliveryIdentifier{} }

// String returns the value with its type, for people.
func (d DeliveryIdentifier) String() string {
	if d.Type == "" {
		return d.Value
	}
	return string(d.Type) + ":" + d.Value
}

// Validate returns an error that says what is wrong with d, or nil. The error matches [ErrInvalid].
func (d DeliveryIdentifier) Validate() error {
	switch d.Type {
	case TypeEmail:
		if a, err := mail.ParseAddress(d.Value); err != nil || a.Address != d.Value {
			return invalidf("%q is not an email address", d.Value)
		}
	case TypePhone:
		return validatePhone(d.Value)
	case TypeShortCode:
		if !digits(d.Value, 3, 8) {
			return invalidf("%q is not a short code: 3 to 8 digits are expected", d.Value)
		}
	case TypeOpaque:
		if strings.TrimSpace(d.Value) == "" {
			return invalidf("the opaque id is blank")
		}
	case "":
		return invalidf("the delivery identifier %q has no type: make it with channels.Email, Phone, ShortCode or Opaque", d.Value)
	default:
		return invalidf("%q is not a type of delivery identifier", d.Type)
	}
	return nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (d *DeliveryIdentifier) UnmarshalJSON(data []byte) error {
	if jsonx.Kind(data) != '{' {
		var value string
		if err := jsonx.String(data, &value); err != nil {
			return fmt.Errorf("delivery identifier: %w", err)
		}
		*d = DeliveryIdentifier{Value: value}
		return nil
	}
	o, err := jsonx.NewObject(data)
	if err != nil {
		return fmt.Errorf("delivery identifier: %w", err)
	}
	*d = DeliveryIdentifier{}
	for o.Next() {
		switch string(o.Key) {
		case "type":
			err = jsonx.String(o.Value, &d.Type)
		case "value":
			err = jsonx.String(o.Value, &d.Value)
		}
		if err != nil {
			return fmt.Errorf("delivery identifier: %w", err)
		}
	}
	return nil
}

// looseString decodes from a JSON string or number.
type looseString string

// UnmarshalJSON implements [json.Unmarshaler].
func (s *looseString) UnmarshalJSON(data []byte) error { return jsonx.String(data, s) }

func validatePhone(number string) error {
	rest, ok := strings.CutPrefix(number, "+")
	switch {
	case !ok:
		return invalidf("the phone number %q has no country code: write it as +14155550123", number)
	case strings.HasPrefix(rest, "0"):
		return invalidf("the phone number %q has a zero where its country code belongs", number)
	case !digits(rest, 7, 15):
		return invalidf("%q is not a phone number: + and 7 to 15 digits are expected", number)
	}
	return nil
}

// digits reports whether s is made of ASCII digits only, at least min and at most max.
func digits(s string, min, max int) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return len(s) >= min && len(s) <= max
}
