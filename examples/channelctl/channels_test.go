package main

import (
	"strings"
	"testing"
)

const definitionJSON = `{
  "name": "Acme SMS",
  "channelDescription": "Text messages",
  "channelLogoUrl": "https://app.example.com/logo.png",
  "webhookUrl": "https://app.example.com/webhook",
  "channelAccountConnectionRedirectUrl": "https://app.example.com/connect",
  "capabilities": {
    "deliveryIdentifierTypes": ["HS_PHONE_NUMBER"],
    "threadingModel": "INTEGRATION_THREAD_ID",
    "richText": ["BOLD", "ITALIC"],
    "allowOutgoingMessages": true,
    "allowInlineImages": true,
    "outgoingAttachmentTypes": ["FILE"],
    "allowedFileAttachmentMimeTypes": ["image/png"],
    "maxFileAttachmentCount": 3,
    "maxFileAttachmentSizeBytes": 5000000,
    "maxTotalFileAttachmentSizeBytes": 10485760
  }
}`

func TestChannelCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.expect("list of none", w.run("channels", "list"), result{Err: "The app has no channels.\n"})
	w.expect("list of none as JSON", w.run("channels", "list", "-json"), result{Out: "[]\n"})

	created := w.runWith(console{in: strings.NewReader(definitionJSON)}, "channels", "create", "-f", "-", "-description", "SMS")
	w.ids = []string{w.hs.Channels()[0].ID, "918000"}
	fields := `
ID            918000
Name          Acme SMS
Description   SMS
Logo          https://app.example.com/logo.png
Webhook       https://app.example.com/webhook
Connect page  https://app.example.com/connect
Created       2026-10-01 08:00:00 UTC
Addresses     phone
Threads       INTEGRATION_THREAD_ID
Agents can    answer, insert images
Formatting    BOLD, ITALIC
Attachments   FILE; 3 files of 5 MB, together 10 MiB; image/png
`
	created.Out = strings.ReplaceAll(created.Out, w.ids[0], "918000")
	w.expect("create", created, result{Out: fields})
	w.expect("get", w.run("channels", "get", "918000"), result{Out: fields})
	w.expect("list", w.run("channels", "list"), result{Out: `
ID      NAME      CREATED                  WEBHOOK
918000  Acme SMS  2026-10-01 08:00:00 UTC  https://app.example.com/webhook
`})

	ensure := []string{"channels", "ensure", "-f", "-", "-types", "email,phone", "-start"}
	w.expect("ensure with a change", w.runWith(console{in: strings.NewReader(definitionJSON)}, ensure...), result{
		Out: strings.NewReplacer(
			"\nID", "\nOutcome       changed channelDescription, capabilities.allowConversationStart, "+
				"capabilities.deliveryIdentifierTypes\nID",
			"  SMS", "  Text messages", "phone", "email, phone", "answer,", "answer, write first,",
		).Replace(fields),
	})
	ensured := w.runWith(console{in: strings.NewReader(definitionJSON)}, append(ensure, "-json")...)
	if !strings.HasSuffix(ensured.Out, "  },\n  \"created\": false,\n  \"changed\": [],\n  \"duplicates\": []\n}\n") {
		t.Errorf("ensure -json without a change: %+v", ensured)
	}

	update := w.run("channels", "update", "918000", "-rich-text", "BOLD", "-name", "Acme", "-start=false")
	w.expect("update of single capabilities", update, result{
		Out: strings.NewReplacer(
			"Acme SMS", "Acme", "  SMS", "  Text messages", "phone", "email, phone", ", ITALIC", "",
		).Replace(fields),
	})

	question := "Remove channel 918000, \"Acme\", from all portals for good? [y/N] "
	archive := func(answer string) result {
		return w.runWith(console{in: strings.NewReader(answer), interactive: true}, "channels", "archive", "918000")
	}
	w.expect("archive, no", archive("n\n"), result{Err: question + "channelctl: not confirmed: nothing was done\n", Status: 1})
	w.expect("archive, no answer", archive(""), result{Err: question + "\nchannelctl: not confirmed: nothing was done\n", Status: 1})
	w.expect("archive without a terminal", w.run("channels", "archive", "918000"), result{
		Err: "channelctl: channels archive asks first, and standard input is no terminal: add -yes\n", Status: 2,
	})
	w.expect("archive, yes", archive("y\n"),
		result{Out: "Archived  918000, \"Acme\"\n", Err: question})
	if left := w.hs.Channels(); len(left) > 0 {
		t.Errorf("after archive there is %+v", left)
	}
}

func TestEnsureCreatesAndNamesDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	args := []string{"-name", "Acme", "-webhook", w.app.URL + "/webhook", "-outgoing"}
	first := w.must(append([]string{"channels", "ensure"}, args...)...)
	if !strings.HasPrefix(first, "Outcome       created\nID ") {
		t.Errorf("ensure printed\n%s", first)
	}
	w.must(append([]string{"channels", "create"}, args...)...)
	w.ids = []string{w.hs.Channels()[0].ID, "918001", w.hs.Channels()[1].ID, "918002"}
	second := w.must(append([]string{"channels", "ensure"}, args...)...)
	if !strings.HasPrefix(second, "Outcome       was as wanted\nID            918001\n") ||
		!strings.HasSuffix(second, "Duplicate     918002, same webhook URL, left alone\n") {
		t.Errorf("ensure printed\n%s", second)
	}
	w.must("channels", "ensure", "-name", "Moved", "-id", "918002", "-outgoing")
	w.must("channels", "archive", "918001", "-yes")
	if left := w.hs.Channels(); len(left) != 1 || left[0].Name != "Moved" {
		t.Errorf("left is %+v, want the second channel with its new name", left)
	}
}
