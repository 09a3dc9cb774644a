package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/oauth"
)

// contract is what HubSpot describes, and all that was said under it.
type contract struct {
	t            *testing.T
	descriptions descriptions
	exchanges    []*exchange
}

// under returns a transport that validates what passes through it.
func (c *contract) under(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Path, "/signed-files/") {
			return next.RoundTrip(r) // where files lie is no part of HubSpot's API
		}
		x := &exchange{method: r.Method, url: r.URL.String(), header: r.Header.Clone()}
		if r.Body != nil {
			var err error
			if x.body, err = io.ReadAll(r.Body); err != nil {
				return nil, err
			}
			r = r.Clone(r.Context())
			r.Body = io.NopCloser(bytes.NewReader(x.body))
		}
		answer, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		if x.answer, err = io.ReadAll(answer.Body); err != nil {
			return nil, err
		}
		answer.Body = io.NopCloser(bytes.NewReader(x.answer))
		x.status, x.answered = answer.StatusCode, answer.Header.Clone()
		c.add(x)
		return answer, nil
	})
}

func (c *contract) add(x *exchange) {
	if err := c.descriptions.check(c.t, x); err != nil {
		c.t.Errorf("%s %s\n%s\n--- %d\n%s\n--- %v", x.method, x.url, x.body, x.status, x.answer, err)
	}
	c.exchanges = append(c.exchanges, x)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const appURL = "https://app.example.test"

// world is an app with all of its clients, and the HubSpot that it talks to.
type world struct {
	hubspot  *hubspottest.Server
	late     time.Duration // how much HubSpot's clock is ahead
	client   *http.Client  // under contract
	app      *oauth.App
	options  []channels.Option
	registry *channels.Registry
	portal   *channels.Client
	messages *messages.Client

	channel *channels.Registration
	account *channels.Account
	file    *messages.FileInfo
	got     *messages.Message // from the customer

	staged   channels.DeliveryIdentifier // what the next admin connects
	popup    url.Values                  // the query of the app's page in HubSpot's popup
	popupErr error                       // what came of it
}

func newWorld(t *testing.T, c *contract, version channels.Version, cfg hubspottest.Config) *world {
	t.Helper()
	w := &world{}
	app := http.NewServeMux()
	cfg.URL, cfg.InstallURL, cfg.RedirectURLs = channels.DefaultBaseURL, appURL+"/install", []string{appURL + "/callback"}
	cfg.RateLimit = cmp.Or(cfg.RateLimit, -1)
	cfg.Now = func() time.Time { return time.Now().Add(w.late) }
	cfg.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "app.example.test" {
			return handle(app, r), nil
		}
		return w.hubspot.Transport().RoundTrip(r) // the admin's browser
	})}
	w.hubspot = hubspottest.New(cfg)
	w.client = &http.Client{Transport: c.under(w.hubspot.Transport())}
	w.app = w.newApp(oauth.Version(version), w.hubspot.ClientSecret(), memstore.New())
	app.Handle("GET /install", w.app.InstallHandler())
	app.Handle("GET /callback", w.app.CallbackHandler())
	app.HandleFunc("GET /connect", w.connect)

	w.options = []channels.Option{
		channels.WithVersion(version), channels.WithHTTPClient(w.client), channels.WithRateLimit(0, 0),
		channels.WithRetry(channels.RetryPolicy{MaxAttempts: 1}), channels.WithConversationsVersion(version),
	}
	w.registry = w.registryFor(t, w.hubspot.AppID(), w.hubspot.DeveloperKey())
	w.portal, w.messages = w.clientFor(t, w.app.Portal(portalID))
	return w
}

// portalID is the simulator's default.
const portalID = 24681012

func (w *world) newApp(version oauth.Version, secret string, tokens oauth.TokenStore) *oauth.App {
	return &oauth.App{
		ClientID: w.hubspot.ClientID(), ClientSecret: secret, RedirectURL: appURL + "/callback", OptionalScopes: []string{"conversations.write"},
		AuthorizeURL: channels.DefaultBaseURL + "/oauth/authorize", Version: version, Tokens: tokens, HTTPClient: w.client,
		Logger: slog.New(slog.DiscardHandler),
	}
}

func (w *world) clientFor(t *testing.T, tokens channels.TokenSource, more ...channels.Option) (*channels.Client, *messages.Client) {
	t.Helper()
	c, err := channels.NewClient(tokens, append(w.options[:len(w.options):len(w.options)], more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c, messages.NewClient(c)
}

func (w *world) registryFor(t *testing.T, app int64, key string) *channels.Registry {
	t.Helper()
	r, err := channels.NewRegistry(channels.DeveloperKey{AppID: app, Key: key}, w.options...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// connect is the app's page in HubSpot's popup.
func (w *world) connect(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	staged := &channels.StagedAccount{Name: "Acme in the popup", DeliveryIdentifier: w.staged}
	got, err := w.portal.UpdateStagingToken(r.Context(), channels.ID(q.Get("channelId")), q.Get("accountToken"), staged)
	w.popup, w.popupErr = r.URL.Query(), err
	if err == nil && (got.ChannelID != channels.ID(q.Get("channelId")) || got.DeliveryIdentifier != w.staged) {
		err = fmt.Errorf("the staging token came back as %+v", got)
	}
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadGateway)
		return
	}
	http.Redirect(rw, r, q.Get("redirectUrl"), http.StatusSeeOther)
}

func handle(h http.Handler, r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	h.ServeHTTP(rec, in)
	answer := rec.Result()
	answer.Request = r
	return answer
}

// tokenWith returns a token that was granted these scopes only.
func (w *world) tokenWith(t *testing.T, scopes ...string) channels.StaticToken {
	t.Helper()
	form := url.Values{
		"decision": {"allow"}, "portal": {fmt.Sprint(portalID)}, "client_id": {w.app.ClientID},
		"redirect_uri": {w.app.RedirectURL}, "scope": {strings.Join(scopes, " ")},
	}
	consented := w.post(t, "/oauth/authorize", form)
	back, err := consented.Location()
	if err != nil {
		t.Fatal(err)
	}
	answer := w.post(t, "/oauth/2026-09/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {w.app.ClientID}, "client_secret": {w.app.ClientSecret},
		"redirect_uri": {w.app.RedirectURL}, "code": {back.Query().Get("code")},
	})
	defer answer.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil {
		t.Fatal(err)
	}
	return channels.StaticToken(token.AccessToken)
}

// post sends a form past the contract.
func (w *world) post(t *testing.T, path string, form url.Values) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, channels.DefaultBaseURL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", formType)
	answer, err := w.hubspot.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}
