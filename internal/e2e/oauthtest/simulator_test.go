package oauthtest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

// simulate runs a test in a bubble, where time is the simulator's and the App's alike.
func simulate(t *testing.T, readings hubspottest.Readings, test func(*world), change ...func(*oauth.App)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newWorld(t, readings, change...)) })
}

func TestAllow(t *testing.T) {
	simulate(t, hubspottest.Readings{}, func(w *world) {
		if p := w.decide("/install?returnTo=/welcome?a=b", "allow"); p.url.String() != site+"/welcome?a=b" || p.text != "Welcome" {
			w.t.Errorf("the install ends at %s: %s", p.url, p.text)
		}
		in := w.stored()
		if in.PortalID != portalID || in.UserID == 0 || in.Token.RefreshToken == "" || len(w.app.MissingScopes(in)) > 0 {
			w.t.Errorf("stored %v", in)
		}
		if !w.hs.Installed(portalID) {
			w.t.Error("HubSpot does not know of the install")
		}
	})
}

func TestDeny(t *testing.T) {
	simulate(t, hubspottest.Readings{}, func(w *world) {
		p := w.decide("/install", "deny")
		if p.status != http.StatusForbidden || !strings.Contains(p.text, "The user denied access.") {
			w.t.Errorf("denying ends with %d: %s", p.status, p.text)
		}
		wantRequests(w.t, w.hs, 0)
		if _, err := w.app.Portal(portalID).Token(w.t.Context()); !errors.Is(err, oauth.ErrNotInstalled) {
			w.t.Errorf("Token = %v, want ErrNotInstalled", err)
		}
	})
}

func TestAccessTokensExpire(t *testing.T) {
	simulate(t, hubspottest.Readings{}, func(w *world) {
		w.install()
		client := w.app.Portal(portalID).Client()
		for range 10 { // a call each quarter of an hour
			if p := w.shown(client.Get(hubspotURL + "/conversations/v3/conversations/inboxes")); p.status != http.StatusOK {
				w.t.Errorf("answered %d: %s", p.status, p.text)
			}
			time.Sleep(15 * time.Minute)
		}
		wantRequests(w.t, w.hs, 4)
		if got := len(w.hs.Journal("inbox.list")); got != 10 {
			w.t.Errorf("%d calls, want 10: none was refused", got)
		}
	})
}

