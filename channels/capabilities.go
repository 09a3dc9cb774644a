package channels

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/customchannels/customchannels-go/internal/jsonx"
)

// RichTextFeature is a kind of formatting that HubSpot's composer offers to agents on a channel.
type RichTextFeature string

// The formatting that a channel can declare in [Capabilities.RichText].
const (
	Blockquote         RichTextFeature = "BLOCKQUOTE"
	Bold               RichTextFeature = "BOLD"
	FontSize           RichTextFeature = "FONT_SIZE"
	FontStyle          RichTextFeature = "FONT_STYLE"
	Hyperlink          RichTextFeature = "HYPERLINK"
	Italic             RichTextFeature = "ITALIC"
	Lists              RichTextFeature = "LISTS"
	TextAlignment      RichTextFeature = "TEXT_ALIGNMENT"
	TextColor          RichTextFeature = "TEXT_COLOR"
	TextHighlightColor RichTextFeature = "TEXT_HIGHLIGHT_COLOR"
	Underline          RichTextFeature = "UNDERLINE"
)

// ThreadingModel says who decides which messages belong to one thread.
type ThreadingModel string

// The two threading models.
const (
	// ByIntegrationThread: the app names the thread of each message it publishes (integrationThreadId).
	ByIntegrationThread ThreadingModel = "INTEGRATION_THREAD_ID"
	// ByDeliveryIdentifier: HubSpot keeps one open thread per pair of sender and recipient.
	ByDeliveryIdentifier ThreadingModel = "DELIVERY_IDENTIFIER"
)

// OutgoingAttachmentType is a kind of attachment that agents can send on a channel.
type OutgoingAttachmentType string

// The kinds of attachment that a channel can declare in [Capabilities.OutgoingAttachmentTypes].
const (
	OutgoingFile         OutgoingAttachmentType = "FILE"
	OutgoingQuickReplies OutgoingAttachmentType = "QUICK_REPLIES"
)

// Capabilities declare what a channel can carry; HubSpot shapes the agent's composer after them. The zero value is a
// channel that only takes messages in. HubSpot's page "Custom channels" lists them.
type Capabilities struct {
	// DeliveryIdentifierTypes are the kinds of addresses on the channel.
	DeliveryIdentifierTypes []IdentifierType `json:"deliveryIdentifierTypes"`
	// RichText is the formatting the channel carries. Defaults to none: agents write plain text.
	RichText []RichTextFeature `json:"richText"`
	// ThreadingModel says who decides what a thread is. Defaults to HubSpot's choice, which is not documented: set it.
	ThreadingModel ThreadingModel `json:"threadingModel,omitempty"`
	// AllowOutgoingMessages lets agents answer. Defaults to false: the channel only takes messages in.
	AllowOutgoingMessages bool `json:"allowOutgoingMessages"`
	// AllowConversationStart lets agents write first.
	AllowConversationStart bool `json:"allowConversationStart"`
	// AllowMultipleRecipients lets agents write to several recipients at once.
	AllowMultipleRecipients bool `json:"allowMultipleRecipients"`
	// AllowInlineImages lets agents put images into the text. They arrive only inside the rich text, so it needs RichText.
	AllowInlineImages bool `json:"allowInlineImages"`
	// OutgoingAttachmentTypes are the attachments agents can send. OutgoingFile needs the three limits below, which are
	// zero otherwise.
	OutgoingAttachmentTypes []OutgoingAttachmentType `json:"outgoingAttachmentTypes"`
	// AllowedFileMIMETypes are the files agents can send, such as image/png. Defaults to HubSpot's list of usual types.
	AllowedFileMIMETypes []string `json:"allowedFileAttachmentMimeTypes,omitempty"`
	// MaxFileCount is how many files one message may carry.
	MaxFileCount int `json:"maxFileAttachmentCount"`
	// MaxFileBytes is the size of one file, in bytes.
	MaxFileBytes int64 `json:"maxFileAttachmentSizeBytes"`
	// MaxTotalFileBytes is the size of all files of one message, in bytes.
	MaxTotalFileBytes int64 `json:"maxTotalFileAttachmentSizeBytes"`
	// Extra holds, by their key, capabilities that this package does not know, and known ones whose value it could not
	// read. They are sent as they are and win over the fields above.
	Extra map[string]json.RawMessage `json:"-"`
}

