package hubspottest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestInboxesAndActors(t *testing.T) {
	s := newShop(t, hubspottest.Config{AgentName: "Robin"}, nil)
	thread := s.say("m1", "Hi")
	visitor := s.Messages(thread)[0].Senders[0].ActorID
	for _, base := range []string{helpers, "/conversations/conversations/2026-03", "/conversations/conversations/2026-09"} {
		inboxes := s.want(s.call("GET", base+"/inboxes", nil), http.StatusOK)
		results := inboxes.body["results"].([]any)
		if inboxes.body["total"] != 2.0 || results[1].(object)["type"] != "HELP_DESK" {
			t.Errorf("got inboxes %v", inboxes)
		}
		one := s.want(s.call("GET", base+"/inboxes/"+s.inboxID(), nil), http.StatusOK)
		diff(t, "inbox", results[0], any(one.body))

		agent := s.want(s.call("GET", base+"/actors/A-2620022", nil), http.StatusOK)
		if agent.text("type") != "AGENT" || agent.text("name") != "Robin" || agent.text("avatar") == "" {
			t.Errorf("got agent %v", agent)
		}
		batch := s.want(s.call("POST", base+"/actors/batch/read", object{"inputs": []string{"A-2620022", visitor}}), http.StatusOK)
		diff(t, "actors", []any{agent.body, object{"id": visitor, "type": "VISITOR", "name": "Ada"}}, batch.body["results"].([]any))
	}
	partly := s.want(s.call("POST", helpers+"/actors/batch/read", object{"inputs": []string{"A-1", "S-hubspot"}}), http.StatusMultiStatus)
	if len(partly.body["results"].([]any)) != 1 || partly.body["numErrors"] != 1.0 {
		t.Errorf("got %v", partly)
	}
	s.want(s.call("GET", helpers+"/inboxes/1", nil), http.StatusNotFound)
	s.want(s.call("GET", helpers+"/actors/A-1", nil), http.StatusNotFound)
	s.want(s.call("POST", helpers+"/actors/batch/read", object{"inputs": []string{}}), http.StatusBadRequest)
}

func TestThreadsAPI(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	id := s.say("m1", "Hi")
	s.say("m2", "Anybody?")
	one := helpers + "/threads/" + id

	got := s.want(s.call("GET", one, nil), http.StatusOK)
	if got.text("status") != "OPEN" || got.text("originalChannelId") != s.channel || got.text("latestMessageReceivedTimestamp") == "" {
		t.Errorf("got thread %v", got)
	}
	messages := s.want(s.call("GET", one+"/messages", nil), http.StatusOK).body["results"].([]any)
	if len(messages) != 2 || messages[1].(object)["text"] != "Anybody?" {
		t.Errorf("got messages %v", messages)
	}
	first := messages[0].(object)
	diff(t, "message", any(first), any(s.call("GET", one+"/messages/"+first["id"].(string), nil).body))

	closed := s.want(s.call("PATCH", one, object{"status": "CLOSED"}), http.StatusOK)
	if closed.text("status") != "CLOSED" || closed.text("closedAt") == "" || s.Threads()[0].Status != "CLOSED" {
		t.Errorf("got %v", closed)
	}
	diff(t, "open threads", object{"results": []any{}}, s.call("GET", helpers+"/threads?threadStatus=OPEN", nil).body)
	diff(t, "closed threads", object{"results": []any{closed.body}}, s.call("GET", helpers+"/threads?threadStatus=CLOSED", nil).body)
	s.want(s.call("DELETE", one, nil), http.StatusNoContent)
	s.want(s.call("GET", one, nil), http.StatusNotFound)
	if got := len(s.Threads()); got != 0 {
		t.Errorf("the agent sees %d archived threads", got)
	}
	s.want(s.call("PATCH", one+"?archived=true", object{"archived": false}), http.StatusOK)
	s.want(s.call("GET", one, nil), http.StatusOK)

	s.want(s.call("PATCH", one, object{"status": "DONE"}), http.StatusBadRequest)
	s.want(s.call("GET", one+"/messages/unknown", nil), http.StatusNotFound)
	s.want(s.call("GET", helpers+"/threads/1", nil), http.StatusNotFound)
}

