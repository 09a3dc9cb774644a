package oauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
	"golang.org/x/oauth2"
)

const (
	clientID     = "client-1"
	clientSecret = "secret-8d1f5c"
	portalID     = 24681012
	site         = "https://app.example.com"
	redirectURL  = site + "/hubspot/oauth/callback"
)

// store is a TokenStore in memory.
type store struct {
	mu       sync.Mutex
	installs map[int64]oauth.Install
	revision int64
	fail     error  // what writes fail with
	loading  func() // called before each Install
	replaced func() // called before each ReplaceInstall
}

func (s *store) Install(_ context.Context, client string, portal int64) (*oauth.Install, error) {
	if s.loading != nil {
		s.loading()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.installs[portal]
	if !ok || in.ClientID != client {
		return nil, oauth.ErrNotInstalled
	}
	return clone(in), nil
}

func (s *store) SaveInstall(_ context.Context, in *oauth.Install) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(in)
}

func (s *store) ReplaceInstall(_ context.Context, in *oauth.Install) error {
	if s.replaced != nil {
		s.replaced()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail == nil && s.installs[in.PortalID].Revision != in.Revision {
		return fmt.Errorf("store: %w", oauth.ErrStaleInstall)
	}
	return s.put(in)
}

func (s *store) put(in *oauth.Install) error {
	if s.fail != nil {
		return s.fail
	}
	s.revision++
	in.Revision = s.revision
	if s.installs == nil {
		s.installs = make(map[int64]oauth.Install)
	}
	s.installs[in.PortalID] = *clone(*in)
	return nil
}

func (s *store) Installs(context.Context, string) ([]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.installs)), nil
}

func (s *store) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func clone(in oauth.Install) *oauth.Install {
	if in.Token != nil {
		t := *in.Token
		in.Token = &t
	}
	in.Scopes = slices.Clone(in.Scopes)
	return &in
}

// hubspot stands in for HubSpot's OAuth endpoints, and for an API that answers with the portal of its token. It is a
// RoundTripper, so that it works inside a synctest bubble.
type hubspot struct {
	mu       sync.Mutex
	n        int              // tokens issued
	codes    map[string]int64 // unused, with their portals
	refresh  map[string]int64 // refresh tokens and their portals
	access   map[string]int64
	requests []string // "POST /path grant_type"
	bodies   []string

	omit     []string      // fields left out of answers of the token endpoint
	lifetime time.Duration // of access tokens; 30 minutes if 0
	delay    time.Duration // before each answer of the token endpoint
	rotate   bool          // a refresh ends the old refresh token

	// answer, if set, may answer in place of the token endpoint.
	answer func(w http.ResponseWriter, form url.Values) bool
}

func newHubSpot() *hubspot {
	return &hubspot{
		codes:   map[string]int64{"code-1": portalID},
		refresh: map[string]int64{"refresh-0": portalID},
		access:  map[string]int64{"access-0": portalID},
	}
}

func (h *hubspot) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (h *hubspot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		_ = r.ParseForm()
	}
	h.mu.Lock()
	h.requests = append(h.requests, fmt.Sprintf("%s %s%s %s", r.Method, r.URL.Host, r.URL.Path, r.PostForm.Get("grant_type")))
	h.bodies = append(h.bodies, r.PostForm.Encode())
	delay, answer := h.delay, h.answer
	h.mu.Unlock()
	switch r.URL.Path {
	case "/oauth/2026-09/token", "/oauth/2026-03/token", "/oauth/v3/token", "/oauth/v1/token":
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return
		}
		if answer == nil || !answer(w, r.PostForm) {
			h.token(w, r.PostForm)
		}
	case "/oauth/2026-09/token/introspect":
		h.introspect(w, r.PostForm.Get("token"), true)
	case "/oauth/v1/access-tokens/access-1":
		h.introspect(w, "access-1", false)
	case "/oauth/2026-09/token/revoke":
		h.mu.Lock()
		delete(h.refresh, r.PostForm.Get("token"))
		h.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case "/appinstalls/2026-09/external-install":
		h.uninstall(w, r)
	default:
		h.api(w, r)
	}
}

func (h *hubspot) token(w http.ResponseWriter, form url.Values) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var portal int64
	switch form.Get("grant_type") {
	case "authorization_code":
		portal = h.codes[form.Get("code")]
		delete(h.codes, form.Get("code"))
	case "refresh_token":
		portal = h.refresh[form.Get("refresh_token")]
		if h.rotate {
			delete(h.refresh, form.Get("refresh_token"))
		}
	}
	switch {
	case form.Get("client_id") != clientID || form.Get("client_secret") != clientSecret:
		refuse(w, 400, `{"error":"invalid_client","error_description":"bad client secret `+form.Get("client_secret")+`","status":"BAD_CLIENT_SECRET"}`)
		return
	case portal == 0:
		refuse(w, 400, `{"error":"invalid_grant","error_description":"refresh token is invalid, expired or revoked","status":"BAD_REFRESH_TOKEN"}`)
		return
	}
	h.n++
	lifetime := h.lifetime
	if lifetime == 0 {
		lifetime = 30 * time.Minute
	}
	access, refresh := fmt.Sprintf("access-%d", h.n), fmt.Sprintf("refresh-%d", h.n)
	h.access[access], h.refresh[refresh] = portal, portal
	body := map[string]any{
		"token_type": "bearer", "access_token": access, "refresh_token": refresh,
		"expires_in": int(lifetime / time.Second), "hub_id": portal, "scopes": oauth.ChannelScopes(), "user_id": 77,
	}
	for _, name := range h.omit {
		delete(body, name)
	}
	writeJSON(w, body)
}

