package hubspottest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// hook is an app's webhook endpoint.
type hook struct {
	mu     sync.Mutex
	got    []delivered
	answer func(n int, w http.ResponseWriter, r *http.Request) // of the nth delivery; nil: 200
}

type delivered struct {
	at     time.Time
	header http.Header
	raw    string
	body   object
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	d := delivered{at: time.Now(), header: r.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &d.body)
	h.mu.Lock()
	h.got = append(h.got, d)
	n := len(h.got)
	h.mu.Unlock()
	if h.answer != nil {
		h.answer(n, w, r)
	}
}

func (h *hook) all() []delivered {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

// run delivers webhooks to the hook until the test ends.
func (b *bench) run(h *hook) {
	b.hosts["app.test"] = handled{h}
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		<-done
	})
}

func TestWebhookOfAReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{}, nil)
		h := &hook{}
		s.run(h)
		in := s.publish(draft(s.account, "m1", "Hi"))
		thread, customer := in.text("conversationsThreadId"), in.text("createdBy")
		start := time.Now()
		reply, err := s.Reply(thread, hubspottest.Reply{Text: "Héllo ☃ <&>", RichText: "<b>Héllo</b>", Files: []hubspottest.Upload{{Name: "cat.png", Content: []byte(png)}}})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		got := h.all()
		if len(got) != 1 || !got[0].at.Equal(start) {
			t.Fatalf("%d webhooks went out at once", len(got))
		}
		now := start.UTC().Format("2006-01-02T15:04:05.000Z")
		diff(t, "event", object{
			"type": "OUTGOING_CHANNEL_MESSAGE_CREATED", "portalId": "24681012", "channelId": s.channel,
			"eventId": got[0].body["eventId"], "eventTimestamp": now, "channelIntegrationThreadIds": []any{"conv-1"},
			"message": object{
				"id": reply.ID, "type": "MESSAGE", "channelId": s.channel, "channelAccountId": s.account, "conversationsThreadId": thread,
				"createdAt": now, "createdBy": "A-2620022", "direction": "OUTGOING", "status": "SENT", "truncationStatus": "NOT_TRUNCATED",
				"senders":    []any{object{"actorId": "A-2620022", "deliveryIdentifier": opaque("shop")}},
				"recipients": []any{object{"actorId": customer, "name": "Ada", "deliveryIdentifier": opaque("user-42")}},
				"text":       "Héllo ☃ <&>", "richText": "<b>Héllo</b>",
				"attachments": []any{object{"type": "FILE", "fileId": reply.Attachments[0].FileID, "fileUsageType": "IMAGE"}},
			},
		}, got[0].body)
		if strings.Contains(got[0].raw, `\u003c`) {
			t.Error("the body escapes < as Go would, not as HubSpot does")
		}
		if s.PendingWebhooks() != 0 {
			t.Error("the webhook is still pending")
		}
	})
}

// TestWebhookOfAnAnswer: an agent's message may offer quick replies, and answer
// another message.
func TestWebhookOfAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{}, object{"outgoingAttachmentTypes": []string{"QUICK_REPLIES"}})
		h := &hook{}
		s.run(h)
		in := s.publish(draft(s.account, "m1", "Red or blue?"))
		thread, question := in.text("conversationsThreadId"), in.text("id")
		reply, err := s.Reply(thread, hubspottest.Reply{InReplyToID: question, QuickReplies: []hubspottest.QuickReply{
			{Value: "red", Label: "Red & round"}, {Value: "https://shop.test/", ValueType: "URL"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		offered := object{
			"type": "QUICK_REPLIES", "allowMultiSelect": false, "allowUserInput": true,
			"quickReplies": []any{
				object{"value": "red", "valueType": "TEXT", "label": "Red & round"}, object{"value": "https://shop.test/", "valueType": "URL"},
			},
		}
		event := h.all()[0].body["message"].(object)
		for where, message := range map[string]object{
			"webhook": event, "API": s.call("GET", channelBase+"/"+s.channel+"/messages/"+reply.ID, nil).body,
		} {
			diff(t, where+": attachments", []any{offered}, message["attachments"].([]any))
			diff(t, where+": inReplyToId", any(question), message["inReplyToId"])
		}
		shown := s.Messages(thread)[0] // before the question, whose sender's clock is ahead
		if shown.InReplyToID != question || len(shown.Attachments) != 1 || shown.Attachments[0].Type != "QUICK_REPLIES" {
			t.Errorf("the agent sees %+v", shown)
		}
	})
}

func TestWebhookSignatures(t *testing.T) {
	for _, v2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("v2=%v", v2), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, hubspottest.Config{ClientSecret: "s3cret", Readings: hubspottest.Readings{SignatureV2: v2}}, nil)
				h := &hook{}
				s.run(h)
				if err := s.RenameAccount(s.account, "Née"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				got := h.all()[0]
				stamp := got.header.Get("X-HubSpot-Request-Timestamp")
				if want := fmt.Sprint(got.at.UnixMilli()); stamp != want {
					t.Errorf("timestamp %s, want %s", stamp, want)
				}
				mac := hmac.New(sha256.New, []byte("s3cret"))
				mac.Write([]byte("POST" + appURL + "/webhook?token=t:1" + got.raw + stamp)) // %3A is decoded
				if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); got.header.Get("X-HubSpot-Signature-v3") != want {
					t.Errorf("v3 signature %s, want %s", got.header.Get("X-HubSpot-Signature-v3"), want)
				}
				version, signed := "v1", "s3cret"+got.raw
				if v2 {
					version, signed = "v2", "s3cretPOST"+appURL+"/webhook?token=t%3A1"+got.raw
				}
				sum := sha256.Sum256([]byte(signed))
				if got.header.Get("X-HubSpot-Signature-Version") != version || got.header.Get("X-HubSpot-Signature") != hex.EncodeToString(sum[:]) {
					t.Errorf("got %s signature %s", got.header.Get("X-HubSpot-Signature-Version"), got.header.Get("X-HubSpot-Signature"))
				}
			})
		})
	}
}

