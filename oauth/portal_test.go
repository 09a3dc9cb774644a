package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
	"golang.org/x/oauth2"
)

const refreshes = "/oauth/2026-09/token refresh_token"

func (b *bench) wantRefreshes(t *testing.T, want int) {
	t.Helper()
	if got := b.hub.count(refreshes); got != want {
		t.Errorf("%d refreshes, want %d", got, want)
	}
}

func TestTokenRefreshesAheadOfExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(30 * time.Minute)
		for _, step := range []struct {
			wait time.Duration
			want string
		}{
			{0, "access-0"},
			{24*time.Minute + 59*time.Second, "access-0"},
			{2 * time.Second, "access-1"}, // five minutes before the end
			{24 * time.Minute, "access-1"},
			{24 * time.Hour, "access-2"}, // long after it
		} {
			time.Sleep(step.wait)
			if got := b.token(t); got != step.want {
				t.Errorf("%v later the token is %s, want %s", step.wait, got, step.want)
			}
		}
		in := b.stored(t)
		if in.Token.AccessToken != "access-2" || in.Token.RefreshToken != "refresh-2" {
			t.Errorf("stored %s with %s, want the latest pair", in.Token.AccessToken, in.Token.RefreshToken)
		}
	})
}

func TestTokenHidesTheRefreshToken(t *testing.T) {
	b := setup()
	b.install(-time.Minute)
	token, err := b.app.Portal(portalID).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if token.RefreshToken != "" {
		t.Error("whoever calls the API got the refresh token too")
	}
	token.AccessToken = "changed"
	if got := b.token(t); got != "access-1" {
		t.Errorf("a caller could change the token of others to %s", got)
	}
}

func TestManyCallersOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(-time.Minute)
		b.hub.delay = time.Second
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				token, err := b.app.Portal(portalID).Token(t.Context())
				if err != nil || token.AccessToken != "access-1" {
					t.Errorf("Token = %v, %v", token, err)
				}
			})
		}
		wg.Wait()
		b.wantRefreshes(t, 1)
	})
}

func TestManyRefusedCallersOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(30 * time.Minute)
		b.hub.delay = time.Second
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				p := b.app.Portal(portalID)
				token, err := p.Token(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if token.AccessToken == "access-1" {
					return // came after the refresh
				}
				token, err = p.Refresh(t.Context(), token)
				if err != nil || token.AccessToken != "access-1" {
					t.Errorf("Refresh = %v, %v", token, err)
				}
			})
		}
		wg.Wait()
		b.wantRefreshes(t, 1)
	})
}

func TestRefreshOfATokenThatIsNotCurrent(t *testing.T) {
	b := setup()
	b.install(30 * time.Minute)
	b.token(t)
	got, err := b.app.Portal(portalID).Refresh(t.Context(), &oauth2.Token{AccessToken: "older"})
	if err != nil || got.AccessToken != "access-0" {
		t.Errorf("Refresh = %v, %v; want the current token", got, err)
	}
	b.wantRefreshes(t, 0)
}

// Token has begun to load the stored token when it turns out that this one is refused.
func TestRefreshDuringAFlightThatDoesNotKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(30 * time.Minute)
		b.store.loading = func() { time.Sleep(time.Second) }
		go b.app.Portal(portalID).Token(t.Context())
		synctest.Wait()
		got, err := b.app.Portal(portalID).Refresh(t.Context(), &oauth2.Token{AccessToken: "access-0"})
		if err != nil || got.AccessToken != "access-1" {
			t.Errorf("Refresh = %v, %v; want another token than the refused one", got, err)
		}
	})
}

func TestRefreshFindsWhatAnotherProcessStored(t *testing.T) {
	b := setup()
	b.install(30 * time.Minute)
	refused, err := b.app.Portal(portalID).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := b.newApp()
	if _, err := other.Portal(portalID).Refresh(t.Context(), refused); err != nil {
		t.Fatal(err)
	}
	got, err := b.app.Portal(portalID).Refresh(t.Context(), refused)
	if err != nil || got.AccessToken != "access-1" {
		t.Errorf("Refresh = %v, %v; want access-1 from the store", got, err)
	}
	b.wantRefreshes(t, 1)
}

func TestTwoProcessesAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		other := b.newApp()
		b.install(-time.Minute)
		b.hub.delay = time.Second
		var wg sync.WaitGroup
		for _, app := range []*oauth.App{b.app, other} {
			wg.Go(func() {
				if _, err := app.Portal(portalID).Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		// Both asked HubSpot, and the slower one took over what the faster had stored.
		first, _ := b.app.Portal(portalID).Token(t.Context())
		second, _ := other.Portal(portalID).Token(t.Context())
		if stored := b.stored(t).Token.AccessToken; first.AccessToken != stored || second.AccessToken != stored {
			t.Errorf("the processes use %s and %s, stored is %s", first.AccessToken, second.AccessToken, stored)
		}
	})
}

