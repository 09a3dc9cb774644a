package hubspottest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// message is one message of a thread.
type message struct {
	ID            string        `json:"id"`
	Type          string        `json:"type,omitempty"` // see kind
	ThreadID      string        `json:"threadId"`
	PortalID      int64         `json:"portalId"`
	ChannelID     string        `json:"channelId"`
	AccountID     string        `json:"accountId"`
	Direction     string        `json:"direction"`
	Text          string        `json:"text"`
	RichText      string        `json:"richText,omitempty"`
	Senders       []Participant `json:"senders"`
	Recipients    []Participant `json:"recipients"`
	Attachments   []attachment  `json:"attachments"`
	InReplyToID   string        `json:"inReplyToId,omitempty"`
	IdempotencyID string        `json:"idempotencyId,omitempty"`
	CreatedAt     time.Time     `json:"createdAt"`
	ArrivedAt     time.Time     `json:"arrivedAt"` // of a published message, whatever its timestamp says
	UpdatedAt     time.Time     `json:"updatedAt"`
	CreatedBy     string        `json:"createdBy"`
	ByApp         bool          `json:"byApp"`          // published, not written by an agent
	Status        string        `json:"status"`         // SENT, READ, FAILED; RECEIVED for incoming ones
	Reason        string        `json:"reason"`         // why it FAILED
	Reported      bool          `json:"reported"`       // the app set the status
	From          string        `json:"from,omitempty"` // of a change; see Change
	To            string        `json:"to,omitempty"`
	Seq           int64         `json:"seq"`
}

func (m message) order() int64 { return m.Seq }

const (
	incoming = "INCOMING"
	outgoing = "OUTGOING"

	statusSent     = "SENT"
	statusRead     = "READ"
	statusFailed   = "FAILED"
	statusReceived = "RECEIVED"
)

// backTo reports whether a status would be a step back.
func (m *message) backTo(status string) bool {
	return m.Status == statusFailed && status != statusFailed || m.Status == statusRead && status == statusSent
}

func (m *message) isBlank() bool { return strings.TrimSpace(m.Text) == "" }

// Participant is a sender or a recipient of a message.
type Participant struct {
	// ActorID is HubSpot's actor: "A-…" an agent, "V-…" a customer.
	ActorID    string     `json:"actorId,omitempty"`
	Name       string     `json:"name,omitempty"`
	Identifier Identifier `json:"deliveryIdentifier"`
}

// attachment is an attachment as HubSpot's API shows it. Kinds other than
// files keep the JSON they were sent with.
type attachment struct {
	Type   string
	FileID string
	Usage  string
	Raw    json.RawMessage
}

type wireFile struct {
	Type   string `json:"type"`
	FileID string `json:"fileId"`
	Usage  string `json:"fileUsageType"`
	Name   string `json:"name,omitempty"`
	URL    string `json:"url,omitempty"`
}

func (a attachment) MarshalJSON() ([]byte, error) {
	if a.Type != "FILE" {
		return a.Raw, nil
	}
	return json.Marshal(wireFile{Type: a.Type, FileID: a.FileID, Usage: a.Usage})
}

func (a *attachment) UnmarshalJSON(data []byte) error {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	*a = attachment{Type: head.Type, Raw: slices.Clone(data)}
	if a.Type != "FILE" {
		return nil
	}
	var f wireFile
	err := json.Unmarshal(data, &f)
	*a = attachment{Type: "FILE", FileID: f.FileID, Usage: f.Usage}
	return err
}