func TestSendingAsAgent(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	thread := s.say("m1", "Hi")
	messages := helpers + "/threads/" + thread + "/messages"
	valid := object{
		"type": "MESSAGE", "text": "From code", "senderActorId": "A-2620022", "channelId": s.channel, "channelAccountId": s.account,
		"attachments": []object{}, "recipients": []object{{"deliveryIdentifiers": []object{opaque("user-42")}}},
	}
	sent := s.want(s.call("POST", messages, valid), http.StatusCreated)
	if sent.text("direction") != "OUTGOING" || sent.body["status"].(object)["statusType"] != "SENT" {
		t.Errorf("got %v", sent)
	}
	if got := s.Messages(thread)[1]; got.Text != "From code" || got.SenderName != "Robin Hale" {
		t.Errorf("the agent sees %+v", got)
	}
	if got := s.PendingWebhooks(); got != 1 {
		t.Errorf("%d webhooks wait", got)
	}
	for _, tt := range []struct {
		name string
		body object
		says string
	}{
		{"unknown kind", with(valid, object{"type": "NOTE"}), "type"},
		{"e-mail actor", with(valid, object{"recipients": []object{{"actorId": "E-a@b.test", "deliveryIdentifiers": []object{opaque("x")}}}}), "e-mail actor"},
		{"singular identifier", with(valid, object{"recipients": []object{{"deliveryIdentifier": opaque("x")}}}), "deliveryIdentifiers"},
		{"unknown agent", with(valid, object{"senderActorId": "A-1"}), "senderActorId"},
		{"other channel", with(valid, object{"channelId": "1000"}), "channelId"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := s.call("POST", messages, tt.body)
			if a.status != http.StatusBadRequest || !strings.Contains(a.text("message"), tt.says) {
				t.Errorf("got %v, want 400 with %q", a, tt.says)
			}
		})
	}
}

func TestReplies(t *testing.T) {
	for _, tt := range []struct {
		name  string
		caps  object
		reply hubspottest.Reply
		says  string // the error; none: it is sent
		rich  string
	}{
		{name: "text", reply: hubspottest.Reply{Text: "Hi"}},
		{name: "rich text", reply: hubspottest.Reply{Text: "Hi", RichText: "<b>Hi</b>"}, rich: "<b>Hi</b>"},
		{name: "plain channel", caps: object{"richText": []string{}}, reply: hubspottest.Reply{Text: "Hi", RichText: "<b>Hi</b>"}},
		{name: "picture", reply: hubspottest.Reply{Files: []hubspottest.Upload{{Name: "cat.png", Content: []byte(png)}}}},
		{name: "empty", reply: hubspottest.Reply{Text: " "}, says: "empty"},
		{name: "intake only", caps: object{"allowOutgoingMessages": false}, reply: hubspottest.Reply{Text: "Hi"}, says: "allowOutgoingMessages"},
		{name: "no files", caps: object{"outgoingAttachmentTypes": []string{}},
			reply: hubspottest.Reply{Files: []hubspottest.Upload{{Name: "cat.png"}}}, says: "does not take files"},
		{name: "wrong type", reply: hubspottest.Reply{Files: []hubspottest.Upload{{Name: "a.pdf"}}}, says: "application/pdf"},
		{name: "too big", reply: hubspottest.Reply{Files: []hubspottest.Upload{{Name: "a.png", Content: make([]byte, 1001)}}}, says: "1000 bytes"},
		{name: "too big together", reply: hubspottest.Reply{Files: []hubspottest.Upload{
			{Name: "a.png", Content: make([]byte, 900)}, {Name: "b.png", Content: make([]byte, 900)}}}, says: "1500 bytes"},
		{name: "too many", reply: hubspottest.Reply{Files: make([]hubspottest.Upload, 3)}, says: "at most 2"},
		{name: "unknown agent", reply: hubspottest.Reply{Text: "Hi", AgentID: "A-1"}, says: "agent"},
		{name: "no quick replies", reply: hubspottest.Reply{QuickReplies: []hubspottest.QuickReply{{Value: "Yes"}}}, says: "lack QUICK_REPLIES"},
		{name: "quick reply by e-mail", reply: hubspottest.Reply{QuickReplies: []hubspottest.QuickReply{{Value: "Yes"}}, Via: hubspottest.ViaEmail,
			To: &hubspottest.Identifier{Type: "HS_EMAIL_ADDRESS", Value: "ada@example.test"}}, says: "lack QUICK_REPLIES"},
		{name: "empty quick reply", caps: object{"outgoingAttachmentTypes": []string{"QUICK_REPLIES"}},
			reply: hubspottest.Reply{QuickReplies: []hubspottest.QuickReply{{Label: "Yes"}}}, says: "quickReplies with value"},
		{name: "answer to nothing", reply: hubspottest.Reply{Text: "Hi", InReplyToID: "x"}, says: "message in this conversation"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, hubspottest.Config{}, tt.caps)
			thread := s.say("m1", "Hi")
			m, err := s.Reply(thread, tt.reply)
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got error %v, want one with %q", err, tt.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if m.RichText != tt.rich || len(m.Attachments) != len(tt.reply.Files) {
				t.Errorf("sent %+v", m)
			}
		})
	}
	if _, err := newShop(t, hubspottest.Config{}, nil).Reply("1", hubspottest.Reply{Text: "x"}); err == nil {
		t.Error("replying to no thread is no error")
	}
}

