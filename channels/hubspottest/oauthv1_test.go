package hubspottest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// The first version of OAuth, which HubSpot's own libraries call.
func TestOAuthV1(t *testing.T) {
	b := newBench(t, hubspottest.Config{})
	const token = "/oauth/v1/token"
	code := b.authorize(portalID, "allow", "conversations.read").Query().Get("code")
	first := b.want(b.send("POST", token, b.grantForm("authorization_code", url.Values{"code": {code}, "redirect_uri": {redirectURL}})), http.StatusOK)
	access, refresh := first.text("access_token"), first.text("refresh_token")
	diff(t, "token answer", object{
		"token_type": "bearer", "token_use": "access_token", "access_token": access, "refresh_token": refresh, "expires_in": 1800.0,
	}, first.body)

	known := object{"hub_id": float64(portalID), "user_id": 2620022.0, "scopes": []any{"conversations.read", "oauth"}}
	for _, test := range []struct {
		path string
		more object
	}{
		{"/oauth/v1/access-tokens/" + access, object{"token": access, "token_type": "access", "app_id": float64(b.AppID()), "expires_in": 1799.0}},
		{"/oauth/v1/refresh-tokens/" + refresh, object{"token": refresh, "token_type": "refresh", "client_id": b.ClientID()}},
	} {
		got := b.want(b.send("GET", test.path, nil), http.StatusOK)
		for name, value := range known {
			test.more[name] = value
		}
		if left, ok := got.body["expires_in"].(float64); ok && left > 1700 {
			got.body["expires_in"] = 1799.0 // a moment has passed
		}
		for _, name := range []string{"hub_domain", "user"} {
			if got.text(name) == "" {
				t.Errorf("%s lacks %s", test.path, name)
			}
			delete(got.body, name)
		}
		diff(t, test.path, test.more, got.body)
	}
	b.want(b.send("GET", "/oauth/v1/access-tokens/"+refresh, nil), http.StatusNotFound)

	// Parameters may stand in the query, too.
	again := b.want(b.send("POST", token+"?"+b.grantForm("refresh_token", url.Values{"refresh_token": {refresh}}).Encode(), url.Values{}), http.StatusOK)
	refresh = again.text("refresh_token")
	b.want(b.send("DELETE", "/oauth/v1/refresh-tokens/"+refresh, nil), http.StatusNoContent)
	dead := b.want(b.send("POST", token, b.grantForm("refresh_token", url.Values{"refresh_token": {refresh}})), http.StatusBadRequest)
	if dead.text("status") != "BAD_REFRESH_TOKEN" {
		t.Errorf("a revoked refresh token is answered %v", dead)
	}
}