// wireMessage is a message as HubSpot's API shows it.
type wireMessage struct {
	ID          string        `json:"id"`
	Type        string        `json:"type"`
	ThreadID    string        `json:"conversationsThreadId"`
	ChannelID   string        `json:"channelId"`
	AccountID   string        `json:"channelAccountId"`
	CreatedAt   string        `json:"createdAt"`
	UpdatedAt   string        `json:"updatedAt,omitempty"`
	CreatedBy   string        `json:"createdBy"`
	Client      wireClient    `json:"client"`
	Direction   string        `json:"direction"`
	Senders     []Participant `json:"senders"`
	Recipients  []Participant `json:"recipients"`
	Text        string        `json:"text"`
	RichText    string        `json:"richText,omitempty"`
	Attachments []attachment  `json:"attachments"`
	InReplyToID string        `json:"inReplyToId,omitempty"`
	Status      wireStatus    `json:"status"`
	Truncation  string        `json:"truncationStatus"`
	Archived    bool          `json:"archived"`
}

type wireClient struct {
	Type  string `json:"clientType"`
	AppID int64  `json:"integrationAppId,omitempty"`
}

type wireStatus struct {
	Type    string       `json:"statusType"`
	Failure *wireFailure `json:"failureDetails,omitempty"`
}

type wireFailure struct {
	Tokens  map[string]string `json:"errorMessageTokens"`
	Message string            `json:"errorMessage,omitempty"`
}

func (m *message) wire(appID int64) wireMessage {
	w := wireMessage{
		ID: m.ID, Type: "MESSAGE", ThreadID: m.ThreadID, ChannelID: m.ChannelID, AccountID: m.AccountID,
		CreatedAt: stamp(m.CreatedAt), CreatedBy: m.CreatedBy, Client: wireClient{Type: "HUBSPOT"},
		Direction: m.Direction, Senders: m.Senders, Recipients: m.Recipients, Text: m.Text, RichText: m.RichText,
		Attachments: slices.Clone(m.Attachments), InReplyToID: m.InReplyToID, Status: wireStatus{Type: m.Status},
		Truncation: "NOT_TRUNCATED",
	}
	if !m.UpdatedAt.IsZero() {
		w.UpdatedAt = stamp(m.UpdatedAt)
	}
	if m.ByApp {
		w.Client = wireClient{Type: "INTEGRATION", AppID: appID}
	}
	if m.Status == statusFailed {
		w.Status.Failure = &wireFailure{Tokens: map[string]string{}, Message: m.Reason}
	}
	if w.Attachments == nil {
		w.Attachments = []attachment{}
	}
	return w
}

// addMessage appends a message or a comment to its thread, in the order of what
// the sender's clock said and then of arrival. A message that names no account
// goes over the thread's own.
func (tx *tx) addMessage(t *thread, m *message) {
	m.Seq = tx.next()
	m.ID = uuid()
	m.ThreadID, m.PortalID = t.ID, t.PortalID
	if m.AccountID == "" {
		m.ChannelID, m.AccountID = t.ChannelID, t.AccountID
	}
	tx.messages.put(tx, m.ID, m)
	tx.indexMessage(m)
	if m.CreatedAt.After(t.LatestAt) {
		t.LatestAt = m.CreatedAt
	}
	switch m.Direction {
	case incoming:
		t.Unread++
		t.ReceivedAt = m.CreatedAt
	case outgoing:
		t.SentAt = m.CreatedAt
	}
	tx.threads.put(tx, t.ID, t)
	tx.tellApp(t, newMessageEvent(m))
	tx.showMessage(m)
	tx.showThread(t)
}

// messagesOf returns a thread's messages oldest first.
func (st *state) messagesOf(threadID string) []*message {
	list := st.threadMessages[threadID]
	if !slices.IsSortedFunc(list, byTime) {
		slices.SortStableFunc(list, byTime)
	}
	return list
}

func byTime(a, b *message) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Seq, b.Seq))
}

