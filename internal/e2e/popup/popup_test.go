package popup

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
)

// fill enters what connects a workspace, and submits it.
func (p *page) fill(workspace, key, region string) {
	p.t.Helper()
	p.enter("workspace", workspace)
	p.enter("key", key)
	p.choose("region", region)
	p.click("button")
}

// ended waits until the popup is at HubSpot's last page.
func (p *page) ended(account string) {
	p.t.Helper()
	p.at(p.w.hubspot.URL() + "/simulator/connected")
	p.reads(account)
}

func (w *world) wantConnected(want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), w.connected()); diff != "" {
		w.t.Errorf("HubSpot's accounts (-want +got):\n%s", diff)
	}
}

// TestTwoAccounts connects one workspace after the other, the second after a wrong key.
func TestTwoAccounts(t *testing.T) {
	w := newWorld(t)
	w.install()
	p := w.open()
	p.visit(w.begin().PopupURL)
	p.reads("Connect a workspace")
	p.fill("acme", rightKey, "e")
	p.ended("acme in eu")
	p.keep("connected")

	p.visit(w.begin().PopupURL)
	p.fill("garden", "wrong-key", "u")
	p.reads("Acme does not know this key.")
	p.keep("wrong-key")
	p.until("the field that was wrong has the focus", `document.activeElement.id === "field-key"`)
	got := eval[[]string](p, `(() => { const f = document.querySelector("#field-key"); return [document.activeElement.id, f.value, f.ariaInvalid,
		...f.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).innerText)] })()`)
	want := []string{"field-key", "", "true", "Acme does not know this key.", "From your workspace’s settings, under Integrations. It is kept encrypted."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the field that was wrong (-want +got):\n%s", diff)
	}
	if p.value("workspace") != "garden" || p.value("region") != "us" {
		t.Errorf("what was entered became %q, %q", p.value("workspace"), p.value("region"))
	}
	p.enter("key", rightKey)
	p.click("button")
	p.ended("garden in us")
	w.wantConnected("acme in eu at acme", "garden in us at garden")
	for _, workspace := range []string{"acme", "garden"} {
		w.until("the account is known with its credentials", func() bool {
			a, err := w.bridge.Account(t.Context(), channels.Opaque(workspace))
			return err == nil && a.ID != "" && string(a.Credentials) == rightKey
		})
	}
}

// TestAlreadyConnected: HubSpot answers 409 for an address that it has, which is as good as connected.
func TestAlreadyConnected(t *testing.T) {
	w := newWorld(t)
	w.install()
	p := w.open()
	for range 2 {
		p.visit(w.begin().PopupURL)
		p.fill("acme", rightKey, "e")
		p.ended("acme in eu")
	}
	w.wantConnected("acme in eu at acme")
}

// TestNotInstalled installs the app first, and goes on. An install in another account than the popup's is refused.
func TestNotInstalled(t *testing.T) {
	w := newWorld(t)
	w.install()
	begun := w.begin()
	must(t, w.oauth.Portal(portal).Uninstall(t.Context()))
	p := w.open()
	p.visit(begun.PopupURL)
	consent := w.hubspot.URL() + "/oauth/24681012/authorize"
	p.at(consent)
	p.keep("1-consent")

	p.visit(strings.Replace(eval[string](p, `location.href`), "/24681012/", "/97531/", 1)) // the admin takes another account
	p.click(`[name="decision"][value="allow"]`)
	p.reads("The app is now installed in the HubSpot account 97531, while it was to be installed in 24681012.")
	p.keep("2-wrong")

	p.visit(begun.PopupURL)
	p.at(consent)
	p.click(`[name="decision"][value="allow"]`)
	p.at(w.app.URL + "/hubspot/connect?")
	if got := eval[string](p, `location.href`); got != begun.PopupURL {
		t.Errorf("the popup goes on at %s, want %s", got, begun.PopupURL)
	}
	p.fill("acme", rightKey, "e")
	p.ended("acme in eu")
	w.wantConnected("acme in eu at acme")
}

