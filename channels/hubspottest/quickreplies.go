package hubspottest

import (
	"encoding/json"
	"slices"
)

// QuickReply is an answer that an agent's message offers.
type QuickReply struct {
	// Value is what is sent as the answer, or the address to open.
	Value string `json:"value"`
	// ValueType is TEXT or URL. Defaults to TEXT.
	ValueType string `json:"valueType"`
	// Label is what the customer sees. Defaults to none, for Value is shown.
	Label string `json:"label,omitempty"`
}

// offer attaches quick replies to an agent's message, if the channel takes
// them.
func (o *outlet) offer(m *message, replies []QuickReply) error {
	if len(replies) == 0 {
		return nil
	}
	if o.email() || !slices.Contains(capability[[]string](o.channel, "outgoingAttachmentTypes"), "QUICK_REPLIES") {
		return invalid("The channel does not take quick replies: its outgoingAttachmentTypes lack QUICK_REPLIES")
	}
	replies = slices.Clone(replies)
	for i := range replies {
		if replies[i].ValueType == "" {
			replies[i].ValueType = "TEXT"
		}
	}
	raw, err := json.Marshal(map[string]any{"type": "QUICK_REPLIES", "quickReplies": replies})
	if err != nil {
		return err
	}
	var p problems
	m.Attachments = append(m.Attachments, readAttachment(&p, "attachments", raw))
	return p.err()
}
