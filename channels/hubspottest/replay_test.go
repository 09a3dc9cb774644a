package hubspottest_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShop(t, hubspottest.Config{}, nil), &hook{}
		s.run(h)
		s.say("m1", "Hi")
		const text = "See https://example.test/?code=1234 ☃" // what looks like a secret is hidden in the journal only
		s.reply(text)
		synctest.Wait()
		first := s.Journal("webhook.delivery")[0]

		time.Sleep(time.Hour)
		s.want(s.register("PATCH", channelBase+"/"+s.channel, object{"webhookUrl": appURL + "/new"}), http.StatusOK)
		h.answer = func(n int, w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/new" || !signedV3(s, r, h.all()[n-1].raw) {
				t.Errorf("delivery %d to %s is not signed well", n, r.URL)
			}
			w.WriteHeader(http.StatusTeapot)
		}
		again := page[hubspottest.Entry](s.bench, "POST", "webhooks/"+strconv.FormatInt(first.ID, 10)+"/replay", nil, http.StatusCreated)
		if again.Status != http.StatusTeapot || again.Error != "the app answered 418" || again.Path != appURL+"/new" || again.PortalID != portalID {
			t.Errorf("got %+v", again)
		}
		got := h.all()
		if len(got) != 2 || got[1].raw != got[0].raw || !strings.Contains(got[1].raw, text) {
			t.Fatalf("got %+v", got)
		}
		if stamp := got[1].header.Get("X-HubSpot-Request-Timestamp"); stamp != strconv.FormatInt(time.Now().UnixMilli(), 10) {
			t.Errorf("the replay is signed at %s", stamp)
		}
		if s.PendingWebhooks() != 0 {
			t.Error("a replay is retried")
		}
		diff(t, "journal", []hubspottest.Entry{first, again}, s.Journal("webhook.delivery"))
		if _, err := s.ReplayWebhook(t.Context(), again.ID); err != nil {
			t.Errorf("replaying a replay: %v", err)
		}
	})
}

func TestReplayOfAppWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShop(t, hubspottest.Config{AppWebhookURL: appURL + "/app"}, nil), &hook{}
		s.run(h)
		s.say("m1", "Hi")
		synctest.Wait()
		id := s.Journal("webhook.app")[0].ID
		e, err := s.ReplayWebhook(t.Context(), id)
		if err != nil || e.Status != http.StatusOK || e.Error != "" || e.Operation != "webhook.app" {
			t.Errorf("got %+v, %v", e, err)
		}
		if got := h.all(); len(got) != 2 || got[0].raw != got[1].raw {
			t.Errorf("got %+v", got)
		}
		s.SetAppWebhookURL("")
		page[object](s.bench, "POST", "webhooks/"+strconv.FormatInt(id, 10)+"/replay", nil, http.StatusConflict)
	})
}

func TestReplayIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShop(t, hubspottest.Config{}, nil), &hook{}
		s.run(h)
		s.say("m1", "Hi")
		s.reply(strings.Repeat("long ", 2000))
		synctest.Wait()
		replay := func(id int64, status int) {
			t.Helper()
			page[object](s.bench, "POST", "webhooks/"+strconv.FormatInt(id, 10)+"/replay", nil, status)
		}
		replay(s.Journal("webhook.delivery")[0].ID, http.StatusConflict)
		replay(s.Journal("message.publish")[0].ID, http.StatusNotFound) // no webhook
		replay(77777, http.StatusNotFound)
		page[object](s.bench, "POST", "webhooks/x/replay", nil, http.StatusNotFound)

		s.reply("short")
		synctest.Wait()
		id := s.Journal("webhook.delivery")[1].ID
		s.want(s.send("POST", pageBase+"webhooks/"+strconv.FormatInt(id, 10)+"/replay", nil, "Origin", "https://evil.test"), http.StatusForbidden)
		s.ClearJournal()
		replay(id, http.StatusNotFound)
		if got := len(h.all()); got != 2 {
			t.Errorf("%d webhooks, want 2", got)
		}
	})
}

// TestReplayIsForgotten: what the journal drops for want of room cannot be
// replayed.
func TestReplayIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShop(t, hubspottest.Config{RateLimit: -1}, nil), &hook{}
		s.run(h)
		s.say("m1", "Hi")
		s.reply("early")
		synctest.Wait()
		id := s.Journal("webhook.delivery")[0].ID
		if _, err := s.ReplayWebhook(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		for range 5000 {
			s.send("GET", "/login", nil)
		}
		if _, err := s.ReplayWebhook(t.Context(), id); err == nil {
			t.Error("a webhook that the journal has forgotten was sent")
		}
	})
}