// TestForged opens the popup with parameters that HubSpot has not made.
func TestForged(t *testing.T) {
	w := newWorld(t)
	w.install()
	p := w.open()
	for name, test := range map[string]struct{ parameter, value, reads string }{
		"redirect": {"redirectUrl", "https://evil.example/", "The address to return to is not HubSpot's, so nothing was connected. Please"},
		"channel":  {"channelId", "1", "HubSpot opened this page for another channel than the one served here."},
		"nothing":  {"accountToken", "", "This page is opened by HubSpot"},
	} {
		p.visit(with(t, w.begin().PopupURL, test.parameter, test.value))
		p.reads(test.reads)
		p.keep("forged-" + name)
	}
	p.visit(with(t, w.begin().PopupURL, "accountToken", "forged"))
	p.fill("acme", rightKey, "e")
	p.reads("HubSpot is not waiting for this account, or not any longer.")
	p.keep("forged-token")
	w.wantConnected()
}

func with(t *testing.T, address, parameter, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	q := u.Query()
	q.Set(parameter, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// TestBack goes back from where a popup can be: each page makes sense, and nothing is connected twice.
func TestBack(t *testing.T) {
	w := newWorld(t)
	w.install()
	p := w.open()
	p.visit(w.begin().PopupURL)
	p.fill("acme", "wrong-key", "e")
	p.reads("Acme does not know this key.")
	p.enter("key", rightKey)
	p.click("button")
	p.ended("acme in eu")
	p.back(1)
	p.reads("Acme does not know this key.") // as it was
	p.fill("acme", "wrong-key", "e")
	p.ended("acme in eu") // nothing is connected anew
	p.back(2)
	p.reads("acme in eu is connected")
	p.keep("connected")
	p.click("a.go")
	p.ended("acme in eu")
	w.wantConnected("acme in eu at acme")
}

// TestDoubleClick submits the form twice while the first submission is under way.
func TestDoubleClick(t *testing.T) {
	w := newWorld(t)
	w.install()
	w.chat.hold = make(chan struct{})
	p := w.open()
	p.visit(w.begin().PopupURL)
	p.enter("workspace", "acme")
	p.enter("key", rightKey)
	p.choose("region", "e")
	p.scripts(true)
	eval[any](p, `void [0, 300].forEach((ms) => setTimeout(() => document.forms[0].requestSubmit(), ms))`)
	w.until("the form is submitted again", func() bool { return w.posts.Load() == 2 })
	close(w.chat.hold)
	p.ended("acme in eu")
	w.wantConnected("acme in eu at acme")
	if got := len(w.chat.asked()); got != 1 {
		t.Errorf("the channel was asked %d times", got)
	}
}

// TestFields: the browser demands what the form declares, in its own language.
func TestFields(t *testing.T) {
	w := newWorld(t)
	w.install()
	p := w.open()
	p.visit(w.begin().PopupURL)
	p.enter("workspace", "ACME")
	p.click("button")
	invalid := eval[[]string](p, `[...document.querySelectorAll(":user-invalid")].map((e) => e.id)`)
	if diff := cmp.Diff([]string{"field-workspace", "field-key", "field-region"}, invalid); diff != "" {
		t.Errorf("invalid (-want +got):\n%s", diff)
	}
	if got := eval[string](p, `document.querySelector("#field-region").selectedOptions[0].innerText`); got != "Choose…" {
		t.Errorf("the select reads %q", got)
	}
	p.fill("acme", rightKey, "u")
	p.ended("acme in us")
}

// TestOwnPage goes to the service's page and back, first without and then with the admin's consent.
func TestOwnPage(t *testing.T) {
	w := newWorld(t)
	w.install()
	w.chat.ownPage = true
	p := w.open()
	p.visit(w.begin().PopupURL)
	p.reads("You are going to sign in at Acme")
	p.keep("1")
	p.click("button")
	p.reads("Sign in at Acme")
	p.at(w.chat.signIn)
	p.click("#deny")
	p.reads("You did not allow it at Acme, so nothing was connected.")
	p.keep("2-denied")
	p.click("button")
	p.at(w.chat.signIn)
	p.click("#allow")
	p.reads("Choose a workspace")
	p.keep("3-choose")
	if strings.Contains(eval[string](p, `document.documentElement.outerHTML`), "c0de") {
		t.Error("the page holds the token where it can be read")
	}
	p.choose("workspace", "Acme G")
	p.click("button")
	p.ended("signed in")
	w.wantConnected("signed in at garden")
	w.until("the account has its token", func() bool {
		a, err := w.bridge.Account(t.Context(), channels.Opaque("garden"))
		return err == nil && string(a.Credentials) == "token for c0de"
	})
	p.back(1)
	p.reads("Choose a workspace")
	p.choose("workspace", "Acme G")
	p.click("button") // once more, which does no harm
	p.ended("signed in")
	p.back(5) // to the popup as HubSpot has opened it
	p.reads("signed in is connected")
}
