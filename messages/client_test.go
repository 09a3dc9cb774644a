package messages_test

import (
	"encoding/json"
	"errors"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

const messagesURL = "https://hubspot.example.test/conversations/custom-channels/2026-09/918273/messages"

func publishedMessage() *messages.Message {
	return &messages.Message{
		ID: "3ad3474b08dd408ca57a8454e355e942", ThreadID: "8800112233", ChannelID: "918273", AccountID: "5550001",
		Direction: messages.DirectionIncoming, CreatedBy: "V-1401", CreatedAt: time.Date(2026, 10, 1, 9, 20, 0, 0, time.UTC),
		Origin:     messages.Origin{Type: "INTEGRATION", AppID: 4711},
		Senders:    []messages.Participant{{ActorID: "V-1401", Name: "Ada L.", DeliveryIdentifier: channels.Opaque("user-42")}},
		Recipients: []messages.Participant{{Name: "Acme EU shop", DeliveryIdentifier: channels.Opaque("shop-eu")}},
		Text:       "Where is my order?", RichText: "<p>Where is my order?</p>",
		Attachments: messages.Attachments{&messages.FileAttachment{
			ID: "122692044085", Usage: messages.UsageImage, Name: "order", URL: "https://files.example.test/order.png",
		}},
		TruncationStatus: messages.NotTruncated, Status: messages.Status{Type: messages.StatusReceived},
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	server := play(answer{status: 201, body: published})
	got, err := newClient(t, server).Publish(t.Context(), "918273", question())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(publishedMessage(), got); diff != "" {
		t.Error(diff)
	}
	r := server.requests[0]
	want := `{"messageDirection":"INCOMING","channelAccountId":"5550001","integrationThreadId":"conv-7781","integrationIdempotencyId":"acme-msg-000123",` +
		`"text":"Where is my order?","richText":"<p>Where is my order?</p>",` +
		`"senders":[{"name":"Ada L.","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"user-42"}}],` +
		`"recipients":[{"name":"Acme EU shop","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"shop-eu"}}],` +
		`"attachments":[{"type":"FILE","fileId":"122692044085","fileUsageType":"IMAGE"}],"timestamp":"2026-10-01T09:20:00.000Z"}`
	if r.method != "POST" || r.url != messagesURL || r.body != want || r.auth != "Bearer token" {
		t.Errorf("the request was %s %s with %q:\n%s\nwant\n%s", r.method, r.url, r.auth, r.body, want)
	}
}

func TestPublishSendsEverythingThatIsRequired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(answer{status: 201, body: published})
		client := newClient(t, server)
		sender := []messages.Participant{{ActorID: "A-1", DeliveryIdentifier: channels.Opaque("u"), SenderField: "FROM"}}
		draft := &messages.Draft{AccountID: "1", Senders: sender, Attachments: messages.Attachments{messages.UnsupportedContent()}}
		for range 2 {
			if _, err := client.Publish(t.Context(), "918273", draft); err != nil {
				t.Fatal(err)
			}
		}
		if draft.IdempotencyID != "" || !draft.Timestamp.IsZero() || draft.Text != "" {
			t.Errorf("Publish changed the draft: %+v", draft)
		}
		var bodies [2]map[string]any
		for i := range bodies {
			if err := json.Unmarshal([]byte(server.requests[i].body), &bodies[i]); err != nil {
				t.Fatal(err)
			}
		}
		first, _ := bodies[0]["integrationIdempotencyId"].(string)
		second, _ := bodies[1]["integrationIdempotencyId"].(string)
		if len(first) < 20 || first == second {
			t.Errorf("the idempotency ids are %q and %q, want two random ones", first, second)
		}
		delete(bodies[0], "integrationIdempotencyId")
		want := map[string]any{
			"messageDirection": "INCOMING", "channelAccountId": "1", "text": " ", "timestamp": "2000-01-01T00:00:00.000Z",
			"senders": []any{map[string]any{
				"deliveryIdentifier": map[string]any{"type": "CHANNEL_SPECIFIC_OPAQUE_ID", "value": "u"}, "senderActorId": "A-1",
			}},
			"recipients": []any{}, "attachments": []any{map[string]any{"type": "UNSUPPORTED_CONTENT"}},
		}
		if diff := cmp.Diff(want, bodies[0]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPublishRetriesWithTheSameBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(answer{err: syscall.ECONNRESET}, answer{status: 504}, answer{status: 201, body: published})
		draft := question()
		draft.IdempotencyID, draft.Timestamp = "", time.Time{}
		if _, err := newClient(t, server).Publish(t.Context(), "918273", draft); err != nil {
			t.Fatal(err)
		}
		if len(server.requests) != 3 {
			t.Fatalf("%d requests, want 3", len(server.requests))
		}
		for _, r := range server.requests[1:] {
			if r.body != server.requests[0].body {
				t.Errorf("a retry sent\n%s\nafter\n%s", r.body, server.requests[0].body)
			}
		}
	})
}

func TestPublishedBefore(t *testing.T) {
	t.Parallel()
	server := play(answer{status: 409, body: `{"category":"CONFLICT"}`})
	_, err := newClient(t, server).Publish(t.Context(), "918273", question())
	if !errors.Is(err, channels.ErrConflict) || len(server.requests) != 1 {
		t.Errorf("Publish = %v after %d requests, want the conflict after 1", err, len(server.requests))
	}
}

