package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// asideIDs are the ids of what is buried.
func (w *bridged) asideIDs() (ids []string) {
	w.Helper()
	o, err := w.bridge.Operator(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for it, err := range o.Buried(w.Context()) {
		if err != nil {
			w.Fatal(err)
		}
		ids = append(ids, fmt.Sprint(it.Seq))
	}
	return ids
}

func TestBuriedCommands(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	w.expect("list of none", w.run("buried", "list"), result{Err: "Nothing is buried.\n"})
	w.expect("list of none as JSON", w.run("buried", "list", "-json"), result{Out: "[]\n"})
	w.receive("0", "Hi")
	w.await(bridge.KindIncoming, bridge.Done)
	w.refused("1", "Where is\nmy order?")
	w.unsent("Hello")

	w.expect("list", w.run("buried", "list"), result{Out: `
ID  KIND      PORTAL    BURIED                   ATTEMPTS  REASON
#   incoming  24681012  2026-10-01 08:00:00 UTC  1         HubSpot refused: …
#   outgoing  24681012  2026-10-01 08:00:00 UTC  1         given up after 1ns: service down
`})
	w.expect("list of a kind", w.run("buried", "list", "-kind", "outgoing", "-portal", testPortal), result{Out: `
ID  KIND      PORTAL    BURIED                   ATTEMPTS  REASON
#   outgoing  24681012  2026-10-01 08:00:00 UTC  1         given up after 1ns: service down
`})
	w.expect("list of another portal", w.run("buried", "list", "-portal", "1"), result{Err: "Nothing is buried.\n"})
	if got := w.must("buried", "list", "-payload", "-kind", "outgoing"); !strings.Contains(got, "  PAYLOAD\n") || !strings.Contains(got, `"text":"Hello"`) {
		t.Errorf("list -payload printed\n%s", got)
	}
	w.expect("list as JSON", w.run("buried", "list", "-kind", "incoming", "-json"), result{Out: `
[
  {
    "id": #,
    "kind": "incoming",
    "portalId": 24681012,
    "attempts": 1,
    "acceptedAt": "2026-10-01T08:00:00Z",
    "buriedAt": "2026-10-01T08:00:00Z",
    "reason": "HubSpot refused: …"
  }
]
`})
	if got := w.must("buried", "list", "-json", "-payload"); !strings.Contains(got, `"text": "Where is\nmy order?"`) {
		t.Errorf("list -json -payload printed\n%s", got)
	}
}

func TestRetryBesideARunningBridge(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	w.receive("0", "Hi")
	w.await(bridge.KindIncoming, bridge.Done)
	w.refused("1", "one")
	w.refused("2", "two")
	w.unsent("Hello")
	ids := w.asideIDs()

	w.expect("retry", w.run("buried", "retry", ids[0]), result{Out: "Retried  1\n"})
	w.await(bridge.KindIncoming, bridge.Done)
	w.expect("retry of what is gone", w.run("buried", "retry", ids[0]), result{
		Out: "Retried     0\nNot buried  " + ids[0] + "\n", Err: "channelctl: 1 of 1 ids name nothing that is buried\n", Status: 1,
	})
	w.expect("retry of a kind", w.run("buried", "retry", "-all", "-kind", "outgoing"), result{Out: "Retried  1\n"})
	w.await(bridge.KindOutgoing, bridge.Done)
	w.await(bridge.KindStatus, bridge.Done)
	w.hs.Inject(hubspotRefuses)
	w.expect("retry of all, which fails again", w.run("buried", "retry", "-all", "-json"), result{Out: "{\n  \"done\": 1,\n  \"notBuried\": []\n}\n"})
	w.await(bridge.KindIncoming, bridge.Bury)
	if diff := cmp.Diff([]string{"Ada: Hi", "Ada: one", "Robin Hale: Hello SENT"}, w.shown()); diff != "" {
		t.Errorf("the agent sees (-want +got):\n%s", diff)
	}
	if got := w.asideIDs(); len(got) != 1 || got[0] == ids[1] {
		t.Errorf("%s is buried, want one message under a new id than %s", got, ids[1])
	}
	question := "Delete 1 buried messages for good? [y/N] "
	drop := func(answer string) result {
		return w.runWith(console{in: strings.NewReader(answer), interactive: true}, "buried", "drop", "-all")
	}
	w.expect("drop, no", drop("n\n"), result{Err: question + "channelctl: not confirmed: nothing was done\n", Status: 1})
	w.expect("drop without a terminal", w.run("buried", "drop", "-all"), result{
		Err: "channelctl: buried drop asks first, and standard input is no terminal: add -yes\n", Status: 2,
	})
	w.expect("drop, yes", drop("y\n"), result{Out: "Dropped  1\n", Err: question})
	w.expect("drop of none", w.run("buried", "drop", "-all", "-yes"), result{Out: "Dropped  0\n"})
}

// A long command shows how far it is where someone is watching, and nowhere else.
func TestProgress(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	channel := channels.ID(w.hs.Channels()[0].ID)
	bury := func(kind bridge.Kind, count int) {
		var items []*bridge.NewItem
		for i := range count {
			items = append(items, &bridge.NewItem{
				Key: fmt.Sprint(kind, i), Kind: kind, Channel: channel, Portal: 1, Lane: "lane", Payload: []byte("?"), At: time.Now(), Buried: "test",
			})
		}
		if _, err := w.store.Accept(t.Context(), items...); err != nil {
			t.Fatal(err)
		}
	}
	bury(bridge.KindUnread, 200)
	drop := []string{"buried", "drop", "-all", "-yes", "-kind", "unread"}
	watched := w.runWith(console{in: strings.NewReader(""), watched: true}, drop...)
	if !strings.HasPrefix(watched.Err, "\rDropped 2 of 200\rDropped 4 of 200\r") || !strings.HasSuffix(watched.Err, "\rDropped 200 of 200\n") ||
		watched.Out != "Dropped  200\n" {
		t.Errorf("on a terminal: %+v", watched)
	}
	bury(bridge.KindReport, 200)
	w.expect("in a pipe", w.run("buried", "drop", "-all", "-yes"), result{Out: "Dropped  200\n"})
}

// A webhook that was not understood can be read and dropped, but not retried.
func TestUnreadWebhook(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	_, err := w.store.Accept(t.Context(), &bridge.NewItem{
		Key: "unread", Kind: bridge.KindUnread, Channel: channels.ID(w.hs.Channels()[0].ID), Lane: "unread", Payload: []byte(`{"type":`),
		At: time.Now(), Buried: "not understood: unexpected end of JSON input",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.expect("list", w.run("buried", "list", "-payload"), result{Out: `
ID  KIND    PORTAL  BURIED                   ATTEMPTS  REASON                                        PAYLOAD
#   unread  -       2026-10-01 08:00:00 UTC  0         not understood: unexpected end of JSON input  "{\"type\":"
`})
	w.expect("retry of all", w.run("buried", "retry", "-all"), result{Out: "Retried  0\n"})
	id := w.asideIDs()[0]
	got := w.run("buried", "retry", id)
	if want := "channelctl: Retried 0 of 1: bridge: invalid message: item " + id + " is a webhook that was not understood; it can only be dropped\n"; got.Err != want || got.Status != 1 {
		t.Errorf("retry: %+v, want %q", got, want)
	}
	w.expect("drop", w.run("buried", "drop", "-yes", id), result{Out: "Dropped  1\n"})
}
