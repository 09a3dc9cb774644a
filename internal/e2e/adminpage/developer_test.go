package adminpage

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// TestDeveloperApp shows the secrets only when it is asked.
func TestDeveloperApp(t *testing.T) {
	w := newWorld(t)
	w.connect()
	p := w.open(admin, "#/developer")
	p.reads("conversations.custom_channels.write")
	p.reads(channelName)
	if html := eval[string](p, `document.documentElement.outerHTML`); strings.Contains(html, w.hubspot.ClientSecret()) {
		t.Error("the page has the secret though nobody has asked for it")
	}
	p.click("show-credentials")
	p.reads(w.hubspot.ClientSecret())
	p.reads(w.hubspot.DeveloperKey())
	p.click("show-credentials")
	p.lacks(w.hubspot.ClientSecret())

	p.enter(testid("install-url"), "http://127.0.0.1:1/elsewhere")
	p.click("save-addresses")
	p.reads("Saved")
	p.keep("app")
}

// TestDeveloperJournal finds a webhook and opens it.
func TestDeveloperJournal(t *testing.T) {
	w := newWorld(t)
	w.connect()
	p := w.open(admin, "#/developer/journal")
	p.reads("CHANNEL_ACCOUNT_CREATED")
	p.choose("journal-operation", "webhooks")
	const rows = `[...document.querySelectorAll('[data-testid="journal"] > li')].map((row) => row.dataset.operation)`
	p.until("only webhooks are listed", rows+`.every((name) => name === "webhook.delivery")`)
	p.do(`document.querySelector('[data-testid="journal"] summary').click()`)
	p.reads(`"CHANNEL_ACCOUNT_CREATED"`)
	p.keep("journal")
	p.click("send-again")
	p.reads("The app answered 200.")
	if list := w.hubspot.Journal("webhook.delivery"); len(list) != 2 || list[0].Request != list[1].Request {
		t.Errorf("the webhooks are %v, want the same twice", list)
	}
	p.choose("journal-status", "failed")
	p.reads("No entry is like this.")
	p.choose("journal-status", "")

	must(t, w.hubspot.RenameAccount(w.account().ID, "Renamed meanwhile")) // the journal follows
	p.reads("CHANNEL_ACCOUNT_UPDATED")
	p.choose("journal-operation", "")
	p.click("journal-clear")
	p.lacks("CHANNEL_ACCOUNT_CREATED")
}

// TestDeveloperFaults has a webhook signed wrongly, and the app refuses it.
func TestDeveloperFaults(t *testing.T) {
	w := newWorld(t)
	a := w.connect()
	p := w.open(admin, "#/developer/faults")
	p.reads("None: everything works as HubSpot means it to.")
	p.choose("fault-preset", "bad-signature")
	p.click("fault-add")
	p.reads("Bad signature")
	p.choose("fault-preset", "rate-limit")
	p.choose("fault-operation", "message.publish")
	p.click("fault-add")
	p.reads("Form RATE_LIMIT, Retry-After 5 s")
	p.keep("faults")
	want := []hubspottest.Fault{
		{Operation: "webhook.delivery", BadSignature: true},
		{Operation: "message.publish", Form: hubspottest.FormRateLimit, RetryAfter: 5 * time.Second},
	}
	if diff := cmp.Diff(want, w.hubspot.Faults()); diff != "" {
		t.Fatalf("faults (-want +got):\n%s", diff)
	}

	must(t, w.hubspot.RenameAccount(a.ID, "Unheard"))
	w.until("the app refuses a webhook", func() bool {
		list := w.hubspot.Journal("webhook.delivery")
		return list[len(list)-1].Status == 401
	})
	p.reads("played in ")
	p.click("fault-remove")
	p.lacks("Bad signature\n")
	w.wantTold("renamed Unheard")
	p.click("faults-clear")
	p.reads("None: everything works as HubSpot means it to.")
}

// TestDeveloperKnobs turns a knob, and all back.
func TestDeveloperKnobs(t *testing.T) {
	w := newWorld(t)
	p := w.open(admin, "#/developer/behaviour")
	p.reads("Agent messages hidden")
	p.do(`document.querySelector('[data-knob="EmptyText"] input[value="true"]').click()`)
	p.reads("1 of ")
	p.keep("behaviour")
	if !w.hubspot.Readings().EmptyText {
		t.Error("the knob is not turned")
	}
	p.click("knobs-reset")
	p.lacks("1 of ")
	if diff := cmp.Diff(hubspottest.Readings{}, w.hubspot.Readings()); diff != "" {
		t.Errorf("readings (-want +got):\n%s", diff)
	}
}

// TestDeveloperClock moves the clock ahead.
func TestDeveloperClock(t *testing.T) {
	w := newWorld(t)
	p := w.open(admin, "#/developer/clock")
	p.reads("In step with this computer")
	p.click("advance-3600")
	p.reads("1 hour ahead of this computer")
	p.enter(testid("clock-amount"), "2")
	p.choose("clock-unit", "86400")
	p.click("advance")
	p.reads("2 days 1 hour ahead of this computer")
	p.keep("clock")
	if got := time.Until(w.hubspot.Now()); got < 48*time.Hour {
		t.Errorf("the clock is %s ahead", got)
	}
}

// TestDeveloperPeople gives a user another role, and acts as another.
func TestDeveloperPeople(t *testing.T) {
	w := newWorld(t)
	p := w.open(admin, "#/developer/people")
	p.reads("Noor Adams")
	p.keep("people")
	p.do(`document.querySelector('[data-actor-id="` + guest + `"] [data-testid="user-admin"]').click()`)
	w.until("the guest is a super-admin", func() bool { return w.hubspot.Users(portal)[2].SuperAdmin })
	p.do(`document.querySelector('[data-actor-id="` + seller + `"] [data-testid="act-as"]').click()`)
	p.reads("You are Noor Adams. Only a super-admin changes users.")
	p.do(`document.querySelector('[data-actor-id="` + seller + `"] [data-testid="user-away"]').click()`)
	w.until("the seller is away", func() bool { return w.hubspot.Users(portal)[1].Away })
}

// TestDeveloperWaiting shows a webhook that the app has not accepted, until the clock reaches its next attempt.
func TestDeveloperWaiting(t *testing.T) {
	w := newWorld(t, time.Hour)
	a := w.connect()
	w.hubspot.Inject(hubspottest.Fault{Operation: "webhook.delivery", BadSignature: true, Nth: 1})
	p := w.open(admin, "#/developer/journal")
	must(t, w.hubspot.RenameAccount(a.ID, "Later"))
	p.reads("1 webhook not accepted yet")
	p.do(`document.querySelector('[data-testid="waiting-webhooks"] summary').click()`)
	p.reads("1 attempt")
	p.keep("waiting")
	p.click("tab-clock")
	p.click("advance-3600")
	w.wantTold("renamed Later")
	p.click("tab-journal")
	p.lacks("not accepted yet")
}
