package hubspottest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

var fileUsages = []string{"AUDIO", "IMAGE", "OTHER", "STICKER", "VOICE_RECORDING"}

var mediaTypes = []string{"ARTICLE", "AUDIO", "CAROUSEL", "DOCUMENT", "GIF", "LINK", "NONE", "PHOTO", "POLL", "STORY", "VIDEO"}

// attachmentFields are the fields of all kinds of published attachments.
type attachmentFields struct {
	Type           string           `json:"type"`
	FileID         json.RawMessage  `json:"fileId"`
	Usage          string           `json:"fileUsageType"`
	Latitude       *float64         `json:"latitude"`
	Longitude      *float64         `json:"longitude"`
	ContactProfile *contactProfile  `json:"contactProfile"`
	QuickReplies   []QuickReply     `json:"quickReplies"`
	SocialMetadata *socialMediaData `json:"socialMetadata"`
}

type contactProfile struct {
	Addresses []json.RawMessage `json:"addresses"`
	Emails    []json.RawMessage `json:"emails"`
	Phones    []json.RawMessage `json:"phones"`
	URLs      []json.RawMessage `json:"urls"`
}

type socialMediaData struct {
	MediaType string `json:"mediaType"`
}

// readAttachment reads a published attachment and adds to p what is wrong.
func readAttachment(p *problems, field string, raw json.RawMessage) attachment {
	var a attachmentFields
	if err := json.Unmarshal(raw, &a); err != nil {
		p.add(field, "%s is not a valid attachment: %v", field, err)
		return attachment{}
	}
	need := func(ok bool, what string) {
		if !ok {
			p.add(field, "%s: a %s attachment needs %s", field, a.Type, what)
		}
	}
	switch a.Type {
	case "FILE":
		return readFileAttachment(p, field, &a)
	case "LOCATION":
		need(a.Latitude != nil && a.Longitude != nil, "latitude and longitude")
	case "CONTACT":
		c := a.ContactProfile
		need(c != nil && c.Addresses != nil && c.Emails != nil && c.Phones != nil && c.URLs != nil,
			"a contactProfile with addresses, emails, phones and urls")
	case "QUICK_REPLIES":
		need(len(a.QuickReplies) > 0 && !slices.ContainsFunc(a.QuickReplies, func(q QuickReply) bool {
			return q.Value == "" || q.ValueType != "TEXT" && q.ValueType != "URL"
		}), "quickReplies with value, and valueType TEXT or URL")
		raw = withDefaults(raw, map[string]json.RawMessage{"allowMultiSelect": json.RawMessage("false"), "allowUserInput": json.RawMessage("true")})
	case "SOCIAL_MEDIA_METADATA":
		need(a.SocialMetadata != nil && slices.Contains(mediaTypes, a.SocialMetadata.MediaType),
			"socialMetadata.mediaType, one of "+strings.Join(mediaTypes, ", "))
	case "MESSAGE_HEADER":
		need(a.FileID == nil || is[int64](a.FileID), "its fileId to be a number")
	case "UNSUPPORTED_CONTENT":
	default:
		p.add(field+".type", "%s.type %q is not a kind of attachment", field, a.Type)
	}
	return attachment{Type: a.Type, Raw: raw}
}

// withDefaults adds the fields that HubSpot's answers always have.
func withDefaults(object json.RawMessage, defaults map[string]json.RawMessage) json.RawMessage {
	fields := map[string]json.RawMessage{}
	maps.Copy(fields, defaults)
	if json.Unmarshal(object, &fields) != nil {
		return object
	}
	full, err := json.Marshal(fields)
	if err != nil {
		return object
	}
	return full
}

func readFileAttachment(p *problems, field string, a *attachmentFields) attachment {
	var id string
	if err := json.Unmarshal(a.FileID, &id); err != nil || id == "" {
		p.add(field+".fileId", "%s.fileId must be the id of a file, as a string", field)
	}
	if a.Usage == "" {
		a.Usage = "OTHER"
	}
	if !slices.Contains(fileUsages, a.Usage) {
		p.add(field+".fileUsageType", "%s.fileUsageType must be one of %s", field, strings.Join(fileUsages, ", "))
	}
	return attachment{Type: "FILE", FileID: id, Usage: a.Usage}
}
