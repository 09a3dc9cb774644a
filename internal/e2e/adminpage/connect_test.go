package adminpage

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// TestConnect (S2, S3, S5, S4) connects an account through the app's popup, sets its routing, and sees that a customer's
// message goes to whom it says.
func TestConnect(t *testing.T) {
	w := newWorld(t)
	w.install()
	p := w.open(admin, "#/settings")
	p.reads("No channel is connected to the inbox")
	p.click("connect-channel")
	p.reads("Talk to the visitors of your shop.")
	p.until("the logo is shown", `document.querySelector('[data-testid="channel-logo"]')?.naturalWidth > 0`)
	p.keep("1-channels")
	if got, want := p.text(testid("continue-with")), "Continue with "+channelName; got != want {
		t.Errorf("the button reads %q, want %q", got, want)
	}

	p.do(`const open = window.open; window.open = (...how) => { window.openedWith = how; return open(...how) }`)
	p.click("continue-with")
	popup := p.popup(w.app.URL)
	if got := eval[string](p, `window.openedWith[2]`); !strings.Contains(got, "width=600,height=600") {
		t.Errorf("the popup opens with %q", got)
	}
	p.reads("Enter your credentials in the window of Acme Chat.")
	p.keep("2-waiting")
	w.wantParameters()
	popup.enter("#field-key", "wrong-key")
	popup.clickOn("button[type=submit]")
	popup.reads("The shop does not know this key.")
	popup.keep("popup-refused")
	if got := w.hubspot.Accounts(); len(got) != 0 {
		t.Fatalf("connected with a wrong key: %v", got)
	}
	popup.enter("#field-key", rightKey)
	popup.clickOn("button[type=submit]")
	p.alone()

	p.reads("Set up routing for Shop corner")
	p.click("routing-properties")
	p.enter(testid("routing-property"), "Topic")
	p.enter(testid("routing-value"), "Returns")
	p.click("routing-assign")
	p.click("routing-next")
	p.reads("Choose at least one user or team")
	p.clickOn(`[data-testid="assign-users"][value="` + seller + `"]`)
	p.keep("3-routing")
	p.click("routing-next")
	p.reads("Shop corner is connected")
	p.keep("4-connected")
	for _, button := range []string{"connect-another", "connect-a-channel", "go-to-inbox", "connect-done"} {
		if !p.shown(button) {
			t.Errorf("%s is not offered", button)
		}
	}
	p.click("connect-done")
	p.until("the account is listed", `document.querySelector('[data-testid="account-name"]')?.innerText === "Shop corner"`)
	p.reads("Noor Adams")
	p.keep("5-listed")

	a := w.account()
	want := hubspottest.Routing{Properties: map[string]string{"Topic": "Returns"}, AssignTo: hubspottest.AssignToUsers, Users: []string{seller}, Teams: []string{}}
	if diff := cmp.Diff(want, a.Routing); diff != "" {
		t.Errorf("routing (-want +got):\n%s", diff)
	}
	if a.InboxID != w.inbox("INBOX").ID || !a.Active || !a.Authorized {
		t.Errorf("connected %+v", a)
	}
	w.until("the app is told", func() bool { return cmp.Equal([]string{"created Shop corner"}, w.shop.told()) })
	w.wantRouted(seller)
}