// A refresh token that HubSpot refuses because another process has just used it says nothing about the install.
func TestLoserOfARotationIsNotUninstalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		other := b.newApp()
		b.install(-time.Minute)
		b.hub.rotate = true
		b.store.replaced = func() { time.Sleep(time.Second) } // the second refresh falls between the first and its storing
		var wg sync.WaitGroup
		for _, app := range []*oauth.App{b.app, other} {
			wg.Go(func() {
				token, err := app.Portal(portalID).Token(t.Context())
				if err != nil || token.AccessToken != "access-1" {
					t.Errorf("Token = %v, %v; want access-1", token, err)
				}
			})
			time.Sleep(100 * time.Millisecond)
		}
		wg.Wait()
		if gone := b.stored(t).Gone; gone != "" {
			t.Errorf("marked as gone: %s", gone)
		}
	})
}

func TestRefreshKeepsWhatTheAnswerDoesNotMention(t *testing.T) {
	b := setup()
	b.install(-time.Minute)
	b.hub.omit = []string{"refresh_token", "hub_id", "scopes", "user_id"}
	b.token(t)
	in := b.stored(t)
	if in.Token.RefreshToken != "refresh-0" || len(in.Scopes) == 0 || in.UserID != 77 || in.PortalID != portalID {
		t.Errorf("stored %v with %q, want what was there before", in, in.Token.RefreshToken)
	}
}

func TestInvalidGrantEndsTheInstall(t *testing.T) {
	for name, body := range map[string]string{
		"RFC 6749": `{"error":"invalid_grant","error_description":"refresh token is invalid, expired or revoked","status":"BAD_REFRESH_TOKEN"}`,
		"older":    `{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}`,
		"oldest":   `{"message":"missing or invalid refresh token"}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { invalidGrantEndsTheInstall(t, body) })
		})
	}
}

func invalidGrantEndsTheInstall(t *testing.T, refusal string) {
	var told []*oauth.Install
	b := setup(func(a *oauth.App) {
		a.OnUninstall = func(_ context.Context, in *oauth.Install) error {
			told = append(told, in)
			return errors.New("from the hook")
		}
	})
	b.install(-time.Minute)
	b.hub.answer = func(w http.ResponseWriter, _ url.Values) bool {
		refuse(w, http.StatusBadRequest, refusal)
		return true
	}
	for _, app := range []*oauth.App{b.app, b.app, b.newApp()} {
		if _, err := app.Portal(portalID).Token(t.Context()); !errors.Is(err, oauth.ErrUninstalled) {
			t.Errorf("Token = %v, want ErrUninstalled", err)
		}
	}
	synctest.Wait() // for the hook
	b.wantRefreshes(t, 1)
	if in := b.stored(t); in.Gone == "" || in.Token != nil {
		t.Errorf("stored %v, want it gone and without token", in)
	}
	if len(told) != 1 || told[0].PortalID != portalID || told[0].Gone == "" {
		t.Errorf("OnUninstall got %v, want the install once", told)
	}
	if !strings.Contains(b.log.String(), "from the hook") {
		t.Error("the hook's error is not in the log")
	}

	b.install(30 * time.Minute)
	if got := b.token(t); got != "access-0" {
		t.Errorf("after a re-install the token is %s", got)
	}
}

func TestReinstallWhileARefreshIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(-time.Minute)
		b.hub.answer = func(w http.ResponseWriter, _ url.Values) bool {
			b.install(30 * time.Minute)
			refuse(w, http.StatusBadRequest, `{"error":"invalid_grant"}`)
			return true
		}
		// The stored access token is the one that expired, by name only.
		if got := b.token(t); got != "access-0" {
			t.Errorf("the token is %s", got)
		}
		if gone := b.stored(t).Gone; gone != "" {
			t.Errorf("the new install is marked as gone: %s", gone)
		}
	})
}

func TestRefusalsThatEndNothing(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		client bool // ErrClient
	}{
		{"not issued to this client", 400, `{"error":"invalid_grant","error_description":"refresh token was not issued to this client"}`, true},
		{"wrong client id", 400, `{"error":"invalid_request","status":"BAD_CLIENT_ID","message":"missing or unknown client id"}`, true},
		{"wrong client id as a grant", 400, `{"error":"invalid_grant","status":"BAD_CLIENT_ID"}`, true},
		{"wrong secret", 401, `{"error":"invalid_client"}`, true},
		{"unsupported media type", 415, ``, true},
		{"no such endpoint", 404, `<html>not found</html>`, true},
		{"redirect", 302, ``, true},
		{"redirect of the body too", 307, ``, true},
		{"rate limit", 429, `{"error":"invalid_grant","policyName":"TEN_SECONDLY_ROLLING"}`, false},
		{"server error", 500, `{"error":"invalid_grant"}`, false},
		{"gateway page", 502, `<html>bad gateway</html>`, false},
		{"not JSON", 200, `OK`, false},
		{"no token", 200, `{}`, false},
		{"token of another portal", 200, `{"access_token":"a","refresh_token":"r","expires_in":1800,"hub_id":5}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := setup()
			b.install(-time.Minute)
			before := b.stored(t)
			b.hub.answer = func(w http.ResponseWriter, _ url.Values) bool {
				w.Header().Set("Location", "https://elsewhere.example/")
				refuse(w, tt.status, tt.body)
				return true
			}
			_, err := b.app.Portal(portalID).Token(t.Context())
			if n := len(b.hub.requests); n != 1 {
				t.Errorf("%d requests, want 1: %v", n, b.hub.requests)
			}
			if err == nil || errors.Is(err, oauth.ErrUninstalled) || errors.Is(err, oauth.ErrInvalidGrant) {
				t.Errorf("Token = %v, want an error that ends nothing", err)
			}
			if got := errors.Is(err, oauth.ErrClient); got != tt.client {
				t.Errorf("errors.Is(%v, ErrClient) = %v, want %v", err, got, tt.client)
			}
			if err != nil && !strings.Contains(err.Error(), clientID) {
				t.Errorf("%q does not name the client id", err)
			}
			if after := b.stored(t); after.Revision != before.Revision {
				t.Errorf("stored %v, want it as it was", after)
			}
			b.hub.set(func() { b.hub.answer = nil })
			if got := b.token(t); got != "access-1" {
				t.Errorf("when HubSpot is well again the token is %s", got)
			}
		})
	}
}

func TestValidTokenOutlivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(30 * time.Minute)
		b.token(t)
		b.hub.answer = func(w http.ResponseWriter, _ url.Values) bool {
			refuse(w, http.StatusServiceUnavailable, "")
			return true
		}
		time.Sleep(26 * time.Minute)
		for range 60 { // a call each second
			if got := b.token(t); got != "access-0" {
				t.Fatalf("the token is %s during the outage", got)
			}
			time.Sleep(time.Second)
		}
		b.wantRefreshes(t, 6)
		b.hub.set(func() { b.hub.answer = nil })
		time.Sleep(10 * time.Second)
		if got := b.token(t); got != "access-1" {
			t.Errorf("after the outage the token is %s", got)
		}
	})
}

func TestSlowRefreshHoldsNobodyWithAValidToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(30 * time.Minute)
		b.token(t)
		time.Sleep(26 * time.Minute)
		b.hub.delay = 15 * time.Second
		go b.app.Portal(portalID).Token(t.Context())
		synctest.Wait()
		start := time.Now()
		if got := b.token(t); got != "access-0" || time.Since(start) > 0 {
			t.Errorf("got %s after %v, want access-0 at once", got, time.Since(start))
		}
		time.Sleep(16 * time.Second)
		if got := b.token(t); got != "access-1" {
			t.Errorf("then the token is %s", got)
		}
	})
}

func TestHungRefreshEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(-time.Minute)
		b.hub.delay = time.Hour
		start := time.Now()
		_, err := b.app.Portal(portalID).Token(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Minute {
			t.Errorf("Token = %v after %v", err, time.Since(start))
		}
	})
}

func TestTokenThatExpiresWhileARefreshFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(30 * time.Minute)
		b.token(t)
		time.Sleep(29*time.Minute + 45*time.Second)
		b.hub.delay = time.Hour
		if token, err := b.app.Portal(portalID).Token(t.Context()); err == nil {
			t.Errorf("got a token that expires in %v", time.Until(token.Expiry))
		}
	})
}

// The caller's impatience must not lose a refresh token that HubSpot has already replaced.
func TestRefreshOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.install(-time.Minute)
		b.hub.delay, b.hub.rotate = 5*time.Second, true
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.app.Portal(portalID).Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Token = %v, want the caller's deadline", err)
		}
		if got := b.token(t); got != "access-1" {
			t.Errorf("the token is %s", got)
		}
		b.wantRefreshes(t, 1)
	})
}

