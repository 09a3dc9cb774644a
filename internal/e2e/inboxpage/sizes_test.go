package inboxpage

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

// screens are what the page has to fit, in CSS pixels.
var screens = []struct {
	name          string
	width, height int64
}{{"wide", 1440, 900}, {"tablet", 900, 1000}, {"phone", 400, 800}}

// TestScreens shows a busy inbox on every screen, dark and light, and never wider than the screen.
func TestScreens(t *testing.T) {
	w := busy(t)
	for _, screen := range screens {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(screen.name+" "+scheme, func(t *testing.T) {
				p := w.openIn(t, "", chromedp.EmulateViewport(screen.width, screen.height))
				prefer(p, scheme)
				p.openThread("Ada Lovelace")
				p.until("the pictures are there", `[...document.querySelectorAll('.messages img:not([loading="lazy"])')].every(i => i.complete)`)
				for _, shown := range []string{editor, byID("agent-send"), byID("channel"), byID("nav-settings"), byID("user-menu")} {
					p.until(shown+" is on the screen", fmt.Sprintf(`(r => r.width > 0 && r.left >= 0 && r.right <= innerWidth && r.bottom <= innerHeight)(document.querySelector(%q).getBoundingClientRect())`, shown))
				}
				p.fits()
				p.screenshot(screen.name + "-" + scheme)
				if screen.width > 760 {
					return
				}
				p.click("#details-toggle")
				p.shows("#details", "Owner")
				p.fits()
				p.screenshot(screen.name + "-details-" + scheme)
				p.press("\x1b")
				p.gone("#details")
				p.click("#back")
				p.shows(thread, "Ada Lovelace")
				p.gone("#conversation")
				p.fits()
				p.screenshot(screen.name + "-list-" + scheme)
			})
		}
	}
}

// fits checks that nothing has to be scrolled sideways.
func (p *page) fits() {
	p.t.Helper()
	if wide := eval[[]string](p, `[document.documentElement, ...document.querySelectorAll('.scroll, .details, .threads-scroll, .composer')]
		.filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth).map(e => (e.className || e.tagName) + ' ' + e.scrollWidth)`); len(wide) > 0 {
		p.t.Errorf("too wide: %v", wide)
	}
}

func prefer(p *page, scheme string) {
	p.t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, media); err != nil {
		p.t.Fatal(err)
	}
}

// busy is an inbox on a working day.
func busy(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, rich).connect().connect()
	users := w.hubspot.Users(w.account.PortalID)
	for name, text := range map[string]string{
		"محمد": "متى يصل طردي؟", "王小明": "请问我的包裹在哪里？", "Émile Zola": "Bonjour, mon colis n'est pas arrivé.", "+49 30 901820": "Is this the right number?",
		"A customer with a remarkably long name that has no end": "averylongwordwithoutanyspacesinitthathastobebrokensomewhereorelsethelayoutbreaks",
	} {
		w.say(name, text)
	}
	must(t, w.hubspot.Assign(w.thread("Émile Zola").ID, users[1].ActorID))
	must(t, w.hubspot.CloseThread(w.thread("+49 30 901820").ID))
	from := channels.Opaque("ada@parcels")
	w.receive(&bridge.Incoming{From: from, FromName: "Ada Lovelace", Thread: "2025", Text: "My lamp arrived broken last year."})
	w.receive(&bridge.Incoming{From: from, FromName: "Ada Lovelace", Thread: "2026", Text: "Good morning! Where is my parcel? It should have been here on Monday."})
	id := w.thread("Ada Lovelace").ID
	reply := func(r hubspottest.Reply) {
		t.Helper()
		w.mu.Lock()
		n := len(w.sent)
		w.mu.Unlock()
		m, err := w.hubspot.Reply(id, r)
		must(t, err)
		if w.refuse == "" {
			w.arrived(n + 1)
		}
		eventually(t, "its state is known", func() bool {
			for _, other := range w.hubspot.Messages(id) {
				if other.ID == m.ID {
					return other.Status != "SENDING"
				}
			}
			return false
		})
	}
	must(t, w.hubspot.Assign(id, users[0].ActorID))
	reply(hubspottest.Reply{
		Text:     "Good morning, Ada. It left our house on Friday: follow it here.",
		RichText: `<p>Good morning, Ada. It left our house <b>on Friday</b>: <a href="https://parcels.example.com/7">follow it here</a>.</p><ol><li>Open the page</li><li>Enter <i>7-2044</i></li></ol>`,
	})
	must(t, w.bridge.Report(t.Context(), shop, "sent-1", messages.StatusRead, ""))
	_, err := w.hubspot.Comment(id, hubspottest.Comment{Text: "She is a good customer: offer her free shipping.", AgentID: users[1].ActorID})
	must(t, err)
	w.receive(&bridge.Incoming{
		From: from, FromName: "Ada Lovelace", Thread: "2026", Text: "This is what it looked like:", InReplyTo: "sent-1",
		Media: []bridge.Media{media("box.png", "image/png", messages.UsageImage, picture(t, 220)), media("voice.wav", "audio/wav", messages.UsageVoiceRecording, tone())},
	})
	w.refuseAll("The customer has blocked this chat.")
	reply(hubspottest.Reply{Text: "I am sorry to see that.", RichText: "<p>I am sorry to see that.</p>"})
	w.refuseAll("")
	w.say("Bo", "Hello, is anybody there?")
	w.say("Bo", "It is urgent!")
	return w
}
