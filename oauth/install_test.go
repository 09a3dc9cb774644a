package oauth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/oauth2"
)

const exchanges = "/oauth/2026-09/token authorization_code"

func (b *bench) wantNoExchange(t *testing.T) {
	t.Helper()
	if got := b.hub.count(exchanges); got != 0 {
		t.Errorf("%d codes were exchanged, want none", got)
	}
}

// wantPage checks that resp is a page of ours with the text in it.
func wantPage(t *testing.T, resp *http.Response, status int, texts ...string) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Errorf("status %d to %s, want %d", resp.StatusCode, resp.Header.Get("Location"), status)
	}
	for _, text := range texts {
		if !strings.Contains(string(body), text) {
			t.Errorf("the page lacks %q:\n%s", text, body)
		}
	}
	h := resp.Header
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", h)
	}
	_, rest, _ := strings.Cut(string(body), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	policy := h.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; ") || !strings.Contains(policy, base64.StdEncoding.EncodeToString(sum[:])) {
		t.Errorf("policy %q lets in more or less than the page's own style", policy)
	}
	return string(body)
}

func wantRedirect(t *testing.T, resp *http.Response, target string) {
	t.Helper()
	if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || got != target {
		body, _ := io.ReadAll(resp.Body)
		t.Errorf("answered %d to %q, want 303 to %q\n%s", resp.StatusCode, got, target, body)
	}
}

func TestInstall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []*oauth.Install
		b := setup(func(a *oauth.App) {
			a.OptionalScopes = []string{"tickets", "conversations.write"}
			a.OnInstall = func(_ context.Context, in *oauth.Install) error {
				told = append(told, in)
				return nil
			}
		})
		web := newBrowser(b.app)
		resp := web.open(site + "/hubspot/install")
		target, err := resp.Location()
		if err != nil {
			t.Fatal(err)
		}
		q := target.Query()
		if got := target.Scheme + "://" + target.Host + target.Path; got != "https://app.hubspot.com/oauth/authorize" {
			t.Errorf("consent page %s", got)
		}
		state := q.Get("state")
		q.Del("state")
		if diff := cmp.Diff(url.Values{
			"client_id": {clientID}, "redirect_uri": {redirectURL},
			"scope": {strings.Join(oauth.ChannelScopes(), " ")}, "optional_scope": {"tickets conversations.write"},
		}, q); diff != "" {
			t.Errorf("query (-want +got):\n%s", diff)
		}
		wantCookie(t, resp, &http.Cookie{Name: "__Host-hubspot-install-" + state[:8], Path: "/", MaxAge: 3600, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})

		resp = web.open(callback("code", "code-1", "state", state))
		wantPage(t, resp, http.StatusOK, "The app is installed", "24681012", "<code>tickets</code>", "<code>conversations.write</code>")
		wantCookie(t, resp, &http.Cookie{Name: "__Host-hubspot-install-" + state[:8], Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})

		want := &oauth.Install{
			ClientID: clientID, PortalID: portalID, UserID: 77, Scopes: oauth.ChannelScopes(), InstalledAt: time.Now().UTC(), Revision: 1,
			Token: &oauth2.Token{AccessToken: "access-1", RefreshToken: "refresh-1", TokenType: "bearer", Expiry: time.Now().Add(30 * time.Minute)},
		}
		opt := cmpopts.IgnoreUnexported(oauth2.Token{})
		if diff := cmp.Diff(want, b.stored(t), opt); diff != "" {
			t.Errorf("stored install (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]*oauth.Install{want}, told, opt); diff != "" {
			t.Errorf("OnInstall (-want +got):\n%s", diff)
		}
		if !strings.Contains(b.log.String(), "missingScopes=\"[tickets conversations.write]\"") {
			t.Errorf("the log does not name the missing scopes:\n%s", b.log)
		}
		if got := b.token(t); got != "access-1" {
			t.Errorf("then the token is %s", got)
		}
	})
}

// wantCookie checks all of the one cookie that resp sets but its value.
func wantCookie(t *testing.T, resp *http.Response, want *http.Cookie) {
	t.Helper()
	cookies := resp.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies, want 1", len(cookies))
	}
	if diff := cmp.Diff(want, cookies[0], cmpopts.IgnoreFields(http.Cookie{}, "Value", "Raw")); diff != "" {
		t.Errorf("cookie (-want +got):\n%s", diff)
	}
}

