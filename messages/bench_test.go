package messages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// published is an answer of HubSpot's publish call.
const published = `{"id":"3ad3474b08dd408ca57a8454e355e942","type":"MESSAGE","conversationsThreadId":"8800112233",` +
	`"channelId":"918273","channelAccountId":"5550001","createdAt":"2026-10-01T09:20:00.000Z","createdBy":"V-1401",` +
	`"client":{"clientType":"INTEGRATION","integrationAppId":4711},"direction":"INCOMING",` +
	`"senders":[{"actorId":"V-1401","name":"Ada L.","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"user-42"}}],` +
	`"recipients":[{"name":"Acme EU shop","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"shop-eu"}}],` +
	`"text":"Where is my order?","richText":"<p>Where is my order?</p>",` +
	`"attachments":[{"type":"FILE","fileId":"122692044085","fileUsageType":"IMAGE","name":"order","url":"https://files.example.test/order.png"}],` +
	`"truncationStatus":"NOT_TRUNCATED","status":{"statusType":"RECEIVED"},"archived":false}`

func question() *messages.Draft {
	return &messages.Draft{
		AccountID:     "5550001",
		Thread:        "conv-7781",
		IdempotencyID: "acme-msg-000123",
		Text:          "Where is my order?",
		RichText:      "<p>Where is my order?</p>",
		Senders:       []messages.Participant{{Name: "Ada L.", DeliveryIdentifier: channels.Opaque("user-42")}},
		Recipients:    []messages.Participant{{Name: "Acme EU shop", DeliveryIdentifier: channels.Opaque("shop-eu")}},
		Attachments:   messages.Attachments{messages.File("122692044085", messages.UsageImage)},
		Timestamp:     time.Date(2026, 10, 1, 9, 20, 0, 0, time.UTC),
	}
}

func newPublishServer(b *testing.B) *httptest.Server {
	answer := []byte(published)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(answer)
	}))
	b.Cleanup(srv.Close)
	return srv
}

func BenchmarkPublish(b *testing.B) {
	srv := newPublishServer(b)
	api, err := channels.NewClient(channels.StaticToken("token"), channels.WithBaseURL(srv.URL), channels.WithRateLimit(0, 0))
	if err != nil {
		b.Fatal(err)
	}
	client, draft := messages.NewClient(api), question()
	measure(b, func() (*messages.Message, error) { return client.Publish(b.Context(), "918273", draft) })
}

// measure times calls after some that bring the process up to speed, which the first benchmark would pay for alone.
func measure(b *testing.B, publish func() (*messages.Message, error)) {
	for range 3000 {
		if _, err := publish(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := publish(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPublish_Floor is the same call written by hand for such messages: one client that keeps its connections, a
// timeout, the same bytes on the wire, and the same Message in the end.
func BenchmarkPublish_Floor(b *testing.B) {
	srv := newPublishServer(b)
	client := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone(), Timeout: 30 * time.Second}
	draft := question()
	measure(b, func() (*messages.Message, error) { return floorPublish(b.Context(), client, srv.URL, draft) })
}

func floorPublish(ctx context.Context, client *http.Client, host string, draft *messages.Draft) (*messages.Message, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(newFloorDraft(draft)); err != nil {
		return nil, err
	}
	body.Truncate(body.Len() - len("\n"))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, host+"/conversations/custom-channels/2026-09/918273/messages", &body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "customchannels-go (+https://github.com/customchannels/customchannels-go)")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return nil, errors.New(resp.Status)
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	m := new(messages.Message)
	return m, json.Unmarshal(data, m)
}

// TestPublishFloorIsTheSameCall keeps the comparison honest.
func TestPublishFloorIsTheSameCall(t *testing.T) {
	t.Parallel()
	var requests [2][]byte
	var got [2]*messages.Message
	for i, publish := range []func(http.RoundTripper, string) (*messages.Message, error){
		func(rt http.RoundTripper, host string) (*messages.Message, error) {
			api, err := channels.NewClient(channels.StaticToken("token"), channels.WithHTTPClient(&http.Client{Transport: rt}), channels.WithBaseURL(host))
			if err != nil {
				return nil, err
			}
			return messages.NewClient(api).Publish(t.Context(), "918273", question())
		},
		func(rt http.RoundTripper, host string) (*messages.Message, error) {
			return floorPublish(t.Context(), &http.Client{Transport: rt}, host, question())
		},
	} {
		server := play(answer{status: http.StatusCreated, body: published})
		record := roundTripper(func(r *http.Request) (*http.Response, error) {
			var err error
			if requests[i], err = httputil.DumpRequestOut(r, true); err != nil {
				return nil, err
			}
			return server.RoundTrip(r)
		})
		var err error
		if got[i], err = publish(record, "http://hubspot.example.test"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(requests[1]), string(requests[0])); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(got[1], got[0]); diff != "" {
		t.Error(diff)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type floorIdentifier struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type floorParticipant struct {
	Name               string          `json:"name,omitempty"`
	DeliveryIdentifier floorIdentifier `json:"deliveryIdentifier"`
}

type floorAttachment struct {
	Type          string `json:"type"`
	FileID        string `json:"fileId"`
	FileUsageType string `json:"fileUsageType"`
}

type floorDraft struct {
	MessageDirection         string             `json:"messageDirection"`
	ChannelAccountID         string             `json:"channelAccountId"`
	IntegrationThreadID      string             `json:"integrationThreadId"`
	IntegrationIdempotencyID string             `json:"integrationIdempotencyId"`
	Text                     string             `json:"text"`
	RichText                 string             `json:"richText"`
	Senders                  []floorParticipant `json:"senders"`
	Recipients               []floorParticipant `json:"recipients"`
	Attachments              []floorAttachment  `json:"attachments"`
	Timestamp                string             `json:"timestamp"`
}

func newFloorDraft(d *messages.Draft) *floorDraft {
	file := d.Attachments[0].(*messages.FileAttachment)
	return &floorDraft{
		MessageDirection:         "INCOMING",
		ChannelAccountID:         string(d.AccountID),
		IntegrationThreadID:      d.Thread,
		IntegrationIdempotencyID: d.IdempotencyID,
		Text:                     d.Text,
		RichText:                 d.RichText,
		Senders:                  []floorParticipant{newFloorParticipant(d.Senders[0])},
		Recipients:               []floorParticipant{newFloorParticipant(d.Recipients[0])},
		Attachments:              []floorAttachment{{Type: "FILE", FileID: string(file.ID), FileUsageType: string(file.Usage)}},
		Timestamp:                d.Timestamp.Format("2006-01-02T15:04:05.000Z07:00"),
	}
}

func newFloorParticipant(p messages.Participant) floorParticipant {
	return floorParticipant{Name: p.Name, DeliveryIdentifier: floorIdentifier{string(p.DeliveryIdentifier.Type), p.DeliveryIdentifier.Value}}
}
