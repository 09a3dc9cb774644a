package messages

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/customchannels/customchannels-go/internal/jsonx"
)

// AttachmentType names a kind of attachment.
type AttachmentType string

// The kinds of attachments that HubSpot knows.
const (
	TypeFile               AttachmentType = "FILE"
	TypeLocation           AttachmentType = "LOCATION"
	TypeContact            AttachmentType = "CONTACT"
	TypeQuickReplies       AttachmentType = "QUICK_REPLIES"
	TypeMessageHeader      AttachmentType = "MESSAGE_HEADER"
	TypeSocialMetadata     AttachmentType = "SOCIAL_MEDIA_METADATA"
	TypeUnsupportedContent AttachmentType = "UNSUPPORTED_CONTENT"
	TypeWhatsAppTemplate   AttachmentType = "WHATSAPP_TEMPLATE_METADATA"
)

// Attachment is what a message carries beside its text: one of this package's ...Attachment types, as a pointer. Other
// packages cannot add to them; what HubSpot adds later arrives as an [*UnknownAttachment].
type Attachment interface {
	attachmentType() AttachmentType
}

// Attachments are the attachments of a message. They encode as a list even if there are none, and decode leniently: an
// attachment without a type is a file, and one that cannot be read is an [*UnknownAttachment].
type Attachments []Attachment

// MarshalJSON implements [json.Marshaler].
func (as Attachments) MarshalJSON() ([]byte, error) { return jsonx.Marshal(as.list()) }

// list returns the attachments as a slice that encodes as [] if it is empty.
func (as Attachments) list() []Attachment {
	if as == nil {
		return []Attachment{}
	}
	return as
}

// UnmarshalJSON implements [json.Unmarshaler].
func (as *Attachments) UnmarshalJSON(data []byte) error {
	var raws []json.RawMessage
	if err := json.Unmarshal(data, &raws); err != nil {
		return fmt.Errorf("attachments: %w", err)
	}
	*as = nil
	for _, raw := range raws {
		if jsonx.Kind(raw) != 'n' {
			*as = append(*as, decodeAttachment(raw))
		}
	}
	return nil
}

func decodeAttachment(raw json.RawMessage) Attachment {
	var head struct {
		Type AttachmentType `json:"type"`
	}
	if json.Unmarshal(raw, &head) != nil {
		return &UnknownAttachment{Raw: raw}
	}
	a := newAttachment(head.Type)
	if a == nil || json.Unmarshal(raw, a) != nil {
		return &UnknownAttachment{Type: head.Type, Raw: raw}
	}
	return a
}

// newAttachment returns an empty attachment of a type, or nil if it is not known.
func newAttachment(t AttachmentType) Attachment {
	switch t {
	case TypeFile, "":
		return new(FileAttachment)
	case TypeLocation:
		return new(LocationAttachment)
	case TypeContact:
		return new(ContactAttachment)
	case TypeQuickReplies:
		return new(QuickRepliesAttachment)
	case TypeMessageHeader:
		return new(MessageHeaderAttachment)
	case TypeSocialMetadata:
		return new(SocialMetadataAttachment)
	case TypeUnsupportedContent:
		return new(UnsupportedContentAttachment)
	case TypeWhatsAppTemplate:
		return new(WhatsAppTemplateAttachment)
	}
	return nil
}

func (*FileAttachment) attachmentType() AttachmentType               { return TypeFile }
func (*LocationAttachment) attachmentType() AttachmentType           { return TypeLocation }
func (*ContactAttachment) attachmentType() AttachmentType            { return TypeContact }
func (*QuickRepliesAttachment) attachmentType() AttachmentType       { return TypeQuickReplies }
func (*MessageHeaderAttachment) attachmentType() AttachmentType      { return TypeMessageHeader }
func (*SocialMetadataAttachment) attachmentType() AttachmentType     { return TypeSocialMetadata }
func (*UnsupportedContentAttachment) attachmentType() AttachmentType { return TypeUnsupportedContent }
func (*WhatsAppTemplateAttachment) attachmentType() AttachmentType   { return TypeWhatsAppTemplate }
func (a *UnknownAttachment) attachmentType() AttachmentType          { return a.Type }

