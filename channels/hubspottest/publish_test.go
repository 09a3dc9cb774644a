package hubspottest_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestPublish(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	a := s.want(s.publish(with(draft(s.account, "m1", "Héllo <b> 👩‍👩‍👧"), object{"richText": "<p>x</p>", "phoneNumber": "ignored"})), http.StatusCreated)
	id, thread, customer := a.text("id"), a.text("conversationsThreadId"), a.text("createdBy")
	if len(id) != 36 || !strings.HasPrefix(customer, "V-") {
		t.Errorf("id %q, createdBy %q", id, customer)
	}
	diff(t, "answer", object{
		"id": id, "type": "MESSAGE", "conversationsThreadId": thread, "channelId": s.channel, "channelAccountId": s.account,
		"createdAt": "2026-10-01T09:20:00.000Z", "createdBy": customer, "direction": "INCOMING",
		"client":     object{"clientType": "INTEGRATION", "integrationAppId": 7100001.0},
		"senders":    []any{object{"actorId": customer, "name": "Ada", "deliveryIdentifier": opaque("user-42")}},
		"recipients": []any{object{"deliveryIdentifier": opaque("shop")}},
		"text":       "Héllo <b> 👩‍👩‍👧", "richText": "<p>x</p>", "attachments": []any{}, "status": object{"statusType": "RECEIVED"},
		"truncationStatus": "NOT_TRUNCATED", "archived": false,
	}, a.body)
	diff(t, "read", a.body, s.want(s.call("GET", channelBase+"/"+s.channel+"/messages/"+id, nil), http.StatusOK).body)

	got := s.Threads()[0]
	if got.ID != thread || got.Customer != "Ada" || got.Unread != 1 || got.Preview != "Héllo <b> 👩‍👩‍👧" || got.ChannelName != "Acme Chat" {
		t.Errorf("the agent sees %+v", got)
	}
}

func TestPublishRefusals(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	valid := draft(s.account, "m", "Hi")
	attached := func(a ...object) object { return with(valid, object{"attachments": a}) }
	for _, tt := range []struct {
		name   string
		body   object
		status int
		says   string
	}{
		{"no text", with(valid, object{"text": nil}), 400, "text"},
		{"empty text", with(valid, object{"text": ""}), 400, "text"},
		{"no senders", with(valid, object{"senders": []object{}}), 400, "senders"},
		{"no recipients", with(valid, object{"recipients": nil}), 400, "recipients"},
		{"no attachments", with(valid, object{"attachments": nil}), 400, "attachments"},
		{"no timestamp", with(valid, object{"timestamp": nil}), 400, "timestamp"},
		{"wrong timestamp", with(valid, object{"timestamp": "yesterday"}), 400, "ISO 8601"},
		{"number for a timestamp", with(valid, object{"timestamp": 1}), 400, "timestamp"},
		{"no direction", with(valid, object{"messageDirection": nil}), 400, "messageDirection"},
		{"no thread id", with(valid, object{"integrationThreadId": nil}), 400, "integrationThreadId"},
		{"number for an account", with(valid, object{"channelAccountId": 5}), 400, "channelAccountId"},
		{"unknown account", with(valid, object{"channelAccountId": "5"}), 404, "channel account"},
		{"sender without address", with(valid, object{"senders": []object{{"name": "x"}}}), 400, "senders[0].deliveryIdentifier"},
		{"unknown file", attached(object{"type": "FILE", "fileId": "1"}), 400, "No file"},
		{"number for a file", attached(object{"type": "FILE", "fileId": 1}), 400, "fileId"},
		{"unknown usage", attached(object{"type": "FILE", "fileId": "1", "fileUsageType": "PHOTO"}), 400, "fileUsageType"},
		{"unknown kind", attached(object{"type": "PHOTO"}), 400, "PHOTO"},
		{"location without place", attached(object{"type": "LOCATION", "latitude": 1}), 400, "longitude"},
		{"contact without lists", attached(object{"type": "CONTACT", "contactProfile": object{"emails": []string{}}}), 400, "contactProfile"},
		{"quick reply without type", attached(object{"type": "QUICK_REPLIES", "quickReplies": []object{{"value": "x"}}}), 400, "valueType"},
		{"social without type", attached(object{"type": "SOCIAL_MEDIA_METADATA", "socialMetadata": object{}}), 400, "mediaType"},
		{"contacts half said", with(valid, object{"preResolvedContacts": object{"contacts": []object{{"contactVid": 1}}}}), 400, "preResolvedContacts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := s.publish(tt.body)
			if a.status != tt.status || !strings.Contains(a.text("message"), tt.says) {
				t.Errorf("got %v, want %d with %q", a, tt.status, tt.says)
			}
		})
	}
	if got := len(s.Threads()); got != 0 {
		t.Errorf("refused messages made %d threads", got)
	}
}

