package hubspottest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// sayAs publishes a text of another customer in another conversation.
func (s *shop) sayAs(name string, from object, conversation, text string) (threadID string) {
	s.t.Helper()
	body := with(draft(s.account, conversation+text, text), object{
		"senders": []object{{"name": name, "deliveryIdentifier": from}}, "integrationThreadId": conversation,
	})
	return s.want(s.publish(body), http.StatusCreated).text("conversationsThreadId")
}

func email(value string) object { return object{"type": "HS_EMAIL_ADDRESS", "value": value} }

func threadIDs(list []hubspottest.Thread) []string {
	ids := []string{}
	for _, t := range list {
		ids = append(ids, t.ID)
	}
	return ids
}

func TestSearch(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	ada := s.say("m1", "Where is my ORDER?")
	bo := s.sayAs("Bo", email("bo@example.test"), "conv-2", "Nothing")
	if _, err := s.Comment(bo, hubspottest.Comment{Text: "Knows about parcels"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Assign(bo, "A-2620023"); err != nil {
		t.Fatal(err)
	}
	if err := s.CloseThread(ada); err != nil {
		t.Fatal(err)
	}
	contact := s.Contacts(portalID)[0].ID
	for _, tt := range []struct {
		name string
		q    hubspottest.ThreadQuery
		want []string
	}{
		{"all", hubspottest.ThreadQuery{}, []string{bo, ada}},
		{"text", hubspottest.ThreadQuery{Text: "order"}, []string{ada}},
		{"comment", hubspottest.ThreadQuery{Text: "parcel"}, []string{bo}},
		{"customer", hubspottest.ThreadQuery{Text: "BO@example"}, []string{bo}},
		{"account", hubspottest.ThreadQuery{Text: "shop shop"}, []string{bo, ada}},
		{"nothing", hubspottest.ThreadQuery{Text: "dragon"}, []string{}},
		{"channel", hubspottest.ThreadQuery{ChannelID: s.channel}, []string{bo, ada}},
		{"other channel", hubspottest.ThreadQuery{ChannelID: "1002"}, []string{}},
		{"account id", hubspottest.ThreadQuery{AccountID: s.account}, []string{bo, ada}},
		{"inbox", hubspottest.ThreadQuery{InboxID: s.Inboxes(portalID)[1].ID}, []string{}},
		{"open", hubspottest.ThreadQuery{Status: "OPEN"}, []string{bo}},
		{"owner", hubspottest.ThreadQuery{OwnerID: "A-2620023"}, []string{bo}},
		{"no owner", hubspottest.ThreadQuery{OwnerID: "none"}, []string{ada}},
		{"contact", hubspottest.ThreadQuery{ContactID: contact}, []string{bo}},
		{"portal", hubspottest.ThreadQuery{PortalID: otherPortal}, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) { diff(t, "threads", tt.want, threadIDs(s.Search(tt.q))) })
	}
}

func TestHistory(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	thread := s.say("m1", "Hi")
	desk := s.Inboxes(portalID)[1].ID
	inbox := s.Inboxes(portalID)[0].ID
	for _, err := range []error{
		s.Assign(thread, "A-2620023"), s.Assign(thread, "A-2620023"), s.Assign(thread, ""), s.CloseThread(thread), s.MoveThread(thread, desk),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.say("m2", "Still there?")
	var got []string
	for _, c := range s.History(thread) {
		got = append(got, strings.Join([]string{c.Type, c.By, c.From, c.To}, " "))
	}
	diff(t, "history", []string{
		"ASSIGNMENT A-2620022  A-2620023", "ASSIGNMENT A-2620022 A-2620023 ", "THREAD_STATUS_CHANGE A-2620022 OPEN CLOSED",
		"THREAD_INBOX_CHANGE A-2620022 " + inbox + " " + desk, "THREAD_STATUS_CHANGE S-hubspot CLOSED OPEN",
	}, got)
	if got := len(s.Messages(thread)); got != 2 {
		t.Errorf("%d messages", got)
	}
	var types []any
	for _, e := range s.call("GET", helpers+"/threads/"+thread+"/messages", nil).body["results"].([]any) {
		types = append(types, e.(object)["type"])
	}
	diff(t, "entries of the API", []any{"MESSAGE", "MESSAGE", "ASSIGNMENT", "ASSIGNMENT", "THREAD_STATUS_CHANGE", "THREAD_INBOX_CHANGE", "THREAD_STATUS_CHANGE"}, types)
	if s.PendingWebhooks() != 0 {
		t.Error("the channel's webhook is told of changes")
	}
	for name, err := range map[string]error{
		"unknown thread": s.Assign("1", ""), "unknown user": s.Assign(thread, "A-1"), "closing nothing": s.CloseThread("1"),
		"moving nothing": s.MoveThread("1", desk), "no inbox": s.MoveThread(thread, "1"),
	} {
		if err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}

func TestComments(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	thread := s.say("m1", "Hi")
	m, err := s.Comment(thread, hubspottest.Comment{Text: "Careful", RichText: "<b>Careful</b>", AgentID: "A-2620023"})
	if err != nil {
		t.Fatal(err)
	}
	if m.Type != "COMMENT" || m.SenderName != "Noor Adams" || m.Direction != "" || m.Status != "" {
		t.Errorf("got %+v", m)
	}
	if s.PendingWebhooks() != 0 || s.Threads()[0].Preview != "Hi" || s.Threads()[0].Unread != 1 {
		t.Errorf("a comment is treated as a message: %+v", s.Threads()[0])
	}
	for _, c := range []hubspottest.Comment{{Text: " "}, {Text: "x", AgentID: "A-1"}} {
		if _, err := s.Comment(thread, c); err == nil {
			t.Errorf("%+v is no error", c)
		}
	}
	byApp := s.want(s.call("POST", helpers+"/threads/"+thread+"/messages", object{
		"type": "COMMENT", "text": "From code", "attachments": []object{}, "senderActorId": "A-2620022",
	}), http.StatusCreated)
	if byApp.text("createdBy") != "I-7100001" || s.PendingWebhooks() != 0 {
		t.Errorf("got %v", byApp)
	}
	if got := s.want(s.call("GET", helpers+"/threads/"+thread+"/messages/"+byApp.text("id"), nil), http.StatusOK); got.raw != byApp.raw {
		t.Errorf("it reads as %v", got)
	}
}

func TestChangingTheChannel(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	other := s.bench.account(s.channel, "other shop")
	mail := s.want(s.register("POST", channelBase, object{"name": "Letters", "webhookUrl": appURL, "capabilities": object{
		"deliveryIdentifierTypes": []string{"HS_EMAIL_ADDRESS"}, "allowOutgoingMessages": true}}), http.StatusCreated).text("id")
	letters := s.want(s.call("POST", channelBase+"/"+mail+"/channel-accounts",
		object{"inboxId": s.inboxID(), "name": "Letters", "authorized": true}), http.StatusCreated).text("id")
	opaqueThread := s.say("m1", "Hi")
	mailThread := s.sayAs("Bo", email("bo@example.test"), "conv-2", "Hi")
	gone := s.bench.account(s.channel, "gone")
	if err := s.SetAccountActive(gone, false); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, thread, via, to string
		account, address      string
		says                  string
	}{
		{name: "own", thread: opaqueThread, account: s.account, address: "user-42"},
		{name: "same channel", thread: opaqueThread, via: other, account: other, address: "user-42"},
		{name: "other channel by e-mail", thread: mailThread, via: letters, account: letters, address: "bo@example.test"},
		{name: "other channel, address given", thread: opaqueThread, via: letters, to: "ada@example.test", account: letters, address: "ada@example.test"},
		{name: "no address", thread: opaqueThread, via: letters, says: "no address"},
		{name: "bad address", thread: opaqueThread, via: letters, to: "ada", says: "e-mail"},
		{name: "built-in e-mail", thread: mailThread, via: hubspottest.ViaEmail, account: "4800003", address: "bo@example.test"},
		{name: "no e-mail known", thread: opaqueThread, via: hubspottest.ViaEmail, says: "no e-mail address"},
		{name: "switched off", thread: opaqueThread, via: gone, says: "switched off"},
		{name: "unknown account", thread: opaqueThread, via: "1", says: "channel account"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := hubspottest.Reply{Text: "Hello", Via: tt.via}
			if tt.to != "" {
				r.To = &hubspottest.Identifier{Type: "HS_EMAIL_ADDRESS", Value: tt.to}
			}
			before := s.PendingWebhooks()
			m, err := s.Reply(tt.thread, r)
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got error %v, want one with %q", err, tt.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if m.AccountID != tt.account || m.Recipients[0].Identifier.Value != tt.address || m.ThreadID != tt.thread {
				t.Errorf("sent %+v", m)
			}
			told, status := s.PendingWebhooks()-before, "SENDING"
			if tt.via == hubspottest.ViaEmail {
				told, status = told+1, "SENT"
			}
			if told != 1 || m.Status != status {
				t.Errorf("the app was told %d times, status %s", told, m.Status)
			}
		})
	}
	outlets := s.Outlets(opaqueThread)
	if outlets[0].Via != s.account || len(outlets) != 5 || outlets[4].Via != hubspottest.ViaEmail || outlets[4].Address != nil || s.Outlets("1") != nil {
		t.Errorf("got %+v", outlets)
	}
	for _, o := range outlets {
		if (o.Closed != "") != (o.Via == gone) || (o.Address == nil) != (o.Via == letters || o.Via == hubspottest.ViaEmail) {
			t.Errorf("got %+v", o)
		}
	}
}

// TestThreadIDsOverThere: on an account that a conversation did not come from,
// the app may not know it.
func TestThreadIDsOverThere(t *testing.T) {
	for _, named := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, hubspottest.Config{Readings: hubspottest.Readings{StartedThreadNamed: named}}, nil)
			other := s.bench.account(s.channel, "other")
			thread := s.say("m1", "Hi")
			h := &hook{}
			s.run(h)
			for range 2 {
				if _, err := s.Reply(thread, hubspottest.Reply{Text: "Hello", Via: other}); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			ids := h.all()[0].body["channelIntegrationThreadIds"].([]any)
			diff(t, "the second time", any(ids), h.all()[1].body["channelIntegrationThreadIds"])
			if !named {
				diff(t, "ids", []any{}, ids)
				return
			}
			back := s.want(s.publish(with(draft(other, "m2", "Thanks"), object{"integrationThreadId": ids[0]})), http.StatusCreated)
			if got := back.text("conversationsThreadId"); got != thread {
				t.Errorf("the answer is in thread %s, not %s", got, thread)
			}
		})
	}
}
