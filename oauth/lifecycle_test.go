package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
	"github.com/google/go-cmp/cmp"
)

func TestIntrospect(t *testing.T) {
	for name, version := range map[string]oauth.Version{"default": "", "v1": oauth.VersionV1} {
		t.Run(name, func(t *testing.T) {
			b := setup(func(a *oauth.App) { a.Version = version })
			b.install(-time.Minute)
			got, err := b.app.Portal(portalID).Introspect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := &oauth.TokenInfo{
				Active: true, ClientID: clientID, AppID: 5, PortalID: portalID, PortalDomain: "acme.example",
				UserID: 77, User: "robin@acme.example", Scopes: oauth.ChannelScopes(), ExpiresIn: 1790 * time.Second,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("TokenInfo (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIntrospectOfADeadToken(t *testing.T) {
	b := setup()
	b.install(30 * time.Minute)
	b.hub.access = nil
	got, err := b.app.Portal(portalID).Introspect(t.Context())
	if err != nil || got.Active {
		t.Errorf("Introspect = %v, %v; want it inactive", got, err)
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[oauth.Version]string{
		"":                  "POST api.hubapi.com/oauth/2026-09/token refresh_token",
		oauth.Version202609: "POST api.hubapi.com/oauth/2026-09/token refresh_token",
		oauth.Version202603: "POST api.hubapi.com/oauth/2026-03/token refresh_token",
		oauth.VersionV3:     "POST api.hubapi.com/oauth/v3/token refresh_token",
		oauth.VersionV1:     "POST api.hubapi.com/oauth/v1/token refresh_token",
	} {
		b := setup(func(a *oauth.App) { a.Version = version })
		b.install(-time.Minute)
		b.token(t)
		if got := b.hub.requests[0]; got != want {
			t.Errorf("version %q: %s, want %s", version, got, want)
		}
	}
}

// ending is what Revoke and Uninstall have in common.
type ending struct {
	name    string
	end     func(*oauth.Portal, context.Context) error
	request string
}

var endings = []ending{
	{"Revoke", (*oauth.Portal).Revoke, "POST api.hubapi.com/oauth/2026-09/token/revoke "},
	{"Uninstall", (*oauth.Portal).Uninstall, "DELETE api.hubapi.com/appinstalls/2026-09/external-install "},
}

func TestEnding(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			var told []int64
			b := setup(func(a *oauth.App) {
				a.OnUninstall = func(_ context.Context, in *oauth.Install) error {
					told = append(told, in.PortalID)
					return nil
				}
			})
			b.install(30 * time.Minute)
			b.token(t) // known in memory
			p := b.app.Portal(portalID)
			for range 2 { // the second time there is nothing to do
				if err := e.end(p, t.Context()); err != nil {
					t.Errorf("%s: %v", e.name, err)
				}
			}
			if diff := cmp.Diff([]string{e.request}, b.hub.requests); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if _, ok := b.hub.refresh["refresh-0"]; ok {
				t.Error("HubSpot still has the refresh token")
			}
			if _, err := p.Token(t.Context()); !errors.Is(err, oauth.ErrUninstalled) {
				t.Errorf("Token = %v, want ErrUninstalled", err)
			}
			if in := b.stored(t); in.Gone == "" || in.Token != nil {
				t.Errorf("stored %v, want it gone and without token", in)
			}
			if diff := cmp.Diff([]int64{portalID}, told); diff != "" {
				t.Errorf("OnUninstall (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEndingFails(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			b := setup()
			p := b.app.Portal(portalID)
			if err := e.end(p, t.Context()); !errors.Is(err, oauth.ErrNotInstalled) {
				t.Errorf("without an install: %v, want ErrNotInstalled", err)
			}
			b.install(30 * time.Minute)
			b.app.HTTPClient.Transport = failing{}
			if err := e.end(p, t.Context()); !errors.Is(err, errUnreachable) {
				t.Errorf("without a network: %v", err)
			}
			if in := b.stored(t); in.Gone != "" || in.Token == nil {
				t.Errorf("stored %v, want it alive", in)
			}
		})
	}
}

var errUnreachable = errors.New("network is unreachable")

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errUnreachable }

func TestUninstallWithAnExpiredToken(t *testing.T) {
	b := setup()
	b.install(30 * time.Minute)
	delete(b.hub.access, "access-0")
	if err := b.app.Portal(portalID).Uninstall(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wantRefreshes(t, 1)
	if b.stored(t).Gone == "" {
		t.Error("the install is not gone")
	}
}

func TestUninstallOfWhatTheAdminRemoved(t *testing.T) {
	b := setup()
	b.install(-time.Minute)
	b.hub.refresh = nil
	if err := b.app.Portal(portalID).Uninstall(t.Context()); err != nil {
		t.Errorf("Uninstall = %v, want nil: it is gone", err)
	}
}

func TestErrorTellsMore(t *testing.T) {
	b := setup()
	b.install(-time.Minute)
	b.hub.answer = func(w http.ResponseWriter, form url.Values) bool {
		w.Header().Set("Retry-After", "7")
		refuse(w, http.StatusTooManyRequests, `{"message":"slow down, `+form.Get("refresh_token")+`","status":"error","correlationId":"c-1"}`)
		return true
	}
	_, err := b.app.Portal(portalID).Token(t.Context())
	var got *oauth.Error
	if !errors.As(err, &got) {
		t.Fatalf("Token = %v, want an *Error", err)
	}
	want := &oauth.Error{StatusCode: 429, Description: "slow down, [redacted]", Status: "error", CorrelationID: "c-1", RetryAfter: 7 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Error (-want +got):\n%s", diff)
	}
	if want := "HubSpot answered 429 error: slow down, [redacted] (correlation id c-1)"; got.Error() != want {
		t.Errorf("Error() = %q, want %q", got.Error(), want)
	}
}
