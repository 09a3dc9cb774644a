package hubspottest

import (
	"net/http"
	"strings"
)

// Reply is what an agent writes to a customer.
type Reply struct {
	// Text is the plain text. A reply needs text, rich text or a file.
	Text string
	// RichText is the HTML of the composer. It is dropped where the channel
	// declares no rich text, because agents have no such composer there.
	RichText string
	// Files are sent as attachments, within the channel's limits.
	Files []Upload
	// AgentID is the actor id of the sender. Defaults to the portal's agent.
	AgentID string
}

// Upload is a file that an agent attaches.
type Upload struct {
	// Name has the extension, which decides the content type.
	Name    string
	Content []byte
}

// Threads returns the conversations of all portals, newest activity first.
func (s *Server) Threads() []Thread {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.threadsShown(0)
}

// Messages returns a thread's messages, oldest first; none for a thread that
// does not exist.
func (s *Server) Messages(threadID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.messagesShown(threadID)
}

func (st *state) messagesShown(threadID string) []Message {
	list := []Message{}
	for _, m := range st.messagesOf(threadID) {
		list = append(list, st.showMessage(m))
	}
	return list
}

// Reply sends an agent's message to the customer of a thread. It returns once
// the message is stored; the webhook goes out at once, see [Server.Run].
// Errors say what the channel does not take, or that there is no such thread.
func (s *Server) Reply(threadID string, r Reply) (*Message, error) {
	attachments, err := s.attach(threadID, r.Files)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(r.Text) == "" && strings.TrimSpace(r.RichText) == "" && len(attachments) == 0 {
		return nil, invalid("The reply is empty: write something or attach a file")
	}
	var shown Message
	err = s.update(func(tx *tx) error {
		t := tx.threads.get(threadID)
		if t == nil {
			return notFound("thread", threadID)
		}
		if r.AgentID == "" {
			r.AgentID = tx.portals.get(portalKey(t.PortalID)).Agents[0].ActorID
		}
		if tx.agent(t.PortalID, r.AgentID) == nil {
			return notFound("agent", r.AgentID)
		}
		m := &message{Text: r.Text, RichText: r.RichText, Attachments: attachments, CreatedBy: r.AgentID}
		if err := tx.sendAsAgent(t, m); err != nil {
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

// attach stores an agent's files as private files of the portal, if the
// channel takes them.
func (s *Server) attach(threadID string, uploads []Upload) ([]attachment, error) {
	if len(uploads) == 0 {
		return nil, nil
	}
	files := make([]*file, len(uploads))
	for i, up := range uploads {
		files[i] = &file{Folder: "/conversations", Access: "PRIVATE", ByAgent: true}
		files[i].describe(up.Name, up.Content)
	}
	var err error = notFound("thread", threadID)
	s.view(func(st *state) {
		if t := st.threads.get(threadID); t != nil {
			err = st.channels.get(t.ChannelID).acceptsFiles(files)
			for _, f := range files {
				f.PortalID = t.PortalID
			}
		}
	})
	if err != nil {
		return nil, err
	}
	list := make([]attachment, len(uploads))
	for i, f := range files {
		if err := s.storeFile(f, uploads[i].Content); err != nil {
			return nil, err
		}
		list[i] = attachment{Type: "FILE", FileID: f.ID, Usage: f.usage()}
	}
	return list, nil
}

// sendAsAgent completes an agent's message, adds it to the thread, and tells
// the app.
func (tx *tx) sendAsAgent(t *thread, m *message) error {
	ch, a := tx.channels.get(t.ChannelID), tx.accounts.get(t.AccountID)
	switch {
	case ch.Archived:
		return conflict("The channel of this conversation does not exist any more")
	case !capability[bool](ch, "allowOutgoingMessages"):
		return conflict("The channel does not take replies: its capability allowOutgoingMessages is off")
	case a.Archived || !a.Active || !a.Authorized:
		return conflict("The channel account of this conversation is switched off or deleted")
	}
	var files []*file
	for _, at := range m.Attachments {
		if at.Type != "FILE" {
			continue
		}
		f := tx.files.get(at.FileID)
		if f == nil || f.PortalID != t.PortalID {
			return plainRefusal(http.StatusBadRequest, "No file with the id %q exists in this account", at.FileID)
		}
		files = append(files, f)
	}
	if err := ch.acceptsFiles(files); err != nil {
		return err
	}
	if len(capability[[]string](ch, "richText")) == 0 && !capability[bool](ch, "allowInlineImages") {
		m.RichText = ""
	}
	m.Direction, m.Status, m.CreatedAt = outgoing, statusSent, tx.now
	sender := Participant{ActorID: m.CreatedBy}
	if a.Identifier != nil {
		sender.Identifier = *a.Identifier
	}
	m.Senders, m.Recipients = []Participant{sender}, []Participant{t.Customer}
	tx.addMessage(t, m)
	tx.announceMessage(t, m)
	return nil
}

// CloseThread closes a conversation.
func (s *Server) CloseThread(threadID string) error { return s.setThreadStatus(threadID, statusClosed) }

// ReopenThread opens a closed conversation.
func (s *Server) ReopenThread(threadID string) error { return s.setThreadStatus(threadID, statusOpen) }

func (s *Server) setThreadStatus(threadID, status string) error {
	return s.update(func(tx *tx) error {
		t := tx.threads.get(threadID)
		if t == nil {
			return notFound("thread", threadID)
		}
		tx.setStatus(t, status)
		return nil
	})
}
