package knobs

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// slowAdmin: she leaves the popup open for longer than an account token may live.
func (w *world) slowAdmin() {
	begun, err := w.hubspot.BeginConnection(portal, w.listed().ChannelID, "")
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
	w.diff("the admin reads", "Connect Parcel chat HubSpot is not waiting for this account, or not any longer. "+
		"Please close this window and begin again in HubSpot.", popup.text())
	w.logged("The account token has expired")
}

// accountEdited: an admin renames the account, moves it to the help desk, and switches it off for a while.
func (w *world) accountEdited() {
	id, before := w.listed().ID, w.account().InboxID
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
	w.quiet()
}

// webhookAstray: the developer has pointed the webhook elsewhere; the app puts it right when it starts. HubSpot may go on for
// some minutes with what it knew; then a retry arrives.
func (w *world) webhookAstray() {
	elsewhere := appURL + "/nowhere"
	_, err := w.registry.Update(w.t.Context(), w.account().Channel, &channels.RegistrationUpdate{WebhookURL: &elsewhere})
	w.must(err)
	w.later(10 * time.Minute)
	w.stop()
	w.open(definition())
	w.rest()
	m := w.replies(w.thread("Is it open?"), hubspottest.Reply{Text: "Right again"})
	if w.readings.WebhookURLLate {
		w.diff("the customer gets", []string(nil), w.service.texts())
		w.later(30 * time.Minute)
	}
	w.diff("the customer gets", []string{"Right again"}, w.service.texts())
	w.diff("status", "SENT", w.message(m).Status)
	w.quiet()
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
	kept := 0
	if w.readings.CapabilitiesMerge { // this one is left out where it is empty, and stays then
		kept = 2
	}
	w.diff("file types", kept, len(c.AllowedFileMIMETypes))
	m := w.replies(w.thread("Is it open?"), hubspottest.Reply{Text: "It is", RichText: "<b>It is</b>"})
	w.diff("status", "SENT", w.message(m).Status)
	w.diff("the customer gets", []string{"It is"}, w.service.texts())
	w.quiet()
}

// uninstalled: behind the app's back, and installed again. Where that takes the accounts' authorization, the agent cannot
// answer and the customer waits until an admin connects the account again too.
func (w *world) uninstalled() {
	w.must(w.hubspot.Uninstall(portal))
	w.says("bob", "uninstalled", "Anybody there?")
	w.later(time.Hour)
	w.must(w.hubspot.Install(w.t.Context(), portal))
	w.later(2 * time.Hour)
	thread, answer := w.thread("Is it open?"), hubspottest.Reply{Text: "We are back"}
	if w.readings.UninstallDeauthorizes {
		w.diff("the service knows of", []string{"disconnected Corner shop ☕", "disconnected Kiosk"}, w.service.hears())
		if _, err := w.hubspot.Reply(thread, answer); err == nil || !strings.Contains(err.Error(), "switched off") {
			w.t.Errorf("the agent reads %v", err)
		}
		w.diff("the agent sees", false, slices.Contains(w.sees(thread), "bob: Anybody there?"))
		_, err := w.hubspot.InstallAndConnect(w.t.Context())
		w.must(err)
		w.later(2 * time.Hour)
		heard := w.service.hears()
		w.diff("the service knows of", "connected again Corner shop ☕", heard[len(heard)-1])
	}
	w.diff("the agent sees", true, slices.Contains(w.sees(thread), "bob: Anybody there?"))
	m := w.replies(thread, answer)
	w.diff("status", "SENT", w.message(m).Status)
	w.diff("the customer gets", []string{"We are back"}, w.service.texts())
	w.diff("the service knows of", []string(nil), w.service.hears())
	w.logged("portal paused")
}

// accountDeleted: the service knows, and what customers write is told back.
func (w *world) accountDeleted() {
	w.must(w.hubspot.DeleteAccount(w.listed().ID))
	w.later(time.Minute)
	w.diff("the service knows of", []string{"deleted Corner shop ☕"}, w.service.hears())
	err := w.bridge.Receive(w.t.Context(), &bridge.Incoming{ID: "deleted", From: channels.Opaque("bob"), To: shop, Text: "Hello?"})
	if !errors.Is(err, bridge.ErrUnknownAccount) {
		w.t.Errorf("Receive: %v", err)
	}
	w.quiet()
}

// channelDeleted: the developer deletes the channel, with its accounts or without.
func (w *world) channelDeleted() {
	_, err := w.hubspot.InstallAndConnect(w.t.Context())
	w.must(err)
	w.rest()
	w.diff("the service knows of", []string{"created Shop"}, w.service.hears())
	w.must(w.registry.Archive(w.t.Context(), w.account().Channel))
	w.later(time.Minute)
	err = w.bridge.Receive(w.t.Context(), &bridge.Incoming{ID: "gone", From: channels.Opaque("bob"), To: shop, Text: "Hello?"})
	if w.readings.ChannelDeletePurges {
		w.diff("the service knows of", []string{"deleted Kiosk", "deleted Shop"}, sorted(w.service.hears()))
		if !errors.Is(err, bridge.ErrUnknownAccount) {
			w.t.Errorf("Receive: %v", err)
		}
		w.quiet()
		return
	}
	w.must(err)
	w.later(24 * time.Hour)
	w.diff("the service knows of", []string(nil), w.service.hears())
	w.buries("HubSpot does not know the account or the channel")
}
