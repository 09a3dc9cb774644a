package oauthtest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

const (
	portalID    = 24681012 // the simulator's own
	site        = "https://app.example.test"
	redirectURL = site + "/oauth/callback"
	hubspotURL  = "https://hubspot.example.test"
)

// world is an App, the simulated HubSpot, and an admin's browser, without a network between them.
type world struct {
	t   *testing.T
	hs  *hubspottest.Server
	app *oauth.App
	web *http.Client
	log *lockedBuffer
}

func newWorld(t *testing.T, readings hubspottest.Readings, change ...func(*oauth.App)) *world {
	w := &world{t: t, log: new(lockedBuffer)}
	w.hs = hubspottest.New(hubspottest.Config{RedirectURLs: []string{redirectURL}, URL: hubspotURL, Readings: readings})
	w.app = w.newApp(change...)
	w.web = w.newBrowser()
	return w
}

// newApp returns another App of the same HubSpot app. Its installs are in memory unless change says otherwise.
func (w *world) newApp(change ...func(*oauth.App)) *oauth.App {
	app := &oauth.App{
		ClientID: w.hs.ClientID(), ClientSecret: w.hs.ClientSecret(), RedirectURL: redirectURL, BaseURL: hubspotURL,
		HTTPClient: &http.Client{Transport: w.hs.Transport()}, Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	if w.app != nil {
		app.Tokens = w.app.Tokens
	} else {
		app.Tokens = memstore.New()
	}
	for _, f := range change {
		f(app)
	}
	return app
}

// newBrowser returns a browser that reaches HubSpot and the App's pages.
func (w *world) newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/install", w.app.InstallHandler())
	mux.Handle("/oauth/callback", w.app.CallbackHandler())
	mux.HandleFunc("/welcome", func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "Welcome") })
	return &http.Client{Jar: jar, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		switch "https://" + r.URL.Host {
		case hubspotURL:
			return w.hs.Transport().RoundTrip(r)
		case site:
			rec := httptest.NewRecorder()
			mux.ServeHTTP(rec, r)
			resp := rec.Result()
			resp.Request = r
			return resp, nil
		}
		return nil, errors.New("no such host: " + r.URL.Host)
	})}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// page is what a browser shows.
type page struct {
	url    *url.URL
	status int
	text   string
}

func (w *world) shown(resp *http.Response, err error) page {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return page{resp.Request.URL, resp.StatusCode, string(body)}
}

// answer opens the install link and fills in HubSpot's consent page.
func (w *world) answer(web *http.Client, link, decision string) url.Values {
	w.t.Helper()
	consent := w.shown(web.Get(site + link))
	if consent.status != http.StatusOK || !strings.HasPrefix(consent.url.String(), hubspotURL) {
		w.t.Fatalf("%s leads to %s: %d %s", link, consent.url, consent.status, consent.text)
	}
	form := consent.url.Query()
	form.Set("decision", decision)
	form.Set("portal", strconv.Itoa(portalID))
	return form
}

// decide goes through an install.
func (w *world) decide(link, decision string) page {
	w.t.Helper()
	return w.shown(w.web.PostForm(hubspotURL+"/oauth/authorize", w.answer(w.web, link, decision)))
}

// install installs the app and forgets what that asked of HubSpot.
func (w *world) install() {
	w.t.Helper()
	if p := w.decide("/install", "allow"); p.status != http.StatusOK {
		w.t.Fatalf("the install ends with %d: %s", p.status, p.text)
	}
	w.hs.ClearJournal()
}

func (w *world) stored() *oauth.Install {
	w.t.Helper()
	in, err := w.app.Tokens.Install(w.t.Context(), w.app.ClientID, portalID)
	if err != nil {
		w.t.Fatal(err)
	}
	return in
}

// expire makes the stored access token an old one.
func expire(t *testing.T, tokens oauth.TokenStore, clientID string) {
	t.Helper()
	in, err := tokens.Install(t.Context(), clientID, portalID)
	if err != nil {
		t.Fatal(err)
	}
	in.Token.Expiry = time.Now().Add(-time.Minute)
	if err := tokens.SaveInstall(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func (w *world) token() string {
	w.t.Helper()
	token, err := w.app.Portal(portalID).Token(w.t.Context())
	if err != nil {
		w.t.Fatalf("Token: %v", err)
	}
	return token.AccessToken
}

// callAll has n callers ask for a token at once, and returns the tokens that they got with how many got each, and what
// failed.
func callAll(ctx context.Context, p *oauth.Portal, n int, get func(*oauth.Portal, context.Context) (*oauth2.Token, error)) (map[string]int, error) {
	var mu sync.Mutex
	got, errs := map[string]int{}, map[string]error{}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			token, err := get(p, ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs[err.Error()] = err
				return
			}
			got[token.AccessToken]++
		})
	}
	wg.Wait()
	return got, errors.Join(slices.Collect(maps.Values(errs))...)
}

// wantRequests checks how often HubSpot's token endpoint was asked since the install.
func wantRequests(t *testing.T, hs *hubspottest.Server, want int) {
	t.Helper()
	if got := len(hs.Journal("oauth.token")); got != want {
		t.Errorf("%d requests to the token endpoint, want %d", got, want)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

type lockedBuffer struct {
	mu  sync.Mutex
	all []byte
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, p...)
	return len(p), nil
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.all)
}

// expired is a token of which only the refresh token is of use.
func expired(refresh string) *oauth2.Token {
	return &oauth2.Token{AccessToken: "expired", RefreshToken: refresh, Expiry: time.Now().Add(-time.Minute)}
}
