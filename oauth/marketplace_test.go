package oauth_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/oauth"
)

const marketURL = "https://app-eu1.hubspot.com/marketplace/24681012/finish?a=%2F&b=1"

func TestMarketplaceInstall(t *testing.T) {
	b := setup()
	resp := newBrowser(b.app).open(callback("code", "code-1", "returnUrl", marketURL))
	wantRedirect(t, resp, marketURL)
	if got := b.token(t); got != "access-1" {
		t.Errorf("the token is %s", got)
	}
}

func TestMarketplaceInstallFails(t *testing.T) {
	b := setup()
	b.hub.codes = nil
	wantPage(t, newBrowser(b.app).open(callback("code", "code-1", "returnUrl", marketURL)), http.StatusBadRequest, "could not be installed")
}

// A code that nothing vouches for is not used: the consent page makes one that is.
func TestCodeWithoutStateStartsAgain(t *testing.T) {
	for name, link := range map[string]string{
		"alone":                      callback("code", "code-1"),
		"with a stranger's page":     callback("code", "code-1", "returnUrl", "https://elsewhere.example/"),
		"with an empty returnUrl":    callback("code", "code-1", "returnUrl", ""),
		"no code, nothing":           redirectURL,
		"no code, but HubSpot's URL": callback("returnUrl", marketURL),
	} {
		t.Run(name, func(t *testing.T) {
			b := setup()
			web := newBrowser(b.app)
			target, err := web.open(link).Location()
			if err != nil || target.Host != "app.hubspot.com" || target.Path != "/oauth/authorize" {
				t.Fatalf("redirect to %v, %v; want the consent page", target, err)
			}
			b.wantNoExchange(t)
			wantPage(t, web.open(callback("code", "code-1", "state", target.Query().Get("state"))), http.StatusOK)
		})
	}
}

func TestTrustsReturn(t *testing.T) {
	tests := []struct {
		base, url string
		want      bool
	}{
		{"", "https://app.hubspot.com/x?y#z", true},
		{"", "https://app-eu1.hubspot.com/", true},
		{"https://api-eu1.hubapi.com", "https://app-na2.hubspot.com/", true},
		{"", "http://app.hubspot.com/", false},
		{"", "https://hubspot.com/", false},
		{"", "https://app.hubspot.com.evil.example/", false},
		{"", "https://evil.example/app.hubspot.com", false},
		{"", "https://evilapp.hubspot.com/", false},
		{"", "https://app-.hubspot.com/", false},
		{"", "https://app-a.b.hubspot.com/", false},
		{"", "https://app.hubspot.com@evil.example/", false},
		{"", "https://user@app.hubspot.com/", false},
		{"", "https://app.hubspot.com:444/", false},
		{"", `https://evil.example\.app.hubspot.com/`, false},
		{"", "https://app.hubspot.com\t.evil.example/", false},
		{"", "//app.hubspot.com/", false},
		{"", "/", false},
		{"", "", false},
		{"", "javascript://app.hubspot.com/%0aalert(1)", false},
		{"http://127.0.0.1:8081", "http://127.0.0.1:8081/connected", true},
		{"http://127.0.0.1:8081", "http://127.0.0.1:8082/", false},
		{"http://127.0.0.1:8081", "https://127.0.0.1:8081/", false},
		{"http://127.0.0.1:8081", "https://app.hubspot.com/", false},
		{"http://127.0.0.1:8081", "http://127.0.0.1:8081@evil.example/", false},
		{"https://api.hubapi.com.evil.example", "https://app.hubspot.com/", false},
	}
	for _, tt := range tests {
		app := &oauth.App{BaseURL: tt.base}
		if got := app.TrustsReturn(tt.url); got != tt.want {
			t.Errorf("with base %q, TrustsReturn(%q) = %v, want %v", tt.base, tt.url, got, tt.want)
		}
	}
}

// partner is an app whose users sign in on a page of its own.
func partner(data *string) func(*oauth.App) {
	return func(a *oauth.App) {
		a.SignIn = func(w http.ResponseWriter, r *http.Request) (string, bool) {
			if c, err := r.Cookie("user"); err == nil {
				return c.Value, true
			}
			http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return "", false
		}
		a.OnInstall = func(_ context.Context, in *oauth.Install) error {
			*data = in.Data
			return nil
		}
	}
}

