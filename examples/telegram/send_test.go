package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/examples/telegram/botapi"
	"github.com/customchannels/customchannels-go/messages"
)

// said is what the customer got, a line for each message.
func (w *world) said() []string {
	var lines []string
	for _, m := range w.received() {
		line := m.HTML
		if m.Kind != "" {
			line = fmt.Sprintf("%s <%s %s %q>", line, m.Kind, m.FileName, m.Content)
		}
		for _, row := range m.Buttons {
			line += " [" + strings.Join(row, "|") + "]"
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// What agents send, and what customers get.
func TestOutgoing(t *testing.T) {
	png := hubspottest.Upload{Name: "cat.png", Content: []byte("\x89PNG")}
	for name, test := range map[string]struct {
		reply hubspottest.Reply
		want  []string
	}{
		"text":                 {hubspottest.Reply{Text: "1 < 2 & so on"}, []string{"1 &lt; 2 &amp; so on"}},
		"formatting":           {hubspottest.Reply{Text: "Hello you", RichText: "<div>Hello <strong>you</strong></div>"}, []string{"Hello <b>you</b>"}},
		"photo with a caption": {hubspottest.Reply{Text: "Look", Files: []hubspottest.Upload{png}}, []string{`Look <photo cat.png "\x89PNG">`}},
		"photo alone":          {hubspottest.Reply{Files: []hubspottest.Upload{png}}, []string{`<photo cat.png "\x89PNG">`}},
		"text too long for a caption": {hubspottest.Reply{Text: strings.Repeat("x", 1025), Files: []hubspottest.Upload{png}},
			[]string{strings.Repeat("x", 1025), `<photo cat.png "\x89PNG">`}},
		"files of all kinds": {hubspottest.Reply{Text: "All:", Files: []hubspottest.Upload{
			{Name: "a.pdf", Content: []byte("%PDF")}, {Name: "b.mp3", Content: []byte("ID3")}, {Name: "c.mp4", Content: []byte("mp4")},
			{Name: "d.ogg", Content: []byte("OggS")}, {Name: "e.gif", Content: []byte("GIF89a")},
		}}, []string{"All:", `<document a.pdf "%PDF">`, `<audio b.mp3 "ID3">`, `<video c.mp4 "mp4">`, `<voice d.ogg "OggS">`, `<animation e.gif "GIF89a">`}},
		"files of one name": {hubspottest.Reply{Files: []hubspottest.Upload{{Name: "a.pdf", Content: []byte("1")}, {Name: "a.pdf", Content: []byte("2")}}},
			[]string{`<document a.pdf "1">`, `<document a-1.pdf "2">`}},
		"picture in the text": {hubspottest.Reply{Text: "See", RichText: "<p>See</p>", Pictures: []hubspottest.Upload{png}}, []string{`See <photo cat.png "\x89PNG">`}},
		"buttons":             {hubspottest.Reply{Text: "Is it red?\n[Yes] [No]\n[I don't know]"}, []string{"Is it red? [Yes|No] [I don't know]"}},
		"buttons, rich":       {hubspottest.Reply{Text: "Ok?", RichText: "<p>Ok?</p><p>[Q&amp;A] [<b>no</b>]</p><p>[Yes]</p>"}, []string{"Ok?\n\n[Q&amp;A] [<b>no</b>] [Yes]"}},
		"no buttons":          {hubspottest.Reply{Text: "[Yes] [No]"}, []string{"[Yes] [No]"}},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.ada.Write("Hi")
				later(time.Second)
				w.reply(test.reply)
				if diff := cmp.Diff(test.want, w.said()); diff != "" {
					t.Errorf("the customer gets (-want +got):\n%s", diff)
				}
				if got := w.inbox()[1]; !strings.HasSuffix(got, "(SENT)") {
					t.Errorf("the agent sees %s", got)
				}
			})
		})
	}
}

