package messages_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// everyAttachment returns one attachment of each kind, with its JSON in attachmentJSON.
func everyAttachment() messages.Attachments {
	return messages.Attachments{
		messages.File("1", messages.UsageVoiceRecording),
		&messages.LocationAttachment{Latitude: 52.5, Longitude: -13.25, Name: "Office", Address: "Street 1", URL: "https://m.example.test"},
		&messages.ContactAttachment{
			Name:      messages.ContactName{First: "Ada", Middle: "K.", Last: "L", Prefix: "Dr", Suffix: "II"},
			Org:       messages.ContactOrg{Company: "Acme", Department: "R&D", Title: "Eng"},
			Addresses: []messages.ContactAddress{{Kind: messages.ContactHome, Street: "S", City: "C", State: "T", Zip: "Z", Country: "X", CountryCode: "XX"}},
			Emails:    []messages.ContactEmail{{Kind: messages.ContactWork, Email: "a@example.test"}},
			Phones:    []messages.ContactPhone{{Kind: messages.ContactCell, Phone: "+14155550123"}},
			URLs:      []messages.ContactURL{{Kind: messages.ContactHome, URL: "https://a.example.test"}},
		},
		messages.QuickReplies(messages.QuickReply{Value: "Yes"}, messages.QuickReply{Value: "https://x.example.test", Type: messages.QuickReplyURL, Label: "Open"}),
		messages.MessageHeader("Order <7>", "122692044085"),
		&messages.SocialMetadataAttachment{
			MediaType: messages.MediaStory, ID: "s1", Title: "T", Description: "D", MediaURL: "https://u.example.test",
			MediaURLString: "u", ThumbnailURL: "https://t.example.test",
		},
		messages.UnsupportedContent(),
		&messages.UnknownAttachment{Type: "HOLOGRAM", Raw: json.RawMessage(`{"type":"HOLOGRAM","depth":3.5,"html":"<b>"}`)},
	}
}

const attachmentJSON = `[{"type":"FILE","fileId":"1","fileUsageType":"VOICE_RECORDING"},` +
	`{"type":"LOCATION","latitude":52.5,"longitude":-13.25,"name":"Office","address":"Street 1","url":"https://m.example.test"},` +
	`{"type":"CONTACT","contactProfile":{"name":{"firstName":"Ada","middleName":"K.","lastName":"L","prefix":"Dr","suffix":"II"},` +
	`"org":{"company":"Acme","department":"R&D","title":"Eng"},` +
	`"addresses":[{"type":"HOME","street":"S","city":"C","state":"T","zip":"Z","country":"X","countryCode":"XX"}],` +
	`"emails":[{"type":"WORK","email":"a@example.test"}],"phones":[{"type":"CELL","phone":"+14155550123"}],"urls":[{"type":"HOME","url":"https://a.example.test"}]}},` +
	`{"type":"QUICK_REPLIES","quickReplies":[{"value":"Yes","valueType":"TEXT"},{"value":"https://x.example.test","valueType":"URL","label":"Open"}]},` +
	`{"type":"MESSAGE_HEADER","text":"Order <7>","fileId":122692044085},` +
	`{"type":"SOCIAL_MEDIA_METADATA","socialMetadata":{"mediaType":"STORY","id":"s1","mediaTitle":"T","description":"D","mediaUrl":"https://u.example.test","mediaUrlString":"u","thumbnailUrl":"https://t.example.test"}},` +
	`{"type":"UNSUPPORTED_CONTENT"},{"type":"HOLOGRAM","depth":3.5,"html":"<b>"}]`

