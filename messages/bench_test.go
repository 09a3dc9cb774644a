package messages_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

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
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Publish(b.Context(), "918273", draft); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPublish_Floor is the same call, written by hand for this one message.
func BenchmarkPublish_Floor(b *testing.B) {
	srv := newPublishServer(b)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}, Timeout: 30 * time.Second}
	url := srv.URL + "/conversations/custom-channels/2026-09/918273/messages"
	draft := newFloorDraft()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := floorPublish(b, client, url, draft); err != nil {
			b.Fatal(err)
		}
	}
}

func floorPublish(b *testing.B, client *http.Client, url string, draft *floorDraft) (*floorMessage, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(draft); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, &body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	m := new(floorMessage)
	return m, json.NewDecoder(resp.Body).Decode(m)
}

type floorIdentifier struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type floorParticipant struct {
	ActorID            string          `json:"actorId,omitempty"`
	Name               string          `json:"name,omitempty"`
	DeliveryIdentifier floorIdentifier `json:"deliveryIdentifier"`
}

type floorAttachment struct {
	Type          string `json:"type"`
	FileID        string `json:"fileId"`
	FileUsageType string `json:"fileUsageType"`
	Name          string `json:"name,omitempty"`
	URL           string `json:"url,omitempty"`
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
	Timestamp                time.Time          `json:"timestamp"`
}

type floorMessage struct {
	ID                    string    `json:"id"`
	ConversationsThreadID string    `json:"conversationsThreadId"`
	ChannelID             string    `json:"channelId"`
	ChannelAccountID      string    `json:"channelAccountId"`
	CreatedAt             time.Time `json:"createdAt"`
	CreatedBy             string    `json:"createdBy"`
	Client                struct {
		ClientType string `json:"clientType"`
		AppID      int64  `json:"integrationAppId"`
	} `json:"client"`
	Direction        string             `json:"direction"`
	Senders          []floorParticipant `json:"senders"`
	Recipients       []floorParticipant `json:"recipients"`
	Text             string             `json:"text"`
	RichText         string             `json:"richText"`
	Attachments      []floorAttachment  `json:"attachments"`
	TruncationStatus string             `json:"truncationStatus"`
	Status           struct {
		StatusType string `json:"statusType"`
	} `json:"status"`
	Archived bool `json:"archived"`
}

func newFloorDraft() *floorDraft {
	d := question()
	return &floorDraft{
		MessageDirection:         "INCOMING",
		ChannelAccountID:         string(d.AccountID),
		IntegrationThreadID:      d.Thread,
		IntegrationIdempotencyID: d.IdempotencyID,
		Text:                     d.Text,
		RichText:                 d.RichText,
		Senders:                  []floorParticipant{{Name: "Ada L.", DeliveryIdentifier: floorIdentifier{"CHANNEL_SPECIFIC_OPAQUE_ID", "user-42"}}},
		Recipients:               []floorParticipant{{Name: "Acme EU shop", DeliveryIdentifier: floorIdentifier{"CHANNEL_SPECIFIC_OPAQUE_ID", "shop-eu"}}},
		Attachments:              []floorAttachment{{Type: "FILE", FileID: "122692044085", FileUsageType: "IMAGE"}},
		Timestamp:                d.Timestamp,
	}
}
