package hubspottest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"
)

// thread is a conversation of a customer on an account.
type thread struct {
	ID        string    `json:"id"`
	PortalID  int64     `json:"portalId"`
	ChannelID string    `json:"channelId"`
	AccountID string    `json:"accountId"`
	InboxID   string    `json:"inboxId"`
	Status    string    `json:"status"` // OPEN or CLOSED
	Archived  bool      `json:"archived,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	ClosedAt  time.Time `json:"closedAt"`

	// Keys lead new messages here; see threadKeys.
	Keys []string `json:"keys"`
	// IntegrationIDs are the thread ids that the app knows it by.
	IntegrationIDs []string `json:"integrationIds"`

	// Elsewhere are those of other accounts that agents changed to.
	Elsewhere map[string][]string `json:"elsewhere,omitempty"`

	OwnerID    string            `json:"ownerId,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`
	Started    bool              `json:"started,omitempty"` // by an agent

	Customer   Participant `json:"customer"`
	ContactID  int64       `json:"contactId"`
	Unread     int         `json:"unread"`
	LatestAt   time.Time   `json:"latestAt"`
	ReceivedAt time.Time   `json:"receivedAt"` // latest incoming
	SentAt     time.Time   `json:"sentAt"`     // latest outgoing
	Seq        int64       `json:"seq"`
}

func (t thread) order() int64 { return t.Seq }

const (
	statusOpen   = "OPEN"
	statusClosed = "CLOSED"
)

// threadKeys are the keys under which a message's thread is looked up: the
// thread ids of the app, and under HubSpot's own threading the customer.
func (tx *tx) threadKeys(ch *channel, a *account, integrationID string, customer Identifier) []string {
	var keys []string
	if integrationID != "" {
		keys = append(keys, a.ID+" id "+integrationID)
	}
	if tx.s.threadsByIdentifier(ch) {
		keys = append(keys, a.ID+" person "+customer.Type+" "+customer.Value)
	}
	return keys
}

// threadFor returns the thread that a published message belongs to, and whether
// it is new.
func (tx *tx) threadFor(ch *channel, a *account, integrationID string, customer Participant) (t *thread, fresh bool) {
	keys := tx.threadKeys(ch, a, integrationID, customer.Identifier)
	if t := tx.threadToJoin(ch, a, integrationID, customer.Identifier); t != nil {
		return t, false
	}
	for _, key := range keys {
		t := tx.openThreads[key]
		if t != nil && t.Archived && tx.s.Readings().ArchivedThreadOpens {
			t.Archived = false
			tx.tellApp(t, propertyEvent("isArchived", "false"))
		}
		if t == nil || t.Archived || t.Status == statusClosed && tx.s.Readings().ClosedThreadStartsNew {
			continue
		}
		if t.Status == statusClosed {
			tx.setStatus(t, statusOpen, "S-hubspot")
		}
		return t, false
	}
	if integrationID == "" { // HubSpot manages the threads and names this one
		integrationID = uuid()
		keys = tx.threadKeys(ch, a, integrationID, customer.Identifier)
	}
	return tx.newThread(ch, a, []string{integrationID}, keys, customer), true
}

// threadToJoin is a conversation that an agent started and the app has not
// named yet, where the reading lets the app name it.
func (tx *tx) threadToJoin(ch *channel, a *account, integrationID string, customer Identifier) *thread {
	key := a.ID + " id " + integrationID
	if !tx.s.Readings().StartedThreadJoins || integrationID == "" || tx.openThreads[key] != nil {
		return nil
	}
	for _, t := range tx.threads.ordered() {
		if t.AccountID == a.ID && t.Started && t.IntegrationIDs == nil && t.Customer.Identifier == customer {
			t.IntegrationIDs, t.Keys = []string{integrationID}, tx.threadKeys(ch, a, integrationID, customer)
			tx.threads.put(tx, t.ID, t)
			tx.indexThread(t)
			return t
		}
	}
	return nil
}

func (tx *tx) newThread(ch *channel, a *account, integrationIDs, keys []string, customer Participant) *thread {
	seq := tx.next()
	t := &thread{
		ID: strconv.FormatInt(8800110000+seq, 10), PortalID: a.PortalID, ChannelID: ch.ID, AccountID: a.ID,
		InboxID: a.InboxID, Status: statusOpen, CreatedAt: tx.now, Keys: keys,
		IntegrationIDs: integrationIDs, Customer: customer, Seq: seq,
	}
	tx.threads.put(tx, t.ID, t)
	tx.indexThread(t)
	tx.tellApp(t, appEvent{Type: "conversation.creation"})
	return t
}

