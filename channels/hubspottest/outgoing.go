package hubspottest

import "time"

// messageEvent is the body of the webhook for an agent's message.
type messageEvent struct {
	Type      string              `json:"type"`
	PortalID  string              `json:"portalId"`
	ChannelID string              `json:"channelId"`
	EventID   string              `json:"eventId"`
	Time      string              `json:"eventTimestamp"`
	ThreadIDs []string            `json:"channelIntegrationThreadIds"`
	Message   messageEventMessage `json:"message"`
}

type messageEventMessage struct {
	ID          string        `json:"id"`
	Type        string        `json:"type"`
	ChannelID   string        `json:"channelId"`
	AccountID   string        `json:"channelAccountId"`
	ThreadID    string        `json:"conversationsThreadId"`
	CreatedAt   string        `json:"createdAt"`
	CreatedBy   string        `json:"createdBy"`
	Senders     []Participant `json:"senders"`
	Recipients  []Participant `json:"recipients"`
	Text        string        `json:"text"`
	RichText    string        `json:"richText,omitempty"`
	Direction   string        `json:"direction"`
	InReplyToID string        `json:"inReplyToId,omitempty"`
	Truncation  string        `json:"truncationStatus"`
	Status      any           `json:"status"`
	Attachments []any         `json:"attachments"`
}

// announceMessage tells the app of an agent's message.
func (tx *tx) announceMessage(t *thread, m *message) {
	e := messageEventMessage{
		ID: m.ID, Type: "MESSAGE", ChannelID: m.ChannelID, AccountID: m.AccountID, ThreadID: m.ThreadID,
		CreatedAt: stamp(m.CreatedAt), CreatedBy: m.CreatedBy, Recipients: m.Recipients,
		Text: m.Text, RichText: m.RichText, Direction: m.Direction, InReplyToID: m.InReplyToID,
		Truncation: "NOT_TRUNCATED", Status: m.Status, Attachments: []any{},
	}
	for _, sender := range m.Senders {
		sender.Name = "" // an agent's name has to be asked for, by actor id
		e.Senders = append(e.Senders, sender)
	}
	if tx.s.Readings().StatusObject {
		e.Status = wireStatus{Type: m.Status}
	}
	for _, a := range m.Attachments {
		e.Attachments = append(e.Attachments, tx.eventAttachment(a))
	}
	tx.webhook(m.PortalID, m.ChannelID, "thread "+t.ID, messageEvent{
		Type: "OUTGOING_CHANNEL_MESSAGE_CREATED", PortalID: portalKey(m.PortalID), ChannelID: m.ChannelID,
		EventID: uuid(), Time: stamp(tx.now), ThreadIDs: tx.idsOverThere(t, m), Message: e,
	})
}

func (tx *tx) eventAttachment(a attachment) any {
	f := tx.files.get(a.FileID)
	if f == nil || !tx.s.Readings().AttachmentURLs {
		return a
	}
	return wireFile{Type: a.Type, FileID: a.FileID, Usage: a.Usage, Name: f.fullName(),
		URL: signedURL(tx.s.url, tx.app().ClientSecret, f.ID, tx.now.Add(24*time.Hour))}
}
