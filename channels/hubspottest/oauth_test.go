package hubspottest_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestOAuthInstall(t *testing.T) {
	for _, version := range []string{"2026-09", "2026-03", "v3"} {
		t.Run(version, func(t *testing.T) {
			b := newBench(t, hubspottest.Config{})
			token := "/oauth/" + version + "/token"

			back := b.authorize(portalID, "allow", "conversations.read")
			if got := back.Query().Get("state"); got != "s t&te" {
				t.Errorf("state came back as %q", got)
			}
			if b.Installed(portalID) {
				t.Error("the app counts as installed before the code was exchanged")
			}
			exchange := b.grantForm("authorization_code", url.Values{"code": {back.Query().Get("code")}, "redirect_uri": {redirectURL}})
			first := b.want(b.send("POST", token, exchange), http.StatusOK)
			access, refresh := first.text("access_token"), first.text("refresh_token")
			diff(t, "token answer", object{
				"token_type": "bearer", "token_use": "access_token", "access_token": access, "refresh_token": refresh,
				"expires_in": 1800.0, "hub_id": float64(portalID), "user_id": 2620022.0, "scopes": []any{"conversations.read", "oauth"},
			}, first.body)
			if !b.Installed(portalID) {
				t.Error("the app is not installed after the exchange")
			}
			b.want(b.send("POST", token, exchange), http.StatusBadRequest) // a code works once

			info := b.want(b.send("POST", token+"/introspect", b.grantForm("", url.Values{"token": {access}})), http.StatusOK)
			if info.body["active"] != true || info.body["hub_id"] != float64(portalID) || info.text("token_use") != "access_token" {
				t.Errorf("introspection says %v", info)
			}

			again := b.want(b.send("POST", token, b.grantForm("refresh_token", url.Values{"refresh_token": {refresh}})), http.StatusOK)
			if _, named := again.body["hub_id"]; named || again.text("refresh_token") == refresh || again.text("access_token") == access {
				t.Errorf("refresh answered %v", again)
			}

			refresh = again.text("refresh_token")
			b.want(b.send("POST", token+"/revoke", b.grantForm("", url.Values{"token": {refresh}})), http.StatusNoContent)
			dead := b.want(b.send("POST", token, b.grantForm("refresh_token", url.Values{"refresh_token": {refresh}})), http.StatusBadRequest)
			if dead.text("error") != "invalid_grant" || dead.text("status") != "BAD_REFRESH_TOKEN" {
				t.Errorf("a revoked refresh token is answered %v", dead)
			}
			b.token = again.text("access_token") // lives on
			b.want(b.call("GET", helpers+"/inboxes", nil), http.StatusOK)
		})
	}
}

func TestRefreshTokenRotation(t *testing.T) {
	// The tokens are numbered in the order in which they were given, 0 being
	// that of the install; a step refreshes with one of them.
	type step struct {
		with   int
		status int
	}
	for _, tt := range []struct {
		name     string
		readings hubspottest.Readings
		steps    []step
		tokens   int // different ones
	}{
		{"rotates", hubspottest.Readings{}, []step{{0, 200}, {0, 200}, {1, 200}, {0, 400}, {2, 200}, {3, 200}, {1, 400}, {5, 200}}, 7},
		{"stays", hubspottest.Readings{RefreshTokenStays: true}, []step{{0, 200}, {0, 200}, {1, 200}}, 1},
		{"ends at once", hubspottest.Readings{RefreshTokenEnds: true}, []step{{0, 200}, {0, 400}, {1, 200}, {1, 400}, {2, 200}}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, hubspottest.Config{Readings: tt.readings})
			code := b.authorize(portalID, "allow", "oauth").Query().Get("code")
			first := b.want(b.send("POST", "/oauth/2026-09/token", b.grantForm("authorization_code", url.Values{"code": {code}, "redirect_uri": {redirectURL}})), http.StatusOK)
			tokens := []string{first.text("refresh_token")}
			for i, s := range tt.steps {
				a := b.want(b.send("POST", "/oauth/2026-09/token", b.grantForm("refresh_token", url.Values{"refresh_token": {tokens[s.with]}})), s.status)
				if s.status == http.StatusOK {
					tokens = append(tokens, a.text("refresh_token"))
				} else if a.text("error") != "invalid_grant" {
					t.Errorf("step %d answered %v", i, a)
				}
			}
			slices.Sort(tokens)
			if got := len(slices.Compact(tokens)); got != tt.tokens {
				t.Errorf("%d different refresh tokens, want %d", got, tt.tokens)
			}
		})
	}
}