// capabilityKeys are the keys that have a field of their own.
var capabilityKeys = []string{
	"deliveryIdentifierTypes", "richText", "threadingModel", "allowOutgoingMessages", "allowConversationStart",
	"allowMultipleRecipients", "allowInlineImages", "outgoingAttachmentTypes", "allowedFileAttachmentMimeTypes",
	"maxFileAttachmentCount", "maxFileAttachmentSizeBytes", "maxTotalFileAttachmentSizeBytes",
}

// Validate returns an error that names the first capability HubSpot would refuse or could not act on, or nil. The error
// matches [ErrInvalid].
func (c *Capabilities) Validate() error {
	for _, t := range c.DeliveryIdentifierTypes {
		if !t.known() {
			return invalidf("capability deliveryIdentifierTypes: %q is not a type; it takes names such as %s", t, TypePhone)
		}
	}
	switch c.ThreadingModel {
	case "", ByIntegrationThread, ByDeliveryIdentifier:
	default:
		return invalidf("capability threadingModel: %q is neither %s nor %s", c.ThreadingModel, ByIntegrationThread, ByDeliveryIdentifier)
	}
	if c.AllowInlineImages && len(c.RichText) == 0 {
		return invalidf("capability allowInlineImages needs richText: inline images arrive only inside rich text")
	}
	if c.AllowConversationStart && !c.AllowOutgoingMessages {
		return invalidf("capability allowConversationStart needs allowOutgoingMessages")
	}
	return c.validateFiles()
}

func (c *Capabilities) validateFiles() error {
	if c.MaxFileCount < 0 || c.MaxFileBytes < 0 || c.MaxTotalFileBytes < 0 {
		return invalidf("the capabilities' file limits must not be negative")
	}
	if slices.Contains(c.OutgoingAttachmentTypes, OutgoingFile) {
		if c.MaxFileCount == 0 || c.MaxFileBytes == 0 || c.MaxTotalFileBytes == 0 {
			return invalidf("capability outgoingAttachmentTypes has FILE, but a file limit is 0: " +
				"set maxFileAttachmentCount, maxFileAttachmentSizeBytes and maxTotalFileAttachmentSizeBytes")
		}
		if c.MaxTotalFileBytes < c.MaxFileBytes {
			return invalidf("capability maxTotalFileAttachmentSizeBytes (%d) is less than maxFileAttachmentSizeBytes (%d)",
				c.MaxTotalFileBytes, c.MaxFileBytes)
		}
	}
	return nil
}

// MarshalJSON implements [json.Marshaler]. It writes every capability, empty lists as [], since it is not documented
// whether HubSpot merges or replaces the map.
func (c Capabilities) MarshalJSON() ([]byte, error) {
	type plain Capabilities
	p := plain(c)
	p.DeliveryIdentifierTypes = orEmpty(p.DeliveryIdentifierTypes)
	p.RichText = orEmpty(p.RichText)
	p.OutgoingAttachmentTypes = orEmpty(p.OutgoingAttachmentTypes)
	data, err := jsonx.Marshal(p)
	if err != nil || len(c.Extra) == 0 {
		return data, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	maps.Copy(members, c.Extra)
	return jsonx.Marshal(members)
}

// UnmarshalJSON implements [json.Unmarshaler]. One odd value does not make a channel unreadable: it goes to Extra.
func (c *Capabilities) UnmarshalJSON(data []byte) error {
	type plain Capabilities
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	*c = Capabilities{}
	for _, key := range capabilityKeys {
		value, ok := members[key]
		if !ok {
			continue
		}
		one, err := json.Marshal(map[string]json.RawMessage{key: value})
		if err != nil {
			return err
		}
		var p = plain(*c)
		if json.Unmarshal(one, &p) == nil {
			*c = Capabilities(p)
			delete(members, key)
		}
	}
	if len(members) > 0 {
		c.Extra = members
	}
	return nil
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
