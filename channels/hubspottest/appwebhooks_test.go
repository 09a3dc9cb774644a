package hubspottest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// signedV3 reports whether a webhook carries the app's own v3 signature.
func signedV3(s *shop, r *http.Request, body string) bool {
	uri := strings.ReplaceAll(appURL+r.URL.RequestURI(), "%3A", ":")
	mac := hmac.New(sha256.New, []byte(s.ClientSecret()))
	mac.Write([]byte("POST" + uri + body + r.Header.Get("X-HubSpot-Request-Timestamp")))
	return r.Header.Get("X-HubSpot-Signature-v3") == base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestAppWebhooks(t *testing.T) {
	for _, v2 := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, hubspottest.Config{
				AppWebhookURL: appURL + "/app", Readings: hubspottest.Readings{SignatureV2: v2}, RetryDelays: []time.Duration{time.Minute},
			}, nil)
			h := &hook{}
			h.answer = func(n int, w http.ResponseWriter, r *http.Request) {
				signed := s.ClientSecret() + h.all()[n-1].raw
				if v2 {
					signed = s.ClientSecret() + "POST" + appURL + "/app" + h.all()[n-1].raw
				}
				sum := sha256.Sum256([]byte(signed))
				if r.URL.Path != "/app" || !signedV3(s, r, h.all()[n-1].raw) || r.Header.Get("X-HubSpot-Signature") != hex.EncodeToString(sum[:]) {
					t.Errorf("delivery %d is not signed well", n)
				}
				if n == 1 {
					w.WriteHeader(http.StatusBadGateway)
				}
			}
			s.run(h)
			thread := s.say("m1", "Hi")
			time.Sleep(2 * time.Minute)
			for _, act := range []func() error{func() error { return s.Assign(thread, noor) }, func() error { return s.CloseThread(thread) }} {
				if err := act(); err != nil {
					t.Fatal(err)
				}
				synctest.Wait() // these webhooks keep no order
			}
			s.want(s.call("DELETE", helpers+"/threads/"+thread, nil), http.StatusNoContent)
			synctest.Wait()

			var got []string
			for _, d := range h.all() {
				var events []struct {
					Type     string `json:"subscriptionType"`
					PortalID int64  `json:"portalId"`
					ObjectID json.Number
					Attempt  int    `json:"attemptNumber"`
					Name     string `json:"propertyName"`
					Value    string `json:"propertyValue"`
				}
				if err := json.Unmarshal([]byte(d.raw), &events); err != nil {
					t.Fatal(err)
				}
				for _, e := range events {
					if e.PortalID != portalID || e.ObjectID.String() != thread {
						t.Errorf("got %s", d.raw)
					}
					got = append(got, strings.TrimSpace(strings.Join([]string{strings.TrimPrefix(e.Type, "conversation."), strings.Repeat("again", e.Attempt), e.Name, e.Value}, " ")))
				}
			}
			diff(t, "events", []string{
				"creation", "newMessage", "creation again", "newMessage again", // one array, twice
				"propertyChange  assignedTo " + noor, "propertyChange  status CLOSED", "propertyChange  isArchived true",
			}, trimmed(got))
			if got := len(s.Journal("webhook.app")); got != 5 {
				t.Errorf("%d entries in the journal", got)
			}
		})
	}
}

func trimmed(list []string) []string {
	for i := range list {
		list[i] = strings.TrimRight(list[i], " ")
	}
	return list
}

func TestAppWebhookIsOptional(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	s.say("m1", "Hi")
	if s.PendingWebhooks() != 0 {
		t.Error("an app without a webhook is told")
	}
	s.SetAppWebhookURL(appURL + "/app")
	if err := s.Uninstall(portalID); err != nil {
		t.Fatal(err)
	}
	if err := s.CloseThread(s.Threads()[0].ID); err != nil {
		t.Fatal(err)
	}
	if s.PendingWebhooks() != 0 {
		t.Error("an app that is not installed is told")
	}
}
