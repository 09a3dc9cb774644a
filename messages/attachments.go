package messages

import (
	"bytes"
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
	*as = nil
	if jsonx.Kind(data) == 'n' {
		return nil
	}
	l, err := jsonx.NewList(data)
	if err != nil {
		return fmt.Errorf("attachments: %w", err)
	}
	for l.Next() {
		if jsonx.Kind(l.Value) != 'n' {
			*as = append(*as, decodeAttachment(l.Value))
		}
	}
	return nil
}

func decodeAttachment(raw []byte) Attachment {
	t, err := typeOf(raw)
	if err == nil {
		if a := newAttachment(t); a != nil && json.Unmarshal(raw, a) == nil {
			return a
		}
	}
	return &UnknownAttachment{Type: t, Raw: bytes.Clone(raw)}
}

// typeOf returns the type that an attachment says it has.
func typeOf(raw []byte) (AttachmentType, error) {
	o, err := jsonx.NewObject(raw)
	if err != nil {
		return "", err
	}
	for o.Next() {
		if string(o.Key) == "type" {
			var t AttachmentType
			err := jsonx.String(o.Value, &t)
			return t, err
		}
	}
	return "", nil
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

// MarshalJSON implements [json.Marshaler].
func (a *FileAttachment) MarshalJSON() ([]byte, error) {
	type plain FileAttachment
	return jsonx.Marshal(struct {
		Type AttachmentType `json:"type"`
		*plain
	}{TypeFile, (*plain)(a)})
}

// MarshalJSON implements [json.Marshaler].
func (a *LocationAttachment) MarshalJSON() ([]byte, error) {
	type plain LocationAttachment
	return jsonx.Marshal(struct {
		Type AttachmentType `json:"type"`
		*plain
	}{TypeLocation, (*plain)(a)})
}

// MarshalJSON implements [json.Marshaler].
func (a *QuickRepliesAttachment) MarshalJSON() ([]byte, error) {
	type plain QuickRepliesAttachment
	p := plain(*a)
	p.Replies = orEmpty(p.Replies)
	return jsonx.Marshal(struct {
		Type AttachmentType `json:"type"`
		plain
	}{TypeQuickReplies, p})
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
	return jsonx.Marshal(struct {
		Type AttachmentType `json:"type"`
		plain
	}{TypeWhatsAppTemplate, p})
}

// MarshalJSON implements [json.Marshaler].
func (a *UnsupportedContentAttachment) MarshalJSON() ([]byte, error) {
	return jsonx.Marshal(bareAttachment{TypeUnsupportedContent})
}

// bareAttachment is one that has nothing but a type.
type bareAttachment struct {
	Type AttachmentType `json:"type"`
}

// MarshalJSON implements [json.Marshaler]. HubSpot takes the file id of a header, and only that, as a number. One that is
// no number is kept as it is, so that storing an attachment loses nothing; [Draft.Validate] refuses it.
func (a *MessageHeaderAttachment) MarshalJSON() ([]byte, error) {
	wire := struct {
		Type   AttachmentType `json:"type"`
		Text   string         `json:"text,omitempty"`
		FileID any            `json:"fileId,omitempty"`
	}{Type: TypeMessageHeader, Text: a.Text}
	if n, ok := a.fileNumber(); ok {
		wire.FileID = n
	} else if a.FileID != "" {
		wire.FileID = a.FileID
	}
	return jsonx.Marshal(wire)
}

// fileNumber returns the file id as HubSpot takes it, and whether it can be written so.
func (a *MessageHeaderAttachment) fileNumber() (int64, bool) {
	n, err := strconv.ParseInt(string(a.FileID), 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == string(a.FileID)
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

// socialMetadata is how HubSpot writes a post: one level deeper than the other attachments.
type socialMetadata struct {
	Type     AttachmentType        `json:"type"`
	Metadata *socialMetadataFields `json:"socialMetadata"`
}

type socialMetadataFields SocialMetadataAttachment

// MarshalJSON implements [json.Marshaler].
func (a *SocialMetadataAttachment) MarshalJSON() ([]byte, error) {
	return jsonx.Marshal(socialMetadata{TypeSocialMetadata, (*socialMetadataFields)(a)})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *SocialMetadataAttachment) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &socialMetadata{Metadata: (*socialMetadataFields)(a)})
}

// MarshalJSON implements [json.Marshaler].
func (a *UnknownAttachment) MarshalJSON() ([]byte, error) {
	if len(a.Raw) == 0 {
		return jsonx.Marshal(bareAttachment{a.Type})
	}
	return a.Raw, nil
}