func TestOAuthRefusals(t *testing.T) {
	b := newBench(t, hubspottest.Config{})
	code := b.authorize(portalID, "allow", "oauth").Query().Get("code")
	valid := b.grantForm("authorization_code", url.Values{"code": {code}, "redirect_uri": {redirectURL}})
	changed := func(key, value string) url.Values {
		f := url.Values{}
		for k, v := range valid {
			f[k] = v
		}
		f.Set(key, value)
		return f
	}
	for _, tt := range []struct {
		name   string
		body   any
		query  string
		status int
		error  string
	}{
		{name: "JSON", body: object{"grant_type": "authorization_code"}, status: 415},
		{name: "parameters in the query", body: url.Values{}, query: "?" + valid.Encode(), status: 400, error: "invalid_request"},
		{name: "other client", body: changed("client_id", "x"), status: 400, error: "invalid_request"},
		{name: "wrong secret", body: changed("client_secret", "x"), status: 400, error: "invalid_client"},
		{name: "unknown code", body: changed("code", "x"), status: 400, error: "invalid_grant"},
		{name: "other redirect URL", body: changed("redirect_uri", "http://localhost/else"), status: 400, error: "invalid_grant"},
		{name: "unknown grant type", body: changed("grant_type", "password"), status: 400, error: "unsupported_grant_type"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.send("POST", "/oauth/2026-09/token"+tt.query, tt.body)
			if a.status != tt.status || a.text("error") != tt.error || tt.error != "" && a.text("message") == "" {
				t.Errorf("got %v", a)
			}
		})
	}
	b.want(b.send("POST", "/oauth/2026-09/token", valid), http.StatusOK)
}

func TestOAuthConsentPage(t *testing.T) {
	const registered = "https://app.example.test/callback"
	b := newBench(t, hubspottest.Config{AppName: "Acme <App>", RedirectURLs: []string{registered}})
	query := func(change func(url.Values)) string {
		q := url.Values{"client_id": {b.ClientID()}, "redirect_uri": {registered}, "scope": {"oauth files"}}
		change(q)
		return "/oauth/authorize?" + q.Encode()
	}
	for _, tt := range []struct {
		name   string
		path   string
		status int
		shows  string
	}{
		{"good", query(func(url.Values) {}), 200, "Acme &lt;App&gt;"},
		{"account in the path", strings.Replace(query(func(url.Values) {}), "/oauth/", "/oauth/24681012/", 1), 200, `value="24681012"`},
		{"unknown account", strings.Replace(query(func(url.Values) {}), "/oauth/", "/oauth/1/", 1), 404, "no account"},
		{"unknown client", query(func(q url.Values) { q.Set("client_id", "x") }), 400, "client_id"},
		{"unregistered redirect", query(func(q url.Values) { q.Set("redirect_uri", "https://evil.test/") }), 400, "redirect_uri"},
		{"no scope", query(func(q url.Values) { q.Del("scope") }), 400, "scope"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.send("GET", tt.path, nil)
			if a.status != tt.status || !strings.Contains(a.raw, tt.shows) {
				t.Errorf("got %v, want %d with %q", a, tt.status, tt.shows)
			}
		})
	}
}

