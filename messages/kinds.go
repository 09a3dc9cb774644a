package messages

import "encoding/json"

// FileUsage tells HubSpot how to preview a file.
type FileUsage string

// The usages of files.
const (
	UsageAudio          FileUsage = "AUDIO"
	UsageImage          FileUsage = "IMAGE"
	UsageOther          FileUsage = "OTHER"
	UsageSticker        FileUsage = "STICKER"
	UsageVoiceRecording FileUsage = "VOICE_RECORDING"
)

// FileAttachment is a file in HubSpot's Files; upload it first ([Client.Upload]). In what HubSpot sends, ID or URL may be
// missing.
type FileAttachment struct {
	ID    FileID    `json:"fileId,omitempty"`
	Usage FileUsage `json:"fileUsageType,omitempty"`
	Name  string    `json:"name,omitempty"` // only from HubSpot; without extension
	URL   string    `json:"url,omitempty"`  // only from HubSpot
}

// File returns an attachment of an uploaded file. The usage may be empty.
func File(id FileID, usage FileUsage) *FileAttachment { return &FileAttachment{ID: id, Usage: usage} }

// LocationAttachment is a place.
type LocationAttachment struct {
	Latitude  float64 `json:"latitude"`  // degrees, north is positive
	Longitude float64 `json:"longitude"` // degrees, east is positive
	Name      string  `json:"name,omitempty"`
	Address   string  `json:"address,omitempty"`
	URL       string  `json:"url,omitempty"`
}

// Location returns an attachment of a place, whose name may be empty.
func Location(latitude, longitude float64, name string) *LocationAttachment {
	return &LocationAttachment{Latitude: latitude, Longitude: longitude, Name: name}
}

// QuickReplyType says what choosing a quick reply does.
type QuickReplyType string

// The types of quick replies.
const (
	QuickReplyText QuickReplyType = "TEXT" // sends Value as the answer
	QuickReplyURL  QuickReplyType = "URL"  // opens Value
)

// QuickReply is one answer to choose from.
type QuickReply struct {
	Value string         `json:"value"`
	Type  QuickReplyType `json:"valueType"`       // required; QuickReplies makes it QuickReplyText if it is empty
	Label string         `json:"label,omitempty"` // defaults to Value
}

// QuickRepliesAttachment offers answers to choose from.
type QuickRepliesAttachment struct {
	Replies          []QuickReply `json:"quickReplies"`
	AllowMultiSelect bool         `json:"allowMultiSelect,omitempty"` // only from HubSpot
	AllowUserInput   bool         `json:"allowUserInput,omitempty"`   // only from HubSpot
}

// QuickReplies returns an attachment that offers answers.
func QuickReplies(replies ...QuickReply) *QuickRepliesAttachment {
	a := &QuickRepliesAttachment{Replies: make([]QuickReply, len(replies))}
	for i, r := range replies {
		if r.Type == "" {
			r.Type = QuickReplyText
		}
		a.Replies[i] = r
	}
	return a
}

// MessageHeaderAttachment stands above the text: a line, a picture or both.
type MessageHeaderAttachment struct {
	Text   string
	FileID FileID // digits only: HubSpot takes this one as a number
}

// MessageHeader returns an attachment that stands above the text. Either argument may be empty.
func MessageHeader(text string, file FileID) *MessageHeaderAttachment {
	return &MessageHeaderAttachment{text, file}
}

// MediaType is what a social media post holds.
type MediaType string

// The types of posts.
const (
	MediaArticle  MediaType = "ARTICLE"
	MediaAudio    MediaType = "AUDIO"
	MediaCarousel MediaType = "CAROUSEL"
	MediaDocument MediaType = "DOCUMENT"
	MediaGIF      MediaType = "GIF"
	MediaLink     MediaType = "LINK"
	MediaNone     MediaType = "NONE"
	MediaPhoto    MediaType = "PHOTO"
	MediaPoll     MediaType = "POLL"
	MediaStory    MediaType = "STORY"
	MediaVideo    MediaType = "VIDEO"
)

// SocialMetadataAttachment is the post on a social network that a message is about.
type SocialMetadataAttachment struct {
	MediaType      MediaType `json:"mediaType"`
	ID             string    `json:"id,omitempty"` // of the post
	Title          string    `json:"mediaTitle,omitempty"`
	Description    string    `json:"description,omitempty"`
	MediaURL       string    `json:"mediaUrl,omitempty"`
	MediaURLString string    `json:"mediaUrlString,omitempty"`
	ThumbnailURL   string    `json:"thumbnailUrl,omitempty"`
}

// SocialMetadata returns an attachment about a post, with its address.
func SocialMetadata(media MediaType, url string) *SocialMetadataAttachment {
	return &SocialMetadataAttachment{MediaType: media, MediaURL: url}
}

// UnsupportedContentAttachment tells the agent that the message had something HubSpot cannot show.
type UnsupportedContentAttachment struct{}

// UnsupportedContent returns an attachment that stands for something HubSpot cannot show.
func UnsupportedContent() *UnsupportedContentAttachment { return new(UnsupportedContentAttachment) }

// WhatsAppTemplateAttachment describes the template that a WhatsApp message was made from. It only comes from HubSpot.
type WhatsAppTemplateAttachment struct {
	Parameters       map[string]string `json:"parameters"`
	CRMObjectIDs     map[string]int64  `json:"crmObjectIds"`
	ContentID        int64             `json:"contentId,omitempty"`
	MappedTemplateID int64             `json:"mappedTemplateId,omitempty"`
	RootMicID        int64             `json:"rootMicId,omitempty"`
}

// UnknownAttachment is one that this package does not know or cannot read. It encodes as it came.
type UnknownAttachment struct {
	Type AttachmentType
	Raw  json.RawMessage
}
