package inboxpage

import (
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// TestLarge opens an inbox of 500 conversations, one of them with 1,000 messages, and puts only what is looked at into
// the page.
func TestLarge(t *testing.T) {
	const customers, said = 500, 1000
	w := newWorld(t, rich).connect()
	w.say("Ada", "message 1")
	ada := w.thread("Ada").ID
	var g errgroup.Group
	g.SetLimit(8)
	receive := func(name, text string) {
		g.Go(func() error {
			return w.bridge.Receive(t.Context(), &bridge.Incoming{ID: name + text, From: channels.Opaque(name), FromName: name, To: shop, Text: text})
		})
	}
	for i := 2; i <= said; i++ {
		receive("Ada", fmt.Sprint("message ", i))
	}
	for i := 1; i < customers; i++ {
		receive(fmt.Sprint("Customer ", i), "Hello")
	}
	must(t, g.Wait())
	eventually(t, "all is in the inbox", func() bool {
		return len(w.hubspot.Threads()) == customers && len(w.hubspot.Messages(ada)) == said
	})

	p := w.open("#/inbox/" + ada)
	p.shows("#earlier", "940 earlier")
	count := func(selector string) int {
		return eval[int](p, fmt.Sprintf(`document.querySelectorAll('%s').length`, selector))
	}
	if rows, entries := count(thread), count(message); entries != 60 || rows > 200 {
		t.Errorf("the page holds %d rows and %d messages", rows, entries)
	}
	top := eval[string](p, `document.querySelector('`+message+`').dataset.id`)
	eval[int](p, `document.querySelector('#scroll').scrollTop = 0`)
	p.until("earlier messages come", `document.querySelectorAll('`+message+`').length >= 120`)
	p.until("the reader stays where she was", fmt.Sprintf(`(m => m.dataset.id === %q && Math.abs(m.getBoundingClientRect().top - document.querySelector('#scroll').getBoundingClientRect().top) < 200)(
		[...document.querySelectorAll('%s')].at(-60))`, top, message))

	before := count(thread)
	eval[int](p, `document.querySelector('#threads-scroll').scrollTop = 1e6`)
	p.until("more conversations come", fmt.Sprintf(`document.querySelectorAll('%s').length > %d`, thread, before))
	p.click(byID("search"))
	p.write(byID("search-text"), "customer 377")
	p.listed("Customer 377")
}
