package hubspottest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

const (
	hubspotURL  = "http://hubspot.test"
	appURL      = "http://app.test"
	portalID    = 24681012
	otherPortal = 97531
	channelBase = "/conversations/custom-channels/2026-09"
	helpers     = "/conversations/v3/conversations"
)

var allScopes = []string{
	"conversations.custom_channels.read", "conversations.custom_channels.write",
	"conversations.read", "conversations.write", "files",
}

// bench is a simulator without a network, an app beside it, and a client.
type bench struct {
	*hubspottest.Server
	t     testing.TB
	hosts hosts
	token string // of the portal, once installed
}

// hosts answers requests by host, in memory.
type hosts map[string]http.RoundTripper

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	host := h[r.URL.Host]
	if host == nil {
		return nil, errors.New("dial " + r.URL.Host + ": connection refused")
	}
	return host.RoundTrip(r)
}

// handled is a host that is an http.Handler.
type handled struct{ http.Handler }

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	h.ServeHTTP(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func newBench(t testing.TB, cfg hubspottest.Config) *bench {
	t.Helper()
	b := &bench{t: t, hosts: hosts{}}
	cfg.URL = hubspotURL
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Transport: b.hosts}
	}
	b.Server = hubspottest.New(cfg)
	b.hosts["hubspot.test"] = b.Transport()
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// newInstalled is a bench whose portal has the app installed with all scopes.
func newInstalled(t testing.TB, cfg hubspottest.Config) *bench {
	t.Helper()
	b := newBench(t, cfg)
	b.token = b.install(portalID, allScopes...)
	return b
}

// answer is a JSON answer of the simulator.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a *answer) text(key string) string {
	s, _ := a.body[key].(string)
	return s
}

// send makes a request. A string or a url.Values as body is sent as it is,
// anything else as JSON.
func (b *bench) send(method, target string, body any, header ...string) *answer {
	b.t.Helper()
	var in io.Reader
	kind := "application/json"
	switch v := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(v)
	case url.Values:
		in, kind = strings.NewReader(v.Encode()), "application/x-www-form-urlencoded"
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			b.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	if strings.HasPrefix(target, "/") {
		target = hubspotURL + target
	}
	req, err := http.NewRequest(method, target, in)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.roundTrip(req)
}

func (b *bench) roundTrip(req *http.Request) *answer {
	b.t.Helper()
	resp, err := b.hosts.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body) // some answers are no JSON object
	return a
}

// call makes a request with the portal's token.
func (b *bench) call(method, path string, body any) *answer {
	b.t.Helper()
	return b.send(method, path, body, "Authorization", "Bearer "+b.token)
}

// register makes a request with the developer key.
func (b *bench) register(method, path string, body any) *answer {
	b.t.Helper()
	q := url.Values{"hapikey": {b.DeveloperKey()}, "appId": {strconv.FormatInt(b.AppID(), 10)}}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return b.send(method, path+separator+q.Encode(), body)
}

// want fails the test unless the answer has the status.
func (b *bench) want(a *answer, status int) *answer {
	b.t.Helper()
	if a.status != status {
		b.t.Fatalf("got status %d, want %d: %s", a.status, status, a.raw)
	}
	return a
}

// authorize goes through the consent page and returns where it leads.
func (b *bench) authorize(portal int64, decision string, scopes ...string) *url.URL {
	b.t.Helper()
	a := b.want(b.send("POST", "/oauth/authorize", url.Values{
		"client_id": {b.ClientID()}, "redirect_uri": {redirectURL}, "scope": {strings.Join(scopes, " ")},
		"state": {"s t&te"}, "portal": {strconv.FormatInt(portal, 10)}, "decision": {decision},
	}), http.StatusSeeOther)
	back, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		b.t.Fatal(err)
	}
	return back
}

const redirectURL = "http://localhost/callback"

// grantForm is the form of a token request.
func (b *bench) grantForm(grant string, extra url.Values) url.Values {
	f := url.Values{"grant_type": {grant}, "client_id": {b.ClientID()}, "client_secret": {b.ClientSecret()}}
	for k, v := range extra {
		f[k] = v
	}
	return f
}

