package messages

import (
	"encoding/json"

	"github.com/customchannels/customchannels-go/internal/jsonx"
)

// ContactAttachment is a contact card.
type ContactAttachment struct {
	Name      ContactName
	Org       ContactOrg
	Addresses []ContactAddress
	Emails    []ContactEmail
	Phones    []ContactPhone
	URLs      []ContactURL
}

// Contact returns an attachment of a contact card. Fill in what else is known.
func Contact(name ContactName, phones ...ContactPhone) *ContactAttachment {
	return &ContactAttachment{Name: name, Phones: phones}
}

// ContactName is the name on a contact card.
type ContactName struct {
	First  string `json:"firstName,omitempty"`
	Middle string `json:"middleName,omitempty"`
	Last   string `json:"lastName,omitempty"`
	Prefix string `json:"prefix,omitempty"`
	Suffix string `json:"suffix,omitempty"`
}

// ContactOrg is where the person works.
type ContactOrg struct {
	Company    string `json:"company,omitempty"`
	Department string `json:"department,omitempty"`
	Title      string `json:"title,omitempty"`
}

// ContactKind says which of a person's addresses, numbers or pages one is.
type ContactKind string

// The kinds of contact data. Cell and main are for phones only.
const (
	ContactHome ContactKind = "HOME"
	ContactWork ContactKind = "WORK"
	ContactCell ContactKind = "CELL"
	ContactMain ContactKind = "MAIN"
)

// ContactAddress is a postal address.
type ContactAddress struct {
	Kind        ContactKind `json:"type,omitempty"`
	Street      string      `json:"street,omitempty"`
	City        string      `json:"city,omitempty"`
	State       string      `json:"state,omitempty"`
	Zip         string      `json:"zip,omitempty"`
	Country     string      `json:"country,omitempty"`
	CountryCode string      `json:"countryCode,omitempty"`
}

// ContactEmail is an email address.
type ContactEmail struct {
	Kind  ContactKind `json:"type,omitempty"`
	Email string      `json:"email"`
}

// ContactPhone is a phone number.
type ContactPhone struct {
	Kind  ContactKind `json:"type,omitempty"`
	Phone string      `json:"phone"`
}

// ContactURL is a web page.
type ContactURL struct {
	Kind ContactKind `json:"type,omitempty"`
	URL  string      `json:"url"`
}

// contactCard is how HubSpot writes a contact: the lists are required, name and organisation are not.
type contactCard struct {
	Type    AttachmentType `json:"type"`
	Profile struct {
		Name      ContactName      `json:"name,omitzero"`
		Org       ContactOrg       `json:"org,omitzero"`
		Addresses []ContactAddress `json:"addresses"`
		Emails    []ContactEmail   `json:"emails"`
		Phones    []ContactPhone   `json:"phones"`
		URLs      []ContactURL     `json:"urls"`
	} `json:"contactProfile"`
}

// MarshalJSON implements [json.Marshaler].
func (a *ContactAttachment) MarshalJSON() ([]byte, error) {
	card := contactCard{Type: TypeContact}
	p := &card.Profile
	p.Name, p.Org = a.Name, a.Org
	p.Addresses, p.Emails = orEmpty(a.Addresses), orEmpty(a.Emails)
	p.Phones, p.URLs = orEmpty(a.Phones), orEmpty(a.URLs)
	return jsonx.Marshal(card)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *ContactAttachment) UnmarshalJSON(data []byte) error {
	var card contactCard
	if err := json.Unmarshal(data, &card); err != nil {
		return err
	}
	p := card.Profile
	*a = ContactAttachment{p.Name, p.Org, p.Addresses, p.Emails, p.Phones, p.URLs}
	return nil
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
