package adminpage

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

const (
	admin  = "A-2620022" // super-admin, with a Service seat
	seller = "A-2620023" // Sales seat
	guest  = "A-2620024" // neither
)

// TestS1Install installs the app in each way, as a super-admin.
func TestS1Install(t *testing.T) {
	for _, tt := range []struct {
		flow  string
		steps []string // with which the app's redirect URL is called
		state bool     // whether the last call has a state
	}{
		{"CONSENT", []string{""}, false},
		{"SIGN_IN", []string{"authorize", "finalize"}, true},
		{"LINK", []string{""}, true},
	} {
		t.Run(tt.flow, func(t *testing.T) {
			w := newWorld(t)
			p := w.open(admin, "#/marketplace")
			p.reads("Not installed")
			p.reads("Talk to the visitors of your shop.")
			p.click("flow-" + tt.flow)
			p.click("install")
			popup := p.popup(w.hubspot.URL())
			popup.reads("conversations.custom_channels.write")
			popup.clickOn(`button[value=allow]`)
			if tt.flow != "LINK" { // which ends on a page of the app
				p.alone()
			}
			p.reads("Acme Chat for teams is installed.")
			p.reads("Connect channels, and bring customers’ messages in")
			if !w.hubspot.Installed(portal) {
				t.Error("the app is not installed")
			}
			calls := w.asked("/hubspot/oauth/callback")
			var steps []string
			for _, q := range calls {
				steps = append(steps, q.Get("step"))
			}
			if diff := cmp.Diff(tt.steps, steps); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if got := calls[len(calls)-1].Has("state"); got != tt.state {
				t.Errorf("the app is called with a state: %v, want %v", got, tt.state)
			}
			p.keep("installed")
		})
	}
}

// TestS1Deny tells that nothing was installed, when the admin does not allow the app or closes the window.
func TestS1Deny(t *testing.T) {
	w := newWorld(t)
	p := w.open(admin, "#/marketplace")
	p.click("install")
	p.popup(w.hubspot.URL()).clickOn(`button[value=deny]`)
	p.reads("The window was closed before Acme Chat for teams was installed.")
	if w.hubspot.Installed(portal) {
		t.Error("the app is installed")
	}
	w.app.Close()
	p.click("flow-SIGN_IN")
	p.click("install")
	p.reads("Is it running?")
	p.alone()
}

// TestS1Uninstall asks first. The app is re-authorised before.
func TestS1Uninstall(t *testing.T) {
	w := newWorld(t)
	w.install()
	p := w.open(admin, "#/marketplace")
	p.reads("Installed")
	p.click("install")
	p.popup(w.hubspot.URL()).clickOn(`button[value=allow]`)
	p.reads("is installed. Now connect one of its channels")

	p.click("uninstall")
	p.click("confirm-no")
	p.until("the dialog is closed", `!document.querySelector("dialog[open]")`)
	if !w.hubspot.Installed(portal) {
		t.Fatal("the app is gone, though nobody agreed")
	}
	p.click("uninstall")
	p.keep("confirm")
	p.click("confirm-yes")
	p.reads("Acme Chat for teams is removed from Acme Ltd.")
	if w.hubspot.Installed(portal) {
		t.Error("the app is still installed")
	}
}

// TestS1Consent says on HubSpot's own page who installs, and refuses whoever is no super-admin.
func TestS1Consent(t *testing.T) {
	w := newWorld(t)
	must(t, w.hubspot.AddPortal(97531, "Other Ltd"))
	must(t, w.hubspot.SetUser(97531, hubspottest.User{Agent: hubspottest.Agent{ActorID: "A-7", Name: "Kim Root"}, SuperAdmin: true}))
	p := w.open(admin, "#/marketplace")
	p.click("flow-LINK")
	p.click("install")
	popup := p.popup(w.hubspot.URL())
	popup.reads("Read and upload files")
	popup.until("only the users of the account are offered", `[...document.querySelectorAll("select")].filter((s) => s.checkVisibility()).map((s) => s.id).join() === "portal,user-24681012"`)
	chosen := func(id, value string) {
		popup.do(`document.getElementById(` + quote(id) + `).value = ` + quote(value))
	}
	chosen("portal", "97531")
	popup.until("those of the other account are offered", `document.querySelector("#user-97531").checkVisibility() && !document.querySelector("#user-24681012").checkVisibility()`)
	chosen("user-97531", guest)
	popup.reads("Only a super-admin installs apps: ask Robin Hale or Kim Root.")
	popup.clickOn(`button[value=allow]`)
	popup.reads("You are Jo Lind. Only a super-admin installs apps: ask Robin Hale or Kim Root.")
	if w.hubspot.Installed(97531) {
		t.Fatal("the app is installed by somebody who may not")
	}
	popup.until("what was chosen is kept", `document.querySelector("#portal").value === "97531" && document.querySelector("#user-97531").value === `+quote(guest))
	chosen("user-97531", "A-7")
	popup.clickOn(`button[value=allow]`)
	w.until("the app is installed", func() bool { return w.hubspot.Installed(97531) })
}

// TestS1Rights tells those who may not install why.
func TestS1Rights(t *testing.T) {
	w := newWorld(t)
	p := w.open(seller, "#/marketplace")
	p.reads("You are Noor Adams. Only a super-admin installs and removes apps: ask Robin Hale.")
	if p.shown("install") {
		t.Error("Install is offered")
	}
}