// wantParameters checks what HubSpot documents of the address that the popup opens.
func (w *world) wantParameters() {
	w.t.Helper()
	q := w.asked("/hubspot/connect")[0]
	for name, want := range map[string]string{
		"portalId": "24681012", "channelId": w.hubspot.Channels()[0].ID, "inboxId": w.inbox("INBOX").ID,
	} {
		if got := q.Get(name); got != want {
			w.t.Errorf("the popup has %s %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"accountToken", "redirectUrl"} {
		if q.Get(name) == "" {
			w.t.Errorf("the popup has no %s", name)
		}
	}
}

// wantRouted has a customer write, and checks who receives it.
func (w *world) wantRouted(owner string) {
	w.t.Helper()
	w.until("the app takes a message", func() bool { return w.write("corner", "Where is my order?") == nil })
	w.until("the conversation is in the inbox", func() bool { return len(w.hubspot.Threads()) == 1 })
	thread := w.hubspot.Threads()[0]
	if thread.OwnerID != owner || thread.Properties["Topic"] != "Returns" {
		w.t.Errorf("the conversation belongs to %q and has the properties %v", thread.OwnerID, thread.Properties)
	}
}

// TestS4Next goes on from the end in each way.
func TestS4Next(t *testing.T) {
	w := newWorld(t)
	w.install()
	p := w.open(admin, "#/settings")
	p.click("connect-channel")
	p.click("continue-with")
	p.connectShop("one")
	p.click("routing-next")
	p.click("connect-another")
	p.connectShop("two")
	p.click("routing-assign")
	p.click("assign-CONTACT_OWNER")
	p.click("routing-next")
	p.reads("Contact owner")
	p.click("connect-a-channel")
	p.reads("Choose the channel")
	p.click("continue-with")
	p.connectShop("three")
	p.click("routing-next")
	p.click("go-to-inbox")
	p.until("the inbox is shown", `location.hash === "#/inbox"`)
	var got []string
	for _, a := range w.hubspot.Accounts() {
		got = append(got, a.Identifier.Value+" "+a.Routing.AssignTo)
	}
	if diff := cmp.Diff([]string{"one ", "two CONTACT_OWNER", "three "}, got); diff != "" {
		t.Errorf("connected (-want +got):\n%s", diff)
	}
}

// connectShop fills in the app's popup.
func (p *page) connectShop(name string) {
	p.t.Helper()
	popup := p.popup(p.w.app.URL)
	popup.enter("#field-shop", name)
	popup.clickOn("button[type=submit]")
	p.alone()
	p.reads("Set up routing for Shop " + name)
}

// TestS5NoSeat: an admin without a seat sees nothing of routing.
func TestS5NoSeat(t *testing.T) {
	w := newWorld(t)
	w.install()
	boss := w.hubspot.Users(portal)[2]
	boss.SuperAdmin = true
	must(t, w.hubspot.SetUser(portal, boss))
	p := w.open(guest, "#/settings")
	p.click("connect-channel")
	p.click("continue-with")
	popup := p.popup(w.app.URL)
	popup.clickOn("button[type=submit]")
	p.reads("Shop corner is connected")
	p.lacks("Routing")
	p.click("connect-done")
	p.reads("Shop corner")
}

// TestS2Missing says what to do about a channel that is not listed.
func TestS2Missing(t *testing.T) {
	w := newWorld(t)
	p := w.open(admin, "#/settings")
	p.click("connect-channel")
	p.reads("Acme Chat for teams is not installed in Acme Ltd")
	p.reads("If it was installed before, re-authorise it.")
	p.keep("missing")
	w.install() // while the page is open
	p.until("the channel is listed", `!!document.querySelector('[data-testid="continue-with"]')`)
}

// TestS3Trouble tells what went wrong with the popup, and lets the admin try again.
func TestS3Trouble(t *testing.T) {
	w := newWorld(t)
	w.install()
	p := w.open(admin, "#/settings")
	p.click("connect-channel")
	eval[any](p, `window.reallyOpen = window.open; window.open = () => null; undefined`)
	p.click("continue-with")
	p.reads("Your browser has blocked the window.")
	p.keep("blocked")
	eval[any](p, `window.open = window.reallyOpen; undefined`)

	p.click("try-again")
	popup := p.popup(w.app.URL)
	eval[any](popup, `window.close()`)
	p.reads("The window was closed before an account was connected.")

	p.click("try-again")
	p.popup(w.app.URL).reads("You find the key in your shop’s settings.")
	p.click("connect-cancel")
	p.reads("Choose the channel")
	p.alone()

	w.app.Close()
	p.click("continue-with")
	p.reads("Is it running?")
	p.keep("down")
	p.alone()
}