func TestInstallOnPlainHTTP(t *testing.T) {
	const local = "http://127.0.0.1:8080"
	b := setup(func(a *oauth.App) {
		a.RedirectURL = local + "/hubspot/oauth/callback"
		a.BaseURL = "http://127.0.0.1:8081/"
	})
	web := newBrowser(b.app)
	resp := web.open(local + "/hubspot/install?portalId=24681012")
	target, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	if got := target.Scheme + "://" + target.Host + target.Path; got != "http://127.0.0.1:8081/oauth/24681012/authorize" {
		t.Errorf("consent page %s", got)
	}
	state := target.Query().Get("state")
	wantCookie(t, resp, &http.Cookie{Name: "hubspot-install-" + state[:8], Path: "/", MaxAge: 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	resp = web.open(local + "/hubspot/oauth/callback?code=code-1&state=" + state)
	wantPage(t, resp, http.StatusOK, "The app is installed")
	if got := b.hub.requests[0]; got != "POST 127.0.0.1:8081/oauth/2026-09/token authorization_code" {
		t.Errorf("exchanged by %s", got)
	}
}

func TestReinstallReplaces(t *testing.T) {
	b := setup()
	b.install(30 * time.Minute)
	b.token(t) // now it is known in memory
	web := newBrowser(b.app)
	state := web.begin(t, "/hubspot/install").Get("state")
	wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusOK)
	if got := b.token(t); got != "access-1" {
		t.Errorf("after the re-install the token is %s", got)
	}
}

func TestTwoInstallsInOneBrowser(t *testing.T) {
	b := setup()
	web := newBrowser(b.app)
	first := web.begin(t, "/hubspot/install?returnTo=/first").Get("state")
	second := web.begin(t, "/hubspot/install?returnTo=/second").Get("state")
	b.hub.codes["code-2"] = 13579
	wantRedirect(t, web.open(callback("code", "code-1", "state", first)), "/first")
	wantRedirect(t, web.open(callback("code", "code-2", "state", second)), "/second")
}

func TestInstallEndsOnAnotherNode(t *testing.T) {
	b := setup()
	web := newBrowser(b.app)
	state := web.begin(t, "/hubspot/install").Get("state")
	web.mux = newBrowser(b.newApp()).mux
	wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusOK, "The app is installed")
}

func TestReturnTo(t *testing.T) {
	for _, tt := range []struct {
		path string
		ok   bool
	}{
		{"/", true},
		{"/hubspot/connect?inboxId=7&redirectUrl=https%3A%2F%2Fapp.hubspot.com%2Fx#top", true},
		{"/a/../b//c", true},
		{"/a?next=https://elsewhere.example/", true},
		{"/Ünïcode/❤", true},
		{"https://elsewhere.example/", false},
		{"//elsewhere.example/", false},
		{"///elsewhere.example/", false},
		{`/\elsewhere.example/`, false},
		{`\\elsewhere.example/`, false},
		{"/\t/elsewhere.example/", false},
		{"\t//elsewhere.example/", false},
		{"/\r\nLocation: https://elsewhere.example/", false},
		{"/\x00", false},
		{"/%zz", false},
		{"elsewhere.example", false},
		{"javascript:alert(1)", false},
		{"@elsewhere.example", false},
		{"?a=b", false},
	} {
		t.Run(fmt.Sprintf("%q", tt.path), func(t *testing.T) {
			b := setup()
			web := newBrowser(b.app)
			link := "/hubspot/install?returnTo=" + url.QueryEscape(tt.path)
			if !tt.ok {
				resp := web.open(site + link)
				wantPage(t, resp, http.StatusBadRequest, "not a path of this site")
				if len(resp.Cookies()) > 0 {
					t.Error("a cookie was set")
				}
				return
			}
			state := web.begin(t, link).Get("state")
			wantRedirect(t, web.open(callback("code", "code-1", "state", state)), tt.path)
		})
	}
}

// start is a handler of the user's own that calls StartInstall.
func start(app *oauth.App, req oauth.InstallRequest) *browser {
	web := newBrowser(app)
	web.mux.HandleFunc("/start", func(w http.ResponseWriter, r *http.Request) { app.StartInstall(w, r, req) })
	return web
}

