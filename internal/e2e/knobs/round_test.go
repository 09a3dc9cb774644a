package knobs

import (
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

const (
	photo = "\x89PNG\r\n\x1a\n photo"
	plan  = "\x89PNG\r\n\x1a\n plan"
	label = "%PDF-1.7 label"
)

// connected: an admin installs the app and connects an account through its popup.
func (w *world) connected() {
	account, err := w.hubspot.InstallAndConnect(w.t.Context())
	w.must(err)
	w.rest()
	w.diff("the account", bridge.Account{
		Channel: channels.ID(account.ChannelID), Portal: portal, ID: channels.AccountID(account.ID), InboxID: channels.InboxID(account.InboxID),
		Name: "Shop", Identifier: shop, Active: true, Authorized: true, Credentials: []byte("a-key"),
	}, *w.account())
	w.diff("the service knows of", []string{"created Shop"}, w.service.hears())
	want := int64(0)
	if w.readings.PopupUser {
		want = 2620022
	}
	w.diff("the admin", want, w.service.admin)
	w.quiet()
}

// customerWrites: text, a file with text, and a file alone.
func (w *world) customerWrites() {
	with := func(m *bridge.Incoming) {
		m.Media = []bridge.Media{{Name: "photo.png", Body: strings.NewReader(photo)}}
	}
	w.says("ada", "1", "Grüß Gott 🐈")
	w.says("ada", "2", "Look", with)
	w.says("ada", "3", "", with)
	w.says("ada", "1", "Grüß Gott 🐈") // the service sends it again
	w.diff("the agent sees", []string{
		"ada: Grüß Gott 🐈", "ada: Look [photo.png image/png " + photo + "]", "ada:   [photo-1.png image/png " + photo + "]",
	}, w.sees(w.thread("Look")))
	w.quiet()
}

// agentAnswers: with text, a picture in it, and a file; and the customer reads it.
func (w *world) agentAnswers() {
	id := w.replies(w.thread("Look"), hubspottest.Reply{
		Text: "Schön ☃", RichText: "<p><b>Schön</b> ☃</p>",
		Files:    []hubspottest.Upload{{Name: "label.pdf", Content: []byte(label)}},
		Pictures: []hubspottest.Upload{{Name: "plan.png", Content: []byte(plan)}},
	})
	w.diff("the customer gets", []sent{{
		Agent: "Robin Hale", To: "ada", Thread: "chat with ada", Text: "Schön ☃", Credentials: "a-key",
		Files: []string{"label.pdf application/pdf " + label, "plan.png image/png " + plan},
	}}, w.service.news())
	w.diff("status", "SENT", w.message(id).Status)
	w.reads(id)
	w.diff("status", "READ", w.message(id).Status)
	w.must(w.bridge.Report(w.t.Context(), shop, "receipt of "+id, messages.StatusFailed, "Too late."))
	w.rest()
	w.diff("status", "READ", w.message(id).Status)
	w.says("ada", "4", "Thanks", func(m *bridge.Incoming) { m.InReplyTo = "receipt of " + id })
	w.diff("answers", id, w.last("Thanks").InReplyToID)
	w.quiet()
}

// messageFails: the service refuses a message for good, and the agent reads why.
func (w *world) messageFails() {
	m := w.message(w.replies(w.thread("Look"), hubspottest.Reply{Text: blocked}))
	w.diff("status", "FAILED: This number has blocked you.", m.Status+": "+m.Reason)
	w.quiet()
}

// webhookIsRetried: the app is busy once.
func (w *world) webhookIsRetried() {
	w.busy.Store(1)
	m := w.replies(w.thread("Look"), hubspottest.Reply{Text: "Once more"})
	w.diff("the customer gets", []string(nil), w.service.texts())
	w.later(2 * time.Minute)
	w.diff("the customer gets", []string{"Once more"}, w.service.texts())
	w.diff("status", "SENT", w.message(m).Status)
	w.quiet()
}

// badSignature: one attempt cannot be trusted. The app answers 401, which has HubSpot try again, or give up: then the
// message never arrives, nothing says so but the app's log, and the agent sees it on its way for ever.
func (w *world) badSignature() {
	w.hubspot.Inject(hubspottest.Fault{Operation: "webhook.delivery", Nth: 1, BadSignature: true})
	m := w.replies(w.thread("Look"), hubspottest.Reply{Text: "Signed"})
	w.later(48 * time.Hour)
	w.hubspot.ClearFaults()
	texts, status := []string{"Signed"}, "SENT"
	if w.readings.ClientErrorsEnd {
		texts, status = nil, "SENDING"
	}
	w.diff("the customer gets", texts, w.service.texts())
	w.diff("status", status, w.message(m).Status)
	w.logged("webhook refused")
}

// inOrder: several messages at once.
func (w *world) inOrder() {
	thread := w.thread("Look")
	for _, text := range []string{"one", "two", "three"} {
		_, err := w.hubspot.Reply(thread, hubspottest.Reply{Text: text})
		w.must(err)
	}
	w.rest()
	want, got := []string{"one", "two", "three"}, w.service.texts()
	if w.readings.Unordered { // in the order in which they come, whichever that is
		want, got = sorted(want), sorted(got)
	}
	w.diff("the customer gets", want, got)
	w.quiet()
}

// otherConversation: it does not mix with the first.
func (w *world) otherConversation() {
	w.says("bob", "10", "And mine?")
	bob := w.thread("And mine?")
	w.replies(bob, hubspottest.Reply{Text: "Yours too", AgentID: w.hubspot.Users(portal)[1].ActorID})
	w.diff("the customer gets", []sent{{Agent: "Noor Adams", To: "bob", Thread: "chat with bob", Text: "Yours too", Credentials: "a-key"}}, w.service.news())
	w.diff("the agent sees", []string{"bob: And mine?", "Noor Adams: Yours too SENT"}, w.sees(bob))
	if bob == w.thread("Look") {
		w.t.Error("two customers share a conversation")
	}
	w.quiet()
}

// agentBegins: the customer's answer stands in the same conversation, where HubSpot lets the app name it.
func (w *world) agentBegins() {
	started, m, err := w.hubspot.StartConversation(w.listed().ID, hubspottest.Start{
		To: hubspottest.Identifier{Type: string(channels.TypeOpaque), Value: "cleo"}, Reply: hubspottest.Reply{Text: "Your parcel is here"},
	})
	w.must(err)
	w.rest()
	w.diff("status", "SENT", w.message(m.ID).Status)
	w.diff("the customer gets", []string{"Your parcel is here"}, w.service.texts())
	w.says("cleo", "20", "Coming")
	w.says("cleo", "21", "Am here")
	answer := w.thread("Coming")
	if named := w.readings.StartedThreadNamed || w.readings.StartedThreadJoins; named != (answer == started.ID) {
		w.t.Errorf("the customer's answer is in the same conversation: %v", answer == started.ID)
	}
	if !w.readings.StartedThreadNamed { // it is all that leads from the one to the other
		w.diff("answers", m.ID, w.last("Coming").InReplyToID)
	}
	w.diff("the second answer is in the same conversation as the first", answer, w.thread("Am here"))
	w.replies(answer, hubspottest.Reply{Text: "See you"})
	w.diff("the customer gets", []sent{{Agent: "Robin Hale", To: "cleo", Thread: "chat with cleo", Text: "See you", Credentials: "a-key"}}, w.service.news())
	w.quiet()
}

// tokensExpire: twice, so that also what the first refresh gave is refreshed.
func (w *world) tokensExpire() {
	for _, text := range []string{"An hour later", "Another hour later"} {
		w.later(time.Hour)
		w.says("bob", text, text)
		m := w.replies(w.thread(text), hubspottest.Reply{Text: "Still here"})
		w.diff("status", "SENT", w.message(m).Status)
		w.diff("the customer gets", []string{"Still here"}, w.service.texts())
	}
	if n := len(w.hubspot.Journal("oauth.token")); n < 3 {
		w.t.Errorf("%d calls for tokens", n)
	}
	w.quiet()
}

// answerIsLost: HubSpot has taken a message, but its answer does not arrive.
func (w *world) answerIsLost() {
	w.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Reset: hubspottest.ResetAfter})
	w.says("bob", "lost", "Once only")
	w.later(5 * time.Minute)
	w.hubspot.ClearFaults()
	w.diff("times that the agent sees it", 1, w.times("Once only"))
	w.quiet()
}

// closedAndArchived: where a customer's message goes after the conversation has ended.
func (w *world) closedAndArchived() {
	first := w.thread("Look")
	w.must(w.hubspot.CloseThread(first))
	w.says("ada", "closed", "One more thing")
	second := w.thread("One more thing")
	if w.readings.ClosedThreadStartsNew == (second == first) {
		w.t.Errorf("the closed conversation goes on: %v", second == first)
	}
	w.api("DELETE", "/conversations/v3/conversations/threads/"+second)
	w.says("ada", "archived", "And another")
	third := w.thread("And another")
	if w.readings.ArchivedThreadOpens != (third == second) {
		w.t.Errorf("the archived conversation goes on: %v", third == second)
	}
	w.replies(third, hubspottest.Reply{Text: "Sure"})
	w.diff("the customer gets", []sent{{Agent: "Robin Hale", To: "ada", Thread: "chat with ada", Text: "Sure", Credentials: "a-key"}}, w.service.news())
	w.quiet()
}
