package hubspottest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// marketApp is a stand-in that knows both marketplace flows.
func marketApp(t *testing.T, cfg hubspottest.Config) (*standIn, *bench) {
	t.Helper()
	b := newBench(t, cfg)
	app := &standIn{hs: b.Server, url: appURL, client: &http.Client{Transport: b.hosts}, noOne: true}
	app.callback = func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("step") == "authorize" {
			http.SetCookie(w, &http.Cookie{Name: "market", Value: "s 1"})
			http.Redirect(w, r, q.Get("returnUrl")+"&"+url.Values{"state": {"s 1"}}.Encode(), http.StatusFound)
			return
		}
		if c, err := r.Cookie("market"); q.Get("step") == "finalize" && (err != nil || c.Value != q.Get("state")) {
			http.Error(w, "wrong state", http.StatusForbidden)
			return
		}
		if err := app.installed(q.Get("code")); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		http.Redirect(w, r, q.Get("returnUrl"), http.StatusFound)
	}
	b.hosts["app.test"] = handled{app.handler()}
	b.SetInstallURL(appURL + "/install")
	return app, b
}

func TestMarketplaceInstalls(t *testing.T) {
	for _, flow := range []hubspottest.MarketplaceFlow{hubspottest.FlowConsent, hubspottest.FlowSignIn} {
		t.Run(string(flow), func(t *testing.T) {
			app, b := marketApp(t, hubspottest.Config{RedirectURLs: []string{appURL + "/callback"}})
			for range 2 { // and again, after the app has lost it
				if err := b.InstallFromMarketplace(t.Context(), portalID, flow); err != nil {
					t.Fatal(err)
				}
				if !b.Installed(portalID) || app.token == "" {
					t.Error("the app is not installed")
				}
				if err := b.Uninstall(portalID); err != nil {
					t.Fatal(err)
				}
			}
			for _, e := range b.Journal("oauth.token") {
				if e.Status != http.StatusOK {
					t.Errorf("got %+v", e)
				}
			}
		})
	}
}

func TestMarketplaceErrors(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flow  hubspottest.MarketplaceFlow
		spoil func(app *standIn, b *bench)
		says  string
	}{
		{"no return", hubspottest.FlowConsent, func(app *standIn, _ *bench) {
			app.callback = func(http.ResponseWriter, *http.Request) {}
		}, "returnUrl"},
		{"no exchange", hubspottest.FlowConsent, func(app *standIn, _ *bench) {
			app.callback = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, r.URL.Query().Get("returnUrl"), http.StatusFound)
			}
		}, "has not exchanged its code"},
		{"no state", hubspottest.FlowSignIn, func(app *standIn, _ *bench) {
			app.callback = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, r.URL.Query().Get("returnUrl"), http.StatusFound)
			}
		}, "without a state"},
		{"unknown flow", "DREAM", func(*standIn, *bench) {}, "DREAM"},
		{"no install link", hubspottest.FlowConsent, func(_ *standIn, b *bench) { b.SetInstallURL(appURL + "/nothing") }, "redirect"},
		{"no app", hubspottest.FlowConsent, func(_ *standIn, b *bench) { delete(b.hosts, "app.test") }, "Is it running"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app, b := marketApp(t, hubspottest.Config{RedirectURLs: []string{appURL + "/callback"}})
			tt.spoil(app, b)
			err := b.InstallFromMarketplace(t.Context(), portalID, tt.flow)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got error %v, want one with %q", err, tt.says)
			}
		})
	}
	_, b := marketApp(t, hubspottest.Config{RedirectURLs: []string{appURL + "/callback"}, Scopes: []string{"oauth"}})
	if _, err := b.MarketplaceURL(t.Context(), 1, hubspottest.FlowConsent); err == nil {
		t.Error("an unknown portal is no error")
	}
	address, err := b.MarketplaceURL(t.Context(), portalID, hubspottest.FlowConsent)
	if err != nil {
		t.Fatal(err)
	}
	flow := strings.TrimPrefix(address, hubspotURL+"/simulator/marketplace?flow=")
	b.want(b.send("POST", "/simulator/marketplace/consent", url.Values{"flow": {flow}, "decision": {"allow"}}, "Origin", "https://evil.test"), http.StatusForbidden)
	b.want(b.send("POST", "/simulator/marketplace/consent", url.Values{"flow": {flow}, "decision": {"deny"}}), http.StatusOK)
	refused := b.want(b.send("POST", "/simulator/marketplace/consent",
		url.Values{"flow": {flow}, "decision": {"allow"}, "user-24681012": {"A-2620024"}}), http.StatusForbidden)
	if want := "You are Jo Lind. Only a super-admin installs apps: ask Robin Hale."; !strings.Contains(refused.raw, want) {
		t.Errorf("got %v, want %q", refused, want)
	}
	b.want(b.send("GET", "/simulator/marketplace?flow=x", nil), http.StatusNotFound)
	b.want(b.send("GET", "/simulator/marketplace/done?flow="+flow, nil), http.StatusBadRequest)
}

// TestInstallBehindTheBack: an admin removes the app and installs it anew; the
// app only learns of the second.
func TestInstallBehindTheBack(t *testing.T) {
	app, b := marketApp(t, hubspottest.Config{RedirectURLs: []string{appURL + "/callback"}})
	app.callback = nil
	app.noOne = false
	app.client = &http.Client{Transport: b.hosts}
	for range 2 {
		if err := b.Install(t.Context(), portalID); err != nil {
			t.Fatal(err)
		}
		if err := b.Uninstall(portalID); err != nil {
			t.Fatal(err)
		}
		b.want(b.send("GET", helpers+"/inboxes", nil, "Authorization", "Bearer "+app.token), http.StatusUnauthorized)
	}
	if _, err := b.BeginConnection(portalID, app.channel, ""); err == nil {
		t.Error("a channel is connected where the app is not installed")
	}
}