func TestMarketplaceInstallWithSignIn(t *testing.T) {
	var user string
	b := setup(partner(&user))
	web := newBrowser(b.app)
	begin := callback("step", "authorize", "returnUrl", marketURL)

	resp := web.open(begin)
	if got := resp.Header.Get("Location"); !strings.HasPrefix(got, "/sign-in?next=%2Fhubspot%2Foauth%2Fcallback") || len(resp.Cookies()) > 0 {
		t.Fatalf("a stranger is sent to %q with cookies %v, want the sign-in page", got, resp.Cookies())
	}
	web.jar.SetCookies(must(url.Parse(site)), []*http.Cookie{{Name: "user", Value: "dana"}})
	resp = web.open(begin)
	target := resp.Header.Get("Location")
	rest, state, ok := strings.Cut(target, "&state=")
	if !ok || rest != marketURL {
		t.Fatalf("redirect to %s, want the returnUrl with a state", target)
	}
	wantCookie(t, resp, &http.Cookie{Name: "__Host-hubspot-install-" + state[:8], Path: "/", MaxAge: 3600, Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode})
	b.wantNoExchange(t)

	const end = "https://app.hubspot.com/marketplace/done"
	wantRedirect(t, web.open(callback("step", "finalize", "code", "code-1", "state", state, "returnUrl", end)), end)
	if user != "dana" {
		t.Errorf("OnInstall got %q, want the user who signed in", user)
	}
	b.token(t)
}

func TestMarketplaceInstallWithoutSignInHook(t *testing.T) {
	b := setup()
	web := newBrowser(b.app)
	_, state, _ := strings.Cut(web.open(callback("step", "authorize", "returnUrl", "https://app.hubspot.com/a#b")).Header.Get("Location"), "?state=")
	state, fragment, _ := strings.Cut(state, "#")
	if fragment != "b" {
		t.Errorf("the fragment is %q", fragment)
	}
	wantRedirect(t, web.open(callback("step", "finalize", "code", "code-1", "state", state, "returnUrl", marketURL)), marketURL)
}

// Browsers take SameSite=None over https only.
func TestMarketplaceInstallOnPlainHTTP(t *testing.T) {
	const local = "http://127.0.0.1:8080/hubspot/oauth/callback"
	b := setup(func(a *oauth.App) { a.RedirectURL, a.BaseURL = local, "http://127.0.0.1:8081" })
	const end = "http://127.0.0.1:8081/marketplace/done"
	web := newBrowser(b.app)
	resp := web.open(local + "?step=authorize&returnUrl=" + url.QueryEscape(end))
	_, state, _ := strings.Cut(resp.Header.Get("Location"), end+"?state=")
	wantCookie(t, resp, &http.Cookie{Name: "hubspot-install-" + state[:8], Path: "/", MaxAge: 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	wantRedirect(t, web.open(local+"?step=finalize&code=code-1&state="+state+"&returnUrl="+url.QueryEscape(end)), end)
}

func TestMarketplaceRefusals(t *testing.T) {
	b := setup()
	web := newBrowser(b.app)
	state := func() string {
		_, state, _ := strings.Cut(web.open(callback("step", "authorize", "returnUrl", marketURL)).Header.Get("Location"), "&state=")
		return state
	}
	own := web.begin(t, "/hubspot/install?returnTo=/own").Get("state")
	for name, link := range map[string]string{
		"authorize, stranger's page": callback("step", "authorize", "returnUrl", "https://elsewhere.example/"),
		"authorize, no page":         callback("step", "authorize"),
		"finalize, stranger's page":  callback("step", "finalize", "code", "code-1", "state", state(), "returnUrl", "https://elsewhere.example/"),
		"finalize, no page":          callback("step", "finalize", "code", "code-1", "state", state()),
		"finalize, no state":         callback("step", "finalize", "code", "code-1", "returnUrl", marketURL),
		"finalize, wrong state":      callback("step", "finalize", "code", "code-1", "state", "x", "returnUrl", marketURL),
	} {
		t.Run(name, func(t *testing.T) {
			wantPage(t, web.open(link), http.StatusBadRequest)
			b.wantNoExchange(t)
		})
	}
	t.Run("finalize, other browser", func(t *testing.T) {
		wantPage(t, newBrowser(b.app).open(callback("step", "finalize", "code", "code-1", "state", state(), "returnUrl", marketURL)), http.StatusBadRequest)
		b.wantNoExchange(t)
	})
	// An install that began here ends here, whatever the callback's query says.
	wantRedirect(t, web.open(callback("code", "code-1", "state", own, "returnUrl", marketURL)), "/own")
}
