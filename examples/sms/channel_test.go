package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/examples/sms/carrier"
)

func check(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestTexts holds a conversation: what the service repeats appears once, and READ and failures of the network arrive.
func TestTexts(t *testing.T) {
	bubble(t, 0, func(t *testing.T, b *bench) {
		sid := b.write("Is it open?")
		b.carrier.Repeat(sid)
		synctest.Wait()
		b.reply("Yes, until six. 👋🏽")
		check(t, "before it is read", []string{"Is it open?", "Yes, until six. 👋🏽 SENT"}, b.inbox())
		b.carrier.Read(b.last())
		synctest.Wait()
		b.reply("See you!")
		b.carrier.Fail(b.last(), 30003)
		synctest.Wait()
		b.reply("Hello?")
		b.carrier.Fail(b.last(), 39999)
		synctest.Wait()
		check(t, "the inbox", []string{
			"Is it open?", "Yes, until six. 👋🏽 READ", "See you! FAILED The phone is switched off or out of reach.",
			"Hello? FAILED The message could not be delivered: error 39999.",
		}, b.inbox())
		check(t, "the phone", []string{"Yes, until six. 👋🏽", "See you!", "Hello?"}, b.phone())
	})
}

// TestPictures sends one in each direction.
func TestPictures(t *testing.T) {
	gif := []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;")
	bubble(t, 0, func(t *testing.T, b *bench) {
		b.write("Look:", carrier.File{Type: "image/gif", Content: gif})
		b.write("", carrier.File{Type: "image/gif", Content: gif}, carrier.File{Type: "image/gif", Content: gif})
		b.reply("Nice!", hubspottest.Upload{Name: "a b/ü.gif", Content: gif})
		b.reply("", hubspottest.Upload{Name: "one.gif", Content: gif}, hubspottest.Upload{Name: "two.gif", Content: gif})
		check(t, "the inbox", []string{
			"Look: [FILE image/gif 14]", "[FILE image/gif 14] [FILE image/gif 14]",
			"Nice! [FILE image/gif 14] SENT", "[FILE image/gif 14] [FILE image/gif 14] SENT",
		}, b.inbox())
		check(t, "the phone", []string{"Nice! [image/gif 14]", "[image/gif 14] [image/gif 14]"}, b.phone())
	})
}

// TestStop has a customer stop and start messages.
func TestStop(t *testing.T) {
	bubble(t, 0, func(t *testing.T, b *bench) {
		b.write("STOP")
		b.reply("Why?")
		b.write("START")
		b.reply("Welcome back.")
		check(t, "the inbox", []string{
			"STOP", "Why? FAILED The customer has texted STOP, and gets no messages until they text START.",
			"START", "Welcome back. SENT",
		}, b.inbox())
	})
}

// TestWindow answers in time and too late, and begins a conversation with somebody who never wrote.
func TestWindow(t *testing.T) {
	bubble(t, 24*time.Hour, func(t *testing.T, b *bench) {
		b.write("Is it open?")
		time.Sleep(23 * time.Hour)
		b.reply("Yes.")
		time.Sleep(2 * time.Hour)
		b.reply("Still.")
		check(t, "the inbox", []string{
			"Is it open?", "Yes. SENT",
			"Still. FAILED The customer last wrote on 1 January, 00:00 UTC. This service takes answers for 24 hours only: " +
				"wait until the customer writes again.",
		}, b.inbox())
		thread, _, err := b.hubspot.StartConversation(b.hubspot.Accounts()[0].ID, hubspottest.Start{
			To: hubspottest.Identifier{Type: "HS_PHONE_NUMBER", Value: "+14155550199"}, Reply: hubspottest.Reply{Text: "Hello"},
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		first := b.hubspot.Messages(thread.ID)[0]
		check(t, "a message to a stranger", "FAILED This service takes answers for 24 hours after the customer has written only: "+
			"wait until the customer writes again.", first.Status+" "+first.Reason)
	})
}

// TestThrottled waits for as long as the service asks.
func TestThrottled(t *testing.T) {
	bubble(t, 0, func(t *testing.T, b *bench) {
		b.write("Hello")
		b.carrier.Refuse(carrier.Refusal{Status: http.StatusTooManyRequests, Code: 20429, RetryAfter: 90 * time.Second})
		b.reply("Hello!")
		time.Sleep(89 * time.Second)
		check(t, "before the time is over", []string{"Hello", "Hello! SENDING"}, b.inbox())
		time.Sleep(3 * time.Second)
		check(t, "after it", []string{"Hello", "Hello! SENT"}, b.inbox())
	})
}

// TestLostAnswer has the answer to a message lost, which the service has taken: the customer gets it once.
func TestLostAnswer(t *testing.T) {
	bubble(t, 0, func(t *testing.T, b *bench) {
		b.write("Hello")
		b.carrier.Refuse(carrier.Refusal{Status: http.StatusBadGateway, Accept: true})
		b.reply("Hello!")
		time.Sleep(time.Minute)
		check(t, "the phone", []string{"Hello!"}, b.phone())
		check(t, "the inbox", []string{"Hello", "Hello! SENT"}, b.inbox())
	})
}

// TestRevoked has the auth token changed at the service: HubSpot shows the account as disconnected, and the answer waits
// until the account has a good token again.
func TestRevoked(t *testing.T) {
	bubble(t, 0, func(t *testing.T, b *bench) {
		b.write("Hello")
		b.carrier.Revoke()
		b.reply("Hello!")
		if b.hubspot.Accounts()[0].Authorized {
			t.Error("HubSpot shows the account as authorized")
		}
		check(t, "before", []string{"Hello", "Hello! SENDING"}, b.inbox())
		good, err := json.Marshal(credentials{AccountSID: b.carrier.AccountSID(), AuthToken: b.carrier.AuthToken()})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.app.bridge.Authorize(t.Context(), channels.AccountID(b.hubspot.Accounts()[0].ID), good); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		check(t, "after", []string{"Hello", "Hello! SENT"}, b.inbox())
	})
}

// TestWebhook has the service told where messages go, and that nobody wants them any more.
func TestWebhook(t *testing.T) {
	bubble(t, 0, func(t *testing.T, b *bench) {
		check(t, "the webhook of a connected number", appURL+incomingPath, b.carrier.Webhook())
		if err := b.hubspot.DeleteAccount(b.hubspot.Accounts()[0].ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		check(t, "the webhook of a deleted one", "", b.carrier.Webhook())
	})
}

// TestLongText goes out in several messages: READ counts when the last of them is read.
func TestLongText(t *testing.T) {
	bubble(t, 0, func(t *testing.T, b *bench) {
		b.write("Tell me everything.")
		long := strings.Repeat("All of it. ", 300)
		b.reply(long)
		time.Sleep(time.Minute)
		check(t, "the phone", long, strings.Join(b.phone(), " ")+" ")
		var sids []string
		for _, m := range b.carrier.Messages(ada) {
			if !m.Inbound {
				sids = append(sids, m.SID)
			}
		}
		check(t, "messages", 3, len(sids))
		for i, want := range []string{"SENT", "SENT", "READ"} {
			b.carrier.Read(sids[i])
			synctest.Wait()
			check(t, "the status after reading message "+sids[i], want, b.hubspot.Messages(b.thread())[1].Status)
		}
	})
}

// TestCut loses no character.
func TestCut(t *testing.T) {
	for text, want := range map[string][]string{
		"":                    {""},
		"short":               {"short"},
		"exactly 10":          {"exactly 10"},
		"a space at the end":  {"a space ", "at the end"},
		"one two three four":  {"one two ", "three four"},
		"unbreakablewordonly": {"unbreakabl", "ewordonly"},
		"👋🏽👋🏽👋🏽👋🏽👋🏽👋🏽": {"👋🏽👋🏽👋🏽👋🏽👋🏽", "👋🏽"},
	} {
		check(t, text, want, cut(text, 10))
	}
}