func TestPublishAttachments(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	file := s.upload("cat.png", png, nil).text("id")
	a := s.want(s.publish(with(draft(s.account, "m", "All kinds"), object{"attachments": []object{
		{"type": "FILE", "fileId": file, "fileUsageType": "IMAGE", "name": "ignored"},
		{"type": "LOCATION", "latitude": 1.5, "longitude": 2},
		{"type": "CONTACT", "contactProfile": object{"addresses": []any{}, "emails": []any{}, "phones": []any{}, "urls": []any{}}},
		{"type": "QUICK_REPLIES", "quickReplies": []object{{"value": "Yes", "valueType": "TEXT"}}},
		{"type": "MESSAGE_HEADER", "text": "Head", "fileId": 12},
		{"type": "SOCIAL_MEDIA_METADATA", "socialMetadata": object{"mediaType": "STORY"}},
		{"type": "UNSUPPORTED_CONTENT"},
	}})), http.StatusCreated)
	diff(t, "attachments", []any{
		object{"type": "FILE", "fileId": file, "fileUsageType": "IMAGE"},
		object{"type": "LOCATION", "latitude": 1.5, "longitude": 2.0},
		object{"type": "CONTACT", "contactProfile": object{"addresses": []any{}, "emails": []any{}, "phones": []any{}, "urls": []any{}}},
		object{"type": "QUICK_REPLIES", "quickReplies": []any{object{"value": "Yes", "valueType": "TEXT"}}, "allowMultiSelect": false, "allowUserInput": true},
		object{"type": "MESSAGE_HEADER", "text": "Head", "fileId": 12.0},
		object{"type": "SOCIAL_MEDIA_METADATA", "socialMetadata": object{"mediaType": "STORY"}},
		object{"type": "UNSUPPORTED_CONTENT"},
	}, a.body["attachments"].([]any))

	shown := s.Messages(a.text("conversationsThreadId"))[0].Attachments[0]
	if shown.Name != "cat.png" || shown.ContentType != "image/png" || shown.Usage != "IMAGE" || shown.Size != int64(len(png)) {
		t.Errorf("the agent sees %+v", shown)
	}
}

func TestPublishIdempotency(t *testing.T) {
	for _, tt := range []struct {
		name   string
		first  bool
		status int
	}{{"refused", false, http.StatusConflict}, {"first message", true, http.StatusOK}} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, hubspottest.Config{Readings: hubspottest.Readings{DuplicateReturnsFirst: tt.first}}, nil)
			first := s.want(s.publish(draft(s.account, "m1", "Hi")), http.StatusCreated)
			second := s.want(s.publish(draft(s.account, "m1", "Hi")), tt.status)
			if tt.first {
				diff(t, "answer", first.body, second.body)
			}
			s.want(s.publish(draft(s.bench.account(s.channel, "other"), "m1", "Hi")), http.StatusCreated)
			if got := len(s.Messages(first.text("conversationsThreadId"))); got != 1 {
				t.Errorf("%d messages in the thread", got)
			}
		})
	}
}

func TestReadingsOfPublish(t *testing.T) {
	s := newShop(t, hubspottest.Config{Readings: hubspottest.Readings{OptionalFields: true, EmptyText: true}}, nil)
	s.want(s.publish(with(draft(s.account, "m", ""), object{"recipients": nil, "attachments": nil, "timestamp": nil})), http.StatusCreated)
}

func TestThreadingByIntegration(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	in := func(id, thread string) string {
		return s.publish(with(draft(s.account, id, "x"), object{"integrationThreadId": thread})).text("conversationsThreadId")
	}
	first, second, third := in("1", "a"), in("2", "b"), in("3", "a")
	if first == second || first != third {
		t.Errorf("threads a, b, a are %s, %s, %s", first, second, third)
	}
}

func TestThreadingByIdentifier(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, object{"threadingModel": "DELIVERY_IDENTIFIER"})
	in := func(id, person, thread string) string {
		body := with(draft(s.account, id, "x"), object{
			"senders": []object{{"deliveryIdentifier": opaque(person)}}, "integrationThreadId": nil,
		})
		if thread != "" {
			body["integrationThreadId"] = thread
		}
		return s.want(s.publish(body), http.StatusCreated).text("conversationsThreadId")
	}
	first, second, third := in("1", "ada", ""), in("2", "bob", ""), in("3", "ada", "")
	if first == second || first != third {
		t.Errorf("threads of ada, bob, ada are %s, %s, %s", first, second, third)
	}
	for _, th := range s.Threads() {
		if th.ID == first && in("4", "ada", th.IntegrationThreadIDs[0]) != first {
			t.Error("HubSpot's own thread id leads elsewhere")
		}
	}
	s.want(s.publish(with(draft(s.account, "5", "x"), object{"integrationThreadId": nil, "recipients": []object{}})), http.StatusBadRequest)
}

