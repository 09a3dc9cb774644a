package inboxpage

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// listed waits until the list holds the conversations of just these customers, in any order.
func (p *page) listed(customers ...string) {
	p.t.Helper()
	slices.Sort(customers)
	var got []string
	eventually(p.t, fmt.Sprint("the list is ", customers), func() bool {
		got = p.texts(thread + " .thread-customer")
		slices.Sort(got)
		return slices.Equal(got, customers)
	})
}

// TestFind (S8) searches and filters the list, reads what is known of a customer, and gives a conversation to somebody else.
func TestFind(t *testing.T) {
	w := newWorld(t, rich).connect()
	w.say("Ada", "The lamp is broken.")
	w.say("Ada", "It is the blue one.")
	w.say("Bo", "Where is my parcel?")
	w.say("Émile", "Bonjour")
	noor := w.hubspot.Users(w.account.PortalID)[1]
	must(t, w.hubspot.Assign(w.thread("Bo").ID, noor.ActorID))
	must(t, w.hubspot.CloseThread(w.thread("Émile").ID))
	p := w.open("")
	p.listed("Ada", "Bo", "Émile")

	p.click(byID("search"))
	p.write(byID("search-text"), "LAMP") // no row shows it: only the simulator knows
	p.listed("Ada")
	p.press(kb.Escape)
	p.listed("Ada", "Bo", "Émile")
	p.click(byID("search"))
	p.write(byID("search-text"), "emile")
	p.listed("Émile")
	p.press(kb.Escape)

	p.choose(byID("filter-status"), "Closed")
	p.listed("Émile")
	p.choose(byID("filter-status"), "Any")
	p.choose(byID("filter-owner"), noor.Name)
	p.listed("Bo")
	p.choose(byID("filter-owner"), "No owner")
	p.listed("Ada", "Émile")
	p.choose(byID("filter-owner"), "All")
	p.choose(byID("filter-channel"), channelName)
	p.listed("Ada", "Bo", "Émile")

	p.openThread("Ada")
	for _, fact := range []string{"Ada", "Parcel Chat", "Acme shop", "Open", "Acme Ltd"} {
		p.shows("#details", fact)
	}
	p.choose(byID("owner"), noor.Name)
	p.shows(byID("change"), "Robin Hale made Noor Adams the owner")
	if got := w.thread("Ada").OwnerID; got != noor.ActorID {
		t.Errorf("the owner is %q, want %q", got, noor.ActorID)
	}
}

// TestEarlier (S8) finds what a customer wrote before, and goes there.
func TestEarlier(t *testing.T) {
	w := newWorld(t, rich).connect()
	for _, talk := range []struct{ thread, text string }{{"2025", "My lamp is broken."}, {"2026", "Hello again"}} {
		w.receive(&bridge.Incoming{From: channels.Opaque("ada"), FromName: "Ada", Thread: talk.thread, Text: talk.text})
	}
	p := w.open("")
	p.openThread("Ada") // the newest is on top
	p.shows(message, "Hello again")
	p.shows(byID("earlier"), "My lamp is broken.")
	p.click(byID("earlier") + " a")
	p.shows(message, "My lamp is broken.")
	p.shows(byID("earlier"), "Hello again")
}

// TestContact makes a contact of a visitor, and changes it.
func TestContact(t *testing.T) {
	w := newWorld(t, rich).connect()
	w.say("Ada", "Hello")
	p := w.open("")
	p.openThread("Ada")
	p.click(byID("contact-edit"))
	p.run(chromedp.Clear(byID("contact-name")))
	p.click(byID("contact-save"))
	p.shows("dialog .error-note", "Enter a name.")
	p.write(byID("contact-name"), "Ada Lovelace")
	p.write(byID("contact-email"), "ada@example.com")
	p.choose(byID("contact-owner"), "Noor Adams")
	p.click(byID("contact-tracked"))
	p.click(byID("contact-save"))
	p.gone("dialog")
	p.shows("#details", "ada@example.com")
	p.shows("#details", "Tracked")

	p.click(byID("contact-edit"))
	p.write(byID("contact-phone"), "+49301234")
	p.click(byID("contact-save"))
	p.shows("#details", "+49301234")
	got := w.hubspot.Contacts(w.account.PortalID)
	want := []hubspottest.Contact{{
		ID: got[0].ID, PortalID: w.account.PortalID, Name: "Ada Lovelace", Email: "ada@example.com", Phone: "+49301234",
		OwnerID: w.hubspot.Users(w.account.PortalID)[1].ActorID, Tracked: true, Known: true,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
}

// TestDone closes a conversation, opens it again, and moves it to the help desk.
func TestDone(t *testing.T) {
	w := newWorld(t, rich).connect()
	w.say("Ada", "Thank you!")
	p := w.open("")
	p.openThread("Ada")
	p.click(byID("toggle-status"))
	p.shows(byID("change"), "Robin Hale closed the conversation")
	p.shows(thread, "Closed")
	p.shows(byID("toggle-status"), "Reopen")
	p.click(byID("toggle-status"))
	p.shows(byID("change"), "Robin Hale reopened the conversation")
	p.click(byID("conversation-menu"))
	p.click(byID("move-HELP_DESK"))
	p.shows(byID("change"), "moved the conversation to Help desk")
	p.shows("#conversation-channel", "Help desk")
}

// TestKeyboard goes through the inbox without a mouse.
func TestKeyboard(t *testing.T) {
	w := newWorld(t, rich).connect()
	w.say("Ada", "First")
	w.say("Bo", "Second")
	p := w.open("")
	p.listed("Ada", "Bo")
	open := func(customer string) {
		t.Helper()
		p.until(customer+" is open", `document.querySelector('#conversation-customer').textContent === '`+customer+`'`)
	}
	p.press("j")
	open("Bo")
	p.press("j")
	open("Ada")
	p.press("k")
	open("Bo")
	p.until("the row has the focus", `document.activeElement === document.querySelector('`+thread+`[aria-current]')`)
	p.press(kb.ArrowDown)
	p.press(kb.Enter)
	open("Ada")
	p.until("the editor has the focus", `document.activeElement.matches('`+editor+`')`)
	p.enter("j is no shortcut here")
	p.press(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	if got := w.arrived(1).Text; got != "j is no shortcut here" {
		t.Errorf("the customer got %q", got)
	}
	p.press(kb.Escape)
	p.press("/")
	p.until("the search has the focus", `document.activeElement.matches('[data-testid="search-text"]')`)
	p.press(kb.Escape)
	open("Ada") // still, wherever her row is by now
	p.press("c")
	p.shows("#composer", "Comment")
	p.until("a comment is begun", `document.querySelector('#composer').dataset.mode === 'comment'`)
}
