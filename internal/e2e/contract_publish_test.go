package e2e

import (
	"context"
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// agentID is the simulator's agent.
const agentID = "A-2620022"

var (
	ada  = messages.Participant{Name: "Ada L.", ActorID: "V-1401", DeliveryIdentifier: channels.Opaque("user-42")}
	shop = messages.Participant{Name: "Acme EU shop", DeliveryIdentifier: shopAddress}
)

// publishCalls publishes a message of each kind.
func publishCalls() []call {
	calls := []call{{"message.publish", "the least", func(ctx context.Context, w *world) (err error) {
		w.got, err = w.publish(ctx, &messages.Draft{
			Text: "Where is my order?", Senders: []messages.Participant{{DeliveryIdentifier: ada.DeliveryIdentifier}},
		})
		return err
	}}}
	for does, d := range drafts() {
		calls = append(calls, call{"message.publish", does, func(ctx context.Context, w *world) error {
			for i, a := range d.Attachments {
				switch a := a.(type) {
				case *messages.FileAttachment:
					d.Attachments[i] = messages.File(w.file.ID, a.Usage)
				case *messages.MessageHeaderAttachment:
					d.Attachments[i] = messages.MessageHeader(a.Text, w.file.ID)
				}
			}
			if d.InReplyTo != "" {
				d.InReplyTo = w.got.ID
			}
			_, err := w.publish(ctx, &d)
			return err
		}})
	}
	return calls
}

// publish completes a draft and publishes it.
func (w *world) publish(ctx context.Context, d *messages.Draft) (*messages.Message, error) {
	draft := *d
	draft.AccountID, draft.Thread = w.account.ID, "conv-7781"
	if draft.Senders == nil {
		draft.Senders, draft.Recipients = []messages.Participant{ada}, []messages.Participant{shop}
	}
	m, err := w.messages.Publish(ctx, w.channel.ID, &draft)
	if err == nil && len(m.Attachments) != len(draft.Attachments) {
		err = fmt.Errorf("published %d attachments, got back %d", len(draft.Attachments), len(m.Attachments))
	}
	return m, err
}

func drafts() map[string]messages.Draft {
	all := map[string]messages.Draft{
		"everything": {
			Direction: messages.DirectionIncoming, IdempotencyID: "acme-msg-1", Text: "<b> & \u2028", RichText: "<p>Hello</p>",
			Timestamp: time.Date(2026, 10, 1, 11, 20, 0, 0, time.FixedZone("CEST", 2*60*60)), InReplyTo: "another", ContactID: 247729059090,
			ResolvedContacts: []messages.ResolvedContact{{ContactID: 247729059090, Properties: []string{"email", "hs_whatsapp_phone_number"}}},
		},
		"outgoing": {
			Direction: messages.DirectionOutgoing, Text: "Hello", Senders: []messages.Participant{shop}, Recipients: []messages.Participant{ada},
		},
	}
	attached := map[string]messages.Attachment{
		"a bare file":  messages.File("", ""),
		"a bare place": messages.Location(0, 0, ""),
		"a place": &messages.LocationAttachment{
			Latitude: -33.86, Longitude: 151.2, Name: "Office", Address: "1 Main St", URL: "https://maps.example.test",
		},
		"a bare contact": messages.Contact(messages.ContactName{}),
		"a contact":      card,
		"quick replies": messages.QuickReplies(
			messages.QuickReply{Value: "Yes", Label: "Yes!"}, messages.QuickReply{Value: "https://example.test", Type: messages.QuickReplyURL},
		),
		"a header":            messages.MessageHeader("Hello", ""),
		"unsupported content": messages.UnsupportedContent(),
		"a whole post": &messages.SocialMetadataAttachment{
			MediaType: messages.MediaPhoto, ID: "7", Title: "Cats", Description: "Two cats", MediaURL: "https://social.example.test/7",
			MediaURLString: "social/7", ThumbnailURL: "https://social.example.test/7.png",
		},
	}
	for _, usage := range []messages.FileUsage{
		messages.UsageAudio, messages.UsageImage, messages.UsageOther, messages.UsageSticker, messages.UsageVoiceRecording,
	} {
		attached["a file as "+string(usage)] = messages.File("", usage)
	}
	for _, media := range []messages.MediaType{
		messages.MediaArticle, messages.MediaAudio, messages.MediaCarousel, messages.MediaDocument, messages.MediaGIF, messages.MediaLink,
		messages.MediaNone, messages.MediaPoll, messages.MediaStory, messages.MediaVideo,
	} {
		attached["a post of "+string(media)] = messages.SocialMetadata(media, "")
	}
	for does, a := range attached {
		all[does] = messages.Draft{Attachments: messages.Attachments{a}}
	}
	for _, from := range []channels.DeliveryIdentifier{channels.Email("ada@example.test"), channels.Phone("+14155550199"), channels.ShortCode("54321")} {
		all["from "+string(from.Type)] = messages.Draft{
			Text: "Hello", Senders: []messages.Participant{{DeliveryIdentifier: from}}, Recipients: []messages.Participant{{DeliveryIdentifier: from}},
		}
	}
	return all
}

var card = &messages.ContactAttachment{
	Name: messages.ContactName{First: "Ada", Middle: "K.", Last: "Lovelace", Prefix: "Dr.", Suffix: "Jr."},
	Org:  messages.ContactOrg{Company: "Acme", Department: "Sales", Title: "Countess"},
	Addresses: []messages.ContactAddress{
		{Kind: messages.ContactHome, Street: "1 Main St", City: "Springfield", State: "IL", Zip: "62701", Country: "USA", CountryCode: "US"},
		{Kind: messages.ContactWork},
	},
	Emails: []messages.ContactEmail{{Kind: messages.ContactHome, Email: "ada@example.test"}, {Kind: messages.ContactWork, Email: "ada@acme.example.test"}},
	Phones: []messages.ContactPhone{
		{Kind: messages.ContactHome, Phone: "+14155550101"}, {Kind: messages.ContactWork, Phone: "+14155550102"},
		{Kind: messages.ContactCell, Phone: "+14155550103"}, {Kind: messages.ContactMain, Phone: "+14155550104"}, {Phone: "+14155550105"},
	},
	URLs: []messages.ContactURL{{Kind: messages.ContactHome, URL: "https://ada.example.test"}, {Kind: messages.ContactWork, URL: "https://acme.example.test"}},
}
