package e2e

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/oauth"
)

// statusOf returns the status with which HubSpot refused a call, or 0.
func statusOf(err error) int {
	if e, ok := errors.AsType[*channels.Error](err); ok {
		return e.StatusCode
	}
	if e, ok := errors.AsType[*oauth.Error](err); ok {
		return e.StatusCode
	}
	return 0
}

// make makes calls that are to succeed.
func (w *world) make(t *testing.T, calls []call) {
	t.Helper()
	for _, call := range calls {
		if err := call.do(t.Context(), w); err != nil {
			t.Fatalf("%s, %s: %v", call.operation, call.does, err)
		}
	}
}

// documentedFailures are the statuses of HubSpot's failures (facts §8.2).
var documentedFailures = []int{400, 401, 403, 404, 409, 423, 429, 477, 500, 502, 503, 504}

// refuse has HubSpot fail a call in every documented way.
func (w *world) refuse(t *testing.T, call call) {
	t.Helper()
	for _, status := range documentedFailures {
		w.hubspot.Inject(hubspottest.Fault{Operation: call.operation, Status: status})
		err := call.do(t.Context(), w)
		w.hubspot.ClearFaults()
		if statusOf(err) != status {
			t.Errorf("%s, %s, refused with %d: %v", call.operation, call.does, status, err)
		}
	}
}

// refusals are calls that HubSpot refuses of itself.
var refusals = []struct {
	name   string
	status int
	do     func(t *testing.T, w *world) error
}{
	{"another app's id", 400, func(t *testing.T, w *world) error {
		return atLeast(0, w.registryFor(t, 1, w.hubspot.DeveloperKey()).All(t.Context(), nil))
	}},
	{"a capability that is none", 400, func(t *testing.T, w *world) error {
		_, err := w.registry.Create(t.Context(), &channels.Registration{Name: "Acme", Capabilities: channels.Capabilities{
			Extra: map[string]json.RawMessage{"richText": json.RawMessage(`["COLOURS"]`)},
		}})
		return err
	}},
	{"a cursor that is none", 400, func(t *testing.T, w *world) error {
		return atLeast(0, w.portal.Inboxes().All(t.Context(), &channels.ListOptions{After: "x"}))
	}},
	{"two files that do not exist", 400, func(t *testing.T, w *world) error {
		_, err := w.publish(t.Context(), &messages.Draft{Attachments: messages.Attachments{messages.File("1", ""), messages.File("2", "")}})
		return err
	}},
	{"the status of a customer's message", 400, func(t *testing.T, w *world) error {
		_, err := w.messages.SetStatus(t.Context(), w.channel.ID, w.got.ID, messages.StatusRead, "")
		return err
	}},
	{"a wrong client secret", 400, func(t *testing.T, w *world) error {
		_, err := w.newApp(w.app.Version, "wrong", w.app.Tokens).Portal(portalID).Introspect(t.Context())
		return err
	}},
	{"a wrong developer key", 401, func(t *testing.T, w *world) error {
		return w.registryFor(t, w.hubspot.AppID(), "wrong").Archive(t.Context(), w.channel.ID)
	}},
	{"a token that is none", 401, func(t *testing.T, w *world) error { return w.getWith(t, channels.StaticToken("wrong")) }},
	{"an expired token", 401, func(t *testing.T, w *world) error {
		token := w.tokenWith(t, oauth.ChannelScopes()...)
		w.late += 31 * time.Minute
		defer func() { w.late -= 31 * time.Minute }()
		return w.getWith(t, token)
	}},
	{"missing scopes", 403, func(t *testing.T, w *world) error { return w.getWith(t, w.tokenWith(t, "conversations.read")) }},
	{"an unknown channel", 404, func(t *testing.T, w *world) error {
		_, err := w.registry.Get(t.Context(), "1")
		return err
	}},
	{"an unknown account", 404, func(t *testing.T, w *world) error {
		_, err := w.portal.Accounts().Get(t.Context(), w.channel.ID, "1")
		return err
	}},
	{"an unknown inbox", 404, func(t *testing.T, w *world) error {
		_, err := w.portal.Accounts().Create(t.Context(), w.channel.ID, &channels.NewAccount{InboxID: "1", Name: "Acme"})
		return err
	}},
	{"an unknown account token", 404, func(t *testing.T, w *world) error { return w.stage(t, "unknown") }},
	{"an unknown message", 404, func(t *testing.T, w *world) error {
		_, err := w.messages.Get(t.Context(), w.channel.ID, "no message: ä/%")
		return err
	}},
	{"an unknown file", 404, func(t *testing.T, w *world) error {
		_, err := w.messages.SignedURL(t.Context(), "1")
		return err
	}},
	{"an unknown actor", 404, func(t *testing.T, w *world) error {
		_, err := w.portal.Actors().Get(t.Context(), "L-7")
		return err
	}},
	{"a used account token", 409, func(t *testing.T, w *world) error { return w.stage(t, w.popup.Get("accountToken")) }},
	{"a used idempotency id", 409, func(t *testing.T, w *world) error { return w.publishTwice(t) }},
	{"an address of another account, which is returned", 0, func(t *testing.T, w *world) error {
		_, err := w.createAccount(t.Context(), &channels.NewAccount{Name: "Acme", DeliveryIdentifier: shopAddress})
		return err
	}},
}

