package oauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
	"golang.org/x/oauth2"
)

// dump prints v in every way that a careless program might.
func dump(out *bytes.Buffer, v any) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(out, verb+"\n", v)
	}
	_ = json.NewEncoder(out).Encode(v)
	slog.New(slog.NewTextHandler(out, nil)).Info("m", "v", v)
	slog.New(slog.NewJSONHandler(out, nil)).Info("m", "v", v)
}

func wantNone(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), url.QueryEscape(secret)} {
			if strings.Contains(text, form) {
				t.Errorf("the secret %q shows in:\n%s", secret, text)
				return
			}
		}
	}
}

func TestNothingPrintsSecrets(t *testing.T) {
	in := oauth.Install{
		ClientID: clientID, PortalID: portalID, Data: "sealed-data", Scopes: []string{"oauth"},
		Token: &oauth2.Token{AccessToken: "access-token", RefreshToken: "refresh-token"},
	}
	app := &oauth.App{ClientID: clientID, ClientSecret: clientSecret}
	req := oauth.InstallRequest{PortalID: portalID, Data: "sealed-data", ReturnTo: "/connect?accountToken=account-token"}
	for _, v := range []any{
		in, &in, []oauth.Install{in}, map[string]any{"in": in}, struct{ In oauth.Install }{in},
		app, struct{ App *oauth.App }{app}, app.Portal(portalID), *app.Portal(portalID), req, &req,
	} {
		var out bytes.Buffer
		dump(&out, v)
		wantNone(t, out.String(), "access-token", "refresh-token", clientSecret, "sealed-data", "account-token")
	}
	for v, want := range map[fmt.Stringer]string{
		app:                  "oauth.App(client-1)",
		app.Portal(portalID): "oauth.Portal(24681012, client-1)",
		&in:                  "oauth.Install(portal 24681012, client client-1, user 0, scopes [oauth], installed 0001-01-01T00:00:00Z, revision 0)",
	} {
		if got := fmt.Sprintf("%+v", v); got != want {
			t.Errorf("%%+v is %q, want %q", got, want)
		}
	}
}

// Every path on which something is said is walked with secrets that stand out, and all that was said is searched.
func TestSecretsAppearNowhere(t *testing.T) {
	const code, access, refresh, data = "code-c0de0001", "access-acce5501", "refresh-4ef4e501", "data-da7a0001"
	secrets := []string{clientSecret, code, access, refresh, data}
	echo := func(status int) func(http.ResponseWriter, url.Values) bool {
		return func(w http.ResponseWriter, form url.Values) bool {
			all := form.Encode() + " " + strings.Join([]string{form.Get("code"), form.Get("refresh_token"), form.Get("client_secret")}, " ")
			w.Header().Set("Location", "https://elsewhere.example/?"+all)
			refuse(w, status, fmt.Sprintf(`{"error":"invalid_grant","error_description":%q,"status":%q,"message":%q,"correlationId":%q}`, all, all, all, all))
			return true
		}
	}
	good := func(w http.ResponseWriter, _ url.Values) bool {
		refuse(w, 200, fmt.Sprintf(`{"access_token":%q,"refresh_token":%q,"expires_in":1800,"hub_id":%d,"scopes":["oauth"]}`, access, refresh, portalID))
		return true
	}
	for _, version := range []oauth.Version{oauth.Version202609, oauth.VersionV1} {
		for name, answer := range map[string]func(http.ResponseWriter, url.Values) bool{
			"good": good, "400": echo(400), "401": echo(401), "302": echo(302), "500": echo(500),
			"garbage": func(w http.ResponseWriter, _ url.Values) bool { refuse(w, 200, refresh+access); return true },
			"wrong types": func(w http.ResponseWriter, _ url.Values) bool {
				refuse(w, 200, fmt.Sprintf(`{"access_token":[%q],"scopes":{%q:1}}`, access, refresh))
				return true
			},
		} {
			t.Run(fmt.Sprint(version, " ", name), func(t *testing.T) {
				var said bytes.Buffer
				b := setup(func(a *oauth.App) {
					a.Version = version
					a.OnInstall = func(_ context.Context, in *oauth.Install) error { dump(&said, in); return nil }
					a.OnUninstall = func(_ context.Context, in *oauth.Install) error { return fmt.Errorf("%+v", in) }
				})
				b.hub.answer = answer
				walk(t, b, &said, code, access, refresh, data)
				wantNone(t, said.String()+b.log.String(), secrets...)
			})
		}
	}
}

// walk installs, refreshes, introspects, revokes and uninstalls, whatever comes of it.
func walk(t *testing.T, b *bench, said *bytes.Buffer, code, access, refresh, data string) {
	web := start(b.app, oauth.InstallRequest{Data: data})
	resp := web.open(site + "/start")
	fmt.Fprintln(said, resp.Header)
	target, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	resp = web.open(callback("code", code, "state", target.Query().Get("state")))
	_, _ = said.ReadFrom(resp.Body)
	p := b.app.Portal(portalID)
	for _, left := range []time.Duration{-time.Minute, time.Hour} {
		_ = b.store.SaveInstall(t.Context(), &oauth.Install{
			ClientID: clientID, PortalID: portalID,
			Token: &oauth2.Token{AccessToken: access, RefreshToken: refresh, Expiry: time.Now().Add(left)},
		})
		_, err = p.Token(t.Context())
		say(said, err)
		info, err := p.Introspect(t.Context())
		say(said, err)
		dump(said, info)
		_, err = p.Refresh(t.Context(), &oauth2.Token{AccessToken: access})
		say(said, err)
		say(said, p.Uninstall(t.Context()))
		say(said, p.Revoke(t.Context()))
	}
	b.app.HTTPClient.Transport = failing{}
	_, err = p.Introspect(t.Context())
	say(said, err)
	say(said, p.Revoke(t.Context()))
}

func say(out *bytes.Buffer, err error) {
	for ; err != nil; err = errors.Unwrap(err) {
		dump(out, err)
	}
}