func TestStartInstallCarriesData(t *testing.T) {
	var got string
	b := setup(func(a *oauth.App) {
		a.OnInstall = func(_ context.Context, in *oauth.Install) error {
			got = in.Data
			return nil
		}
	})
	const data = "accountToken=5f1d & more"
	web := start(b.app, oauth.InstallRequest{PortalID: portalID, ReturnTo: "/hubspot/connect", Data: data})
	resp := web.open(site + "/start")
	target, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	if target.Path != "/oauth/24681012/authorize" {
		t.Errorf("consent page %s does not name the portal", target.Path)
	}
	if cookie := resp.Cookies()[0].Value; strings.Contains(target.String()+cookie+decoded(cookie), "accountToken") {
		t.Error("the data is readable on the way")
	}
	wantRedirect(t, web.open(callback("code", "code-1", "state", target.Query().Get("state"))), "/hubspot/connect")
	if got != data {
		t.Errorf("Data = %q, want %q", got, data)
	}
	if b.stored(t).Data != "" {
		t.Error("the data was stored")
	}
}

func decoded(s string) string {
	plain, _ := base64.RawURLEncoding.DecodeString(s)
	return string(plain)
}

func TestStartInstallTooLong(t *testing.T) {
	b := setup()
	ok := start(b.app, oauth.InstallRequest{Data: strings.Repeat("x", 2000)})
	if resp := ok.open(site + "/start"); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("2,000 bytes: answered %d", resp.StatusCode)
	}
	long := start(b.app, oauth.InstallRequest{Data: strings.Repeat("x", 4000)})
	wantPage(t, long.open(site+"/start"), http.StatusBadRequest, "too long")
}

func TestInstallInAnotherPortal(t *testing.T) {
	b := setup()
	web := start(b.app, oauth.InstallRequest{PortalID: 13579, ReturnTo: "/connect"})
	state := web.begin(t, "/start").Get("state")
	wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusConflict, "24681012", "13579", "Start again")
	if b.stored(t).PortalID != portalID {
		t.Error("the install was not stored")
	}
}

func TestStateIsRefused(t *testing.T) {
	tests := []struct {
		name string
		open func(b *bench, web *browser, state string) *http.Response
	}{
		{"in another browser", func(b *bench, _ *browser, state string) *http.Response {
			return newBrowser(b.app).open(callback("code", "code-1", "state", state))
		}},
		{"with the cookie of another state", func(b *bench, web *browser, state string) *http.Response {
			other := newBrowser(b.app)
			cookies := other.open(site + "/hubspot/install").Cookies()
			cookies[0].Name = "__Host-hubspot-install-" + state[:8]
			return newBrowser(b.app).open(callback("code", "code-1", "state", state), cookies...)
		}},
		{"with the same beginning", func(_ *bench, web *browser, state string) *http.Response {
			return web.open(callback("code", "code-1", "state", state[:8]+strings.Repeat("A", len(state)-8)))
		}},
		{"by an app with another secret", func(b *bench, web *browser, state string) *http.Response {
			web.mux = newBrowser(b.newApp(func(a *oauth.App) { a.ClientSecret = "other" })).mux
			return web.open(callback("code", "code-1", "state", state))
		}},
		{"by another app", func(b *bench, web *browser, state string) *http.Response {
			web.mux = newBrowser(b.newApp(func(a *oauth.App) { a.ClientID = "other" })).mux
			return web.open(callback("code", "code-1", "state", state))
		}},
		{"made up", func(_ *bench, web *browser, _ string) *http.Response {
			return web.open(callback("code", "code-1", "state", "x"))
		}},
		{"empty", func(_ *bench, web *browser, _ string) *http.Response {
			return web.open(callback("code", "code-1", "state", ""))
		}},
		{"wrong, with a returnUrl of HubSpot", func(_ *bench, web *browser, _ string) *http.Response {
			return web.open(callback("code", "code-1", "state", "x", "returnUrl", "https://app.hubspot.com/"))
		}},
		{"late", func(_ *bench, web *browser, state string) *http.Response {
			time.Sleep(10*time.Minute + time.Second)
			return web.open(callback("code", "code-1", "state", state))
		}},
		{"without a code", func(_ *bench, web *browser, state string) *http.Response {
			return web.open(callback("state", state))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := setup()
				web := newBrowser(b.app)
				state := web.begin(t, "/hubspot/install").Get("state")
				// No loop: the page has a link, and nothing opens it by itself.
				page := wantPage(t, tt.open(b, web, state), http.StatusBadRequest, "This installation cannot go on", `<a href="https://`)
				if strings.Contains(page, "refresh") {
					t.Error("the page reloads")
				}
				b.wantNoExchange(t)
			})
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestStateWorksOnce(t *testing.T) {
	b := setup()
	web := newBrowser(b.app)
	state := web.begin(t, "/hubspot/install").Get("state")
	cookies := web.jar.Cookies(must(url.Parse(redirectURL)))
	wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusOK)
	wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusBadRequest, "has ended already")
	// A client that keeps the cookie comes no further, whatever the code.
	b.hub.codes["code-2"] = portalID
	wantPage(t, web.open(callback("code", "code-2", "state", state), cookies...), http.StatusBadRequest, "opened before")
	if got := b.hub.count(exchanges); got != 1 {
		t.Errorf("%d exchanges, want 1", got)
	}
}

func TestCallbackOpenedTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.hub.delay = time.Second
		web := newBrowser(b.app)
		state := web.begin(t, "/hubspot/install").Get("state")
		var mu sync.Mutex
		got := map[int]int{}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				resp := web.open(callback("code", "code-1", "state", state))
				mu.Lock()
				defer mu.Unlock()
				got[resp.StatusCode]++
			})
		}
		wg.Wait()
		if diff := cmp.Diff(map[int]int{200: 1, 400: 4}, got); diff != "" {
			t.Errorf("statuses (-want +got):\n%s", diff)
		}
	})
}

func TestCodeIsRefused(t *testing.T) {
	b := setup()
	b.hub.codes = nil // used before
	web := newBrowser(b.app)
	state := web.begin(t, "/hubspot/install").Get("state")
	wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusBadRequest, "was used or is too old", "Start again")
	if _, err := b.store.Install(t.Context(), clientID, portalID); !errors.Is(err, oauth.ErrNotInstalled) {
		t.Errorf("stored in spite of it: %v", err)
	}
}

func TestConsentIsRefused(t *testing.T) {
	b := setup()
	web := newBrowser(b.app)
	state := web.begin(t, "/hubspot/install").Get("state")
	resp := web.open(callback("error", "access_denied", "error_description", "Not allowed <b>here</b>", "state", state))
	wantPage(t, resp, http.StatusForbidden, "HubSpot did not install the app", "Not allowed &lt;b&gt;here", "Start again")

	// Anyone can write such a link, so without the right state its text is not shown.
	for _, state := range []string{"", "x"} {
		page := wantPage(t, web.open(callback("error", "x", "error_description", "call 555-0100", "state", state)), http.StatusBadRequest)
		if strings.Contains(page, "555-0100") {
			t.Error("the page shows a stranger's text")
		}
	}
	page := wantPage(t, web.open(callback("error", "x", "error_description", "call 555-0100")), http.StatusForbidden)
	if strings.Contains(page, "555-0100") {
		t.Error("the page shows a stranger's text")
	}
	b.wantNoExchange(t)
}

func TestInstallAsksForWhatIsMissing(t *testing.T) {
	for _, tt := range []struct {
		name       string
		omit       []string
		introspect int
	}{
		{"portal", []string{"hub_id"}, 1},
		{"scopes", []string{"scopes"}, 1},
		{"everything", []string{"hub_id", "scopes", "user_id", "expires_in"}, 1},
		{"user", []string{"user_id"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := setup()
			b.hub.omit = tt.omit
			web := newBrowser(b.app)
			state := web.begin(t, "/hubspot/install").Get("state")
			wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusOK)
			in := b.stored(t)
			if diff := cmp.Diff(oauth.ChannelScopes(), in.Scopes); diff != "" {
				t.Errorf("scopes (-want +got):\n%s", diff)
			}
			if got := b.hub.count("/introspect "); got != tt.introspect {
				t.Errorf("%d introspections, want %d", got, tt.introspect)
			}
		})
	}
}

func TestInstallNeedsARefreshToken(t *testing.T) {
	b := setup()
	b.hub.omit = []string{"refresh_token"}
	web := newBrowser(b.app)
	state := web.begin(t, "/hubspot/install").Get("state")
	wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusBadGateway)
	if !strings.Contains(b.log.String(), "no refresh token") {
		t.Errorf("the log does not say why:\n%s", b.log)
	}
}

