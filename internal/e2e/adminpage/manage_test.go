package adminpage

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// wantTold waits until the app has been told of a change.
func (w *world) wantTold(change string) {
	w.t.Helper()
	w.until("the app is told: "+change, func() bool { return slices.Contains(w.shop.told(), change) })
}

// TestS11Edit changes the name and the automatic assignment.
func TestS11Edit(t *testing.T) {
	w := newWorld(t)
	w.connect()
	p := w.open(admin, "#/settings")
	p.run(chromedp.Focus(chromedp.CSS(testid("account-edit")))) // what the mouse shows on hovering, the keyboard shows on focus
	p.until("Edit is shown", `getComputedStyle(document.querySelector(".channel-account-actions")).opacity === "1"`)
	p.press(kb.Enter)
	p.enter(testid("edit-name"), "Corner shop")
	p.click("routing-assign")
	p.clickOn(`[data-testid="assign-teams"][value="Support"]`)
	p.keep("edit")
	p.click("edit-save")
	p.reads("Saved")
	p.until("the new name is listed", `document.querySelector('[data-testid="account-name"]').innerText === "Corner shop"`)
	p.until("the routing is listed", `document.querySelector('[data-testid="account-routing"]').innerText === "Support"`)
	w.wantTold("renamed Corner shop")
	want := hubspottest.Routing{AssignTo: hubspottest.AssignToUsers, Users: []string{}, Teams: []string{"Support"}}
	if diff := cmp.Diff(want, w.account().Routing); diff != "" {
		t.Errorf("routing (-want +got):\n%s", diff)
	}

	p.click("account-edit")
	p.click("routing-assign")
	p.click("edit-save")
	p.until("nobody is assigned", `document.querySelector('[data-testid="account-routing"]').innerText === "Nobody"`)
	if got := w.account().Routing.AssignTo; got != "" {
		t.Errorf("assigned to %s, want nobody", got)
	}

	// Escape leaves everything as it is, and so does saving what was not changed.
	before := len(w.hubspot.Journal("webhook.delivery"))
	p.click("account-edit")
	p.enter(testid("edit-name"), "Never")
	p.press(kb.Escape)
	p.until("the dialog is closed", `!document.querySelector("dialog[open]")`)
	p.click("account-edit")
	p.click("edit-save")
	p.until("the dialog is closed", `!document.querySelector("dialog[open]")`)
	if got := w.account().Name; got != "Corner shop" {
		t.Errorf("the account is called %q", got)
	}
	if got := len(w.hubspot.Journal("webhook.delivery")) - before; got != 0 {
		t.Errorf("%d webhooks about no change", got)
	}
}

// TestS11Switch turns an account off, with a question, and on again, without.
func TestS11Switch(t *testing.T) {
	w := newWorld(t)
	a := w.connect()
	p := w.open(admin, "#/settings")
	const checked = `document.querySelector('[data-testid="account-status"]').getAttribute("aria-checked")`
	p.click("account-status")
	p.click("confirm-no")
	p.until("the dialog is closed", `!document.querySelector("dialog[open]")`)
	p.until("the switch is on", checked+` === "true"`)
	p.click("account-status")
	p.reads("Turn off")
	p.keep("turn-off")
	p.click("confirm-yes")
	p.until("the switch is off", checked+` === "false"`)
	w.wantTold("off " + a.Name)
	if w.account().Active {
		t.Error("the account is active")
	}
	p.click("account-status")
	p.until("the switch is on", checked+` === "true"`)
	w.wantTold("on " + a.Name)
}

// TestS11Move moves an account to the help desk and back, with the keyboard.
func TestS11Move(t *testing.T) {
	w := newWorld(t)
	a := w.connect()
	inbox, desk := w.inbox("INBOX").ID, w.inbox("HELP_DESK").ID
	p := w.open(admin, "#/settings")
	p.run(chromedp.Focus(chromedp.CSS(testid("account-options"))))
	p.press(kb.Enter)
	p.until("the menu has the focus", `document.activeElement.innerText === "Move to Help Desk"`)
	p.keep("options")
	p.press(kb.Enter)
	p.reads("No channel is connected to the inbox")
	w.wantTold("moved " + a.Name + " to " + desk)
	p.run(chromedp.Focus(chromedp.CSS(testid("tab-" + inbox))))
	p.press(kb.ArrowRight)
	p.reads(a.Name)
	if got, want := eval[string](p, `document.activeElement.dataset.testid`), "tab-"+desk; got != want {
		t.Errorf("the focus is on %s, want %s", got, want)
	}
	p.click("account-options")
	p.press(kb.Escape)
	p.until("the menu is closed", `!document.querySelector(":popover-open")`)
	p.click("account-options")
	p.until("the menu is in its place", `document.activeElement.dataset.testid === "account-move"`)
	p.click("account-move")
	p.reads("No channel is connected to the help desk")
	w.wantTold("moved " + a.Name + " to " + inbox)
}

// TestS11Delete asks first.
func TestS11Delete(t *testing.T) {
	w := newWorld(t)
	a := w.connect()
	p := w.open(admin, "#/settings")
	p.click("account-options")
	p.click("account-delete")
	p.reads("Delete account")
	p.keep("delete")
	p.click("confirm-yes")
	p.reads("No channel is connected to the inbox")
	w.wantTold("deleted " + a.Name)
	if got := w.hubspot.Accounts(); len(got) != 0 {
		t.Errorf("accounts are left: %v", got)
	}
}

// TestS11Rights: who is no super-admin changes only the routing, and who has no seat nothing.
func TestS11Rights(t *testing.T) {
	w := newWorld(t)
	w.connect()
	p := w.open(seller, "#/settings")
	p.reads("You are Noor Adams. Only a super-admin connects and changes channels.")
	if p.shown("connect-channel") || p.shown("account-options") || !eval[bool](p, `document.querySelector('[data-testid="account-status"]').disabled`) {
		t.Error("a user is offered what only admins may")
	}
	p.click("account-edit")
	p.click("routing-assign")
	p.click("assign-CONTACT_OWNER")
	p.click("edit-save")
	p.until("the routing is listed", `document.querySelector('[data-testid="account-routing"]').innerText === "Contact owner"`)
	if got := w.account().Routing.AssignTo; got != hubspottest.AssignToOwner {
		t.Errorf("assigned to %q", got)
	}

	p = w.open(guest, "#/settings")
	p.reads("You are Jo Lind.")
	p.lacks("Contact owner")
	if p.shown("account-edit") {
		t.Error("a guest is offered to edit")
	}
}
