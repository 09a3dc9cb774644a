package hubspottest

import (
	"cmp"
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
func threadKeys(ch *channel, a *account, integrationID string, customer Identifier) []string {
	var keys []string
	if integrationID != "" {
		keys = append(keys, a.ID+" id "+integrationID)
	}
	if ch.threadsByIdentifier() {
		keys = append(keys, a.ID+" person "+customer.Type+" "+customer.Value)
	}
	return keys
}

// threadFor returns the thread that a published message belongs to.
func (tx *tx) threadFor(ch *channel, a *account, integrationID string, customer Participant) *thread {
	keys := threadKeys(ch, a, integrationID, customer.Identifier)
	for _, key := range keys {
		t := tx.openThreads[key]
		if t == nil || t.Archived || t.Status == statusClosed && tx.s.cfg.Readings.ClosedThreadStartsNew {
			continue
		}
		if t.Status == statusClosed {
			tx.setStatus(t, statusOpen)
		}
		return t
	}
	if integrationID == "" { // HubSpot manages the threads and names this one
		integrationID = uuid()
		keys = threadKeys(ch, a, integrationID, customer.Identifier)
	}
	return tx.newThread(ch, a, integrationID, keys, customer)
}

func (tx *tx) newThread(ch *channel, a *account, integrationID string, keys []string, customer Participant) *thread {
	seq := tx.next()
	t := &thread{
		ID: strconv.FormatInt(8800110000+seq, 10), PortalID: a.PortalID, ChannelID: ch.ID, AccountID: a.ID,
		InboxID: a.InboxID, Status: statusOpen, CreatedAt: tx.now, Keys: keys,
		IntegrationIDs: []string{integrationID}, Customer: customer, Seq: seq,
	}
	tx.threads.put(tx, t.ID, t)
	tx.indexThread(t)
	return t
}

// setStatus opens or closes a thread.
func (tx *tx) setStatus(t *thread, status string) {
	t.Status, t.ClosedAt = status, time.Time{}
	if status == statusClosed {
		t.ClosedAt = tx.now
	}
	tx.threads.put(tx, t.ID, t)
	tx.showThread(t)
}

// visitor is a customer as an actor of HubSpot.
type visitor struct {
	ContactID  int64      `json:"contactId"`
	PortalID   int64      `json:"portalId"`
	Name       string     `json:"name"`
	Identifier Identifier `json:"deliveryIdentifier"`
}

func (v visitor) order() int64 { return v.ContactID }

// visitorFor returns the contact with an address, made if it is new. Its last
// name stays.
func (tx *tx) visitorFor(portal int64, p Participant) *visitor {
	key := portalKey(portal) + " " + p.Identifier.Type + " " + p.Identifier.Value
	v := tx.visitors.get(key)
	switch {
	case v == nil:
		v = &visitor{ContactID: 247729050000 + tx.next(), PortalID: portal, Name: p.Name, Identifier: p.Identifier}
	case p.Name != "" && p.Name != v.Name:
		v.Name = p.Name
	default:
		return v
	}
	tx.visitors.put(tx, key, v)
	return v
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
		IntegrationThreadIDs: slices.Clone(t.IntegrationIDs), LatestAt: t.LatestAt, Unread: t.Unread,
	}
	if ch := st.channels.get(t.ChannelID); ch != nil {
		shown.ChannelName = ch.Name
	}
	if a := st.accounts.get(t.AccountID); a != nil {
		shown.AccountName = a.Name
	}
	if list := st.messagesOf(t.ID); len(list) > 0 {
		shown.Preview = preview(list[len(list)-1])
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

// threadsShown returns the threads of a portal, or of all with 0: the newest
// activity first.
func (st *state) threadsShown(portal int64) []Thread {
	list := []Thread{}
	for _, t := range st.threads.ordered() {
		if !t.Archived && (portal == 0 || t.PortalID == portal) {
			list = append(list, st.showThread(t))
		}
	}
	slices.SortStableFunc(list, func(a, b Thread) int { return b.LatestAt.Compare(a.LatestAt) })
	return list
}
