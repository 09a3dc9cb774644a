package knobs

import (
	"errors"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

// refused: HubSpot takes a customer's message or refuses it for good. Then the app keeps it aside with HubSpot's reason,
// and what the customer says next is not held up.
func (w *world) refused(refused bool, id, text, reason string, more ...func(*bridge.Incoming)) {
	w.t.Helper()
	w.says("bob", id, text, more...)
	w.says("bob", id+" next", "After "+id)
	bob := w.sees(w.thread("After " + id))
	if !refused {
		w.diff("the agent sees", []string{"bob: " + text, "bob: After " + id}, bob[len(bob)-2:])
		w.quiet()
		return
	}
	w.diff("the agent sees", "bob: After "+id, bob[len(bob)-1])
	if bob[len(bob)-2] == "bob: "+text {
		w.t.Error("the agent sees what HubSpot has refused")
	}
	w.buries(reason)
}

func (w *world) longText() {
	w.refused(w.readings.LongTextRefused, "long", strings.Repeat("é", 10_001), "text must not be longer than 10000 characters")
}

func (w *world) unknownContact() {
	w.refused(w.readings.UnknownContactRefused, "contact", "It is me", "No contact with the id 7 exists in this account",
		func(m *bridge.Incoming) { m.ContactID = 7 })
}

// lostForLong: HubSpot has taken a message and its answer is lost, and for more than a day it is not to be asked again.
// Whether it would still know the message then is not known, so the app keeps it aside: the agent sees it once.
func (w *world) lostForLong() {
	w.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Reset: hubspottest.ResetAfter})
	w.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Status: 503})
	w.says("bob", "lost for long", "Still only once")
	w.later(25 * time.Hour)
	w.hubspot.ClearFaults()
	w.later(10 * time.Minute)
	w.diff("times that the agent sees it", 1, w.times("Still only once"))
	w.buries("HubSpot may or may not have it, and would not recognise it any more")
}

// fromElsewhere: the app itself publishes a message as an agent's. Where HubSpot tells of it as of any other, it is sent.
func (w *world) fromElsewhere() {
	bob := channels.Opaque("bob")
	client, err := channels.NewClient(w.app.Portal(portal), channels.WithBaseURL(hubspotURL), channels.WithHTTPClient(w.app.HTTPClient))
	w.must(err)
	_, err = messages.NewClient(client).Publish(w.t.Context(), w.account().Channel, &messages.Draft{
		Direction: messages.DirectionOutgoing, AccountID: w.account().ID, Thread: "chat with bob", Text: "By a robot",
		Senders:    []messages.Participant{{DeliveryIdentifier: shop}},
		Recipients: []messages.Participant{{DeliveryIdentifier: bob}},
	})
	w.rest()
	if !w.readings.OutgoingRefused {
		w.must(err)
		w.diff("times that the agent sees it", 1, w.times("By a robot"))
		texts := []string{"By a robot"}
		if w.readings.OutgoingSilent {
			texts = nil
		}
		w.diff("the customer gets", texts, w.service.texts())
		w.quiet()
		return
	}
	w.diff("the customer gets", []string(nil), w.service.texts())
	if !errors.Is(err, channels.ErrInvalid) || !strings.Contains(err.Error(), "messageDirection must be INCOMING") {
		w.t.Errorf("Publish: %v", err)
	}
}