func TestAssigneeAPI(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	thread := s.say("m1", "Hi")
	for _, one := range []string{
		helpers + "/threads/" + thread, "/conversations/conversations/2026-09/threads/" + thread, "/conversations/conversations/v3/threads/" + thread,
	} {
		assigned := s.want(s.call("PUT", one+"/assignee", object{"actorId": noor}), http.StatusOK)
		if assigned.text("assignedTo") != noor || s.Threads()[0].OwnerName != "Noor Adams" {
			t.Errorf("got %v", assigned)
		}
		s.want(s.call("PUT", one+"/assignee", object{"actorId": "A-1"}), http.StatusBadRequest)
		s.want(s.call("DELETE", one+"/assignee", nil), http.StatusNoContent)
	}
	if got := s.History(thread); len(got) != 6 || got[0].By != "I-7100001" {
		t.Errorf("got %+v", got)
	}
	s.want(s.call("DELETE", helpers+"/threads/1/assignee", nil), http.StatusNotFound)
}

func TestAllChannelsAPI(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	channels := s.want(s.call("GET", helpers+"/channels", nil), http.StatusOK).body
	diff(t, "channels", []any{object{"id": "1002", "name": "Email"}, object{"id": s.channel, "name": "Acme Chat"}}, channels["results"].([]any))
	s.want(s.call("GET", helpers+"/channels/"+s.channel, nil), http.StatusOK)
	s.want(s.call("GET", helpers+"/channels/1", nil), http.StatusNotFound)

	accounts := s.want(s.call("GET", helpers+"/channel-accounts?channelId="+s.channel+"&inboxId="+s.inboxID(), nil), http.StatusOK)
	own := s.want(s.call("GET", channelBase+"/"+s.channel+"/channel-accounts/"+s.account, nil), http.StatusOK)
	diff(t, "accounts", []any{own.body}, accounts.body["results"].([]any))
	diff(t, "account", own.body, s.call("GET", helpers+"/channel-accounts/"+s.account, nil).body)
	if all := s.call("GET", helpers+"/channel-accounts", nil); all.body["total"] != 2.0 {
		t.Errorf("got %v", all)
	}
	if gone := s.call("GET", helpers+"/channel-accounts?archived=true", nil); gone.body["total"] != 0.0 {
		t.Errorf("got %v", gone)
	}
	s.want(s.call("GET", helpers+"/channel-accounts/1", nil), http.StatusNotFound)
}

func TestOriginalContent(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	one := helpers + "/threads/" + s.say("m1", "Hi") + "/messages/"
	id := s.Messages(s.Threads()[0].ID)[0].ID
	diff(t, "content", object{"text": "Hi", "richText": ""}, s.want(s.call("GET", one+id+"/original-content", nil), http.StatusOK).body)
	s.want(s.call("GET", one+"x/original-content", nil), http.StatusNotFound)
}