// Message is a message as an agent sees it.
type Message struct {
	ID string `json:"id"`
	// Type is MESSAGE, or COMMENT for a note among agents.
	Type      string `json:"type"`
	ThreadID  string `json:"threadId"`
	ChannelID string `json:"channelId"`
	AccountID string `json:"accountId"`
	// Direction is INCOMING, from the customer, or OUTGOING.
	Direction string `json:"direction"`
	// SenderName is the name shown.
	SenderName  string        `json:"senderName"`
	Senders     []Participant `json:"senders"`
	Recipients  []Participant `json:"recipients"`
	Text        string        `json:"text"`
	RichText    string        `json:"richText,omitempty"`
	CreatedAt   time.Time     `json:"createdAt"`
	Attachments []Attachment  `json:"attachments"`
	// Status is, for an OUTGOING message, SENDING until the app reports, and
	// then what it reported last: SENT, READ or FAILED.
	Status string `json:"status,omitempty"`
	// Reason is why the message FAILED.
	Reason string `json:"reason,omitempty"`
	// InReplyToID is the message that this one answers.
	InReplyToID string `json:"inReplyToId,omitempty"`
	// IdempotencyID is the integrationIdempotencyId that it was published with.
	IdempotencyID string `json:"idempotencyId,omitempty"`
}

// Attachment is an attachment as an agent sees it. Only files have more than a
// type and the JSON that was published.
type Attachment struct {
	Type        string `json:"type"`
	FileID      string `json:"fileId,omitempty"`
	Name        string `json:"name,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	Size        int64  `json:"size,omitempty"`
	// Usage is AUDIO, IMAGE, OTHER, STICKER or VOICE_RECORDING.
	Usage string `json:"usage,omitempty"`
	// URL is where the page finds the file.
	URL string          `json:"url,omitempty"`
	Raw json.RawMessage `json:"raw,omitempty"`
}

func (st *state) showMessage(m *message) Message {
	shown := Message{
		ID: m.ID, Type: m.kind(), ThreadID: m.ThreadID, ChannelID: m.ChannelID, AccountID: m.AccountID, Direction: m.Direction,
		SenderName: st.senderName(m), Senders: slices.Clone(m.Senders), Recipients: slices.Clone(m.Recipients),
		Text: m.Text, RichText: m.RichText, CreatedAt: m.CreatedAt, Attachments: []Attachment{},
		InReplyToID: m.InReplyToID, IdempotencyID: m.IdempotencyID,
	}
	if m.Direction == outgoing {
		shown.Status = "SENDING"
		if m.Reported {
			shown.Status, shown.Reason = m.Status, m.Reason
		}
	}
	for _, a := range m.Attachments {
		shown.Attachments = append(shown.Attachments, st.showAttachment(a))
	}
	return shown
}

func (st *state) showAttachment(a attachment) Attachment {
	shown := Attachment{Type: a.Type, FileID: a.FileID, Usage: a.Usage, Raw: a.Raw}
	if f := st.files.get(a.FileID); f != nil {
		shown.Name, shown.ContentType, shown.Size = f.fullName(), f.ContentType, f.Size
		shown.URL = "/simulator/api/files/" + f.ID
	}
	return shown
}

func (st *state) senderName(m *message) string {
	if a := st.agent(m.PortalID, m.CreatedBy); a != nil {
		return a.Name
	}
	if len(m.Senders) == 0 {
		return ""
	}
	sender := m.Senders[0]
	return cmp.Or(sender.Name, sender.Identifier.Value)
}

// agent returns the portal's user with an actor id as an agent, or nil.
func (st *state) agent(portal int64, actorID string) *Agent {
	if u := st.user(portal, actorID); u != nil {
		return &u.Agent
	}
	return nil
}

// showMessage, showThread and showState tell the open pages what changed, once
// the whole change has been made.
func (tx *tx) showMessage(m *message) {
	tx.shown = append(tx.shown, func() event { return event{"message", tx.state.showMessage(m), m.PortalID} })
}

func (tx *tx) showThread(t *thread) {
	tx.shown = append(tx.shown, func() event { return event{"thread", tx.state.showThread(t), t.PortalID} })
}

func (tx *tx) showState() {
	tx.shown = append(tx.shown, func() event { return event{"state", struct{}{}, 0} })
}