func TestRefreshedTokenThatCannotBeStored(t *testing.T) {
	b := setup()
	b.install(-time.Minute)
	b.hub.rotate = true
	full := errors.New("disk full")
	b.store.failWith(full)
	for range 3 {
		if _, err := b.app.Portal(portalID).Token(t.Context()); !errors.Is(err, full) {
			t.Errorf("Token = %v, want the store's error", err)
		}
	}
	b.store.failWith(nil)
	if got := b.token(t); got != "access-1" {
		t.Errorf("the token is %s", got)
	}
	if got := b.stored(t).Token.RefreshToken; got != "refresh-1" {
		t.Errorf("stored %s, want the refresh token of the one refresh", got)
	}
	b.wantRefreshes(t, 1)
}

func TestTokenOfAnUnknownPortal(t *testing.T) {
	b := setup()
	if _, err := b.app.Portal(1).Token(t.Context()); !errors.Is(err, oauth.ErrNotInstalled) {
		t.Errorf("Token = %v, want ErrNotInstalled", err)
	}
	if len(b.hub.requests) > 0 {
		t.Errorf("HubSpot was asked: %v", b.hub.requests)
	}
}

func TestShortLivedTokens(t *testing.T) {
	b := setup()
	b.install(-time.Minute)
	b.hub.lifetime = 2 * time.Second
	if got := b.token(t); got != "access-1" {
		t.Errorf("the token is %s", got)
	}
}

func TestAnswersOfManyForms(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		left       time.Duration
		scopes     int
	}{
		{"expires_in is a string", `{"access_token":"a","expires_in":"600","scopes":["x"]}`, 10 * time.Minute, 1},
		{"no expires_in", `{"access_token":"a","scopes":["x","y"]}`, 30 * time.Minute, 2},
		{"negative", `{"access_token":"a","expires_in":-5}`, 30 * time.Minute, 6},
		{"endless", `{"access_token":"a","expires_in":9223372036854775807}`, 24 * time.Hour, 6},
		{"hub_id is a string, scopes too", `{"access_token":"a","expires_in":1800,"hub_id":"24681012","scopes":"x y z"}`, 30 * time.Minute, 3},
		{"nulls", `{"access_token":"a","refresh_token":null,"expires_in":null,"hub_id":null,"scopes":null}`, 30 * time.Minute, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := setup()
				b.install(-time.Minute)
				b.hub.answer = func(w http.ResponseWriter, _ url.Values) bool {
					refuse(w, 200, tt.body)
					return true
				}
				b.token(t)
				in := b.stored(t)
				if got := time.Until(in.Token.Expiry); got != tt.left {
					t.Errorf("expires in %v, want %v", got, tt.left)
				}
				if len(in.Scopes) != tt.scopes {
					t.Errorf("scopes %q, want %d", in.Scopes, tt.scopes)
				}
			})
		})
	}
}

func TestPortalsAreSmall(t *testing.T) {
	const portals = 10_000
	for _, tt := range []struct {
		name  string
		store oauth.TokenStore
		limit int // bytes for each
	}{
		{"idle", endless{}, 2 << 10},
		{"not installed", new(store), 10}, // anyone can make us ask for these
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := setup(func(a *oauth.App) {
				a.Tokens = tt.store
				a.Logger = slog.New(slog.DiscardHandler)
			})
			b.hub.answer = longToken
			before := b.heap()
			for id := range int64(portals) {
				_, err := b.app.Portal(id + 1).Token(t.Context())
				if err != nil && !errors.Is(err, oauth.ErrNotInstalled) {
					t.Fatal(err)
				}
			}
			each := (b.heap() - before) / portals
			runtime.KeepAlive(b)
			t.Logf("%d bytes for each portal", each)
			if each > tt.limit {
				t.Errorf("%d bytes for each portal, want at most %d", each, tt.limit)
			}
		})
	}
}

// heap returns the bytes in use, other than by the stand-in's records.
func (b *bench) heap() int {
	b.hub.set(func() { b.hub.requests, b.hub.bodies = nil, nil })
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// endless has every portal installed, with an expired token, and keeps nothing.
type endless struct{}

func (endless) Install(_ context.Context, client string, portal int64) (*oauth.Install, error) {
	return &oauth.Install{
		ClientID: client, PortalID: portal, Scopes: oauth.ChannelScopes(),
		Token: &oauth2.Token{AccessToken: "old", RefreshToken: fmt.Sprint("refresh-", portal)},
	}, nil
}
func (endless) SaveInstall(context.Context, *oauth.Install) error    { return nil }
func (endless) ReplaceInstall(context.Context, *oauth.Install) error { return nil }
func (endless) Installs(context.Context, string) ([]int64, error)    { return nil, nil }