func TestWebhookRetries(t *testing.T) {
	refuse := func(n int, w http.ResponseWriter, r *http.Request) {
		switch n {
		case 1:
			w.WriteHeader(http.StatusUnauthorized)
		case 2:
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case 3:
			<-r.Context().Done() // HubSpot waits 5 s
		}
	}
	for _, anew := range []bool{false, true} {
		t.Run(fmt.Sprintf("RetriesSignedAnew=%v", anew), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				delays := []time.Duration{time.Second, time.Minute, time.Hour}
				s := newShop(t, hubspottest.Config{RetryDelays: delays, Readings: hubspottest.Readings{RetriesSignedAnew: anew}}, nil)
				h := &hook{answer: refuse}
				s.run(h)
				start := time.Now()
				if err := s.RenameAccount(s.account, "New"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Hour)
				var at []time.Duration
				stamps := map[string]bool{}
				for _, d := range h.all() {
					at = append(at, d.at.Sub(start))
					stamps[d.header.Get("X-HubSpot-Request-Timestamp")] = true
				}
				diff(t, "attempts", []time.Duration{0, time.Second, 61 * time.Second, 61*time.Second + 5*time.Second + time.Hour}, at)
				if want := map[bool]int{false: 1, true: 4}[anew]; len(stamps) != want {
					t.Errorf("%d timestamps, want %d", len(stamps), want)
				}
				journal := s.Journal("webhook.delivery")
				var status []int
				for _, e := range journal {
					status = append(status, e.Status)
				}
				diff(t, "journal", []int{401, 302, 0, 200}, status)
				if journal[2].Error != "the app did not answer within 5s" || journal[3].Error != "" {
					t.Errorf("the journal says %q, %q", journal[2].Error, journal[3].Error)
				}
			})
		})
	}
}

func TestWebhookIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{}, nil)
		h := &hook{answer: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }}
		s.run(h)
		start := time.Now()
		if err := s.RenameAccount(s.account, "New"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(48 * time.Hour)
		got := h.all()
		if len(got) != 10 || s.PendingWebhooks() != 0 {
			t.Fatalf("%d attempts, %d pending", len(got), s.PendingWebhooks())
		}
		if last := got[9].at.Sub(start); last < 20*time.Hour || last > 26*time.Hour {
			t.Errorf("the last attempt was made after %v", last)
		}
	})
}

func TestWebhookOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{}, nil)
		slow := func(n int, _ http.ResponseWriter, r *http.Request) {
			if n == 1 {
				select {
				case <-time.After(4 * time.Second):
				case <-r.Context().Done():
				}
			}
		}
		h := &hook{answer: slow}
		s.run(h)
		first := s.say("m1", "Hi")
		other := s.publish(with(draft(s.account, "m2", "Hi"), object{"integrationThreadId": "conv-2"})).text("conversationsThreadId")
		for _, text := range []string{"one", "two", "three"} {
			if _, err := s.Reply(first, hubspottest.Reply{Text: text}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if _, err := s.Reply(other, hubspottest.Reply{Text: "meanwhile"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var texts []string
		for _, d := range h.all() {
			texts = append(texts, d.body["message"].(object)["text"].(string))
		}
		diff(t, "order", []string{"one", "meanwhile", "two", "three"}, texts)
	})
}

func TestAccountWebhooks(t *testing.T) {
	for _, tt := range []struct {
		name     string
		readings hubspottest.Readings
		types    []string
		address  any
	}{
		{"default", hubspottest.Readings{}, []string{"CHANNEL_ACCOUNT_UPDATED", "CHANNEL_ACCOUNT_UPDATED", "CHANNEL_ACCOUNT_PURGED"}, "shop"},
		{"other readings", hubspottest.Readings{AccountsAnnounced: true, IdentifierObject: true},
			[]string{"CHANNEL_ACCOUNT_CREATED", "CHANNEL_ACCOUNT_UPDATED", "CHANNEL_ACCOUNT_UPDATED", "CHANNEL_ACCOUNT_PURGED"}, opaque("shop")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, hubspottest.Config{Readings: tt.readings}, nil)
				h := &hook{}
				s.run(h)
				s.want(s.call("PATCH", channelBase+"/"+s.channel+"/channel-accounts/"+s.account, object{"authorized": false}), http.StatusOK)
				if err := s.SetAccountActive(s.account, false); err != nil {
					t.Fatal(err)
				}
				if err := s.DeleteAccount(s.account); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				var types []string
				for _, d := range h.all() {
					types = append(types, d.body["type"].(string))
				}
				diff(t, "types", tt.types, types)
				diff(t, "last event", object{
					"type": "CHANNEL_ACCOUNT_PURGED", "portalId": "24681012", "channelId": s.channel, "channelAccountId": s.account,
					"channelAccountDeliveryIdentifier": tt.address, "eventTimestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
				}, h.all()[len(types)-1].body)
			})
		})
	}
}

func TestReadingsOfWebhooks(t *testing.T) {
	for _, readings := range []hubspottest.Readings{{}, {StatusObject: true, AttachmentURLs: true, OutgoingSilent: true}} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, hubspottest.Config{Readings: readings}, nil)
			h := &hook{}
			s.run(h)
			s.want(s.publish(with(draft(s.account, "m1", "From elsewhere"), object{
				"messageDirection": "OUTGOING", "recipients": []object{{"deliveryIdentifier": opaque("user-42")}},
			})), http.StatusCreated)
			thread := s.Threads()[0].ID
			if _, err := s.Reply(thread, hubspottest.Reply{Files: []hubspottest.Upload{{Name: "cat.png", Content: []byte(png)}}}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			got := h.all()
			if want := map[bool]int{false: 2, true: 1}[readings.OutgoingSilent]; len(got) != want {
				t.Fatalf("%d webhooks, want %d", len(got), want)
			}
			message := got[len(got)-1].body["message"].(object)
			file := message["attachments"].([]any)[0].(object)
			if !readings.StatusObject {
				if message["status"] != "SENT" || file["url"] != nil {
					t.Errorf("got %v", message)
				}
				return
			}
			diff(t, "status", any(object{"statusType": "SENT"}), message["status"])
			if a := s.send("GET", file["url"].(string), nil); a.raw != png || file["name"] != "cat.png" {
				t.Errorf("the file %v gave %v", file, a)
			}
		})
	}
}

func TestRunTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{}, nil)
		h := &hook{}
		s.run(h)
		synctest.Wait()
		if err := s.Run(t.Context()); err == nil {
			t.Error("a second Run is no error")
		}
	})
}

func TestRunContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{RetryDelays: []time.Duration{time.Minute}}, nil)
		h := &hook{answer: func(n int, w http.ResponseWriter, r *http.Request) {
			switch n {
			case 1:
				w.WriteHeader(503)
			case 2:
				<-r.Context().Done()
			}
		}}
		s.hosts["app.test"] = handled{h}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		for _, name := range []string{"refused", "cut off", "waits"} {
			if err := s.RenameAccount(s.account, name); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if s.PendingWebhooks() != 3 {
			t.Fatalf("%d webhooks are pending", s.PendingWebhooks())
		}
		s.run(h)
		time.Sleep(2 * time.Minute)
		if got := len(h.all()); got != 5 || s.PendingWebhooks() != 0 {
			t.Errorf("%d deliveries, %d pending", got, s.PendingWebhooks())
		}
	})
}