// number is the thread's id.
func (t *thread) number() int64 {
	n, _ := strconv.ParseInt(t.ID, 10, 64) // it was made of one
	return n
}

// integrationIDs are the ids that the app knows the thread by on an account.
func (t *thread) integrationIDs(accountID string) []string {
	if accountID == t.AccountID {
		return t.IntegrationIDs
	}
	return t.Elsewhere[accountID]
}

// setStatus opens or closes a thread.
func (tx *tx) setStatus(t *thread, status, by string) {
	before := t.Status
	t.Status, t.ClosedAt = status, time.Time{}
	if status == statusClosed {
		t.ClosedAt = tx.now
	}
	tx.threads.put(tx, t.ID, t)
	if before != status {
		tx.record(t, typeStatusChange, by, before, status)
		tx.tellApp(t, propertyEvent("status", status))
	}
	tx.showThread(t)
}

// assign makes somebody the owner of a thread; "" takes the owner away.
func (tx *tx) assign(t *thread, actorID, by string) {
	if t.OwnerID == actorID {
		return
	}
	before := t.OwnerID
	t.OwnerID = actorID
	tx.threads.put(tx, t.ID, t)
	tx.record(t, typeAssignment, by, before, actorID)
	tx.tellApp(t, propertyEvent("assignedTo", actorID))
	tx.showThread(t)
}

// Thread is a conversation as an agent sees it in the list.
type Thread struct {
	ID       string `json:"id"`
	PortalID int64  `json:"portalId"`
	// Status is OPEN or CLOSED.
	Status string `json:"status"`
	// Customer is the name shown: what the customer is called, or the address.
	Customer    string `json:"customer"`
	ChannelID   string `json:"channelId"`
	ChannelName string `json:"channelName"`
	AccountID   string `json:"accountId"`
	AccountName string `json:"accountName"`
	// IntegrationThreadIDs are the names that the app knows the thread by.
	IntegrationThreadIDs []string `json:"integrationThreadIds"`
	InboxID              string   `json:"inboxId"`
	// Address is where the customer is written to.
	Address Identifier `json:"address"`
	// ContactID is the number of the customer's contact or visitor.
	ContactID int64 `json:"contactId,string"`
	// OwnerID is the actor id of the agent whom it is assigned to.
	OwnerID   string `json:"ownerId,omitempty"`
	OwnerName string `json:"ownerName,omitempty"`
	// Properties are the conversation properties that the account's routing
	// has set.
	Properties map[string]string `json:"properties,omitempty"`
	// Preview is the text of the latest message.
	Preview  string    `json:"preview"`
	LatestAt time.Time `json:"latestAt"`
	// Unread counts the customer's messages since an agent last looked.
	Unread int `json:"unread"`
}

func (st *state) showThread(t *thread) Thread {
	shown := Thread{
		ID: t.ID, PortalID: t.PortalID, Status: t.Status,
		Customer:  cmp.Or(t.Customer.Name, t.Customer.Identifier.Value),
		ChannelID: t.ChannelID, AccountID: t.AccountID,
		IntegrationThreadIDs: orEmpty(slices.Clone(t.IntegrationIDs)), LatestAt: t.LatestAt, Unread: t.Unread,
		InboxID: t.InboxID, Address: t.Customer.Identifier, ContactID: t.ContactID, OwnerID: t.OwnerID,
		Properties: maps.Clone(t.Properties),
	}
	if u := st.user(t.PortalID, t.OwnerID); u != nil {
		shown.OwnerName = u.Name
	}
	if ch := st.channels.get(t.ChannelID); ch != nil {
		shown.ChannelName = ch.Name
	}
	if a := st.accounts.get(t.AccountID); a != nil {
		shown.AccountName = a.Name
	}
	for _, m := range slices.Backward(st.messagesOf(t.ID)) {
		if m.kind() == typeMessage {
			shown.Preview = preview(m)
			break
		}
	}
	return shown
}

// preview is a message in one line of the thread list.
func preview(m *message) string {
	const longest = 120
	text := []rune(m.Text)
	switch {
	case len(text) > longest:
		return string(text[:longest]) + "…"
	case m.isBlank() && len(m.Attachments) > 0:
		return "Attachment"
	}
	return m.Text
}

// threadsShown returns the threads that match, the newest activity first.
func (st *state) threadsShown(q ThreadQuery) []Thread {
	list := []Thread{}
	for _, t := range st.threads.ordered() {
		if st.matches(t, &q) {
			list = append(list, st.showThread(t))
		}
	}
	slices.SortStableFunc(list, func(a, b Thread) int { return b.LatestAt.Compare(a.LatestAt) })
	return list
}