// A tap on a button comes back as the customer's answer to the message, whole even if the label does not fit into the data.
func TestTap(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("Hi")
		later(time.Second)
		long := strings.Repeat("ä", 40)
		question := w.reply(hubspottest.Reply{Text: "Which?\n[Red] [" + long + "]"})
		for _, label := range []string{"Red", long} {
			if err := w.ada.Tap(w.received()[0].ID, label); err != nil {
				t.Fatal(err)
			}
			later(time.Second)
			messages := w.hubspot.Messages(w.thread())
			got := messages[len(messages)-1]
			if got.Text != label || got.InReplyToID != question.ID || got.SenderName != "Ada Lovelace" {
				t.Errorf("%s: %q in answer to %q, want %q to %q", got.SenderName, got.Text, got.InReplyToID, label, question.ID)
			}
		}
		if n := w.ada.Waiting(); n != 0 {
			t.Errorf("%d taps are not answered", n)
		}
	})
}

// Quick replies, which HubSpot's own bots send, become buttons too. A tap sends the value back.
func TestQuickReplies(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("Hi")
		_, err := w.channel.Send(t.Context(), &bridge.Outgoing{
			Account: w.account(), To: channels.Opaque(chatID(w.adaID())), Text: "Which?",
			QuickReplies: messages.QuickReplies(
				messages.QuickReply{Value: "red", Label: "Red wine"}, messages.QuickReply{Value: "Blue"},
				messages.QuickReply{Value: strings.Repeat("x", 65), Label: "Long"},
				messages.QuickReply{Value: "https://shop.test/", Label: "Shop", Type: messages.QuickReplyURL},
			),
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Which? [Red wine] [Blue] [Long] [Shop]"}, w.said()); diff != "" {
			t.Errorf("the customer gets (-want +got):\n%s", diff)
		}
		for _, label := range []string{"Red wine", "Blue", "Long"} {
			if err := w.ada.Tap(w.received()[0].ID, label); err != nil {
				t.Fatal(err)
			}
		}
		later(time.Second)
		if diff := cmp.Diff([]string{"Ada Lovelace: Hi", "Ada Lovelace: red", "Ada Lovelace: Blue", "Ada Lovelace: Long"}, w.inbox()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// What an agent answers is quoted in the chat, unless the customer has deleted it.
func TestAgentReplies(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		id := w.ada.Write("Hi")
		chat := w.ada.Messages()[0]
		for _, test := range []struct {
			to   string
			want int
		}{
			{messageID(w.adaID(), chat.ID), id}, {messageID(w.adaID(), chat.ID) + "/edited/5", id}, {messageID(w.adaID(), 999), 0},
			{chatID(w.adaID()) + "/tap/77", 0}, {"1/1", 0}, {"", 0},
		} {
			_, err := w.channel.Send(t.Context(), &bridge.Outgoing{
				Account: w.account(), To: channels.Opaque(chatID(w.adaID())), Text: "Hello", InReplyTo: test.to,
			})
			if err != nil {
				t.Fatal(err)
			}
			got := w.received()
			if got := got[len(got)-1].ReplyTo; got != test.want {
				t.Errorf("%s: answers %d, want %d", test.to, got, test.want)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		fault botapi.Fault
		want  string
	}{
		"blocked": {botapi.Fault{Code: 403, Description: "Forbidden: bot was blocked by the user"},
			"agent: Hello (FAILED: The customer has blocked the bot.)"},
		"gone": {botapi.Fault{Code: 403, Description: "Forbidden: user is deactivated"},
			"agent: Hello (FAILED: The customer has deleted their Telegram account.)"},
		"refused": {botapi.Fault{Code: 400, Description: "Bad Request: whatever"},
			"agent: Hello (FAILED: Telegram does not take this message.)"},
		"out of order": {botapi.Fault{Code: 502, Description: "Bad Gateway", Times: 2}, "agent: Hello (SENT)"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.ada.Write("Hi")
				later(time.Second)
				test.fault.Method = "sendMessage"
				w.telegram.Fail(test.fault)
				w.reply(hubspottest.Reply{Text: "Hello"})
				later(time.Minute)
				if got := w.inbox()[1]; got != test.want {
					t.Errorf("the agent sees %s, want %s", got, test.want)
				}
			})
		})
	}
}

func TestBlocked(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("Hi")
		later(time.Second)
		w.ada.Block(true)
		w.reply(hubspottest.Reply{Text: "1"})
		w.ada.Block(false)
		w.reply(hubspottest.Reply{Text: "2"})
		want := []string{"Ada Lovelace: Hi", "agent: 1 (FAILED: The customer has blocked the bot.)", "agent: 2 (SENT)"}
		if diff := cmp.Diff(want, w.inbox()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// Telegram says when to come back, and is not asked before.
func TestThrottled(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("Hi")
		later(time.Second)
		w.telegram.Fail(botapi.Fault{Method: "sendMessage", Times: 1, Code: 429, Description: "Too Many Requests: retry after 600", RetryAfter: 600})
		w.reply(hubspottest.Reply{Text: "Hello"})
		later(595 * time.Second)
		if got := w.said(); got != nil {
			t.Errorf("too early: %q", got)
		}
		later(10 * time.Second)
		if diff := cmp.Diff([]string{"Hello"}, w.said()); diff != "" {
			t.Errorf("the customer gets (-want +got):\n%s", diff)
		}
	})
}

// A photo that Telegram does not take as one goes as a document.
func TestOddPhoto(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("Hi")
		later(time.Second)
		w.telegram.Fail(botapi.Fault{Method: "sendPhoto", Code: 400, Description: "Bad Request: PHOTO_INVALID_DIMENSIONS"})
		w.reply(hubspottest.Reply{Text: "Long cat", Files: []hubspottest.Upload{{Name: "cat.png", Content: []byte("\x89PNG")}}})
		if diff := cmp.Diff([]string{`Long cat <document cat.png "\x89PNG">`}, w.said()); diff != "" {
			t.Errorf("the customer gets (-want +got):\n%s", diff)
		}
	})
}

