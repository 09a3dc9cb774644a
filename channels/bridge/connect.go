package bridge

import (
	"context"
	"net/url"

	"github.com/customchannels/customchannels-go/channels"
)

// Connector is implemented by a [Channel] whose accounts admins connect in HubSpot's settings. HubSpot opens a
// popup of 600×600 pixels on the bridge's page, which shows the form and hands what was entered to Connect.
// Without it the page says that accounts cannot be connected there.
//
// The page works without JavaScript. It has the app installed first where that is missing, tells HubSpot of the account, and
// sends the admin back to HubSpot. An admin who submits the form twice at once connects once.
type Connector interface {
	// ConnectForm returns what the admin is asked for. It is called whenever the form is shown and when it is submitted; a
	// form that changes in between loses what was entered. A form without fields has only a button, which is how the way to
	// a page of the messaging service begins: see [Visit]. Of an error made by [Reject] the admin reads the reason in place
	// of the form.
	ConnectForm(ctx context.Context, r *ConnectRequest) (*ConnectForm, error)

	// Connect checks what the admin entered, r.Values, and says which account it is. What it returns decides what comes next:
	//   - a Connection: the account is connected.
	//   - an error made by [RejectField] or [Reject]: the admin reads the reason and may try again. Several errors made by
	//     RejectField can be returned together, joined by errors.Join.
	//   - an error made by [Visit]: the admin goes to a page of the messaging service first.
	//   - an error made by [Ask]: the admin is asked for more.
	//   - any other error: it is logged, the admin reads only that it did not work, and may try again.
	//
	// Connect may be called again for an account that was connected before. ctx ends after one minute, not when the admin
	// closes the popup.
	Connect(ctx context.Context, r *ConnectRequest) (*Connection, error)
}

// ConnectRequest is an admin's wish to connect an account.
type ConnectRequest struct {
	PortalID int64
	InboxID  channels.InboxID  // the inbox or help desk that the admin chose
	UserID   int64             // the admin's HubSpot user id, 0 if HubSpot did not tell
	Values   map[string]string // by the names of the fields, of this form and those before it; nil in ConnectForm

	// ReturnURL and State are what a [Visit] needs, and set in Connect only. ReturnURL is PublicURL, Prefix and
	// "/connect/return": always the same, so that it can be registered with the messaging service.
	ReturnURL string
	State     string

	// Query is what the messaging service added to ReturnURL, where Connect is called because the admin has come back from a
	// Visit; else nil. It may say that she did not agree: error=access_denied.
	Query url.Values

	// Kept is what the [Visit] or [Ask] before this call had to keep; nil if there was none.
	Kept []byte
}

// ConnectForm is a form of the connect popup.
type ConnectForm struct {
	Title  string // defaults to "Connect" and the channel's name
	Intro  string
	Fields []Field
	Button string // defaults to "Connect"
}

// Field is an input of a [ConnectForm]. The bridge calls Connect only with values that are there if they are Required, are
// one of the Options, and are as Pattern, MinLength and MaxLength say. Spaces around a value are removed, but for a password.
type Field struct {
	Name     string // the key in ConnectRequest.Values; any but "proof"
	Label    string
	Help     string
	Type     string // "text", "password", "email", "tel", "url" or "select". Defaults to "text"
	Value    string // filled in at first
	Required bool

	// Options are what can be chosen in a "select".
	Options []SelectOption

	// Placeholder is an example that stands in an empty input, or what a select reads before a choice is made, there
	// "Choose…" by default. What an admin has to know belongs in Help: a placeholder goes when she begins to type.
	Placeholder string

	// Autocomplete is HTML's attribute of that name, by which browsers fill in what they know: "organization", "tel".
	// Defaults to "off".
	Autocomplete string

	// Pattern is a regular expression of package regexp that the whole value has to match. Browsers that can read it too
	// check it before they submit the form.
	Pattern string

	// MinLength and MaxLength bound the value, in characters. 0 means that there is no bound.
	MinLength, MaxLength int

	// Invalid is what the admin reads if the value is not as Pattern, MinLength and MaxLength say, such as "A key has 32
	// letters and digits." Defaults to a sentence that says as much as is known.
	Invalid string
}

// SelectOption is a choice of a [Field] of type "select".
type SelectOption struct {
	Value string
	Label string // defaults to Value
}

// Connection is the account that was connected.
type Connection struct {
	Name               string // what agents see
	DeliveryIdentifier channels.DeliveryIdentifier
	Credentials        []byte // kept sealed and given to Send as Account.Credentials
}

// as finds an optional ability of a channel, also behind wrappers that have an Unwrap method.
func as[T any](ch Channel) (T, bool) {
	for {
		if t, ok := ch.(T); ok {
			return t, true
		}
		w, ok := ch.(interface{ Unwrap() Channel })
		if !ok {
			var none T
			return none, false
		}
		ch = w.Unwrap()
	}
}