func TestDraftValidate(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*messages.Draft){
		"direction":           func(d *messages.Draft) { d.Direction = "IN" },
		"no account":          func(d *messages.Draft) { d.AccountID = "" },
		"no sender":           func(d *messages.Draft) { d.Senders = nil },
		"sender's address":    func(d *messages.Draft) { d.Senders[0].DeliveryIdentifier = channels.Phone("123") },
		"recipient's address": func(d *messages.Draft) { d.Recipients[0].DeliveryIdentifier = channels.DeliveryIdentifier{} },
		"nothing in it":       func(d *messages.Draft) { d.Text, d.RichText, d.Attachments = "", "", nil },
		"timestamp":           func(d *messages.Draft) { d.Timestamp = time.Unix(1790846400000, 0) },
		"nil attachment":      func(d *messages.Draft) { d.Attachments = messages.Attachments{nil} },
		"nil header": func(d *messages.Draft) {
			d.Attachments = messages.Attachments{(*messages.MessageHeaderAttachment)(nil)}
		},
		"nil quick replies": func(d *messages.Draft) { d.Attachments = messages.Attachments{(*messages.QuickRepliesAttachment)(nil)} },
		"file without id":   func(d *messages.Draft) { d.Attachments = messages.Attachments{messages.File("", "")} },
		"header's file id":  func(d *messages.Draft) { d.Attachments = messages.Attachments{messages.MessageHeader("t", "abc")} },
		"WhatsApp template": func(d *messages.Draft) {
			d.Attachments = messages.Attachments{&messages.WhatsAppTemplateAttachment{}}
		},
	} {
		d := question()
		spoil(d)
		server := play(answer{status: 201, body: published})
		if _, err := newClient(t, server).Publish(t.Context(), "918273", d); !errors.Is(err, channels.ErrInvalid) || len(server.requests) > 0 {
			t.Errorf("%s: Publish = %v after %d requests, want ErrInvalid after none", name, err, len(server.requests))
		}
	}
}

func TestDraftRoundTrip(t *testing.T) {
	t.Parallel()
	full := question()
	full.Direction = messages.DirectionOutgoing
	full.InReplyTo, full.ContactID = "m-1", 247729059090
	full.Timestamp = full.Timestamp.Add(123456789 * time.Nanosecond)
	full.ResolvedContacts = []messages.ResolvedContact{{ContactID: 1, Properties: []string{"email"}}}
	full.Senders[0].ActorID = "V-1"
	full.Attachments = append(full.Attachments, everyAttachment()...)
	data, err := full.MarshalJSON() // json.Marshal would escape HTML, which is the same to a JSON parser
	if err != nil {
		t.Fatal(err)
	}
	var got messages.Draft
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	full.Timestamp = full.Timestamp.Truncate(time.Millisecond)
	if diff := cmp.Diff(full, &got); diff != "" {
		t.Error(diff)
	}
	again, err := got.MarshalJSON()
	if err != nil || string(again) != string(data) {
		t.Errorf("the stored draft would be sent as\n%s, %v\nwant\n%s", again, err, data)
	}
}

func TestGetAndSetStatus(t *testing.T) {
	t.Parallel()
	server := play(answer{status: 200, body: published})
	client := newClient(t, server)
	ctx := t.Context()
	if m, err := client.Get(ctx, "918273", "a/b"); err != nil || m.ID != publishedMessage().ID {
		t.Errorf("Get = %+v, %v", m, err)
	}
	for _, call := range []struct {
		status messages.StatusType
		reason string
		want   string
	}{
		{messages.StatusSent, "", `{"statusType":"SENT"}`},
		{messages.StatusRead, "", `{"statusType":"READ"}`},
		{messages.StatusFailed, "The user <blocked> the bot", `{"statusType":"FAILED","errorMessage":"The user <blocked> the bot"}`},
	} {
		if _, err := client.SetStatus(ctx, "918273", "m1", call.status, call.reason); err != nil {
			t.Error(err)
		}
		if r := server.requests[len(server.requests)-1]; r.method != "PATCH" || r.url != messagesURL+"/m1" || r.body != call.want {
			t.Errorf("SetStatus sent %s %s %s, want %s", r.method, r.url, r.body, call.want)
		}
	}
	if got := server.requests[0].url; got != messagesURL+"/a%2Fb" {
		t.Errorf("Get asked for %s", got)
	}
	before := len(server.requests)
	if _, err := client.SetStatus(ctx, "918273", "m1", messages.StatusReceived, ""); !errors.Is(err, channels.ErrInvalid) {
		t.Errorf("SetStatus RECEIVED = %v, want ErrInvalid", err)
	}
	if _, err := client.SetStatus(ctx, "918273", "m1", messages.StatusSent, "why"); !errors.Is(err, channels.ErrInvalid) {
		t.Errorf("SetStatus SENT with a reason = %v, want ErrInvalid", err)
	}
	if _, err := client.Get(ctx, "918273", ""); err == nil {
		t.Error("Get without an id: want an error")
	}
	if len(server.requests) != before {
		t.Error("an invalid call was made")
	}
}

func TestTransportErrorsAreSeen(t *testing.T) {
	t.Parallel()
	server := play(answer{err: io.ErrUnexpectedEOF})
	_, err := newClient(t, server).Publish(t.Context(), "918273", question(), channels.MaxAttempts(1))
	if !errors.Is(err, io.ErrUnexpectedEOF) || !channels.MayHaveArrived(err) {
		t.Errorf("Publish = %v, want the transport's error, and that it may have arrived", err)
	}
}
