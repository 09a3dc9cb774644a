package hubspottest

import (
	"fmt"
	"reflect"
	"slices"
)

// Readings lists what HubSpot's documentation leaves open: each field is a
// knob that plays the other reading when it is true. The zero value is the
// reading that asks most of a client, unless [Knob].Harder says that true
// asks more. [Knobs] lists the fields for tests that turn one at a time.
type Readings struct {
	// AccountsAnnounced sends CHANNEL_ACCOUNT_CREATED also for accounts that
	// were created with the API. Documented only for the connect popup.
	AccountsAnnounced bool

	// AgentMessagesHidden answers 404 to the reading of a message that the app
	// did not publish itself. Otherwise every message of the portal is read.
	AgentMessagesHidden bool

	// ArchivedThreadOpens brings an archived thread back when a customer
	// writes to it. Otherwise there is a new one.
	ArchivedThreadOpens bool

	// AttachmentURLs adds name and url to file attachments of webhooks.
	// Otherwise they carry only a file id.
	AttachmentURLs bool

	// BearerRegistration lets a bearer token that may write channels register
	// them. Otherwise only the developer key does.
	BearerRegistration bool

	// CapabilitiesMerge keeps capabilities that an update does not mention.
	// Otherwise the update replaces them all.
	CapabilitiesMerge bool

	// ChannelDeletePurges deletes the accounts of a channel with it, and
	// announces each. Otherwise they stay, and nothing is sent.
	ChannelDeletePurges bool

	// ClientErrorsEnd gives a webhook up that was answered with 400, 401, 403,
	// 404 or 405, as HubSpot's staff once wrote. Otherwise it is retried.
	ClientErrorsEnd bool

	// ClosedThreadStartsNew starts a new thread when a customer writes to a
	// closed one. Otherwise the closed thread is opened again.
	ClosedThreadStartsNew bool

	// DeletedErased makes a deleted account a 404 everywhere. Otherwise it is
	// found with archived=true.
	DeletedErased bool

	// DuplicateReturnsFirst answers a repeated integrationIdempotencyId with
	// 200 and the first message. Otherwise with 409.
	DuplicateReturnsFirst bool

	// EmptyText accepts a message without text. Otherwise it is refused.
	EmptyText bool

	// EscapedBodies writes everything but ASCII in webhooks as \uXXXX.
	// Otherwise it is UTF-8.
	EscapedBodies bool

	// ExchangeWithoutHub leaves hub_id, user_id and scopes out of the answer
	// to the exchange of a code, as has been seen. Otherwise they are there.
	ExchangeWithoutHub bool

	// ExpiresInText writes expires_in of a token answer as a string.
	// Otherwise as a number.
	ExpiresInText bool

	// FullRefresh repeats hub_id, user_id and scopes when a token is
	// refreshed. Otherwise only the exchange of a code names them.
	FullRefresh bool

	// IdempotencyEnds forgets an integrationIdempotencyId after 24 hours.
	// Otherwise never.
	IdempotencyEnds bool

	// IdentifierObject writes channelAccountDeliveryIdentifier of account
	// events as {type, value}. Otherwise as the bare value.
	IdentifierObject bool

	// IdentifierThreading makes DELIVERY_IDENTIFIER the threading model of
	// channels that name none. Otherwise it is INTEGRATION_THREAD_ID.
	IdentifierThreading bool

	// InlineImagesPublic puts the pictures of agents' rich text at public
	// addresses. Otherwise they stand behind a login, at signed-url-redirect.
	InlineImagesPublic bool

	// IntrospectByKind wants the introspected token in a property named
	// access_token or refresh_token, as one page of HubSpot's says. Otherwise
	// in token, as the schema does.
	IntrospectByKind bool

	// LongTextRefused refuses a text of more than 10,000 characters.
	// Otherwise any length is accepted.
	LongTextRefused bool

	// MoveSilent sends nothing when an account moves to another inbox.
	// Otherwise CHANNEL_ACCOUNT_UPDATED.
	MoveSilent bool

	// NullClears empties a channel's field that an update sets to null.
	// Otherwise null leaves it.
	NullClears bool

	// NumericFileIDs writes the id of a file record as a number. Otherwise as
	// a string.
	NumericFileIDs bool

	// OptionalFields lets a publish omit recipients, attachments and
	// timestamp, as HubSpot has been seen to do. Otherwise the published
	// schema's required fields are required.
	OptionalFields bool

	// OutgoingRefused accepts only INCOMING messages from the app, as the
	// guide says. Otherwise OUTGOING ones too, as the schema does.
	OutgoingRefused bool

	// OutgoingSilent sends no webhook for messages that the app published as
	// OUTGOING. Otherwise they come back as agents' replies do.
	OutgoingSilent bool

	// PopupUser names the user in the connect popup's query. Otherwise only
	// the documented parameters are there.
	PopupUser bool

	// PreResolvedFirst lets preResolvedContacts win over
	// associateWithContactId. Otherwise the latter wins.
	PreResolvedFirst bool

	// RefreshTokenEnds ends a refresh token with its first use. Otherwise it
	// works until the token that it was exchanged for is used, so that an
	// answer can get lost. It is the one reading that asks for more than any
	// client can do: one that is killed before it has stored the answer needs
	// the app to be installed again.
	RefreshTokenEnds bool

	// RefreshTokenOmitted names no refresh token in the answer to a refresh,
	// and the old one goes on. Otherwise there is one.
	RefreshTokenOmitted bool

	// RefreshTokenStays answers a refresh with the same refresh token.
	// Otherwise with a new one each time.
	RefreshTokenStays bool

	// RetriesSignedAnew signs every attempt of a webhook with its own time.
	// Otherwise retries repeat the first attempt's signature and timestamp.
	RetriesSignedAnew bool

	// ShortTimeout waits 2 seconds for an app's answer to a webhook, as
	// HubSpot's staff once wrote. Otherwise 5, as the documentation says.
	ShortTimeout bool

	// SignatureV2 makes the older signature header that accompanies v3 a v2
	// one. Otherwise it is v1.
	SignatureV2 bool

	// SignatureV3Only sends no older signature header beside v3. Otherwise
	// there is one.
	SignatureV3Only bool

	// StagingTokensEnd ends an account token ten minutes after its popup
	// opened. Otherwise it works until it is used.
	StagingTokensEnd bool

	// StartedThreadJoins takes the first new integrationThreadId with which
	// the app publishes for a customer as the name of the conversation that an
	// agent started with that customer. Otherwise it makes another thread.
	StartedThreadJoins bool

	// StartedThreadNamed gives a conversation that an agent starts a generated
	// id in channelIntegrationThreadIds. Otherwise the list is empty, under
	// the threading model INTEGRATION_THREAD_ID.
	StartedThreadNamed bool

	// StatusForward refuses a status report that goes back: anything after
	// FAILED, and SENT after READ. Otherwise the last report stands.
	StatusForward bool

	// StatusObject writes a webhook message's status as {statusType}.
	// Otherwise as a bare string.
	StatusObject bool

	// UninstallDeauthorizes sets authorized to false on a portal's accounts
	// when the app is uninstalled. Otherwise they stay as they are.
	UninstallDeauthorizes bool

	// UnknownContactRefused refuses a message for a contact that does not
	// exist. Otherwise the contact is taken as if it did.
	UnknownContactRefused bool

	// Unordered lets the first attempts of a thread's webhooks overtake each
	// other. Otherwise each waits for the one before.
	Unordered bool

	// WebhookURLLate goes on sending to a channel's former webhookUrl for five
	// minutes after a change, as HubSpot's other webhooks do. Otherwise the
	// change holds at once.
	WebhookURLLate bool
}

