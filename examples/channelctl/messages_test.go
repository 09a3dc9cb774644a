package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestMessageCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.installAndConnect()
	draft := `{
		"channelAccountId": "5550000", "integrationThreadId": "chat-1", "integrationIdempotencyId": "m-1",
		"text": "Where is\nmy order?", "richText": "<p>Where is<br>my order?</p>", "timestamp": "2026-10-01T07:59:58.000Z",
		"senders": [{"name": "Ada", "deliveryIdentifier": {"type": "HS_PHONE_NUMBER", "value": "+14155550199"}}],
		"recipients": [], "attachments": [{"type": "LOCATION", "latitude": 1.5, "longitude": 2}]}`
	draft = strings.ReplaceAll(draft, "5550000", w.hs.Accounts()[0].ID)
	fields := `
ID          00000000-0000-4000-8000-000000000000
Thread      8800110000
Account     5550000
Direction   incoming
From        Ada phone:+14155550199
To          phone:+14155550123
Text        Where is\nmy order?
Created     2026-10-01 07:59:58 UTC
Rich text   <p>Where is<br>my order?</p>
Attachment  Location
Status      RECEIVED
`
	from := console{in: strings.NewReader(draft)}
	published := w.runWith(from, "messages", "publish", "918000", "-f", "-", "-to", "phone:+14155550123")
	w.expect("publish", published, result{Out: fields})
	thread := w.hs.Threads()[0].ID
	incoming := w.hs.Messages(thread)[0].ID
	w.expect("get", w.run("messages", "get", "918000", incoming), result{Out: fields})

	w.must("messages", "publish", "918000", "-account", "5550000", "-thread", "chat-1",
		"-from", "phone:+14155550199", "-from-name", "Ada", "-text", "*Hello?*",
		"-rich-text", "<b>Hello?</b>", "-idempotency-id", "m-2")
	second := w.hs.Messages(thread)[1]
	want := []string{"Ada", "*Hello?*", "<b>Hello?</b>", "m-2"}
	if diff := cmp.Diff(want, []string{second.SenderName, second.Text, second.RichText, second.IdempotencyID}); diff != "" {
		t.Errorf("published by flags (-want +got):\n%s", diff)
	}

	reply, err := w.hs.Reply(thread, hubspottest.Reply{Text: "It ships today."})
	if err != nil {
		t.Fatal(err)
	}
	failed := w.must("messages", "status", "918000", reply.ID, "failed", "-reason", "The number is not in use.")
	if !strings.Contains(failed, "\nDirection  outgoing\n") ||
		!strings.HasSuffix(failed, "\nStatus     FAILED: The number is not in use.\n") {
		t.Errorf("status printed\n%s", failed)
	}
}
