package hubspottest_test

import (
	"net/http"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// FuzzBodies sends anything to what reads JSON: a refusal is fine, a failure
// of the server is not.
func FuzzBodies(f *testing.F) {
	s := newShop(f, hubspottest.Config{RateLimit: -1}, object{"allowConversationStart": true})
	thread := s.say("m1", "Hi")
	calls := []struct{ method, path string }{
		{"POST", channelBase + "/" + s.channel + "/messages"},
		{"PATCH", channelBase + "/" + s.channel + "/channel-accounts/" + s.account},
		{"POST", helpers + "/threads/" + thread + "/messages"},
		{"PUT", helpers + "/threads/" + thread + "/assignee"},
		{"POST", "/files/v3/files/import-from-url/async"},
		{"POST", pageBase + "threads/" + thread + "/comments"},
		{"PUT", pageBase + "accounts/" + s.account + "/routing"},
		{"PATCH", pageBase + "accounts/" + s.account},
		{"POST", pageBase + "users"},
		{"POST", pageBase + "contacts"},
		{"PUT", pageBase + "knobs"},
		{"POST", pageBase + "faults"},
		{"POST", pageBase + "clock"},
	}
	for i, body := range []string{
		`{"messageDirection":"INCOMING","senders":[{}],"attachments":[{"type":"FILE"}],"preResolvedContacts":{"contacts":[{}]}}`,
		`{"authorized":null,"name":"x"}`,
		`{"type":"MESSAGE","text":"x","attachments":[null],"recipients":[{"deliveryIdentifiers":[{}]}]}`,
		`{"actorId":"A-2620022"}`,
		`{"url":"http://x","access":"PRIVATE"}`,
		`{"text":"x","richText":"<b>"}`,
		`{"assignTo":"USERS","users":["A-2620022"],"teams":[""],"properties":{"":""}}`,
		`{"active":true,"inboxId":"1"}`,
		`{"actorId":"A-1","seat":"SALES"}`,
		`{"id":"1","email":"a@b.test","ownerId":""}`,
		`{"":true}`,
		`{"operation":"login","nth":-1,"delayMs":-1,"form":"HTML"}`,
		`{"advanceSeconds":1e300}`,
	} {
		f.Add(uint8(i), body)
	}
	f.Fuzz(func(t *testing.T, n uint8, body string) {
		c := calls[int(n)%len(calls)]
		s.t = t
		s.ClearFaults()
		s.SetReadings(hubspottest.Readings{})
		a := s.call(c.method, c.path, body)
		if a.status >= http.StatusInternalServerError {
			t.Errorf("%s %s answered %v", c.method, c.path, a)
		}
	})
}
