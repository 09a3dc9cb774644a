package hubspottest

import (
	"net/http"
	"strings"
)

// Reply is what an agent writes to a customer.
type Reply struct {
	// Text is the plain text. A reply needs text, rich text, a file, a picture,
	// quick replies or something inserted.
	Text string
	// RichText is the HTML of the composer. It is dropped where the channel
	// declares no rich text, because agents have no such composer there.
	RichText string
	// Files are sent as attachments, within the channel's limits.
	Files []Upload
	// Pictures are placed in the rich text after what was written, as an
	// editor with "Insert image" does. They are no attachments. The channel
	// has to declare allowInlineImages.
	Pictures []Upload
	// Inserts are added to the text after what was written. See
	// [Server.Inserts].
	Inserts []Insert
	// QuickReplies are answers for the customer to choose from, a QUICK_REPLIES
	// attachment. The channel has to declare it in outgoingAttachmentTypes. The
	// page's editor has none: HubSpot's help knows none for agents.
	QuickReplies []QuickReply
	// InReplyToID is the message of the same thread that this one answers.
	// Defaults to none.
	InReplyToID string
	// AgentID is the actor id of the sender. Defaults to the portal's first
	// user.
	AgentID string
	// Via is the "Channel" above the editor: the id of the account that the
	// reply goes over, or ViaEmail. Defaults to the conversation's own account.
	Via string
	// To is the customer's address there. Defaults to the one that the
	// customer or the contact has.
	To *Identifier
}

// ViaEmail sends a [Reply] by HubSpot's built-in e-mail: the app is not told.
const ViaEmail = "EMAIL"

// Upload is a file that an agent attaches.
type Upload struct {
	// Name has the extension, which decides the content type.
	Name    string
	Content []byte
	// ContentType says whether it is sound or film, where the extension may
	// stand for either, as .webm and .mp4 do. Defaults to what the extension
	// stands for, and to video/webm for .webm.
	ContentType string
}

// Threads returns the conversations of all portals, newest activity first.
func (s *Server) Threads() []Thread { return s.Search(ThreadQuery{}) }

// Messages returns a thread's messages and comments, oldest first; none for a
// thread that does not exist. [Server.History] has what else was done to it.
func (s *Server) Messages(threadID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.messagesShown(threadID)
}

func (st *state) messagesShown(threadID string) []Message {
	list := []Message{}
	for _, m := range st.messagesOf(threadID) {
		if m.said() {
			list = append(list, st.showMessage(m))
		}
	}
	return list
}

