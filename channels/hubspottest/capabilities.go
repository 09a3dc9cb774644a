package hubspottest

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

const (
	threadByIntegration = "INTEGRATION_THREAD_ID"
	threadByIdentifier  = "DELIVERY_IDENTIFIER"
)

var richTextKinds = []string{
	"BLOCKQUOTE", "BOLD", "FONT_SIZE", "FONT_STYLE", "HYPERLINK", "ITALIC", "LISTS",
	"TEXT_ALIGNMENT", "TEXT_COLOR", "TEXT_HIGHLIGHT_COLOR", "UNDERLINE",
}

// capabilityRules says for each known capability what its value may be.
// Unknown capabilities are kept unchecked: HubSpot's schema is an open map.
var capabilityRules = map[string]func(json.RawMessage) bool{
	"deliveryIdentifierTypes":         isListOf(identifierTypes...),
	"richText":                        isListOf(richTextKinds...),
	"threadingModel":                  isOneOf(threadByIntegration, threadByIdentifier),
	"allowOutgoingMessages":           is[bool],
	"allowConversationStart":          is[bool],
	"allowMultipleRecipients":         is[bool],
	"allowInlineImages":               is[bool],
	"outgoingAttachmentTypes":         isListOf("FILE", "QUICK_REPLIES"),
	"allowedFileAttachmentMimeTypes":  is[[]string],
	"maxFileAttachmentCount":          isCount,
	"maxFileAttachmentSizeBytes":      isCount,
	"maxTotalFileAttachmentSizeBytes": isCount,
}

func is[T any](raw json.RawMessage) bool {
	var v *T
	return json.Unmarshal(raw, &v) == nil && v != nil
}

func isCount(raw json.RawMessage) bool {
	var n *int64
	return json.Unmarshal(raw, &n) == nil && n != nil && *n >= 0
}

func isOneOf(allowed ...string) func(json.RawMessage) bool {
	return func(raw json.RawMessage) bool {
		var v string
		return json.Unmarshal(raw, &v) == nil && slices.Contains(allowed, v)
	}
}

func isListOf(allowed ...string) func(json.RawMessage) bool {
	return func(raw json.RawMessage) bool {
		var list *[]string
		return json.Unmarshal(raw, &list) == nil && list != nil &&
			!slices.ContainsFunc(*list, func(v string) bool { return !slices.Contains(allowed, v) })
	}
}

func checkCapabilities(caps map[string]json.RawMessage) error {
	var wrong []string
	for _, key := range slices.Sorted(maps.Keys(caps)) {
		if rule := capabilityRules[key]; rule != nil && !rule(caps[key]) {
			wrong = append(wrong, fmt.Sprintf("%q: %s", key, caps[key]))
		}
	}
	if wrong == nil {
		return nil
	}
	return refuse(http.StatusBadRequest, errorBody{
		Message:     "One or more Channel Capabilities specified had invalid values: " + strings.Join(wrong, ", "),
		Category:    "VALIDATION_ERROR",
		SubCategory: "CustomChannelsError.INVALID_CHANNEL_CAPABILITY_VALUES",
		Context:     map[string][]string{"capabilityKeysAndValues": wrong},
	})
}

// capability reads one capability, or its zero value, which is HubSpot's
// default for most.
func capability[T any](ch *channel, key string) T {
	var v T
	_ = json.Unmarshal(ch.Capabilities[key], &v) // checked when it was set
	return v
}

// threadsByIdentifier reports whether HubSpot manages the channel's threads.
func (s *Server) threadsByIdentifier(ch *channel) bool {
	model := capability[string](ch, "threadingModel")
	return model == threadByIdentifier || model == "" && s.Readings().IdentifierThreading
}

// acceptsFiles reports what is wrong with sending these files as an agent.
func (ch *channel) acceptsFiles(files []*file) error {
	if len(files) == 0 {
		return nil
	}
	if !slices.Contains(capability[[]string](ch, "outgoingAttachmentTypes"), "FILE") {
		return invalid("The channel does not take files: its outgoingAttachmentTypes lack FILE")
	}
	if most := capability[int](ch, "maxFileAttachmentCount"); len(files) > most {
		return invalid("The channel takes at most %d file(s) per message", most)
	}
	var total int64
	for _, f := range files {
		total += f.Size
		if most := capability[int64](ch, "maxFileAttachmentSizeBytes"); f.Size > most {
			return invalid("%s is larger than the channel's limit of %d bytes", f.fullName(), most)
		}
		if !ch.acceptsType(f.ContentType) {
			return invalid("The channel does not take files of type %s", f.ContentType)
		}
	}
	if most := capability[int64](ch, "maxTotalFileAttachmentSizeBytes"); total > most {
		return invalid("The files are larger together than the channel's limit of %d bytes", most)
	}
	return nil
}

func (ch *channel) acceptsType(contentType string) bool {
	allowed := capability[[]string](ch, "allowedFileAttachmentMimeTypes")
	if len(allowed) == 0 {
		return true // HubSpot's own list of usual types
	}
	kind, _, _ := mime.ParseMediaType(contentType)
	return slices.ContainsFunc(allowed, func(a string) bool {
		family, wild := strings.CutSuffix(a, "/*")
		return a == kind || a == "*/*" || wild && strings.HasPrefix(kind, family+"/")
	})
}