func TestInstallFails(t *testing.T) {
	t.Run("store", func(t *testing.T) {
		b := setup()
		b.store.failWith(errors.New("disk full"))
		web := newBrowser(b.app)
		state := web.begin(t, "/hubspot/install").Get("state")
		page := wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusBadGateway, "could not be installed")
		if strings.Contains(page, "disk") || !strings.Contains(b.log.String(), "disk full") {
			t.Error("the cause belongs into the log, not on the page")
		}
	})
	t.Run("OnInstall", func(t *testing.T) {
		b := setup(func(a *oauth.App) {
			a.OnInstall = func(context.Context, *oauth.Install) error { return errors.New("no room") }
		})
		web := newBrowser(b.app)
		state := web.begin(t, "/hubspot/install?returnTo=/x").Get("state")
		wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusInternalServerError, "not ready")
		if got := b.token(t); got != "access-1" {
			t.Errorf("the install was not kept: token %s", got)
		}
	})
	t.Run("client secret", func(t *testing.T) {
		b := setup(func(a *oauth.App) { a.ClientSecret = "wrong-secret" })
		web := newBrowser(b.app)
		state := web.begin(t, "/hubspot/install").Get("state")
		page := wantPage(t, web.open(callback("code", "code-1", "state", state)), http.StatusBadGateway, "refused the app itself")
		if strings.Contains(page+b.log.String(), "wrong-secret") {
			t.Error("the secret shows")
		}
	})
}

// The code works only once, so a browser that goes away must not waste it.
func TestInstallOutlivesTheBrowser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.hub.delay = 2 * time.Second
		web := newBrowser(b.app)
		state := web.begin(t, "/hubspot/install").Get("state")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, callback("code", "code-1", "state", state), nil)
		for _, c := range web.jar.Cookies(r.URL) {
			r.AddCookie(c)
		}
		web.mux.ServeHTTP(httptest.NewRecorder(), r)
		if got := b.token(t); got != "access-1" {
			t.Errorf("the token is %s", got)
		}
	})
}

func TestHandlersRefuse(t *testing.T) {
	b := setup()
	for _, path := range []string{"/hubspot/install", "/hubspot/oauth/callback?code=code-1"} {
		w := httptest.NewRecorder()
		newBrowser(b.app).mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET" {
			t.Errorf("POST %s answered %d", path, w.Code)
		}
	}
	web := newBrowser(b.app)
	for _, id := range []string{"x", "0", "-1", "99999999999999999999"} {
		wantPage(t, web.open(site+"/hubspot/install?portalId="+id), http.StatusBadRequest, "portalId")
	}
}

func TestMisconfiguredAppSaysSo(t *testing.T) {
	for name, change := range map[string]func(*oauth.App){
		"ClientID":     func(a *oauth.App) { a.ClientID = "" },
		"ClientSecret": func(a *oauth.App) { a.ClientSecret = "" },
		"RedirectURL":  func(a *oauth.App) { a.RedirectURL = "" },
		"Tokens":       func(a *oauth.App) { a.Tokens = nil },
		"Version":      func(a *oauth.App) { a.Version = "2025-09" },
		"BaseURL":      func(a *oauth.App) { a.BaseURL = "api.hubapi.com" },
		"AuthorizeURL": func(a *oauth.App) { a.AuthorizeURL = "ftp://x/" },
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(change)
			web := newBrowser(b.app)
			wantPage(t, web.open(site+"/hubspot/install"), http.StatusInternalServerError, "not ready")
			wantPage(t, web.open(site+"/hubspot/oauth/callback?code=x"), http.StatusInternalServerError, "not ready")
			if !strings.Contains(b.log.String(), "App."+name) {
				t.Errorf("the log does not name the field:\n%s", b.log)
			}
			if name == "RedirectURL" {
				return // tokens do not need it
			}
			if _, err := b.app.Portal(portalID).Token(t.Context()); err == nil || !strings.Contains(err.Error(), "App."+name) {
				t.Errorf("Token = %v, want an error that names the field", err)
			}
			if err := b.app.Validate(); err == nil {
				t.Error("Validate found nothing")
			}
		})
	}
}

func TestOwnAuthorizeURL(t *testing.T) {
	b := setup(func(a *oauth.App) {
		a.AuthorizeURL = "https://app-eu1.hubspot.com/oauth/authorize?theme=dark"
		a.Scopes = []string{"oauth", "tickets"}
	})
	resp := newBrowser(b.app).open(site + "/hubspot/install?portalId=5")
	target, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	if target.Host != "app-eu1.hubspot.com" || target.Path != "/oauth/5/authorize" || target.Query().Get("theme") != "dark" {
		t.Errorf("consent page %s", target)
	}
	if got := target.Query()["scope"]; len(got) != 1 || got[0] != "oauth tickets" {
		t.Errorf("scope %q", got)
	}
	if target.Query().Has("optional_scope") {
		t.Error("optional_scope is there though nothing is optional")
	}
}
