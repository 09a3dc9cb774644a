package hubspottest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
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
	AssignedTo       string `json:"assignedTo,omitempty"`
	Spam             bool   `json:"spam"`
	Archived         bool   `json:"archived"`
}

func (t *thread) wire() wireThread {
	return wireThread{
		ID: t.ID, Status: t.Status, InboxID: t.InboxID, ContactID: strconv.FormatInt(t.ContactID, 10),
		ChannelID: t.ChannelID, AccountID: t.AccountID, CreatedAt: stamp(t.CreatedAt), ClosedAt: maybe(t.ClosedAt),
		LatestAt: maybe(t.LatestAt), LatestSentAt: maybe(t.SentAt), LatestReceivedAt: maybe(t.ReceivedAt), Archived: t.Archived,
		AssignedTo: t.OwnerID,
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
	archived, status, box, contact := q.Get("archived") == "true", q.Get("threadStatus"), q.Get("inboxId"), q.Get("associatedContactId")
	list := []wireThread{}
	c.view(func(st *state) {
		for _, t := range st.threads.ordered() {
			if t.PortalID == c.portal && t.Archived == archived && (status == "" || status == t.Status) &&
				(box == "" || box == t.InboxID) && (contact == "" || contact == contactKey(t.ContactID)) {
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
		if body.Archived != nil && t.Archived {
			t.Archived = false
			tx.tellApp(t, propertyEvent("isArchived", "false"))
		}
		status := t.Status
		if body.Status != nil {
			status = *body.Status
		}
		tx.setStatus(t, status, c.appActor())
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
		tx.tellApp(t, propertyEvent("isArchived", "true"))
		tx.showState()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return emptyReply()
}

func (c *call) listThreadMessages() (*reply, error) {
	list := []any{}
	var err error
	c.view(func(st *state) {
		var t *thread
		if t, err = c.pathThread(st); err != nil {
			return
		}
		for _, m := range st.messagesOf(t.ID) {
			list = append(list, m.wireEntry(c.AppID()))
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
	var shown any
	err := c.viewEntry(func(m *message) { shown = m.wireEntry(c.AppID()) })
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

// originalContent answers with a message's whole text; nothing is ever
// truncated here.
func (c *call) originalContent() (*reply, error) {
	shown := map[string]string{}
	err := c.viewEntry(func(m *message) { shown["text"], shown["richText"] = m.Text, m.RichText })
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

// viewEntry calls fn with the entry of the path.
func (c *call) viewEntry(fn func(*message)) (err error) {
	c.view(func(st *state) {
		var t *thread
		if t, err = c.pathThread(st); err != nil {
			return
		}
		m := st.messages.get(c.r.PathValue("messageId"))
		if m == nil || m.ThreadID != t.ID {
			err = notFound("message", c.r.PathValue("messageId"))
			return
		}
		fn(m)
	})
	return err
}

// appActor is the app as an actor.
func (s *Server) appActor() string { return fmt.Sprintf("I-%d", s.AppID()) }

// assignThread makes an agent the owner of a thread.
func (c *call) assignThread() (*reply, error) {
	var body struct {
		ActorID string `json:"actorId"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	var shown wireThread
	err := c.update(func(tx *tx) error {
		t, err := c.pathThread(tx.state)
		if err != nil {
			return err
		}
		if tx.user(c.portal, body.ActorID) == nil {
			return invalid("actorId %q is not an agent of this account", body.ActorID)
		}
		tx.assign(t, body.ActorID, c.appActor())
		shown = t.wire()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

func (c *call) unassignThread() (*reply, error) {
	err := c.update(func(tx *tx) error {
		t, err := c.pathThread(tx.state)
		if err == nil {
			tx.assign(t, "", c.appActor())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return emptyReply()
}

// listAnyChannels lists the portal's channels, HubSpot's own e-mail among them.
func (c *call) listAnyChannels() (*reply, error) {
	return pageOf(c, c.anyChannels())
}

func (c *call) anyChannels() []map[string]string {
	list := []map[string]string{{"id": emailChannel, "name": "Email"}}
	for _, ch := range c.Channels() {
		list = append(list, map[string]string{"id": ch.ID, "name": ch.Name})
	}
	return list
}

func (c *call) getAnyChannel() (*reply, error) {
	for _, ch := range c.anyChannels() {
		if ch["id"] == c.r.PathValue("channelId") {
			return jsonReply(http.StatusOK, ch)
		}
	}
	return nil, notFound("channel", c.r.PathValue("channelId"))
}

// listAnyAccounts lists the portal's channel accounts of all channels.
func (c *call) listAnyAccounts() (*reply, error) {
	q := c.r.URL.Query()
	list := []wireAccount{}
	c.view(func(st *state) {
		for _, a := range c.anyAccounts(st, q.Get("archived") == "true") {
			if (q.Get("channelId") == "" || q.Get("channelId") == a.ChannelID) && (q.Get("inboxId") == "" || q.Get("inboxId") == a.InboxID) {
				list = append(list, a)
			}
		}
	})
	return pageOf(c, list)
}

func (c *call) anyAccounts(st *state, archived bool) []wireAccount {
	var list []wireAccount
	if !archived {
		mail, p := st.emailAccount(c.portal), st.portals.get(portalKey(c.portal))
		list = append(list, wireAccount{
			ID: mail.ID, ChannelID: mail.ChannelID, InboxID: mail.InboxID, Name: mail.Name, Active: true, Authorized: true,
			CreatedAt: stamp(p.Inboxes[0].CreatedAt), Identifier: mail.Identifier,
		})
	}
	for _, a := range st.accounts.ordered() {
		if a.PortalID == c.portal && a.Archived == archived && !c.erased(a) {
			list = append(list, a.wire())
		}
	}
	return list
}

func (c *call) getAnyAccount() (*reply, error) {
	id := c.r.PathValue("channelAccountId")
	var list []wireAccount
	c.view(func(st *state) { list = c.anyAccounts(st, c.r.URL.Query().Get("archived") == "true") })
	i := slices.IndexFunc(list, func(a wireAccount) bool { return a.ID == id })
	if i < 0 {
		return nil, notFound("channel account", id)
	}
	return jsonReply(http.StatusOK, list[i])
}
