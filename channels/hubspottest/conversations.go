package hubspottest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// wireThread is a thread as the Conversations API shows it.
type wireThread struct {
	ID               string `json:"id"`
	Status           string `json:"status"`
	InboxID          string `json:"inboxId"`
	ContactID        string `json:"associatedContactId"`
	ChannelID        string `json:"originalChannelId"`
	AccountID        string `json:"originalChannelAccountId"`
	CreatedAt        string `json:"createdAt"`
	ClosedAt         string `json:"closedAt,omitempty"`
	LatestAt         string `json:"latestMessageTimestamp,omitempty"`
	LatestSentAt     string `json:"latestMessageSentTimestamp,omitempty"`
	LatestReceivedAt string `json:"latestMessageReceivedTimestamp,omitempty"`
	Spam             bool   `json:"spam"`
	Archived         bool   `json:"archived"`
}

func (t *thread) wire() wireThread {
	return wireThread{
		ID: t.ID, Status: t.Status, InboxID: t.InboxID, ContactID: strconv.FormatInt(t.ContactID, 10),
		ChannelID: t.ChannelID, AccountID: t.AccountID, CreatedAt: stamp(t.CreatedAt), ClosedAt: maybe(t.ClosedAt),
		LatestAt: maybe(t.LatestAt), LatestSentAt: maybe(t.SentAt), LatestReceivedAt: maybe(t.ReceivedAt), Archived: t.Archived,
	}
}

func maybe(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

func (c *call) listThreads() (*reply, error) {
	q := c.r.URL.Query()
	archived, status, box := q.Get("archived") == "true", q.Get("threadStatus"), q.Get("inboxId")
	list := []wireThread{}
	c.view(func(st *state) {
		for _, t := range st.threads.ordered() {
			if t.PortalID == c.portal && t.Archived == archived && (status == "" || status == t.Status) && (box == "" || box == t.InboxID) {
				list = append(list, t.wire())
			}
		}
	})
	return forwardPageOf(c, list)
}

// pathThread returns the thread of the path. An archived one is found only
// where the query asks for it.
func (c *call) pathThread(st *state) (*thread, error) {
	id, err := c.number("threadId", 64)
	if err != nil {
		return nil, err
	}
	t := st.threads.get(id)
	if t == nil || t.PortalID != c.portal || t.Archived && c.r.URL.Query().Get("archived") != "true" {
		return nil, notFound("thread", id)
	}
	return t, nil
}

func (c *call) getThread() (*reply, error) {
	var shown wireThread
	var err error
	c.view(func(st *state) {
		var t *thread
		if t, err = c.pathThread(st); err == nil {
			shown = t.wire()
		}
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

func (c *call) updateThread() (*reply, error) {
	var body struct {
		Status   *string `json:"status"`
		Archived *bool   `json:"archived"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.Status != nil && *body.Status != statusOpen && *body.Status != statusClosed {
		return nil, invalid("status must be OPEN or CLOSED")
	}
	if body.Archived != nil && *body.Archived {
		return nil, invalid("archived can only be set to false; DELETE archives a thread")
	}
	var shown wireThread
	err := c.update(func(tx *tx) error {
		t, err := c.pathThread(tx.state)
		if err != nil {
			return err
		}
		if body.Archived != nil {
			t.Archived = false
		}
		status := t.Status
		if body.Status != nil {
			status = *body.Status
		}
		tx.setStatus(t, status)
		shown = t.wire()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

func (c *call) archiveThread() (*reply, error) {
	err := c.update(func(tx *tx) error {
		t, err := c.pathThread(tx.state)
		if err != nil {
			return err
		}
		t.Archived = true
		tx.threads.put(tx, t.ID, t)
		tx.showState()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return emptyReply()
}

func (c *call) listThreadMessages() (*reply, error) {
	list := []wireMessage{}
	var err error
	c.view(func(st *state) {
		var t *thread
		if t, err = c.pathThread(st); err != nil {
			return
		}
		for _, m := range st.messagesOf(t.ID) {
			list = append(list, m.wire(c.AppID()))
		}
	})
	if err != nil {
		return nil, err
	}
	if c.r.URL.Query().Get("sort") == "-createdAt" {
		slices.Reverse(list)
	}
	return forwardPageOf(c, list)
}

func (c *call) getThreadMessage() (*reply, error) {
	var shown *wireMessage
	var err error
	c.view(func(st *state) {
		var t *thread
		if t, err = c.pathThread(st); err != nil {
			return
		}
		if m := st.messages.get(c.r.PathValue("messageId")); m != nil && m.ThreadID == t.ID {
			w := m.wire(c.AppID())
			shown = &w
		}
	})
	if err != nil {
		return nil, err
	}
	if shown == nil {
		return nil, notFound("message", c.r.PathValue("messageId"))
	}
	return jsonReply(http.StatusOK, shown)
}

// agentMessageBody is a message that an app sends in an agent's name.
type agentMessageBody struct {
	Type        string            `json:"type"`
	Text        *string           `json:"text"`
	RichText    string            `json:"richText"`
	SenderID    string            `json:"senderActorId"`
	ChannelID   string            `json:"channelId"`
	AccountID   string            `json:"channelAccountId"`
	Attachments []json.RawMessage `json:"attachments"`
	Recipients  []struct {
		ActorID     string       `json:"actorId"`
		Identifiers []Identifier `json:"deliveryIdentifiers"`
	} `json:"recipients"`
}

func (b *agentMessageBody) check() ([]attachment, error) {
	var p problems
	if b.Type != "MESSAGE" {
		p.add("type", "type must be MESSAGE")
	}
	if b.Text == nil {
		p.add("text", "text must not be null")
	}
	if b.Attachments == nil {
		p.add("attachments", "attachments must not be null")
	}
	if len(b.Recipients) == 0 {
		p.add("recipients", "recipients must name at least one recipient")
	}
	for i, r := range b.Recipients {
		if strings.HasPrefix(r.ActorID, "E-") {
			p.add("recipients", "recipients[%d].actorId must not be an e-mail actor", i)
		}
		if len(r.Identifiers) == 0 {
			p.add("recipients", "recipients[%d].deliveryIdentifiers must not be empty", i)
		}
		for j := range r.Identifiers {
			r.Identifiers[j].check(&p, fmt.Sprintf("recipients[%d].deliveryIdentifiers[%d]", i, j))
		}
	}
	var list []attachment
	for i, raw := range b.Attachments {
		list = append(list, readAttachment(&p, fmt.Sprintf("attachments[%d]", i), raw))
	}
	return list, p.err()
}

// postThreadMessage sends a message as an agent of the portal.
func (c *call) postThreadMessage() (*reply, error) {
	var body agentMessageBody
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	attachments, err := body.check()
	if err != nil {
		return nil, err
	}
	var shown wireMessage
	err = c.update(func(tx *tx) error {
		t, err := c.pathThread(tx.state)
		if err != nil {
			return err
		}
		if tx.agent(c.portal, body.SenderID) == nil {
			return invalid("senderActorId %q is not an agent of this account", body.SenderID)
		}
		if body.ChannelID != t.ChannelID || body.AccountID != t.AccountID {
			return invalid("channelId and channelAccountId must be those of the thread")
		}
		m := &message{Text: *body.Text, RichText: body.RichText, Attachments: attachments, CreatedBy: body.SenderID, ByApp: true}
		if err := tx.sendAsAgent(t, m); err != nil {
			return err
		}
		shown = m.wire(c.AppID())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusCreated, shown)
}