// paragraphs are three that do not fit into one message together.
func paragraphs() (text string, want []string) {
	for i := range 3 {
		want = append(want, fmt.Sprintf("%d%s", i+1, strings.Repeat("x", 3000)))
	}
	return strings.Join(want, "\n\n"), want
}

// The process dies between the parts of a long text. What was delivered is not sent again.
func TestLongTextAfterCrash(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("Tell me a long story")
		later(time.Second)
		w.stop()
		store := &mortal{Store: w.store}
		w.start(store)
		later(time.Second)
		w.telegram.Fail(botapi.Fault{Method: "sendMessage", After: 1, Times: 1, Code: 500, Description: "Internal Server Error", Do: func() { store.dead.Store(true) }})
		text, want := paragraphs()
		if _, err := w.hubspot.Reply(w.thread(), hubspottest.Reply{Text: text}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if diff := cmp.Diff(want[:1], w.said()); diff != "" || !store.dead.Load() {
			t.Fatalf("before the crash (-want +got):\n%s", diff)
		}
		w.stop()
		w.start(w.store)
		later(5 * time.Minute)
		if diff := cmp.Diff(want, w.said()); diff != "" {
			t.Errorf("the customer gets (-want +got):\n%s", diff)
		}
		if got := w.inbox()[1]; !strings.HasSuffix(got, "(SENT)") {
			t.Errorf("the agent sees %s", got)
		}
		// The last part counts as the message too.
		w.ada.Reply(w.received()[2].ID, "The end?")
		later(time.Second)
		messages := w.hubspot.Messages(w.thread())
		if messages[2].InReplyToID != messages[1].ID {
			t.Error("the answer to the last part does not refer to the message")
		}
	})
}

// Of a message that was delivered in part the agent reads what is missing.
func TestBlockedHalfway(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("Tell me a long story")
		later(time.Second)
		w.telegram.Fail(botapi.Fault{Method: "sendMessage", After: 1, Code: 403, Description: "Forbidden: bot was blocked by the user"})
		text, _ := paragraphs()
		w.reply(hubspottest.Reply{Text: text})
		want := "(FAILED: The customer has blocked the bot. It was delivered in part. Not delivered: part 2 of the text, part 3 of the text.)"
		if got := w.inbox()[1]; !strings.HasSuffix(got, want) {
			t.Errorf("the agent sees %s", got)
		}
	})
}

// A call that is cut off ends soon, and its error does not name the token.
func TestSendCancelled(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("Hi")
		ctx, cancel := context.WithCancel(t.Context())
		w.telegram.Fail(botapi.Fault{Method: "sendMessage", Code: 500, Do: cancel})
		_, err := w.channel.Send(ctx, &bridge.Outgoing{Account: w.account(), To: channels.Opaque(chatID(w.adaID())), Text: "Hello"})
		if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), w.bot.Token) {
			t.Errorf("Send: %v", err)
		}
	})
}