// install installs the app and returns an access token.
func (b *bench) install(portal int64, scopes ...string) string {
	b.t.Helper()
	code := b.authorize(portal, "allow", scopes...).Query().Get("code")
	a := b.send("POST", "/oauth/2026-09/token", b.grantForm("authorization_code", url.Values{"code": {code}, "redirect_uri": {redirectURL}}))
	return b.want(a, http.StatusOK).text("access_token")
}

type object = map[string]any

// chatChannel registers a channel that can do everything, changed by extra
// capabilities, and returns its id.
func (b *bench) chatChannel(extra object) string {
	b.t.Helper()
	caps := object{
		"deliveryIdentifierTypes": []string{"CHANNEL_SPECIFIC_OPAQUE_ID"}, "richText": []string{"BOLD"},
		"threadingModel": "INTEGRATION_THREAD_ID", "allowOutgoingMessages": true,
		"outgoingAttachmentTypes": []string{"FILE"}, "allowedFileAttachmentMimeTypes": []string{"image/*"},
		"maxFileAttachmentCount": 2, "maxFileAttachmentSizeBytes": 1000, "maxTotalFileAttachmentSizeBytes": 1500,
	}
	for k, v := range extra {
		caps[k] = v
	}
	a := b.register("POST", channelBase, object{
		"name": "Acme Chat", "capabilities": caps, "webhookUrl": appURL + "/webhook?token=t%3A1",
		"channelAccountConnectionRedirectUrl": appURL + "/connect?lang=en",
	})
	return b.want(a, http.StatusCreated).text("id")
}

// inboxID is the portal's first inbox.
func (b *bench) inboxID() string {
	b.t.Helper()
	a := b.want(b.call("GET", helpers+"/inboxes", nil), http.StatusOK)
	return a.body["results"].([]any)[0].(object)["id"].(string)
}

// account creates an account with an opaque address and returns its id.
func (b *bench) account(channel, address string) string {
	b.t.Helper()
	a := b.call("POST", channelBase+"/"+channel+"/channel-accounts", object{
		"inboxId": b.inboxID(), "name": "Shop " + address, "authorized": true, "deliveryIdentifier": opaque(address),
	})
	return b.want(a, http.StatusCreated).text("id")
}

func opaque(value string) object {
	return object{"type": "CHANNEL_SPECIFIC_OPAQUE_ID", "value": value}
}

// draft is a publishable message.
func draft(account, idempotency, text string) object {
	return object{
		"messageDirection": "INCOMING", "channelAccountId": account, "integrationThreadId": "conv-1",
		"integrationIdempotencyId": idempotency, "text": text,
		"senders":     []object{{"name": "Ada", "deliveryIdentifier": opaque("user-42")}},
		"recipients":  []object{{"deliveryIdentifier": opaque("shop")}},
		"attachments": []object{}, "timestamp": "2026-10-01T09:20:00Z",
	}
}

// with returns a copy of a body with fields set; a nil value removes one.
func with(body object, fields object) object {
	changed := object{}
	for k, v := range body {
		changed[k] = v
	}
	for k, v := range fields {
		changed[k] = v
		if v == nil {
			delete(changed, k)
		}
	}
	return changed
}

// shop is a bench with a channel and an account.
type shop struct {
	*bench
	channel, account string
}

func newShop(t testing.TB, cfg hubspottest.Config, caps object) *shop {
	t.Helper()
	b := newInstalled(t, cfg)
	s := &shop{bench: b, channel: b.chatChannel(caps)}
	s.account = b.account(s.channel, "shop")
	return s
}

func (s *shop) publish(body any) *answer {
	s.t.Helper()
	return s.call("POST", channelBase+"/"+s.channel+"/messages", body)
}

// say publishes a text and returns the HubSpot thread that it went to.
func (s *shop) say(idempotency, text string) (threadID string) {
	s.t.Helper()
	return s.want(s.publish(draft(s.account, idempotency, text)), http.StatusCreated).text("conversationsThreadId")
}

func diff(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// String is the answer for a test's message.
func (a *answer) String() string { return fmt.Sprintf("%d %s", a.status, a.raw) }
