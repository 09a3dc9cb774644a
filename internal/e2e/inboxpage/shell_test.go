package inboxpage

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestViews goes round the views by the top of the page, and finds the inbox as it was left.
func TestViews(t *testing.T) {
	w, p := ada(t)
	p.write(editor, "Dear Ada")
	for _, view := range []string{"marketplace", "developer", "settings"} {
		p.click(byID("nav-" + view))
		p.shows("#view h1", "")
		p.gone("#inbox")
		p.until("the link is marked", `document.querySelector('[data-testid="nav-`+view+`"]').getAttribute('aria-current') === 'page'`)
		p.until("the heading has the focus", `document.activeElement.tagName === 'H1'`)
		p.screenshot("view-" + view)
	}
	w.say("Ada", "Are you there?")
	p.shows(byID("toast"), "Ada: Are you there?")
	p.shows("#nav-unread", "1") // nobody looks at the open conversation
	p.run(chromedp.NavigateBack(), chromedp.NavigateBack(), chromedp.NavigateBack())
	p.shows(message, "Are you there?")
	p.until("the draft is there", `document.querySelector('`+editor+`').textContent === 'Dear Ada'`)
	eventually(t, "the agent has read it", func() bool { return w.thread("Ada").Unread == 0 })
}

// TestAddress opens what an address names, and the inbox for one that names nothing.
func TestAddress(t *testing.T) {
	w := newWorld(t, rich).connect()
	w.say("Ada", "Hello")
	w.say("Bo", "Good morning")
	p := w.open("#/inbox/" + w.thread("Ada").ID)
	p.shows("#conversation-customer", "Ada")
	for _, address := range []string{"#/inbox/404", "#/nowhere", "#/inbox/%"} {
		eval[bool](p, `(location.hash = '`+address+`') !== ''`)
		p.gone("#conversation")
		p.shows("#empty", "No conversation is open")
		eval[bool](p, `(location.hash = '#/inbox/`+w.thread("Bo").ID+`') !== ''`)
		p.shows("#conversation-customer", "Bo")
	}
}