func TestAttachmentsOnTheWire(t *testing.T) {
	t.Parallel()
	d := question()
	d.Attachments = everyAttachment()
	data, err := d.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var wire struct {
		Attachments json.RawMessage `json:"attachments"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(attachmentJSON, string(wire.Attachments)); diff != "" {
		t.Error(diff)
	}
	var got messages.Attachments
	if err := json.Unmarshal([]byte(attachmentJSON), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(everyAttachment(), got); diff != "" {
		t.Error(diff)
	}
}

func TestAttachmentsLeniency(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]messages.Attachments{
		`null`:                          nil,
		`[]`:                            nil,
		`[null]`:                        nil,
		`[{"fileId":7}]`:                {messages.File("7", "")},
		`[{"url":"https://f.test/a"}]`:  {&messages.FileAttachment{URL: "https://f.test/a"}},
		`[{"type":"FILE","fileId":{}}]`: {&messages.UnknownAttachment{Type: "FILE", Raw: json.RawMessage(`{"type":"FILE","fileId":{}}`)}},
		`[{"type":"NEW","a":1}]`:        {&messages.UnknownAttachment{Type: "NEW", Raw: json.RawMessage(`{"type":"NEW","a":1}`)}},
		`[{"type":7}]`:                  {&messages.UnknownAttachment{Type: "7", Raw: json.RawMessage(`{"type":7}`)}},
		`["x"]`:                         {&messages.UnknownAttachment{Raw: json.RawMessage(`"x"`)}},
		`[{"type":"MESSAGE_HEADER","fileId":"12"}]`: {messages.MessageHeader("", "12")},
		`[{"type":"CONTACT","contactProfile":{"phones":[{"phone":"+1"}]}}]`: {
			&messages.ContactAttachment{Phones: []messages.ContactPhone{{Phone: "+1"}}},
		},
		`[{"type":"QUICK_REPLIES","quickReplies":[],"allowMultiSelect":true,"allowUserInput":true}]`: {
			&messages.QuickRepliesAttachment{Replies: []messages.QuickReply{}, AllowMultiSelect: true, AllowUserInput: true},
		},
		`[{"type":"WHATSAPP_TEMPLATE_METADATA","parameters":{"a":"b"},"crmObjectIds":{"CONTACT":247729059090},"contentId":1,"mappedTemplateId":2,"rootMicId":3}]`: {
			&messages.WhatsAppTemplateAttachment{
				Parameters: map[string]string{"a": "b"}, CRMObjectIDs: map[string]int64{"CONTACT": 247729059090}, ContentID: 1, MappedTemplateID: 2, RootMicID: 3,
			},
		},
	} {
		var got messages.Attachments
		if err := json.Unmarshal([]byte(in), &got); err != nil {
			t.Errorf("decoding %s: %v", in, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decoding %s:\n%s", in, diff)
		}
	}
	var got messages.Attachments
	if err := json.Unmarshal([]byte(`{}`), &got); err == nil {
		t.Error("attachments that are no list: want an error")
	}
	if data, err := json.Marshal(messages.Attachments(nil)); err != nil || string(data) != `[]` {
		t.Errorf("no attachments encode as %s, %v, want []", data, err)
	}
	if data, err := json.Marshal(messages.Contact(messages.ContactName{First: "A"})); err != nil ||
		string(data) != `{"type":"CONTACT","contactProfile":{"name":{"firstName":"A"},"addresses":[],"emails":[],"phones":[],"urls":[]}}` {
		t.Errorf("a sparse contact encodes as %s, %v", data, err)
	}
}

func TestMessageLeniency(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   string
		want messages.Message
	}{
		"ids as numbers": {`{"id":1,"conversationsThreadId":2,"channelId":3,"channelAccountId":4,"inReplyToId":5}`,
			messages.Message{ID: "1", ThreadID: "2", ChannelID: "3", AccountID: "4", InReplyTo: "5"}},
		"status as string": {`{"status":"SENT"}`, messages.Message{Status: messages.Status{Type: messages.StatusSent}}},
		"status as object": {`{"status":{"statusType":"FAILED","failureDetails":{"errorMessage":"why","errorMessageTokens":{"a":"b"}}}}`,
			messages.Message{Status: messages.Status{Type: messages.StatusFailed, Reason: "why", Tokens: map[string]string{"a": "b"}}}},
		"status as null":           {`{"status":null}`, messages.Message{}},
		"identifier as string":     {`{"senders":[{"deliveryIdentifier":"shop"}]}`, messages.Message{Senders: []messages.Participant{{DeliveryIdentifier: channels.DeliveryIdentifier{Value: "shop"}}}}},
		"agent without name":       {`{"senders":[{"actorId":"A-1"}]}`, messages.Message{Senders: []messages.Participant{{ActorID: "A-1"}}}},
		"no attachments":           {`{"text":"x"}`, messages.Message{Text: "x"}},
		"attachments null":         {`{"attachments":null}`, messages.Message{}},
		"times in milliseconds":    {`{"createdAt":1790846400000}`, messages.Message{CreatedAt: time.Date(2026, 10, 1, 9, 20, 0, 0, time.UTC)}},
		"times that are none":      {`{"text":"x","createdAt":"yesterday","updatedAt":{}}`, messages.Message{Text: "x"}},
		"members nobody documents": {`{"text":"x","new":{"a":[1]}}`, messages.Message{Text: "x"}},
	} {
		var got messages.Message
		if err := json.Unmarshal([]byte(tt.in), &got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
