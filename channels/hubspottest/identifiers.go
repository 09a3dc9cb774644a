package hubspottest

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

// Identifier is a delivery identifier: the typed address of a person or of an
// account.
type Identifier struct {
	// Type is HS_EMAIL_ADDRESS, HS_PHONE_NUMBER, HS_SHORT_CODE or
	// CHANNEL_SPECIFIC_OPAQUE_ID.
	Type  string `json:"type"`
	Value string `json:"value"`
}

const (
	typeEmail     = "HS_EMAIL_ADDRESS"
	typePhone     = "HS_PHONE_NUMBER"
	typeShortCode = "HS_SHORT_CODE"
	typeOpaque    = "CHANNEL_SPECIFIC_OPAQUE_ID"
)

var identifierTypes = []string{typeEmail, typePhone, typeShortCode, typeOpaque}

// phone is E.164. HubSpot asks Google's libphonenumber, which knows each
// country's numbers and is stricter.
var phone = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// check adds what is wrong with the identifier to p.
func (id *Identifier) check(p *problems, field string) {
	if id == nil {
		p.add(field, "%s must not be null", field)
		return
	}
	switch {
	case !slices.Contains(identifierTypes, id.Type):
		p.add(field+".type", "%s.type must be one of %s", field, strings.Join(identifierTypes, ", "))
	case strings.TrimSpace(id.Value) == "":
		p.add(field+".value", "%s.value must not be blank", field)
	case id.Type == typeEmail && !isEmail(id.Value):
		p.add(field+".value", "%s.value %q is not a valid e-mail address", field, id.Value)
	case id.Type == typePhone && !phone.MatchString(id.Value):
		p.add(field+".value", "%s.value %q is not a valid phone number", field, id.Value)
	}
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}