// TestOAuthInstaller: only a super-admin installs an app; others are told whom
// to ask, and can choose again.
func TestOAuthInstaller(t *testing.T) {
	b := newBench(t, hubspottest.Config{})
	if err := b.AddPortal(otherPortal, "Other & Co"); err != nil {
		t.Fatal(err)
	}
	for _, u := range []hubspottest.User{{Agent: hubspottest.Agent{ActorID: "A-7", Name: "Kim Root", Email: "kim@example.test"}, SuperAdmin: true}, {Agent: hubspottest.Agent{ActorID: "A-2620022", Name: "Robin Hale"}}} {
		if err := b.SetUser(otherPortal, u); err != nil {
			t.Fatal(err)
		}
	}
	ask := url.Values{"client_id": {b.ClientID()}, "redirect_uri": {redirectURL}, "scope": {"oauth files"}, "optional_scope": {"tickets"}, "state": {"s"}}
	page := b.want(b.send("GET", "/oauth/authorize?"+ask.Encode(), nil), http.StatusOK)
	for _, shown := range []string{
		`<option value="A-2620022" selected>Robin Hale, super-admin</option>`, `<option value="A-7" selected>Kim Root, super-admin</option>`,
		`<option value="A-2620024" class="may-not">Jo Lind</option>`, "Other &amp; Co", "Read and upload files", "optional",
	} {
		if !strings.Contains(page.raw, shown) {
			t.Errorf("the page lacks %s", shown)
		}
	}
	for _, tt := range []struct {
		name, portal, field, user string
		status                    int
		says                      string // in the page
		id                        float64
	}{
		{"the first super-admin", "24681012", "", "", http.StatusSeeOther, "", 2620022},
		{"the first super-admin of another account", "97531", "", "", http.StatusSeeOther, "", 7},
		{"a super-admin", "97531", "user-97531", "A-7", http.StatusSeeOther, "", 7},
		{"somebody of the other account", "24681012", "user-97531", "A-2620024", http.StatusSeeOther, "", 2620022},
		{"no super-admin", "24681012", "user-24681012", "A-2620023", http.StatusForbidden, "You are Noor Adams. Only a super-admin installs apps: ask Robin Hale.", 0},
		{"no super-admin there", "97531", "user-97531", "A-2620022", http.StatusForbidden, "You are Robin Hale. Only a super-admin installs apps: ask Kim Root.", 0},
		{"nobody", "24681012", "user-24681012", "A-1", http.StatusBadRequest, "no user", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			form := url.Values{"decision": {"allow"}, "portal": {tt.portal}}
			maps.Copy(form, ask)
			if tt.field != "" {
				form.Set(tt.field, tt.user)
			}
			a := b.want(b.send("POST", "/oauth/authorize", form), tt.status)
			if !strings.Contains(a.raw, tt.says) {
				t.Errorf("got %v, want it to say %q", a, tt.says)
			}
			if tt.status == http.StatusForbidden && !strings.Contains(a.raw, `<option value="`+tt.user+`" selected`) {
				t.Error("the page has forgotten what was chosen")
			}
			if tt.status != http.StatusSeeOther {
				return
			}
			to, err := url.Parse(a.header.Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			got := b.want(b.send("POST", "/oauth/2026-09/token", b.grantForm("authorization_code",
				url.Values{"code": {to.Query().Get("code")}, "redirect_uri": {redirectURL}})), http.StatusOK)
			if got.body["user_id"] != tt.id {
				t.Errorf("the user is %v, want %v", got.body["user_id"], tt.id)
			}
			token := got.text("access_token")
			email := map[float64]string{2620022: "agent@example.test", 7: "kim@example.test"}[tt.id]
			told := b.want(b.send("POST", "/oauth/2026-09/token/introspect", b.grantForm("", url.Values{"token": {token}})), http.StatusOK)
			old := b.want(b.send("GET", "/oauth/v1/access-tokens/"+token, nil), http.StatusOK)
			if told.text("user") != email || old.text("user") != email {
				t.Errorf("the token is told to be of %s, and by v1 of %s, want %s", told.text("user"), old.text("user"), email)
			}
		})
	}
	one := strings.Replace("/oauth/authorize?"+ask.Encode(), "/oauth/", "/oauth/97531/", 1)
	only := b.send("GET", one, nil).raw
	refused := b.send("POST", "/oauth/authorize", url.Values{
		"client_id": ask["client_id"], "redirect_uri": ask["redirect_uri"], "scope": ask["scope"], "decision": {"allow"},
		"portal": {"97531"}, "only": {"97531"}, "user-97531": {"A-2620023"},
	})
	if strings.Contains(only, "24681012") || strings.Contains(refused.raw, "24681012") {
		t.Error("another account is offered than the link's")
	}
}

