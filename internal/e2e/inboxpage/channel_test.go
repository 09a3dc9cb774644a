package inboxpage

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestChannel (S10) changes the Channel within a conversation: to another account, and to e-mail.
func TestChannel(t *testing.T) {
	w := newWorld(t, rich).connect().connect()
	w.say("Ada", "Where is my parcel?")
	p := w.open("")
	p.openThread("Ada")
	p.choose(byID("channel"), "Acme market")
	p.write(editor, "From the market")
	p.send()
	if got := w.arrived(1); got.Account != market || got.To != "Ada" || got.Text != "From the market" {
		t.Errorf("got %+v", got)
	}
	p.lastStatus("Sent")
	p.lastStatus("by Acme market to Ada")

	p.choose(byID("channel"), "E-mail")
	p.shows("#composer-problem", "Enter the address at which E-mail reaches the customer.")
	p.write(byID("channel-address"), "ada@example.com")
	p.write(editor, "By e-mail")
	p.click(byID("tool-underline")) // e-mail has every style
	p.send()
	p.until("it says where it went", fmt.Sprintf(`[...document.querySelectorAll('%s')].at(-1).innerText.includes('by e-mail to ada@example.com')`, message))
	mails := w.hubspot.Messages(w.thread("Ada").ID)
	if last := mails[len(mails)-1]; last.Text != "By e-mail" || last.ChannelID == w.account.ChannelID {
		t.Errorf("the last message is %+v", last)
	}
	p.screenshot("channel")

	p.choose(byID("channel"), "Acme shop")
	p.write(editor, "Back in the chat")
	p.send()
	if got := w.arrived(2); got.Account != shop || got.Text != "Back in the chat" {
		t.Errorf("got %+v", got)
	}
}

// TestClosedChannel (S10) says why nothing goes over an account that is switched off, and offers another.
func TestClosedChannel(t *testing.T) {
	w := newWorld(t, rich).connect().connect()
	w.say("Ada", "Hello")
	p := w.open("")
	p.openThread("Ada")
	must(t, w.hubspot.SetAccountActive(w.account.ID, false))
	p.shows("#composer-problem", "is switched off or deleted. Choose another channel.")
	p.until("nothing can be sent", `document.querySelector('[data-testid="agent-send"]').disabled`)
	p.choose(byID("channel"), "Acme market")
	p.gone("#composer-problem")
}

// TestStart begins a conversation.
func TestStart(t *testing.T) {
	w := newWorld(t, rich).connect()
	p := w.open("")
	p.click(byID("new-conversation"))
	p.click(byID("start-send"))
	p.shows("dialog .error-note", "Enter the customer's address.")
	p.write(byID("start-address"), "grace")
	p.write(byID("start-name"), "Grace")
	p.write(byID("start-text"), "Your parcel is here.")
	p.screenshot("start")
	p.click(byID("start-send"))
	p.shows(message, "Your parcel is here.")
	if got := w.arrived(1); got.To != "grace" || got.Text != "Your parcel is here." {
		t.Errorf("got %+v", got)
	}
}

// TestStartRefused reads why no conversation can be begun.
func TestStartRefused(t *testing.T) {
	w := newWorld(t, plain).connect()
	p := w.open("")
	p.click(byID("new-conversation"))
	p.write(byID("start-address"), "grace")
	p.write(byID("start-text"), "Hello")
	p.click(byID("start-send"))
	p.shows("dialog .error-note", "allowConversationStart")
}

// TestWho acts as another user, keeps that, and starts anew when the simulator does not know who was remembered.
func TestWho(t *testing.T) {
	w := newWorld(t, rich).connect()
	w.say("Ada", "Hello")
	noor := w.hubspot.Users(w.account.PortalID)[1]
	p := w.open("")
	p.openThread("Ada")
	p.click(byID("user-menu"))
	p.click(byID("user-" + noor.ActorID))
	p.shows(byID("user-menu"), noor.Name)
	p.run(chromedp.Navigate(w.hubspot.URL() + "/")) // the address says nothing now
	p.shows(byID("user-menu"), noor.Name)
	p.write(editor, "I am Noor")
	p.send()
	if got := w.arrived(1).From; got != noor.Name {
		t.Errorf("the reply is from %q, want %q", got, noor.Name)
	}
	p.run(chromedp.Navigate(w.hubspot.URL() + "/?user=A-1"))
	p.shows(byID("user-menu"), "Robin Hale")
}

// TestConnect goes from an app that is not there to a connected account.
func TestConnect(t *testing.T) {
	w := newWorld(t, rich)
	w.hubspot.SetInstallURL("http://127.0.0.1:1/install")
	p := w.open("")
	p.shows("#empty", "Parcel Chat is not connected")
	p.screenshot("first-run")
	p.click(byID("agent-connect"))
	p.shows("#empty .error-note", "Is it running?")
	w.hubspot.SetInstallURL(w.url + "/hubspot/install")
	p.click(byID("agent-connect"))
	p.gone(byID("agent-connect"))
	p.shows("#empty", "The account “Acme shop” is connected")
}

// TestUnreachable tells that the simulator has gone, keeps what was written, and sends it when it is back.
func TestUnreachable(t *testing.T) {
	w := newWorld(t, rich).connect()
	w.say("Ada", "Hello")
	p := w.open("")
	p.openThread("Ada")
	eval[bool](p, `(() => { window.reachable = window.fetch; window.fetch = () => Promise.reject(new TypeError()); return true; })()`)
	p.write(editor, "Are you there?")
	p.send()
	p.shows(byID("outbox-status"), "Not sent: The simulator does not answer. Is it still running?")
	eval[bool](p, `(window.fetch = window.reachable) && true`)
	p.click("#outbox button")
	if got := w.arrived(1).Text; got != "Are you there?" {
		t.Errorf("got %q", got)
	}
	p.gone("#outbox li")
}