func TestClosedThreads(t *testing.T) {
	for _, startsNew := range []bool{false, true} {
		s := newShop(t, hubspottest.Config{Readings: hubspottest.Readings{ClosedThreadStartsNew: startsNew}}, nil)
		first := s.say("m1", "Hi")
		if err := s.CloseThread(first); err != nil {
			t.Fatal(err)
		}
		if second := s.say("m2", "Still there?"); (second != first) != startsNew {
			t.Errorf("ClosedThreadStartsNew=%v: threads %s and %s", startsNew, first, second)
		}
		if third := s.say("m3", "Hello?"); s.Threads()[0].ID != third && s.Threads()[1].ID != third {
			t.Errorf("thread %s is not listed", third)
		}
	}
}

func TestSwitchedOffAccount(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	thread := s.say("m1", "Hi")
	if err := s.SetAccountActive(s.account, false); err != nil {
		t.Fatal(err)
	}
	s.want(s.publish(draft(s.account, "m2", "Hi")), http.StatusBadRequest)
	if _, err := s.Reply(thread, hubspottest.Reply{Text: "x"}); err == nil {
		t.Error("an agent can reply on an account that is off")
	}
}

func TestContacts(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	a := s.want(s.publish(with(draft(s.account, "m1", "Hi"), object{"associateWithContactId": 1401})), http.StatusCreated)
	if a.text("createdBy") != "V-1401" {
		t.Errorf("created by %s", a.text("createdBy"))
	}
}

func TestMessageStatus(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	thread := s.say("m1", "Hi")
	received := s.Messages(thread)[0].ID
	reply, err := s.Reply(thread, hubspottest.Reply{Text: "Hello"})
	if err != nil {
		t.Fatal(err)
	}
	if reply.Status != "SENDING" {
		t.Errorf("before any report the agent sees %q", reply.Status)
	}
	messages := channelBase + "/" + s.channel + "/messages/"
	for _, tt := range []struct{ report, reason, shown string }{
		{"SENT", "", ""}, {"READ", "ignored", ""}, {"FAILED", "Blocked by the user", "Blocked by the user"},
	} {
		a := s.want(s.call("PATCH", messages+reply.ID, object{"statusType": tt.report, "errorMessage": tt.reason}), http.StatusOK)
		want := object{"statusType": tt.report}
		if tt.shown != "" {
			want["failureDetails"] = object{"errorMessage": tt.shown, "errorMessageTokens": object{}}
		}
		diff(t, "status", any(want), a.body["status"])
		if got := s.Messages(thread)[1]; got.Status != tt.report || got.Reason != tt.shown {
			t.Errorf("the agent sees %s %q", got.Status, got.Reason)
		}
	}
	s.want(s.call("PATCH", messages+reply.ID, object{"statusType": "RECEIVED"}), http.StatusBadRequest)
	s.want(s.call("PATCH", messages+received, object{"statusType": "SENT"}), http.StatusBadRequest)
	s.want(s.call("PATCH", messages+"unknown", object{"statusType": "SENT"}), http.StatusNotFound)
}

func TestPublishConcurrently(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	status := make(chan int)
	const callers = 20
	for n := range callers {
		go func() { status <- s.publish(draft(s.account, strconv.Itoa(n/2), "Hi")).status }()
	}
	got := map[int]int{}
	for range callers {
		got[<-status]++
	}
	diff(t, "answers", map[int]int{http.StatusCreated: callers / 2, http.StatusConflict: callers / 2}, got)
}

// FuzzPublish sends whatever comes: it is taken or refused, and never breaks
// the server.
func FuzzPublish(f *testing.F) {
	for _, seed := range []string{
		`{"messageDirection":"INCOMING","text":"x","senders":[null],"recipients":[{}],"attachments":[null],"timestamp":"2026-10-01T09:20:00Z"}`,
		`{"messageDirection":"OUTGOING","channelAccountId":"ACCOUNT","integrationThreadId":"1","text":"x","timestamp":"2026-10-01T09:20:00Z",
			"senders":[{"deliveryIdentifier":{"type":"HS_SHORT_CODE","value":"1"}}],"recipients":[{"deliveryIdentifier":{"type":"HS_SHORT_CODE","value":"2"}}],
			"attachments":[{"type":"UNSUPPORTED_CONTENT"}]}`,
		`{"attachments":[{"type":"CONTACT","contactProfile":null},{"type":"QUICK_REPLIES","quickReplies":[null]},{"type":"FILE","fileId":null}]}`,
		`{"preResolvedContacts":{"contacts":[null]},"senders":{}}`, `[]`, `null`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s := newShop(t, hubspottest.Config{}, nil)
		if a := s.publish(strings.ReplaceAll(body, "ACCOUNT", s.account)); a.status >= 500 {
			t.Errorf("got %v", a)
		}
		if got := len(s.Threads()); got > 1 {
			t.Errorf("one message made %d threads", got)
		}
	})
}
