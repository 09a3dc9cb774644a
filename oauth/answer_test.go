package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
)

// FuzzTokenAnswer feeds answers of the token endpoint to a refresh and to an install. Whatever they say, a token comes
// out that can be sent and that ends, or nothing is stored.
func FuzzTokenAnswer(f *testing.F) {
	f.Add(200, `{"access_token":"a","refresh_token":"r","expires_in":1800,"hub_id":24681012,"scopes":["oauth"]}`)
	f.Add(200, `{"access_token":"a","expires_in":"1800","scopes":"oauth files","hub_id":"24681012"}`)
	f.Add(200, `{"access_token":"a\r\nX: y","expires_in":-1}`)
	f.Add(200, `{"access_token":"a","expires_in":1e400,"hub_id":{}}`)
	f.Add(200, ``)
	f.Add(400, `{"error":"invalid_grant","error_description":"refresh token is invalid, expired or revoked"}`)
	f.Add(400, `{"error":{"a":1},"message":"missing or invalid refresh token"}`)
	f.Add(503, `<html>`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		b := setup()
		b.install(-time.Minute)
		b.hub.answer = func(w http.ResponseWriter, _ url.Values) bool {
			refuse(w, status, body)
			return true
		}
		before := b.stored(t)
		token, err := b.app.Portal(portalID).Token(t.Context())
		after := b.stored(t)
		switch {
		case err != nil && after.Gone == "" && after.Revision != before.Revision:
			t.Errorf("Token failed with %v, but the install was replaced", err)
		case err == nil:
			if strings.ContainsFunc(token.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("the token %q cannot stand in a header", token.AccessToken)
			}
			if left := time.Until(token.Expiry); left > 24*time.Hour || token.AccessToken == "" {
				t.Errorf("token %q with %v left", token.AccessToken, left)
			}
			if after.Token.RefreshToken == "" || after.PortalID != portalID || after.Scopes == nil {
				t.Errorf("stored %v lost what it had", after)
			}
		}

		web := newBrowser(b.app)
		state := web.begin(t, "/hubspot/install").Get("state")
		resp := web.open(callback("code", "code-1", "state", state))
		if resp.StatusCode/100 == 3 {
			t.Errorf("the callback redirects to %s", resp.Header.Get("Location"))
		}
	})
}

func TestMissingScopes(t *testing.T) {
	app := &oauth.App{Scopes: []string{"oauth", "a", "b"}, OptionalScopes: []string{"c", "b"}}
	for _, tt := range []struct {
		granted []string
		want    int
	}{
		{nil, 0}, // not known
		{[]string{}, 3},
		{[]string{"a", "c"}, 1},
		{[]string{"c", "b", "a", "more"}, 0},
	} {
		if got := app.MissingScopes(&oauth.Install{Scopes: tt.granted}); len(got) != tt.want {
			t.Errorf("with %q granted, %q are missing, want %d", tt.granted, got, tt.want)
		}
	}
}
