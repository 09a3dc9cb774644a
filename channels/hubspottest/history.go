package hubspottest

import "time"

// Kinds of entries of a thread, as the Conversations API calls them.
const (
	typeMessage      = "MESSAGE"
	typeComment      = "COMMENT"
	typeAssignment   = "ASSIGNMENT"
	typeStatusChange = "THREAD_STATUS_CHANGE"
	typeInboxChange  = "THREAD_INBOX_CHANGE"
)

// kind is the entry's kind; messages are stored without.
func (m *message) kind() string {
	if m.Type == "" {
		return typeMessage
	}
	return m.Type
}

// said reports whether an agent reads the entry as a message or a comment.
func (m *message) said() bool { return m.kind() == typeMessage || m.Type == typeComment }

// Change is an entry in a conversation's history that is no message.
type Change struct {
	ID       string `json:"id"`
	ThreadID string `json:"threadId"`
	// Type is ASSIGNMENT, THREAD_STATUS_CHANGE or THREAD_INBOX_CHANGE.
	Type string    `json:"type"`
	At   time.Time `json:"at"`
	// By is the actor who did it: an agent, S-hubspot for HubSpot itself, or
	// I-… for the app.
	By string `json:"by"`
	// From and To are actor ids, statuses or inbox ids. An ASSIGNMENT to
	// nobody has no To.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// History returns what was done to a thread beside writing, oldest first.
func (s *Server) History(threadID string) []Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.historyShown(threadID)
}

func (st *state) historyShown(threadID string) []Change {
	list := []Change{}
	for _, m := range st.messagesOf(threadID) {
		if !m.said() {
			list = append(list, m.change())
		}
	}
	return list
}

func (m *message) change() Change {
	return Change{ID: m.ID, ThreadID: m.ThreadID, Type: m.Type, At: m.CreatedAt, By: m.CreatedBy, From: m.From, To: m.To}
}

// record adds a change to a thread's history.
func (tx *tx) record(t *thread, kind, by, from, to string) {
	m := &message{
		Type: kind, ID: uuid(), ThreadID: t.ID, PortalID: t.PortalID, CreatedAt: tx.now, CreatedBy: by,
		From: from, To: to, Seq: tx.next(),
	}
	tx.messages.put(tx, m.ID, m)
	tx.indexMessage(m)
	tx.shown = append(tx.shown, func() event { return event{name: "change", data: m.change(), portal: t.PortalID} })
}

// wireChange is a change as the Conversations API shows it.
type wireChange struct {
	ID         string        `json:"id"`
	Type       string        `json:"type"`
	ThreadID   string        `json:"conversationsThreadId"`
	CreatedAt  string        `json:"createdAt"`
	CreatedBy  string        `json:"createdBy"`
	Client     wireClient    `json:"client"`
	Senders    []Participant `json:"senders"`
	Recipients []Participant `json:"recipients"`
	Archived   bool          `json:"archived"`

	AssignedFrom string `json:"assignedFrom,omitempty"`
	AssignedTo   string `json:"assignedTo,omitempty"`
	NewStatus    string `json:"newStatus,omitempty"`
	FromInboxID  string `json:"fromInboxId,omitempty"`
	ToInboxID    string `json:"toInboxId,omitempty"`
}

// wireEntry is an entry of a thread as the Conversations API shows it.
func (m *message) wireEntry(appID int64) any {
	if m.kind() == typeMessage {
		return m.wire(appID)
	}
	if m.Type == typeComment {
		return m.wireComment(appID)
	}
	w := wireChange{
		ID: m.ID, Type: m.Type, ThreadID: m.ThreadID, CreatedAt: stamp(m.CreatedAt), CreatedBy: m.CreatedBy,
		Client: wireClient{Type: "HUBSPOT"}, Senders: []Participant{}, Recipients: []Participant{},
	}
	switch m.Type {
	case typeAssignment:
		w.AssignedFrom, w.AssignedTo = m.From, m.To
	case typeStatusChange:
		w.NewStatus = m.To
	case typeInboxChange:
		w.FromInboxID, w.ToInboxID = m.From, m.To
	}
	return w
}

// orEmpty is list, never null in JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// wireComment is a comment as the Conversations API shows it.
func (m *message) wireComment(appID int64) any {
	w := m.wire(appID)
	w.Senders, w.Recipients = orEmpty(w.Senders), orEmpty(w.Recipients)
	return map[string]any{
		"id": w.ID, "type": typeComment, "conversationsThreadId": w.ThreadID, "createdAt": w.CreatedAt,
		"createdBy": w.CreatedBy, "client": w.Client, "senders": w.Senders, "recipients": w.Recipients,
		"text": w.Text, "richText": w.RichText, "attachments": w.Attachments, "archived": w.Archived,
	}
}