// withType encodes v, which has to encode as an object, with its type as the first member.
func withType(t AttachmentType, v any) ([]byte, error) {
	data, err := jsonx.Marshal(v)
	if err != nil {
		return nil, err
	}
	members := data[1:]
	head := `{"type":"` + string(t) + `"`
	if len(members) > 1 {
		head += ","
	}
	return append([]byte(head), members...), nil
}

// MarshalJSON implements [json.Marshaler].
func (a *FileAttachment) MarshalJSON() ([]byte, error) {
	type plain FileAttachment
	return withType(TypeFile, (*plain)(a))
}

// MarshalJSON implements [json.Marshaler].
func (a *LocationAttachment) MarshalJSON() ([]byte, error) {
	type plain LocationAttachment
	return withType(TypeLocation, (*plain)(a))
}

// MarshalJSON implements [json.Marshaler].
func (a *UnsupportedContentAttachment) MarshalJSON() ([]byte, error) {
	type plain UnsupportedContentAttachment
	return withType(TypeUnsupportedContent, (*plain)(a))
}

// MarshalJSON implements [json.Marshaler].
func (a *QuickRepliesAttachment) MarshalJSON() ([]byte, error) {
	type plain QuickRepliesAttachment
	p := plain(*a)
	if p.Replies == nil {
		p.Replies = []QuickReply{}
	}
	return withType(TypeQuickReplies, p)
}

// MarshalJSON implements [json.Marshaler].
func (a *WhatsAppTemplateAttachment) MarshalJSON() ([]byte, error) {
	type plain WhatsAppTemplateAttachment
	p := plain(*a)
	if p.Parameters == nil {
		p.Parameters = map[string]string{}
	}
	if p.CRMObjectIDs == nil {
		p.CRMObjectIDs = map[string]int64{}
	}
	return withType(TypeWhatsAppTemplate, p)
}

// MarshalJSON implements [json.Marshaler]. HubSpot takes the file id of a header, and only that, as a number.
func (a *MessageHeaderAttachment) MarshalJSON() ([]byte, error) {
	wire := messageHeader{Text: a.Text}
	if a.FileID != "" {
		if _, err := strconv.ParseInt(string(a.FileID), 10, 64); err != nil {
			return nil, fmt.Errorf("the file id %q of a message header is not a number", a.FileID)
		}
		wire.FileID = json.Number(a.FileID)
	}
	return withType(TypeMessageHeader, wire)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *MessageHeaderAttachment) UnmarshalJSON(data []byte) error {
	var wire struct {
		Text   string `json:"text"`
		FileID FileID `json:"fileId"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*a = MessageHeaderAttachment{wire.Text, wire.FileID}
	return nil
}

type messageHeader struct {
	Text   string      `json:"text,omitempty"`
	FileID json.Number `json:"fileId,omitempty"`
}

type socialMetadata struct {
	Metadata *socialMetadataFields `json:"socialMetadata"`
}

type socialMetadataFields SocialMetadataAttachment

// MarshalJSON implements [json.Marshaler].
func (a *SocialMetadataAttachment) MarshalJSON() ([]byte, error) {
	return withType(TypeSocialMetadata, socialMetadata{(*socialMetadataFields)(a)})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *SocialMetadataAttachment) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &socialMetadata{(*socialMetadataFields)(a)})
}

// MarshalJSON implements [json.Marshaler].
func (a *UnknownAttachment) MarshalJSON() ([]byte, error) {
	if len(a.Raw) == 0 {
		return withType(a.Type, struct{}{})
	}
	return a.Raw, nil
}