func (w *world) getWith(t *testing.T, token channels.StaticToken) error {
	t.Helper()
	_, m := w.clientFor(t, token)
	_, err := m.Get(t.Context(), w.channel.ID, w.got.ID)
	return err
}

func (w *world) stage(t *testing.T, accountToken string) error {
	t.Helper()
	staged := &channels.StagedAccount{Name: "Acme", DeliveryIdentifier: channels.Opaque("twice")}
	_, err := w.portal.UpdateStagingToken(t.Context(), w.channel.ID, accountToken, staged)
	return err
}

func (w *world) publishTwice(t *testing.T) error {
	t.Helper()
	d := &messages.Draft{Text: "Once", IdempotencyID: "acme-msg-2"}
	if _, err := w.publish(t.Context(), d); err != nil {
		t.Error(err)
	}
	_, err := w.publish(t.Context(), d)
	return err
}

// otherReadings plays what the simulator answers under the readings of HubSpot that are not its defaults.
func otherReadings(t *testing.T, c *contract, version channels.Version) {
	var cfg hubspottest.Config
	for _, knob := range hubspottest.Knobs() {
		if !knob.Harder {
			_ = cfg.Readings.Set(knob.Name, true)
		}
	}
	w := newWorld(t, c, version, cfg)
	w.make(t, contractCalls())
	if err := w.publishTwice(t); err != nil {
		t.Error(err)
	}
	w.make(t, lastCalls)
}

// rateLimited plays HubSpot's own answer to too many calls.
func rateLimited(t *testing.T, c *contract) {
	w := newWorld(t, c, channels.Version202609, hubspottest.Config{RateLimit: 1})
	client, m := w.clientFor(t, w.tokenWith(t, oauth.ChannelScopes()...))
	if err := atLeast(1, client.Inboxes().All(t.Context(), nil)); err != nil {
		t.Error(err)
	}
	if _, err := m.Get(t.Context(), "1", "1"); !errors.Is(err, channels.ErrRateLimited) {
		t.Errorf("the second call of two: %v", err)
	}
}

// firstOAuth makes the calls of the first version of OAuth, which differ from all others.
func firstOAuth(t *testing.T, c *contract) {
	w := newWorld(t, c, channels.Version202609, hubspottest.Config{})
	w.make(t, registryCalls)
	if err := w.connectNext(t.Context(), shopAddress); err != nil {
		t.Fatal(err)
	}
	v1 := w.newApp("v1", w.app.ClientSecret, w.app.Tokens).Portal(portalID)
	info, err := v1.Introspect(t.Context())
	if err != nil || !info.Active || info.PortalID != portalID {
		t.Errorf("the token is %+v, %v", info, err)
	}
	token, err := v1.Token(t.Context())
	if err == nil {
		_, err = v1.Refresh(t.Context(), token)
	}
	if err != nil {
		t.Errorf("refresh: %v", err)
	}
	if err := v1.Revoke(t.Context()); err != nil {
		t.Errorf("revoke: %v", err)
	}
}

// unplayed makes the calls to versions that the simulator does not play: it answers them with 404.
func unplayed(t *testing.T, c *contract) {
	w := newWorld(t, c, channels.Version202609, hubspottest.Config{})
	w.make(t, registryCalls)
	if err := w.connectNext(t.Context(), shopAddress); err != nil {
		t.Fatal(err)
	}
	_, files := w.clientFor(t, w.app.Portal(portalID), channels.WithFilesVersion(channels.Version202603))
	for name, do := range map[string]func() error{
		"upload": func() error {
			_, err := files.Upload(t.Context(), &messages.Upload{Name: "a", Body: strings.NewReader("a")})
			return err
		},
		"file":       func() error { _, err := files.FileInfo(t.Context(), "1"); return err },
		"signed URL": func() error { _, err := files.SignedURL(t.Context(), "1"); return err },
	} {
		if err := do(); statusOf(err) != 404 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
