package bridge_test

import (
	"context"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

// desk is a channel whose accounts are connected as a test says. By default an admin enters an id, which becomes the address.
type desk struct {
	*recorder
	form    func(r *bridge.ConnectRequest) (*bridge.ConnectForm, error)
	connect func(ctx context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error)

	mu    sync.Mutex
	asked []bridge.ConnectRequest
}

func (d *desk) ConnectForm(_ context.Context, r *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	if d.form != nil {
		return d.form(r)
	}
	return &bridge.ConnectForm{Fields: []bridge.Field{{Name: "id", Label: "Id"}, {Name: "key", Label: "Key", Type: "password"}}}, nil
}

func (d *desk) Connect(ctx context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	d.mu.Lock()
	d.asked = append(d.asked, *r)
	d.mu.Unlock()
	if d.connect != nil {
		return d.connect(ctx, r)
	}
	return account(r), nil
}

// account is the account that an admin means.
func account(r *bridge.ConnectRequest) *bridge.Connection {
	id := r.Values["id"]
	return &bridge.Connection{Name: "Desk " + id, DeliveryIdentifier: channels.Opaque(id), Credentials: []byte(r.Values["key"])}
}

// requests are those that Connect has got.
func (d *desk) requests() []bridge.ConnectRequest {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]bridge.ConnectRequest(nil), d.asked...)
}

// connecting runs a test with a desk in a portal where the app is installed.
func connecting(t *testing.T, d *desk, test func(t *testing.T, b *bench), tune ...func(*bridge.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBenchOf(t, func(r *recorder) bridge.Channel {
			d.recorder = r
			return d
		}, tune...)
		b.run()
		synctest.Wait()
		if err := b.hubspot.Install(t.Context(), portal); err != nil {
			t.Fatal(err)
		}
		test(t, b)
	})
}

// screen is a popup in an admin's browser, and what it shows.
type screen struct {
	b       *bench
	browser *http.Client
	begun   *hubspottest.Connection
	at      string // the address of the form
	status  int
	header  http.Header
	body    string
}

// popup opens a new popup in a browser.
func (b *bench) popup(browser *http.Client) *screen {
	b.t.Helper()
	begun, err := b.hubspot.BeginConnection(portal, b.hubspot.Channels()[0].ID, "")
	if err != nil {
		b.t.Fatal(err)
	}
	s := &screen{b: b, browser: browser, begun: begun}
	s.get(begun.PopupURL)
	return s
}

func (s *screen) get(address string) {
	s.b.t.Helper()
	resp, err := s.browser.Get(address)
	s.show(resp, err)
}

