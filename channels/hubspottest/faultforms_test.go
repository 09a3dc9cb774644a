package hubspottest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestErrorForms(t *testing.T) {
	wants := map[hubspottest.ErrorForm]struct {
		status int
		says   string
		lacks  string
	}{
		hubspottest.FormUsual:           {500, `"correlationId"`, ""},
		hubspottest.FormHiddenReasons:   {400, `"message":"Multiple errors validating request."`, ""},
		hubspottest.FormMissingScopes:   {403, `"requiredScopes":["tickets"]`, ""},
		hubspottest.FormNoPermission:    {403, `does not have proper permissions!`, "category"},
		hubspottest.FormExpired:         {401, `"expire time":["`, ""},
		hubspottest.FormOldUnauthorized: {401, `"engagement":null`, "category"},
		hubspottest.FormRateLimit:       {429, `"category":"RATE_LIMITS"`, ""},
		hubspottest.FormBareRateLimit:   {429, `"groupName":"publicapi:24681012"`, "requestId"},
		hubspottest.FormDailyLimit:      {429, `"policyName":"DAILY"`, ""},
		hubspottest.FormMigration:       {477, `migrated`, ""},
		hubspottest.FormHTML:            {502, `<html>`, "{"},
		hubspottest.FormText:            {503, `upstream`, "{"},
		hubspottest.FormEmpty:           {504, ``, "{"},
		hubspottest.FormDeadRefresh:     {400, `missing or invalid refresh token`, `"error"`},
		hubspottest.FormForeignRefresh:  {400, `was not issued to this client`, ""},
	}
	for _, form := range hubspottest.ErrorForms() {
		t.Run(string(form), func(t *testing.T) {
			s := newShop(t, hubspottest.Config{}, nil)
			f := hubspottest.Fault{Operation: "inbox.list", Form: form, Nth: 1}
			if form == hubspottest.FormUsual {
				f.Status = 500
			}
			s.Inject(f)
			want := wants[form]
			got := s.want(s.call("GET", helpers+"/inboxes", nil), want.status)
			if !strings.Contains(got.raw, want.says) || want.lacks != "" && strings.Contains(got.raw, want.lacks) {
				t.Errorf("got %v", got)
			}
			if after := got.header.Get("Retry-After"); (after != "") != (form == hubspottest.FormMigration) {
				t.Errorf("Retry-After is %q", after)
			}
			s.want(s.call("GET", helpers+"/inboxes", nil), http.StatusOK)
		})
	}
	if len(wants) != len(hubspottest.ErrorForms()) {
		t.Errorf("%d forms", len(hubspottest.ErrorForms()))
	}
	s := newShop(t, hubspottest.Config{}, nil)
	s.Inject(hubspottest.Fault{Operation: "inbox.list", Form: hubspottest.FormText, Status: 521, RetryAfter: 90 * time.Second})
	if got := s.want(s.call("GET", helpers+"/inboxes", nil), 521); got.header.Get("Retry-After") != "90" {
		t.Errorf("got %v", got.header)
	}
	if got := s.Faults(); len(got) != 1 || got[0].Status != 521 {
		t.Errorf("got %+v", got)
	}
}

// TestTruncatedAnswers over a network and without one: the effect has taken
// place, and the caller sees that something is missing.
func TestTruncatedAnswers(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	thread := s.say("m0", "Hi")
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	for i, rt := range []http.RoundTripper{s.Transport(), http.DefaultTransport} {
		s.Inject(hubspottest.Fault{Operation: "message.publish", Truncate: true, Nth: 1})
		body, err := json.Marshal(draft(s.account, "m"+strconv.Itoa(i+1), "Hi"))
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest("POST", s.URL()+channelBase+"/"+s.channel+"/messages", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.token)
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusCreated || err == nil || errors.Is(err, io.EOF) || !strings.HasPrefix(string(got), "{") {
			t.Errorf("got %d with %q, %v", resp.StatusCode, got, err)
		}
		s.ClearFaults()
	}
	if got := len(s.Messages(thread)); got != 3 {
		t.Errorf("%d messages are stored", got)
	}
	if e := s.Journal("message.publish"); !strings.Contains(e[2].Error, "broken off") {
		t.Errorf("got %+v", e[2])
	}
}

// TestWebhookFaults plays each on the first of two replies.
func TestWebhookFaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault hubspottest.Fault
		want  string // the texts in the order of arrival, with what is wrong
	}{
		{"none", hubspottest.Fault{Nth: 9}, "one two"},
		{"duplicates", hubspottest.Fault{Duplicates: 2}, "one one one two"},
		{"delay", hubspottest.Fault{Delay: time.Minute}, "two one"},
		{"reorder", hubspottest.Fault{Reorder: true}, "two one"},
		{"bad signature", hubspottest.Fault{BadSignature: true}, "one(bad) two one"},
		{"never sent", hubspottest.Fault{Reset: hubspottest.ResetBefore}, "two one"},
		{"answer lost", hubspottest.Fault{Reset: hubspottest.ResetAfter}, "one two one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, hubspottest.Config{RetryDelays: []time.Duration{time.Hour}}, nil)
				s.say("m1", "Hi")
				var got []string
				h := &hook{}
				h.answer = func(n int, w http.ResponseWriter, r *http.Request) {
					d := h.all()[n-1]
					text := d.body["message"].(object)["text"].(string)
					if !signedV3(s, r, d.raw) {
						text += "(bad)"
						w.WriteHeader(http.StatusUnauthorized)
					}
					got = append(got, text)
				}
				s.run(h)
				if tt.fault.Nth == 0 {
					tt.fault.Nth = 1
				}
				tt.fault.Operation = "webhook.delivery"
				s.Inject(tt.fault)
				s.reply("one")
				s.reply("two")
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				diff(t, "arrived", tt.want, strings.Join(got, " "))
				if s.PendingWebhooks() != 0 {
					t.Errorf("%d webhooks wait", s.PendingWebhooks())
				}
			})
		})
	}
}

// TestReorderAlone: a webhook that nothing overtakes is sent after a minute.
func TestReorderAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{}, nil)
		s.say("m1", "Hi")
		h := &hook{}
		s.run(h)
		s.Inject(hubspottest.Fault{Operation: "webhook.delivery", Reorder: true, SpacedSignature: true})
		start := time.Now()
		for { // until the signature has a plus sign
			s.reply("one")
			time.Sleep(time.Minute)
			synctest.Wait()
			got := h.all()
			last := got[len(got)-1]
			if at := last.at.Sub(start); at != time.Duration(len(got))*time.Minute {
				t.Fatalf("webhook %d arrived after %v", len(got), at)
			}
			signature := last.header.Get("X-HubSpot-Signature-v3")
			if strings.Contains(signature, "+") {
				t.Errorf("the signature is %q", signature)
			}
			if strings.Contains(signature, " ") {
				return
			}
		}
	})
}