func TestOAuthDeny(t *testing.T) {
	b := newBench(t, hubspottest.Config{})
	if q := b.authorize(portalID, "deny", "oauth").Query(); q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("denying leads to %v", q)
	}
}

func TestOAuthConsentIsNotForOtherSites(t *testing.T) {
	b := newBench(t, hubspottest.Config{})
	b.want(b.send("POST", "/oauth/authorize", url.Values{"decision": {"allow"}}, "Origin", "https://evil.test"), http.StatusForbidden)
}

func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInstalled(t, hubspottest.Config{})
		code := b.authorize(portalID, "allow", "oauth").Query().Get("code")
		time.Sleep(30*time.Minute + 7*time.Second)

		late := b.want(b.call("GET", helpers+"/inboxes", nil), http.StatusUnauthorized)
		if late.text("category") != "EXPIRED_AUTHENTICATION" || !strings.Contains(late.text("message"), "expired 7 second(s) ago") {
			t.Errorf("got %v", late)
		}
		if context, _ := late.body["context"].(object); context["expire time"] == nil {
			t.Errorf("the answer lacks the expire time: %v", late)
		}
		stale := b.send("POST", "/oauth/v3/token", b.grantForm("authorization_code", url.Values{"code": {code}, "redirect_uri": {redirectURL}}))
		if stale.text("status") != "EXPIRED_AUTH_CODE" {
			t.Errorf("got %v", stale)
		}
		gone := b.send("POST", "/oauth/v3/token/introspect", b.grantForm("", url.Values{"token": {b.token}}))
		diff(t, "introspection of an expired token", object{"active": false}, gone.body)
	})
}

func TestScopesAndUninstall(t *testing.T) {
	b := newInstalled(t, hubspottest.Config{})
	b.token = b.install(portalID, "conversations.read")
	b.want(b.call("GET", helpers+"/inboxes", nil), http.StatusOK)
	a := b.want(b.call("POST", "/files/v3/files", "x"), http.StatusForbidden)
	required := a.body["errors"].([]any)[0].(object)["context"].(object)["requiredScopes"].([]any)
	if a.text("category") != "MISSING_SCOPES" || !slices.Contains(required, any("files")) {
		t.Errorf("got %v", a)
	}
	if err := b.Uninstall(portalID); err != nil {
		t.Fatal(err)
	}
	gone := b.want(b.call("GET", helpers+"/inboxes", nil), http.StatusUnauthorized)
	if gone.header.Get("X-HubSpot-Auth-Failure") == "" || gone.header.Get("X-HubSpot-Correlation-Id") != gone.text("correlationId") {
		t.Errorf("got headers %v", gone.header)
	}
	if err := b.Uninstall(portalID); err == nil {
		t.Error("uninstalling twice is no error")
	}

	b.token = b.install(portalID, "oauth")
	b.want(b.call("DELETE", "/appinstalls/2026-09/external-install", nil), http.StatusNoContent)
	b.want(b.call("DELETE", "/appinstalls/2026-09/external-install", nil), http.StatusUnauthorized)
	if b.Installed(portalID) {
		t.Error("the app is installed after it uninstalled itself")
	}
}