func (s *screen) show(resp *http.Response, err error) {
	s.b.t.Helper()
	if err != nil {
		s.b.t.Error(err)
		return
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.b.t.Error(err)
	}
	s.status, s.header, s.body = resp.StatusCode, resp.Header, string(data)
	if action := formAction.FindStringSubmatch(s.body); action != nil {
		s.at = appURL + html.UnescapeString(action[1])
	}
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	tags       = regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>`)
)

func (s *screen) proof() string {
	s.b.t.Helper()
	found := proofForm.FindStringSubmatch(s.body)
	if found == nil {
		s.b.t.Fatalf("answered %d without a form: %s", s.status, s.text())
	}
	return found[1]
}

// submit sends the form with values: a name, what is entered there, and so on.
func (s *screen) submit(values ...string) {
	s.b.t.Helper()
	form := url.Values{"proof": {s.proof()}}
	for i := 0; i < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	s.post(form)
}

func (s *screen) post(form url.Values) {
	s.b.t.Helper()
	resp, err := s.browser.PostForm(s.at, form)
	s.show(resp, err)
}

// text is what an admin reads.
func (s *screen) text() string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(s.body, " "))), " ")
}

// problem is what the page says of a field, or above the form.
func (s *screen) problem(field string) string {
	mark := `autofocus class="problem" role="alert">`
	if field != "" {
		mark = `<p id="problem-` + field + `" dir="auto" class="problem" role="alert">`
	}
	_, text, ok := strings.Cut(s.body, mark)
	if !ok {
		return ""
	}
	text, _, _ = strings.Cut(text, "</p>")
	return html.UnescapeString(text)
}

func (s *screen) wants(status int, text string) {
	s.b.t.Helper()
	if s.status != status || !strings.Contains(s.text(), text) {
		s.b.t.Errorf("answered %d %q, want %d with %q", s.status, s.text(), status, text)
	}
}

// ends checks that the admin is sent back to HubSpot, and follows.
func (s *screen) ends() {
	s.b.t.Helper()
	if got := s.header.Get("Location"); s.status != http.StatusSeeOther || got != s.begun.RedirectURL {
		s.b.t.Errorf("answered %d to %q %q, want 303 to %q", s.status, got, s.text(), s.begun.RedirectURL)
		return
	}
	resp, err := s.browser.Get(s.begun.RedirectURL)
	if status, body := read(s.b.t, resp, err); status != http.StatusOK {
		s.b.t.Errorf("HubSpot's page answered %d: %s", status, body)
	}
}

// addresses are those of all accounts that HubSpot has.
func (b *bench) addresses() []string {
	list := []string{}
	for _, a := range b.hubspot.Accounts() {
		list = append(list, a.Identifier.Value)
	}
	return list
}

// Several accounts of a portal, each with credentials of its own. One that is connected again gets the new ones.
func TestConnectAccounts(t *testing.T) {
	d := &desk{}
	connecting(t, d, func(t *testing.T, b *bench) {
		browser := b.browser()
		for _, one := range []struct{ id, key string }{{"east", "key 1"}, {"west", "key 2"}, {"east", "key 3"}} {
			s := b.popup(browser)
			s.submit("id", one.id, "key", one.key)
			s.ends()
			later(0)
		}
		if diff := cmp.Diff([]string{"east", "west"}, b.addresses()); diff != "" {
			t.Errorf("HubSpot's accounts (-want +got):\n%s", diff)
		}
		for id, key := range map[string]string{"east": "key 3", "west": "key 2"} {
			a, err := b.bridge.Account(t.Context(), channels.Opaque(id))
			if err != nil || string(a.Credentials) != key || a.Name != "Desk "+id {
				t.Errorf("%s is %v with credentials %q, %v, want %q", id, a, a.Credentials, err, key)
			}
		}
		want := bridge.ConnectRequest{PortalID: portal, InboxID: channels.InboxID(b.hubspot.Inboxes(portal)[0].ID), ReturnURL: appURL + "/hubspot/connect/return",
			Values: map[string]string{"id": "east", "key": "key 1"}}
		got := d.requests()[0]
		want.State = got.State
		if diff := cmp.Diff(want, got); diff != "" || got.State == "" {
			t.Errorf("the request (-want +got):\n%s", diff)
		}
	})
}

// A staging token that HubSpot does not know connects nothing, and leaves nothing behind.
func TestConnectForgedToken(t *testing.T) {
	d := &desk{}
	connecting(t, d, func(t *testing.T, b *bench) {
		s := b.popup(b.browser())
		s.get(strings.Replace(s.begun.PopupURL, s.begun.Token, "forged", 1))
		s.submit("id", "east")
		s.wants(http.StatusGone, "HubSpot is not waiting for this account, or not any longer. Please close this window and begin again in HubSpot.")
		if got := b.addresses(); len(got) > 0 {
			t.Errorf("HubSpot has %q", got)
		}
		found, err := b.store.FindAccounts(t.Context(), channels.ID(b.hubspot.Channels()[0].ID), channels.Opaque("east"))
		if err != nil || len(found) > 0 {
			t.Errorf("stored: %v, %v", found, err)
		}
	})
}

// Of an error that is not for the admin she learns only that it happened, and may try again.
func TestConnectFails(t *testing.T) {
	for name, test := range map[string]struct {
		c   *bridge.Connection
		err error
		log string
	}{
		"an error":      {nil, errors.New("dial tcp 10.0.0.1: refused"), "dial tcp 10.0.0.1: refused"},
		"nothing":       {nil, nil, "the channel's Connect returned no connection"},
		"a bad address": {&bridge.Connection{Name: "Shop"}, nil, "delivery identifier"},
	} {
		t.Run(name, func(t *testing.T) {
			d, log := &desk{}, &logged{}
			connecting(t, d, func(t *testing.T, b *bench) {
				d.connect = func(context.Context, *bridge.ConnectRequest) (*bridge.Connection, error) { return test.c, test.err }
				s := b.popup(b.browser())
				s.submit("id", "east")
				s.wants(http.StatusBadGateway, "It did not work. Please try again in a moment.")
				if !strings.Contains(log.text(), test.log) || strings.Contains(s.body, "10.0.0.1") {
					t.Errorf("logged %s; the page is %s", log.text(), s.body)
				}
				d.connect = nil
				s.submit("id", "east")
				s.ends()
			}, log.into)
		})
	}
}

// A form whose proof was changed, or is of another popup, browser or hour, is not taken.
func TestConnectProof(t *testing.T) {
	d := &desk{}
	connecting(t, d, func(t *testing.T, b *bench) {
		browser := b.browser()
		s, other := b.popup(browser), b.popup(browser)
		good := s.proof()
		for name, proof := range map[string]string{
			"none": "", "another popup's": other.proof(), "changed": "B" + good[1:], "cut": good[:40], "no base64": "%", "another browser's": b.popup(b.browser()).proof(),
		} {
			s.post(url.Values{"proof": {proof}, "id": {"east"}})
			if s.wants(http.StatusForbidden, "The form was open for too long. Please try again."); t.Failed() {
				t.Fatal(name)
			}
		}
		s.post(url.Values{"proof": {good}, "id": {strings.Repeat("x", 256<<10)}})
		s.wants(http.StatusBadRequest, "What was entered cannot be read, or is too long.")
		later(time.Hour + time.Second)
		s.post(url.Values{"proof": {good}, "id": {"east"}})
		s.wants(http.StatusForbidden, "The form was open for too long.")
		if n := len(d.requests()); n > 0 {
			t.Errorf("Connect was called %d times", n)
		}
		s.submit("id", "east") // the page that said so has a new one
		s.ends()
	})
}

// The policy lets the form lead to HubSpot, whose hosts send admins on to each other, and nowhere else.
func TestConnectPolicy(t *testing.T) {
	store := memstore.New()
	b, err := bridge.New(&desk{}, bridge.Config{
		App: &oauth.App{ClientID: "id", ClientSecret: "secret", Tokens: store}, Store: store, PublicURL: "https://example.com/chat", ChannelID: "7",
	})
	if err != nil {
		t.Fatal(err)
	}
	token := &oauth2.Token{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(time.Hour)}
	if err := store.SaveInstall(t.Context(), &oauth.Install{ClientID: "id", PortalID: 1, Token: token, InstalledAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	q := url.Values{"accountToken": {"t"}, "channelId": {"7"}, "inboxId": {"2"}, "portalId": {"1"}, "redirectUrl": {"https://app-eu1.hubspot.com/x?y=z"}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com/hubspot/connect?"+q.Encode(), nil)
	resp := serve(b, r)
	if got := resp.Header.Get("Content-Security-Policy"); !strings.Contains(got, "; form-action 'self' https://app-eu1.hubspot.com https://*.hubspot.com; ") {
		t.Errorf("the policy is %q", got)
	}
	c := resp.Cookies()[0]
	if c.Path != "/chat/hubspot/connect" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %v", c)
	}
	if _, body := read(t, resp, nil); !strings.Contains(body, `action="/chat/hubspot/connect?accountToken=t&amp;`) {
		t.Errorf("the form does not lead to the public path: %s", body)
	}
}

// logged keeps what a bridge logs.
type logged struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logged) into(cfg *bridge.Config) { cfg.Logger = slog.New(slog.NewTextHandler(l, nil)) }

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(line)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