// Reply sends an agent's message to the customer of a thread. It returns once
// the message is stored; the webhook goes out at once, see [Server.Run].
// Errors say what the channel does not take, or that there is no such thread.
func (s *Server) Reply(threadID string, r Reply) (*Message, error) {
	var out *outlet
	var err error = notFound("thread", threadID)
	s.view(func(st *state) {
		if t := st.threads.get(threadID); t != nil {
			out, err = st.outlet(t, r.Via, r.To)
		}
	})
	if err != nil {
		return nil, err
	}
	m, err := s.compose(out, &r)
	if err != nil {
		return nil, err
	}
	var shown Message
	err = s.update(func(tx *tx) error {
		t := tx.threads.get(threadID)
		out, err := tx.outlet(t, r.Via, r.To)
		if err != nil {
			return err
		}
		if m.CreatedBy, err = tx.writer(t.PortalID, r.AgentID); err != nil {
			return err
		}
		if err := tx.sendAsAgent(t, out, m); err != nil {
			return err
		}
		shown = tx.state.showMessage(m)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &shown, nil
}

// writer is the agent who writes: the one named, or the portal's first user.
func (st *state) writer(portal int64, actorID string) (string, error) {
	if actorID == "" {
		actorID = st.portals.get(portalKey(portal)).Users[0].ActorID
	}
	if st.user(portal, actorID) == nil {
		return "", notFound("agent", actorID)
	}
	return actorID, nil
}

// compose makes a message of a reply, and stores its files.
func (s *Server) compose(out *outlet, r *Reply) (*message, error) {
	m := &message{Text: r.Text, RichText: r.RichText, InReplyToID: r.InReplyToID}
	if err := s.insertInto(m, out, r); err != nil {
		return nil, err
	}
	var err error
	if m.Attachments, err = s.attach(out, r.Files); err != nil {
		return nil, err
	}
	if err := out.offer(m, r.QuickReplies); err != nil {
		return nil, err
	}
	if strings.TrimSpace(m.Text) == "" && strings.TrimSpace(m.RichText) == "" && len(m.Attachments) == 0 {
		return nil, invalid("The reply is empty: write something or attach a file")
	}
	return m, nil
}

// attach stores an agent's files as private files of the portal, if the
// channel takes them.
func (s *Server) attach(out *outlet, uploads []Upload) ([]attachment, error) {
	files := make([]*file, len(uploads))
	for i, up := range uploads {
		files[i] = &file{PortalID: out.portal, Folder: "/conversations", Access: "PRIVATE", ByAgent: true}
		files[i].describe(up.Name, up.ContentType, up.Content)
	}
	if err := out.acceptsFiles(files); err != nil {
		return nil, err
	}
	var list []attachment
	for i, f := range files {
		if err := s.storeFile(f, uploads[i].Content); err != nil {
			return nil, err
		}
		list = append(list, attachment{Type: "FILE", FileID: f.ID, Usage: f.usage()})
	}
	return list, nil
}

// sendAsAgent completes an agent's message, adds it to the thread, and tells
// the app.
func (tx *tx) sendAsAgent(t *thread, out *outlet, m *message) error {
	if err := out.open(); err != nil {
		return err
	}
	files, err := tx.filesOf(t.PortalID, m.Attachments)
	if err != nil {
		return err
	}
	if err := out.acceptsFiles(files); err != nil {
		return err
	}
	if m.InReplyToID != "" && !tx.holds(t, m.InReplyToID) {
		return notFound("message in this conversation", m.InReplyToID)
	}
	if !out.takesRichText() {
		m.RichText = ""
	}
	m.Direction, m.Status, m.CreatedAt = outgoing, statusSent, tx.now
	m.ChannelID, m.AccountID = out.channelID, out.accountID
	m.Senders = []Participant{{ActorID: m.CreatedBy, Identifier: out.address}}
	m.Recipients = []Participant{out.customer}
	m.Reported = out.email() // HubSpot's own channel reports to nobody
	tx.addMessage(t, m)
	if !out.email() {
		tx.announceMessage(t, m)
	}
	return nil
}

// holds reports whether a message, and no comment, is in the thread.
func (st *state) holds(t *thread, messageID string) bool {
	m := st.messages.get(messageID)
	return m != nil && m.ThreadID == t.ID && m.kind() == typeMessage
}

// filesOf returns the portal's files among the attachments.
func (st *state) filesOf(portal int64, attachments []attachment) ([]*file, error) {
	var files []*file
	for _, at := range attachments {
		if at.Type != "FILE" {
			continue
		}
		f := st.files.get(at.FileID)
		if f == nil || f.PortalID != portal {
			return nil, plainRefusal(http.StatusBadRequest, "No file with the id %q exists in this account", at.FileID)
		}
		files = append(files, f)
	}
	return files, nil
}

// Comment is a note among agents. It is never sent to the customer or the app.
type Comment struct {
	Text     string
	RichText string
	// AgentID is the actor id of the author. Defaults to the portal's first
	// user.
	AgentID string
}

// Comment adds a note to a thread.
func (s *Server) Comment(threadID string, c Comment) (*Message, error) {
	if strings.TrimSpace(c.Text) == "" && strings.TrimSpace(c.RichText) == "" {
		return nil, invalid("The comment is empty")
	}
	var shown Message
	err := s.update(func(tx *tx) error {
		t := tx.threads.get(threadID)
		if t == nil {
			return notFound("thread", threadID)
		}
		author, err := tx.writer(t.PortalID, c.AgentID)
		if err != nil {
			return err
		}
		shown = tx.comment(t, author, c.Text, c.RichText, false)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &shown, nil
}

func (tx *tx) comment(t *thread, author, text, richText string, byApp bool) Message {
	m := &message{
		Type: typeComment, Text: text, RichText: richText, CreatedBy: author, ByApp: byApp, CreatedAt: tx.now,
		Senders: []Participant{}, Recipients: []Participant{},
	}
	tx.addMessage(t, m)
	return tx.state.showMessage(m)
}

// Assign makes an agent the owner of a conversation; an empty actor id takes
// the owner away.
func (s *Server) Assign(threadID, actorID string) error { return s.assignBy(threadID, actorID, "") }

func (s *Server) assignBy(threadID, actorID, by string) error {
	return s.update(func(tx *tx) error {
		t := tx.threads.get(threadID)
		if t == nil {
			return notFound("thread", threadID)
		}
		if actorID != "" && tx.user(t.PortalID, actorID) == nil {
			return notFound("user", actorID)
		}
		by, err := tx.writer(t.PortalID, by)
		if err == nil {
			tx.assign(t, actorID, by)
		}
		return err
	})
}

// CloseThread closes a conversation.
func (s *Server) CloseThread(threadID string) error {
	return s.setThreadStatus(threadID, statusClosed, "")
}

// ReopenThread opens a closed conversation.
func (s *Server) ReopenThread(threadID string) error {
	return s.setThreadStatus(threadID, statusOpen, "")
}

func (s *Server) setThreadStatus(threadID, status, by string) error {
	return s.update(func(tx *tx) error {
		t := tx.threads.get(threadID)
		if t == nil {
			return notFound("thread", threadID)
		}
		by, err := tx.writer(t.PortalID, by)
		if err == nil {
			tx.setStatus(t, status, by)
		}
		return err
	})
}
