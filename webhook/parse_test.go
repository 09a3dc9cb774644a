package webhook_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/webhook"
)

// head returns the header of events that are made of raw, with what most of them share.
func head(eventType string, at time.Time, raw string) webhook.Header {
	return webhook.Header{Type: eventType, PortalID: 24681012, ChannelID: "918273", Time: at, Raw: json.RawMessage(raw)}
}

func TestParse(t *testing.T) {
	at := time.Date(2026, 10, 1, 10, 0, 0, 0, time.UTC)
	const (
		bareIdentifier = `{"type":"CHANNEL_ACCOUNT_UPDATED","portalId":"24681012","channelId":"918273","eventTimestamp":"2026-10-01T10:00:00.000Z","channelAccountId":"5550001","channelAccountDeliveryIdentifier":"shop-eu"}`
		numbers        = `{"type":"CHANNEL_ACCOUNT_PURGED","portalId":24681012,"channelId":918273,"eventId":77,"eventTimestamp":1790848800000,"channelAccountId":5550001,"extra":{"a":[1]}}`
		noTime         = `{"type":"CHANNEL_ACCOUNT_CREATED","portalId":"24681012","channelId":"918273","eventTimestamp":"tomorrow","channelAccountId":"1","channelAccountDeliveryIdentifier":{"type":"HS_PHONE_NUMBER","value":"+14155550123"}}`
		message        = `{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"24681012","channelId":"918273","eventTimestamp":"2026-10-01T10:00:00Z","channelIntegrationThreadIds":["conv-7781",42],"message":{"id":"m1","text":"h\u00e9 \ud83d\ude00","status":"SENT"}}`
		objectStatus   = `{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"24681012","channelId":"918273","message":{"id":17,"text":"","status":{"statusType":"FAILED","failureDetails":{"errorMessage":"no","errorMessageTokens":{}}}}}`
		oddTimes       = `{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"24681012","channelId":"918273","message":{"id":"m1","createdAt":1790848800000,"updatedAt":"yesterday","text":"Hi","recipients":[{"name":"Ada"}]}}`
		unknown        = `{"type":"CHANNEL_TYPING","portalId":"24681012","channelId":"918273","message":"not an object"}`
		app            = `{"eventId":1,"subscriptionId":2,"portalId":62515,"appId":54321,"occurredAt":1790848800000,"subscriptionType":"conversation.propertyChange","attemptNumber":3,"objectId":9007199254740993,"propertyName":"status","propertyValue":"CLOSED","changeSource":"USER"}`
		odd            = `{"subscriptionType":"conversation.propertyChange","portalId":62515,"appId":54321,"eventId":{},"objectId":1.5,"propertyName":"isArchived","propertyValue":true,"changeSource":7,"messageType":[1],"messageId":null,"occurredAt":[]}`
		newMessage     = `{"subscriptionType":"conversation.newMessage","portalId":62515,"objectId":"12","messageId":"ab","messageType":"COMMENT"}`
	)
	tests := []struct {
		name string
		body string
		want []webhook.Event
	}{
		{"account with bare identifier", bareIdentifier, []webhook.Event{&webhook.AccountUpdated{
			Head: head("CHANNEL_ACCOUNT_UPDATED", at, bareIdentifier), AccountID: "5550001",
			DeliveryIdentifier: channels.DeliveryIdentifier{Value: "shop-eu"}}}},
		{"numbers for strings", numbers, []webhook.Event{&webhook.AccountPurged{
			Head: func() webhook.Header {
				h := head("CHANNEL_ACCOUNT_PURGED", at, numbers)
				h.EventID = "77"
				return h
			}(), AccountID: "5550001"}}},
		{"time that nobody can read", noTime, []webhook.Event{&webhook.AccountCreated{
			Head: head("CHANNEL_ACCOUNT_CREATED", time.Time{}, noTime), AccountID: "1",
			DeliveryIdentifier: channels.Phone("+14155550123")}}},
		{"message", message, []webhook.Event{&webhook.OutgoingMessage{
			Head: head("OUTGOING_CHANNEL_MESSAGE_CREATED", at, message), ThreadIDs: []string{"conv-7781", "42"},
			Message: messages.Message{ID: "m1", Text: "hé 😀", Status: messages.Status{Type: messages.StatusSent}}}}},
		{"message with status object", objectStatus, []webhook.Event{&webhook.OutgoingMessage{
			Head:    head("OUTGOING_CHANNEL_MESSAGE_CREATED", time.Time{}, objectStatus),
			Message: messages.Message{ID: "17", Status: messages.Status{Type: messages.StatusFailed, Reason: "no"}}}}},
		{"message with odd times", oddTimes, []webhook.Event{&webhook.OutgoingMessage{
			Head:    head("OUTGOING_CHANNEL_MESSAGE_CREATED", time.Time{}, oddTimes),
			Message: messages.Message{ID: "m1", CreatedAt: at, Text: "Hi", Recipients: []messages.Participant{{Name: "Ada"}}}}}},
		{"unknown type that uses known names otherwise", unknown, []webhook.Event{&webhook.Unknown{
			Head: head("CHANNEL_TYPING", time.Time{}, unknown)}}},
		{"unknown type with odd ids", `{"type":"NEW","portalId":{},"channelId":"918273","eventId":[1]}`, []webhook.Event{&webhook.Unknown{
			Head: webhook.Header{Type: "NEW", ChannelID: "918273",
				Raw: json.RawMessage(`{"type":"NEW","portalId":{},"channelId":"918273","eventId":[1]}`)}}}},
		{"white space around", " \n" + unknown + "\t", []webhook.Event{&webhook.Unknown{
			Head: head("CHANNEL_TYPING", time.Time{}, unknown)}}},
		{"no type at all", `{}`, []webhook.Event{&webhook.Unknown{Head: webhook.Header{Raw: json.RawMessage(`{}`)}}}},
		{"array of both families", "[" + app + ",\n" + bareIdentifier + "," + newMessage + "]", []webhook.Event{
			&webhook.AppEvent{
				Head:  webhook.Header{Type: "conversation.propertyChange", PortalID: 62515, Time: at, EventID: "1", Raw: json.RawMessage(app)},
				AppID: 54321, SubscriptionID: 2, ObjectID: "9007199254740993", PropertyName: "status", PropertyValue: "CLOSED",
				ChangeSource: "USER", Attempt: 3},
			&webhook.AccountUpdated{
				Head: head("CHANNEL_ACCOUNT_UPDATED", at, bareIdentifier), AccountID: "5550001",
				DeliveryIdentifier: channels.DeliveryIdentifier{Value: "shop-eu"}},
			&webhook.AppEvent{
				Head:     webhook.Header{Type: "conversation.newMessage", PortalID: 62515, Raw: json.RawMessage(newMessage)},
				ObjectID: "12", MessageID: "ab", MessageType: "COMMENT"},
		}},
		{"odd values that nobody needs", odd, []webhook.Event{&webhook.AppEvent{
			Head:  webhook.Header{Type: "conversation.propertyChange", PortalID: 62515, Raw: json.RawMessage(odd)},
			AppID: 54321, ObjectID: "1.5", PropertyName: "isArchived", PropertyValue: "true", ChangeSource: "7"}}},
		{"empty array", "[]", []webhook.Event{}},
		{"equal names in different objects", `{"a":{"b":1},"c":[{"b":1},{"b":2}],"b":"\"a\""}`, []webhook.Event{
			&webhook.Unknown{Head: webhook.Header{Raw: json.RawMessage(`{"a":{"b":1},"c":[{"b":1},{"b":2}],"b":"\"a\""}`)}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := webhook.Parse([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	many := `{"type":"X"`
	for i := range 100 {
		many += `,"n` + string(rune('0'+i/10)) + string(rune('0'+i%10)) + `":0`
	}
	tests := []struct{ name, body, want string }{
		{"empty", "", "webhook: the body is empty"},
		{"white space", " \r\n", "webhook: the body is empty"},
		{"not JSON", "hello", "webhook: the body is neither a JSON object nor an array"},
		{"string", `"{}"`, "webhook: the body is neither a JSON object nor an array"},
		{"cut off", `{"type":"CHANNEL_ACC`, "webhook: event 0: the body is not JSON: unexpected end of JSON input, at byte 20"},
		{"two values", `{} {}`, "webhook: event 0: the body is not JSON: invalid character '{' after top-level value, at byte 4"},
		{"array cut off", `[{}`, "webhook: the body is not JSON: unexpected end of JSON input, at byte 3"},
		{"array of others", `[{},5]`, "webhook: event 1: the event is not a JSON object"},
		{"null", `[null]`, "webhook: event 0: the event is not a JSON object"},
		{"invalid UTF-8", "{\"type\":\"\xff\"}", "webhook: the body is not valid UTF-8"},
		{"name twice", `{"type":"A","portalId":1,"type":"B"}`, `webhook: the name "type" occurs twice in one object`},
		{"name twice, once escaped", `{"type":"A","t\u0079pe":"B"}`, `webhook: the name "type" occurs twice in one object`},
		{"name twice, deeper", `[{"message":{"id":"1","senders":[],"id":"2"}}]`, `webhook: the name "id" occurs twice in one object`},
		{"name twice among many", many + `,"n07":1}`, `webhook: the name "n07" occurs twice in one object`},
		{"last of many twice", many + `,"n99":1}`, `webhook: the name "n99" occurs twice in one object`},
		{"too deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), "webhook: the body is nested deeper than 64 levels"},
		{"far too deep, unfinished", strings.Repeat(`{"a":`, 100_000), "webhook: the body is nested deeper than 64 levels"},
		{"type is a number", `{"type":5}`, "webhook: event 0: type is a JSON number, which does not belong there"},
		{"message is a string", `{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","message":"hi"}`,
			`webhook: event 0 ("OUTGOING_CHANNEL_MESSAGE_CREATED"): message is a JSON string, which does not belong there`},
		{"message is missing", `{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1"}`,
			`webhook: event 0 ("OUTGOING_CHANNEL_MESSAGE_CREATED"): message.id is missing`},
		{"message is null", `{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","message":null}`,
			`webhook: event 0 ("OUTGOING_CHANNEL_MESSAGE_CREATED"): message.id is missing`},
		{"message without id", `{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","message":{"text":"hi"}}`,
			`webhook: event 0 ("OUTGOING_CHANNEL_MESSAGE_CREATED"): message.id is missing`},
		{"account without id", `{"type":"CHANNEL_ACCOUNT_PURGED","portalId":"1"}`,
			`webhook: event 0 ("CHANNEL_ACCOUNT_PURGED"): channelAccountId is missing`},
		{"no portal", `{"type":"CHANNEL_ACCOUNT_PURGED","channelAccountId":"1"}`,
			`webhook: event 0 ("CHANNEL_ACCOUNT_PURGED"): portalId is missing`},
		{"portal that is no number", `{"type":"CHANNEL_ACCOUNT_PURGED","portalId":"acme","channelAccountId":"1"}`,
			`webhook: event 0 ("CHANNEL_ACCOUNT_PURGED"): want an integer, got "\"acme\""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events, err := webhook.Parse([]byte(tt.body))
			if _, ok := errors.AsType[*webhook.ParseError](err); !ok || events != nil {
				t.Fatalf("got %v and %v, want a ParseError", events, err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestKey(t *testing.T) {
	key := func(body string) string {
		t.Helper()
		events, err := webhook.Parse([]byte(body))
		if err != nil || len(events) != 1 {
			t.Fatalf("%s: %d events, %v", body, len(events), err)
		}
		return events[0].Key()
	}
	same := [][2]string{
		{`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","channelId":"2","message":{"id":"m"}}`,
			`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":1,"channelId":2,"eventId":"another","message":{"id":"m","text":"t"}}`},
		{`{"type":"CHANNEL_ACCOUNT_UPDATED","portalId":"1","channelAccountId":"2","eventTimestamp":"2026-10-01T10:00:00.000Z"}`,
			`{"type":"CHANNEL_ACCOUNT_UPDATED","portalId":"1","channelAccountId":2,"eventTimestamp":"2026-10-01T12:00:00+02:00"}`},
		{`{"subscriptionType":"conversation.creation","portalId":1,"eventId":3,"objectId":4,"attemptNumber":0}`,
			`[{"subscriptionType":"conversation.creation","portalId":1,"eventId":3,"objectId":4,"attemptNumber":1}]`},
	}
	for _, pair := range same {
		if a, b := key(pair[0]), key(pair[1]); a != b {
			t.Errorf("keys of one event differ: %s and %s", a, b)
		}
	}
	different := []string{
		`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","channelId":"2","message":{"id":"m"}}`,
		`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","channelId":"2","message":{"id":"m/"}}`,
		`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","channelId":"2","message":{"id":"m%2F"}}`,
		`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","channelId":"3","message":{"id":"m"}}`,
		`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"2","channelId":"2","message":{"id":"m"}}`,
		`{"type":"CHANNEL_ACCOUNT_UPDATED","portalId":"1","channelAccountId":"2","eventTimestamp":"2026-10-01T10:00:00.001Z"}`,
		`{"type":"CHANNEL_ACCOUNT_UPDATED","portalId":"1","channelAccountId":"2","eventTimestamp":"2026-10-01T10:00:00.002Z"}`,
		`{"type":"CHANNEL_ACCOUNT_CREATED","portalId":"1","channelAccountId":"2","eventTimestamp":"2026-10-01T10:00:00.002Z"}`,
		`{"type":"CHANNEL_ACCOUNT_PURGED","portalId":"1","channelAccountId":"2","eventTimestamp":"2026-10-01T10:00:00.002Z"}`,
		`{"type":"CHANNEL_ACCOUNT_UPDATED","portalId":"1","channelAccountId":"2"}`,
		`{"type":"CHANNEL_ACCOUNT_UPDATED","portalId":"1","channelAccountId":"2","channelAccountDeliveryIdentifier":"x"}`,
		`{"subscriptionType":"conversation.newMessage","portalId":1,"eventId":3,"objectId":4}`,
		`{"subscriptionType":"conversation.newMessage","portalId":1,"eventId":4,"objectId":3}`,
		`{"subscriptionType":"conversation.newMessage","portalId":1,"eventId":4,"objectId":3,"messageId":"m"}`,
		`{"subscriptionType":"conversation.newMessage","portalId":1,"eventId":4,"objectId":3,"propertyName":"m"}`,
		`{"type":"NEW","a":1}`,
		`{"type":"NEW","a":2}`,
	}
	seen := make(map[string]string)
	for _, body := range different {
		k := key(body)
		if other, ok := seen[k]; ok {
			t.Errorf("%s and %s have one key, %s", other, body, k)
		}
		seen[k] = body
	}
}
