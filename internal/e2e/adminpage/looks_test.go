package adminpage

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// widerThanTheScreen lists what a reader would have to scroll sideways for.
const widerThanTheScreen = `[...document.querySelectorAll(".view *, .dialog *")]
	.filter((e) => e.checkVisibility() && !e.closest(".table-scroll, .view-tabs, pre, .for-readers") && e.getBoundingClientRect().right > innerWidth + 1)
	.map((e) => e.outerHTML.slice(0, 90))`

// nameless lists controls and pictures that a screen reader could not name, and ids that are there twice.
const nameless = `[
	...[...document.querySelectorAll("button, a, input, select, textarea, [role=switch]")]
		.filter((e) => e.checkVisibility() && !(e.innerText?.trim() || e.ariaLabel || e.title || e.labels?.length || e.getAttribute("aria-labelledby"))),
	...[...document.images].filter((e) => !e.hasAttribute("alt")),
	...[...document.querySelectorAll("[id]")].filter((e) => document.querySelectorAll("#" + CSS.escape(e.id)).length > 1),
].map((e) => e.outerHTML.slice(0, 90))`

// TestLooks walks through all views on a wide and on a narrow screen, light and dark.
func TestLooks(t *testing.T) {
	w := newWorld(t)
	a := w.connect()
	must(t, w.hubspot.SetRouting(a.ID, hubspottest.Routing{AssignTo: hubspottest.AssignToUsers, Users: []string{seller}, Teams: []string{"Support"}}))
	must(t, w.hubspot.AddPortal(97531, "Other Ltd"))
	w.hubspot.Inject(hubspottest.Fault{Operation: "webhook.delivery", BadSignature: true, Nth: 1})
	w.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Form: hubspottest.FormRateLimit, Nth: 3})
	must(t, w.hubspot.RenameAccount(a.ID, "The shop at the corner of Elm Street and Second Avenue, open late"))
	p := w.open(admin, "#/settings")
	for _, screen := range []struct{ width, height int64 }{{1440, 900}, {400, 800}} {
		for _, scheme := range []string{"light", "dark"} {
			p.show(screen.width, screen.height, scheme)
			for hash, ready := range map[string]string{
				"#/settings": ".channel-account-names", "#/settings/connect/" + w.inbox("INBOX").ID: ".channel-choice", "#/marketplace": ".scopes li",
				"#/developer/app": ".fold code", "#/developer/journal": ".entry", "#/developer/faults": ".faults li",
				"#/developer/behaviour": ".knobs label", "#/developer/clock": ".clock-time:not(:empty)", "#/developer/people": ".users td",
			} {
				p.visit(hash, ready)
				p.look(fmt.Sprintf("%d-%s-%s", screen.width, scheme, hash))
			}
			p.visit("#/settings", ".channel-account-names")
			p.click("account-edit")
			p.look(fmt.Sprintf("%d-%s-edit", screen.width, scheme))
			p.click("edit-cancel")
		}
	}
}

// TestConsentLooks shows the pages that stand where HubSpot's own do, which have no scripts to rely on.
func TestConsentLooks(t *testing.T) {
	w := newWorld(t)
	must(t, w.hubspot.AddPortal(97531, "Other Ltd"))
	p := w.open(admin, "#/marketplace")
	for _, screen := range []struct{ width, height int64 }{{1280, 860}, {600, 600}, {390, 800}} {
		for _, scheme := range []string{"light", "dark"} {
			p.show(screen.width, screen.height, scheme)
			look := func(name, ready string) {
				p.until(name+" is shown", `document.querySelector("main")?.innerText.includes(`+quote(ready)+`)`)
				p.keep(fmt.Sprintf("%d-%s-%s", screen.width, scheme, name))
				if diff := cmp.Diff([]string{}, eval[[]string](p, strings.Replace(widerThanTheScreen, ".view *, .dialog *", "body *", 1))); diff != "" {
					t.Errorf("%s: wider than the screen (-want +got):\n%s", name, diff)
				}
				if diff := cmp.Diff([]string{}, eval[[]string](p, nameless)); diff != "" {
					t.Errorf("%s: without a name, or an id twice (-want +got):\n%s", name, diff)
				}
			}
			p.run(chromedp.Navigate(w.app.URL + "/hubspot/install"))
			look("consent", "Acme Chat for teams")
			p.do(`document.querySelector("#user-24681012").value = ` + quote(guest))
			p.clickOn(`button[value=allow]`)
			look("refused", "You are Jo Lind.")
			p.run(chromedp.Navigate(w.hubspot.URL() + "/oauth/authorize?client_id=x"))
			look("problem", "That did not work")
		}
	}
}

// show sets the screen and the colour scheme.
func (p *page) show(width, height int64, scheme string) {
	p.t.Helper()
	p.run(chromedp.EmulateViewport(width, height))
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	must(p.t, err)
}

// visit goes to a view and waits until it has its data.
func (p *page) visit(hash, ready string) {
	p.t.Helper()
	p.do(`location.hash = ` + quote(hash))
	p.until(hash+" is shown", `document.querySelector("#view `+ready+`")`)
}

func (p *page) look(name string) {
	p.t.Helper()
	p.keep(name)
	if diff := cmp.Diff([]string{}, eval[[]string](p, widerThanTheScreen)); diff != "" {
		p.t.Errorf("%s: wider than the screen (-want +got):\n%s", name, diff)
	}
	if diff := cmp.Diff([]string{}, eval[[]string](p, nameless)); diff != "" {
		p.t.Errorf("%s: without a name, or an id twice (-want +got):\n%s", name, diff)
	}
}