func TestIntrospectAndRevoke(t *testing.T) {
	simulate(t, hubspottest.Readings{}, func(w *world) {
		w.install()
		p := w.app.Portal(portalID)
		info, err := p.Introspect(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		want := &oauth.TokenInfo{
			Active: true, ClientID: w.app.ClientID, AppID: w.hs.AppID(), PortalID: portalID, PortalDomain: info.PortalDomain,
			UserID: w.stored().UserID, User: info.User, Scopes: w.stored().Scopes, ExpiresIn: 30 * time.Minute,
		}
		if diff := cmp.Diff(want, info); diff != "" {
			w.t.Errorf("Introspect (-want +got):\n%s", diff)
		}
		refresh := w.stored().Token.RefreshToken
		if err := p.Revoke(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if _, err := p.Token(w.t.Context()); !errors.Is(err, oauth.ErrUninstalled) {
			w.t.Errorf("Token = %v, want ErrUninstalled", err)
		}
		// HubSpot refuses what was revoked, even to somebody who kept a copy.
		in := w.stored()
		in.Gone, in.Token = "", expired(refresh)
		if err := w.app.Tokens.SaveInstall(w.t.Context(), in); err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.newApp().Portal(portalID).Token(w.t.Context()); !errors.Is(err, oauth.ErrInvalidGrant) {
			w.t.Errorf("Token from a revoked refresh token = %v, want ErrInvalidGrant", err)
		}
	})
}

func TestUninstallByTheApp(t *testing.T) {
	simulate(t, hubspottest.Readings{}, func(w *world) {
		w.install()
		if err := w.app.Portal(portalID).Uninstall(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if w.hs.Installed(portalID) || w.stored().Gone == "" {
			w.t.Errorf("installed in HubSpot: %v, stored %v", w.hs.Installed(portalID), w.stored())
		}
	})
}

// HubSpot does not tell that an admin has removed the app: it shows when the token is refused.
func TestUninstallByTheAdmin(t *testing.T) {
	var told []int64
	simulate(t, hubspottest.Readings{}, func(w *world) {
		w.install()
		if err := w.hs.Uninstall(portalID); err != nil {
			w.t.Fatal(err)
		}
		client := w.app.Portal(portalID).Client()
		for range 3 {
			if _, err := client.Get(hubspotURL + "/conversations/v3/conversations/inboxes"); !errors.Is(err, oauth.ErrUninstalled) {
				w.t.Errorf("Get = %v, want ErrUninstalled", err)
			}
		}
		synctest.Wait() // for the hook
		wantRequests(w.t, w.hs, 1)
		if diff := cmp.Diff([]int64{portalID}, told); diff != "" {
			w.t.Errorf("OnUninstall (-want +got):\n%s", diff)
		}
		w.install()
		w.token()
	}, func(a *oauth.App) {
		a.OnUninstall = func(_ context.Context, in *oauth.Install) error {
			told = append(told, in.PortalID)
			return nil
		}
	})
}

func TestRefreshTokenReadings(t *testing.T) {
	for name, readings := range map[string]hubspottest.Readings{
		"rotates":                          {},
		"rotates, answers name the portal": {FullRefresh: true},
		"stays":                            {RefreshTokenStays: true},
		"ends at once":                     {RefreshTokenEnds: true},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, readings, func(w *world) {
				w.install()
				before := w.stored()
				seen := map[string]bool{w.token(): true}
				for range 5 {
					time.Sleep(time.Hour)
					seen[w.token()] = true
				}
				if len(seen) != 6 {
					w.t.Errorf("%d different tokens, want 6", len(seen))
				}
				after := w.stored()
				if diff := cmp.Diff(before.Scopes, after.Scopes); diff != "" || after.UserID != before.UserID {
					w.t.Errorf("stored %v, was %v", after, before)
				}
				if same := after.Token.RefreshToken == before.Token.RefreshToken; same != readings.RefreshTokenStays {
					w.t.Errorf("the stored refresh token is the first one: %v", same)
				}
			})
		})
	}
}

func TestRefreshFailures(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fault  hubspottest.Fault
		strict bool // also works if refresh tokens end at once
	}{
		{"connection reset before", hubspottest.Fault{Reset: hubspottest.ResetBefore}, true},
		{"connection reset after", hubspottest.Fault{Reset: hubspottest.ResetAfter}, false},
		{"429", hubspottest.Fault{Status: 429}, true},
		{"500", hubspottest.Fault{Status: 500}, true},
		{"502", hubspottest.Fault{Status: 502}, true},
		{"503", hubspottest.Fault{Status: 503}, true},
		{"time-out", hubspottest.Fault{Delay: time.Minute}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, strict := range []bool{false, true} {
				simulate(t, hubspottest.Readings{RefreshTokenEnds: strict}, func(w *world) {
					w.install()
					first := w.token()
					tt.fault.Operation, tt.fault.Nth = "oauth.token", 1
					w.hs.Inject(tt.fault)

					time.Sleep(26 * time.Minute)
					if got := w.token(); got != first {
						w.t.Errorf("while the old token is valid, Token = %s, want %s", got, first)
					}
					time.Sleep(10 * time.Second)
					_, err := w.app.Portal(portalID).Token(w.t.Context())
					if strict && !tt.strict {
						// Nobody has the new refresh token, and the old one is dead.
						if !errors.Is(err, oauth.ErrUninstalled) {
							w.t.Errorf("Token = %v, want ErrUninstalled", err)
						}
						w.install()
					} else if err != nil {
						w.t.Errorf("Token = %v after the failure has passed", err)
					}
					if got := w.token(); got == first {
						w.t.Error("the token was not refreshed")
					}
				})
			}
		})
	}
}
