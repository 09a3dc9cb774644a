package oauth_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
)

func fetch(t *testing.T, client *http.Client, method, target string, body io.Reader) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if req.Header.Get("Authorization") != "" {
		t.Error("the caller's request was changed")
	}
	return resp.StatusCode, string(got)
}

func TestClient(t *testing.T) {
	const target = "https://api.hubapi.com/crm/v3/objects/contacts"
	tests := []struct {
		name      string
		body      func() io.Reader
		expire    bool // the access token is refused
		status    int
		want      string
		refreshes int
	}{
		{"token works", func() io.Reader { return strings.NewReader("hello") }, false, 200, "portal 24681012 hello", 0},
		{"token refused", func() io.Reader { return nil }, true, 200, "portal 24681012 ", 1},
		{"token refused, body sent again", func() io.Reader { return strings.NewReader("hello") }, true, 200, "portal 24681012 hello", 1},
		{"token refused, body gone", func() io.Reader { return io.MultiReader(strings.NewReader("hello")) }, true, 401, `{"status":"error","category":"EXPIRED_AUTHENTICATION"}`, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := setup()
			b.install(30 * time.Minute)
			if tt.expire {
				delete(b.hub.access, "access-0")
			}
			status, got := fetch(t, b.app.Portal(portalID).Client(), http.MethodPost, target, tt.body())
			if status != tt.status || got != tt.want {
				t.Errorf("answered %d %q, want %d %q", status, got, tt.status, tt.want)
			}
			b.wantRefreshes(t, tt.refreshes)
		})
	}
}

// HubSpot refuses every token, the newest too.
func TestClientDoesNotStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(30 * time.Minute)
		b.hub.access = nil
		b.hub.answer = func(w http.ResponseWriter, _ url.Values) bool {
			refuse(w, 200, fmt.Sprintf(`{"access_token":"never-good-%d","expires_in":1800}`, b.hub.count(refreshes)))
			return true
		}
		client := b.app.Portal(portalID).Client()
		for second := range 30 {
			for range 10 {
				if status, _ := fetch(t, client, http.MethodGet, "https://api.hubapi.com/x", nil); status != http.StatusUnauthorized {
					t.Errorf("answered %d, want 401", status)
				}
			}
			b.wantRefreshes(t, 1+second/10)
			time.Sleep(time.Second)
		}
	})
}

func TestClientOfAnUninstalledPortal(t *testing.T) {
	b := setup()
	b.install(30 * time.Minute)
	b.hub.access, b.hub.refresh = nil, nil
	_, err := b.app.Portal(portalID).Client().Get("https://api.hubapi.com/x")
	if !errors.Is(err, oauth.ErrUninstalled) {
		t.Errorf("Get = %v, want ErrUninstalled", err)
	}
}

func TestClientSendsTokensToTheAPIOnly(t *testing.T) {
	for _, tt := range []struct {
		base, target string
		sent         bool
	}{
		{"", "https://api.hubapi.com/x", true},
		{"", "https://api-eu1.hubapi.com/x", true},
		{"", "https://api.hubspot.com/x", true},
		{"", "http://api.hubapi.com/x", false},
		{"", "https://api.hubapi.com.evil.example/x", false},
		{"", "https://24681012.fs1.hubspotusercontent-na1.net/x", false},
		{"http://127.0.0.1:8081", "http://127.0.0.1:8081/x", true},
		{"http://127.0.0.1:8081", "http://127.0.0.1:8080/x", false},
		{"http://127.0.0.1:8081", "https://api.hubapi.com/x", false},
	} {
		b := setup(func(a *oauth.App) { a.BaseURL = tt.base })
		b.install(30 * time.Minute)
		status, _ := fetch(t, b.app.Portal(portalID).Client(), http.MethodGet, tt.target, nil)
		if sent := status == http.StatusOK; sent != tt.sent {
			t.Errorf("with base %q, a request to %s had the token: %v, want %v", tt.base, tt.target, sent, tt.sent)
		}
	}
}