// Knob describes a field of [Readings].
type Knob struct {
	// Name is the field's name.
	Name string `json:"name"`
	// True is what HubSpot does when it is true, and False what it does
	// otherwise, each in a few words.
	True  string `json:"true"`
	False string `json:"false"`
	// Harder means that true asks more of a client than false, which is the
	// default because it was observed, or because no client can do more.
	Harder bool `json:"harder"`
}

// Knobs lists the fields of [Readings] in their order. To play each reading
// once:
//
//	for _, k := range hubspottest.Knobs() {
//		var r hubspottest.Readings
//		_ = r.Set(k.Name, true)
//		round(t, hubspottest.Config{Readings: r})
//	}
func Knobs() []Knob { return slices.Clone(knobs) }

// Set turns the knob with a field's name. The error names one that does not
// exist.
func (r *Readings) Set(name string, on bool) error {
	f := reflect.ValueOf(r).Elem().FieldByName(name)
	if !f.IsValid() {
		return fmt.Errorf("hubspottest: no reading is called %q: see Knobs", name)
	}
	f.SetBool(on)
	return nil
}

// Get reports how the knob with a field's name stands; false for one that does
// not exist.
func (r Readings) Get(name string) bool {
	f := reflect.ValueOf(r).FieldByName(name)
	return f.IsValid() && f.Bool()
}

// Readings returns how the knobs stand.
func (s *Server) Readings() Readings { return *s.readings.Load() }

// SetReadings turns the knobs of a server that is running. They hold until the
// process ends; [Server.Persist] does not keep them.
func (s *Server) SetReadings(r Readings) { s.readings.Store(&r) }
