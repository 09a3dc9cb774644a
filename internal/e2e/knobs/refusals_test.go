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

// fromElsewhere: the app itself publishes what an agent has written in another place.
func (w *world) fromElsewhere() {
	bob := channels.Opaque("bob")
	client, err := channels.NewClient(w.app.Portal(portal), channels.WithBaseURL(hubspotURL), channels.WithHTTPClient(w.app.HTTPClient))
	w.must(err)
	_, err = messages.NewClient(client).Publish(w.t.Context(), w.account().Channel, &messages.Draft{
		Direction: messages.DirectionOutgoing, AccountID: w.account().ID, Thread: "chat with bob", Text: "From the shop's phone",
		Senders:    []messages.Participant{{DeliveryIdentifier: shop}},
		Recipients: []messages.Participant{{DeliveryIdentifier: bob}},
	})
	w.rest()
	w.service.news()
	if !w.readings.OutgoingRefused {
		w.must(err)
		w.thread("From the shop's phone")
		return
	}
	if !errors.Is(err, channels.ErrInvalid) || !strings.Contains(err.Error(), "messageDirection must be INCOMING") {
		w.t.Errorf("Publish: %v", err)
	}
}

// slowAdmin: she leaves the popup open for longer than an account token may live.
func (w *world) slowAdmin() {
	begun, err := w.hubspot.BeginConnection(portal, w.account0().ChannelID, "")
	w.must(err)
	popup := w.browse()
	popup.get(begun.PopupURL)
	w.later(11 * time.Minute)
	popup.submit(map[string]string{"name": "Kiosk", "key": "its-key"})
	w.rest()
	ended, err := w.hubspot.Connection(begun.Token)
	w.must(err)
	if !w.readings.StagingTokensEnd {
		w.diff("connected", true, ended.Done)
		w.diff("the service knows of", []string{"created Kiosk"}, w.service.hears())
		w.quiet()
		return
	}
	w.diff("connected", false, ended.Done)
	w.diff("the service knows of", []string(nil), w.service.hears())
	w.diff("the admin reads", "Connect Parcel chat HubSpot does not wait for this account, or not any more. "+
		"Please close this window and begin again in HubSpot.", popup.text())
	w.logged("The account token has expired")
}

// accountEdited: an admin renames the account, moves it to the help desk, and switches it off for a while.
func (w *world) accountEdited() {
	id, before := w.account0().ID, w.account().InboxID
	w.must(w.hubspot.RenameAccount(id, "Corner shop ☕"))
	w.later(time.Minute)
	w.diff("name", "Corner shop ☕", w.account().Name)
	w.diff("the service knows of", []string{"renamed Corner shop ☕"}, w.service.hears())

	desk := channels.InboxID(w.hubspot.Inboxes(portal)[1].ID)
	w.must(w.hubspot.MoveAccount(id, string(desk)))
	w.later(time.Minute)
	if w.readings.MoveSilent { // until the app looks by itself
		w.diff("inbox", before, w.account().InboxID)
		w.later(25 * time.Hour)
	}
	w.diff("inbox", desk, w.account().InboxID)
	w.diff("the service knows of", []string{"moved Corner shop ☕"}, w.service.hears())

	w.must(w.hubspot.SetAccountActive(id, false))
	w.later(time.Minute)
	w.says("bob", "off", "Is it open?")
	w.later(time.Hour)
	w.must(w.hubspot.SetAccountActive(id, true))
	w.later(10 * time.Minute)
	w.thread("Is it open?")
	w.diff("the service knows of", []string{"off Corner shop ☕", "on Corner shop ☕"}, w.service.hears())
	w.log.news()
}

// channelChanged: the next version of the app declares less.
func (w *world) channelChanged() {
	w.stop()
	d := definition()
	d.Description = "Talk to everybody."
	d.Capabilities.RichText, d.Capabilities.AllowInlineImages, d.Capabilities.AllowedFileMIMETypes = nil, false, nil
	d.Capabilities.MaxFileCount = 1
	w.open(d)
	w.rest()
	got, err := w.registry.Get(w.t.Context(), w.account().Channel)
	w.must(err)
	w.diff("description", d.Description, got.Description)
	c := got.Capabilities
	w.diff("rich text", 0, len(c.RichText))
	w.diff("files", 1, c.MaxFileCount)
	w.diff("pictures", false, c.AllowInlineImages)
	w.diff("file types", 0, len(c.AllowedFileMIMETypes))
	m := w.replies(w.thread("Is it open?"), hubspottest.Reply{Text: "It is", RichText: "<b>It is</b>"})
	w.diff("status", "SENT", w.message(m).Status)
	w.diff("the customer gets", []string{"It is"}, w.service.texts())
	w.quiet()
}

// uninstalled: behind the app's back, and installed again.
func (w *world) uninstalled() {
	w.must(w.hubspot.Uninstall(portal))
	w.says("bob", "uninstalled", "Anybody there?")
	w.later(time.Hour)
	w.must(w.hubspot.Install(w.t.Context(), portal))
	w.later(2 * time.Hour)
	_, err := w.hubspot.Reply(w.thread("Is it open?"), hubspottest.Reply{Text: "We are back"})
	w.t.Log(err, w.service.hears(), w.service.texts(), w.log.news(), w.buried(), w.account().Authorized)
	_, err = w.hubspot.InstallAndConnect(w.t.Context())
	w.must(err)
	w.later(2 * time.Hour)
	m, err := w.hubspot.Reply(w.thread("Is it open?"), hubspottest.Reply{Text: "We are back"})
	w.must(err)
	w.rest()
	w.t.Log(err, w.service.hears(), w.log.news(), w.buried(), w.account().Authorized, w.account().Name)
	w.diff("status", "SENT", w.message(m.ID).Status)
	w.diff("the customer gets", []string{"We are back"}, w.service.texts())
	w.diff("same", w.thread("Is it open?"), w.thread("Anybody there?"))
	w.log.news()
}

// accountDeleted: the service knows, and what customers write is told back.
func (w *world) accountDeleted() {
	w.must(w.hubspot.DeleteAccount(w.account0().ID))
	w.later(time.Minute)
	w.diff("the service knows of", []string{"deleted Corner shop ☕"}, w.service.hears())
	err := w.bridge.Receive(w.t.Context(), &bridge.Incoming{ID: "deleted", From: channels.Opaque("bob"), To: shop, Text: "Hello?"})
	if !errors.Is(err, bridge.ErrUnknownAccount) {
		w.t.Errorf("Receive: %v", err)
	}
	w.quiet()
}

// channelDeleted: the developer deletes the channel.
func (w *world) channelDeleted() {
	_, err := w.hubspot.InstallAndConnect(w.t.Context())
	w.must(err)
	w.rest()
	w.t.Log(w.service.hears())
	w.t.Log(w.log.news())
	w.must(w.registry.Archive(w.t.Context(), w.account().Channel))
	w.later(time.Minute)
	w.t.Log(w.service.hears())
	err = w.bridge.Receive(w.t.Context(), &bridge.Incoming{ID: "gone", From: channels.Opaque("bob"), To: shop, Text: "Hello?"})
	w.t.Log(err)
	w.later(10*24*time.Hour)
	w.t.Log(w.service.hears())
	w.t.Logf("%q", w.buried())
	w.t.Logf("%.1000q", w.log.news())
}