func (h *hubspot) introspect(w http.ResponseWriter, token string, active bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	portal, ok := h.access[token]
	if !ok {
		writeJSON(w, map[string]any{"active": false})
		return
	}
	body := map[string]any{
		"token": token, "client_id": clientID, "app_id": 5, "hub_id": fmt.Sprint(portal), "hub_domain": "acme.example",
		"user": "robin@acme.example", "user_id": 77, "scopes": oauth.ChannelScopes(), "expires_in": 1790,
	}
	if active {
		body["active"] = true
	}
	writeJSON(w, body)
}

func (h *hubspot) uninstall(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	portal, ok := h.access[bearer(r)]
	if !ok || r.Method != http.MethodDelete {
		refuse(w, 401, `{"message":"expired"}`)
		return
	}
	isPortal := func(_ string, id int64) bool { return id == portal }
	maps.DeleteFunc(h.access, isPortal)
	maps.DeleteFunc(h.refresh, isPortal)
	w.WriteHeader(http.StatusNoContent)
}

func (h *hubspot) api(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	portal, ok := h.access[bearer(r)]
	h.mu.Unlock()
	if !ok {
		refuse(w, 401, `{"status":"error","category":"EXPIRED_AUTHENTICATION"}`)
		return
	}
	var body bytes.Buffer
	if r.Body != nil {
		_, _ = body.ReadFrom(r.Body)
	}
	fmt.Fprintf(w, "portal %d %s", portal, &body)
}

func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// set changes the stand-in while it is in use.
func (h *hubspot) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// count returns how many requests there were whose line ends so.
func (h *hubspot) count(suffix string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, line := range h.requests {
		if strings.HasSuffix(line, suffix) {
			n++
		}
	}
	return n
}

// bench is an App between a store and a HubSpot.
type bench struct {
	app   *oauth.App
	store *store
	hub   *hubspot
	log   *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func setup(change ...func(*oauth.App)) *bench {
	b := &bench{store: new(store), hub: newHubSpot(), log: new(lockedBuffer)}
	b.app = b.newApp(change...)
	return b
}

// newApp returns another App on the same store and HubSpot, as in another process.
func (b *bench) newApp(change ...func(*oauth.App)) *oauth.App {
	app := &oauth.App{
		ClientID:     clientID,
		ClientSecret: clientSecret,
		RedirectURL:  redirectURL,
		Tokens:       b.store,
		HTTPClient:   &http.Client{Transport: b.hub},
		Logger:       slog.New(slog.NewTextHandler(b.log, nil)),
	}
	for _, f := range change {
		f(app)
	}
	return app
}

// install stores an install whose access token lives that long, as access-0 with refresh-0.
func (b *bench) install(left time.Duration) {
	_ = b.store.SaveInstall(context.Background(), &oauth.Install{
		ClientID: clientID, PortalID: portalID, UserID: 77, Scopes: oauth.ChannelScopes(), InstalledAt: time.Now(),
		Token: &oauth2.Token{AccessToken: "access-0", RefreshToken: "refresh-0", Expiry: time.Now().Add(left)},
	})
}

func (b *bench) stored(t *testing.T) *oauth.Install {
	t.Helper()
	in, err := b.store.Install(t.Context(), clientID, portalID)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func (b *bench) token(t *testing.T) string {
	t.Helper()
	token, err := b.app.Portal(portalID).Token(t.Context())
	if err != nil {
		t.Fatalf("Token: %v", err)
	}
	return token.AccessToken
}

// browser keeps cookies, and opens the pages of an App without following redirects.
type browser struct {
	jar http.CookieJar
	mux *http.ServeMux
}

func newBrowser(app *oauth.App) *browser {
	jar, _ := cookiejar.New(nil)
	mux := http.NewServeMux()
	mux.Handle("/hubspot/install", app.InstallHandler())
	mux.Handle("/hubspot/oauth/callback", app.CallbackHandler())
	return &browser{jar: jar, mux: mux}
}

func (b *browser) open(target string, cookies ...*http.Cookie) *http.Response {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, c := range slices.Concat(b.jar.Cookies(r.URL), cookies) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.mux.ServeHTTP(w, r)
	resp := w.Result()
	b.jar.SetCookies(r.URL, resp.Cookies())
	return resp
}

// begin opens the install link and returns the query of the consent page.
func (b *browser) begin(t *testing.T, link string) url.Values {
	t.Helper()
	resp := b.open(site + link)
	target, err := resp.Location()
	if err != nil {
		t.Fatalf("%s answered %d without a redirect", link, resp.StatusCode)
	}
	return target.Query()
}

func callback(query ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		v.Set(query[i], query[i+1])
	}
	return redirectURL + "?" + v.Encode()
}
