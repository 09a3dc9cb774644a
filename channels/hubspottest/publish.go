package hubspottest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// publishBody is a message that the app publishes.
type publishBody struct {
	Direction     string             `json:"messageDirection"`
	AccountID     string             `json:"channelAccountId"`
	ThreadID      string             `json:"integrationThreadId"`
	IdempotencyID string             `json:"integrationIdempotencyId"`
	Text          *string            `json:"text"`
	RichText      string             `json:"richText"`
	Senders       []publishedPerson  `json:"senders"`
	Recipients    []publishedPerson  `json:"recipients"`
	Attachments   []json.RawMessage  `json:"attachments"`
	Timestamp     *string            `json:"timestamp"`
	InReplyToID   string             `json:"inReplyToId"`
	ContactID     *int64             `json:"associateWithContactId"`
	Contacts      *publishedContacts `json:"preResolvedContacts"`

	at          time.Time
	attachments []attachment
}

type publishedPerson struct {
	Identifier *Identifier `json:"deliveryIdentifier"`
	Name       string      `json:"name"`
}

type publishedContacts struct {
	Contacts []struct {
		VID        *int64   `json:"contactVid"`
		Properties []string `json:"contactPropertiesLeadingToMatch"`
	} `json:"contacts"`
}

// longestText is the limit of a text in characters, where there is one.
const longestText = 10_000

// check validates everything that can be seen without the state.
func (b *publishBody) check(r Readings, now time.Time) error {
	var p problems
	if b.Direction == outgoing && r.OutgoingRefused {
		p.add("messageDirection", "messageDirection must be INCOMING")
	} else if b.Direction != incoming && b.Direction != outgoing {
		p.add("messageDirection", "messageDirection must be INCOMING or OUTGOING")
	}
	if b.AccountID == "" {
		p.add("channelAccountId", "channelAccountId must not be blank")
	}
	if b.Text == nil || *b.Text == "" && !r.EmptyText {
		p.add("text", "text must not be empty")
	} else if r.LongTextRefused && utf8.RuneCountInString(*b.Text) > longestText {
		p.add("text", "text must not be longer than %d characters", longestText)
	}
	if len(b.Senders) == 0 {
		p.add("senders", "senders must name at least one sender")
	}
	if b.Recipients == nil && !r.OptionalFields {
		p.add("recipients", "recipients must not be null")
	}
	if b.Attachments == nil && !r.OptionalFields {
		p.add("attachments", "attachments must not be null")
	}
	b.checkTime(&p, r, now)
	b.checkPeople(&p)
	for i, raw := range b.Attachments {
		b.attachments = append(b.attachments, readAttachment(&p, fmt.Sprintf("attachments[%d]", i), raw))
	}
	return p.err()
}

func (b *publishBody) checkTime(p *problems, r Readings, now time.Time) {
	b.at = now
	if b.Timestamp == nil {
		if !r.OptionalFields {
			p.add("timestamp", "timestamp must not be null")
		}
		return
	}
	at, err := time.Parse(time.RFC3339Nano, *b.Timestamp)
	if err != nil {
		p.add("timestamp", "timestamp %q is not an ISO 8601 date and time", *b.Timestamp)
		return
	}
	b.at = at.UTC().Truncate(time.Millisecond)
}

func (b *publishBody) checkPeople(p *problems) {
	for i, who := range b.Senders {
		who.Identifier.check(p, fmt.Sprintf("senders[%d].deliveryIdentifier", i))
	}
	for i, who := range b.Recipients {
		who.Identifier.check(p, fmt.Sprintf("recipients[%d].deliveryIdentifier", i))
	}
	if b.Direction == outgoing && len(b.Recipients) == 0 {
		p.add("recipients", "recipients must name the customer of an OUTGOING message")
	}
	if b.Contacts != nil {
		for i, contact := range b.Contacts.Contacts {
			if contact.VID == nil || contact.Properties == nil {
				p.add("preResolvedContacts", "preResolvedContacts.contacts[%d] needs contactVid and contactPropertiesLeadingToMatch", i)
			}
		}
	}
}

func (c *call) publish() (*reply, error) {
	var body publishBody
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if err := body.check(c.Readings(), c.began); err != nil {
		return nil, err
	}
	status, shown := http.StatusCreated, wireMessage{}
	err := c.update(func(tx *tx) error {
		ch, err := c.pathChannel(tx.state)
		if err != nil {
			return err
		}
		a, err := tx.accountOf(c.portal, ch.ID, body.AccountID, false)
		if err != nil {
			return err
		}
		if first := tx.firstWith(a, body.IdempotencyID); first != nil {
			if !c.Readings().DuplicateReturnsFirst {
				return conflict("A message with the integrationIdempotencyId %q exists on this channel account", body.IdempotencyID)
			}
			status, shown = http.StatusOK, first.wire(c.AppID())
			return nil
		}
		if err := body.fits(tx, ch, a); err != nil {
			return err
		}
		shown = tx.publish(ch, a, &body).wire(c.AppID())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(status, shown)
}

// firstWith is the message that was published with an idempotency id before.
func (tx *tx) firstWith(a *account, idempotencyID string) *message {
	first := tx.idempotency[a.ID+" "+idempotencyID]
	if first != nil && tx.s.Readings().IdempotencyEnds && !tx.now.Before(first.ArrivedAt.Add(24*time.Hour)) {
		return nil
	}
	return first
}

// fits validates what depends on the channel, the account and the portal.
func (b *publishBody) fits(tx *tx, ch *channel, a *account) error {
	if !a.Active || !a.Authorized {
		return invalid("The channel account %s is switched off", a.ID)
	}
	var p problems
	byIdentifier := tx.s.threadsByIdentifier(ch)
	if b.ThreadID == "" && !byIdentifier {
		p.add("integrationThreadId", "integrationThreadId must not be blank: the channel's threadingModel is INTEGRATION_THREAD_ID")
	}
	if b.ThreadID == "" && byIdentifier && len(b.Recipients) == 0 {
		p.add("recipients", "recipients must name the account: the channel's threadingModel is DELIVERY_IDENTIFIER")
	}
	for i, at := range b.attachments {
		if f := tx.files.get(at.FileID); at.Type == "FILE" && (f == nil || f.PortalID != a.PortalID) {
			p.add(fmt.Sprintf("attachments[%d].fileId", i), "No file with the id %q exists in this account", at.FileID)
		}
	}
	if id := b.contactID(tx.s.Readings()); id != 0 && tx.s.Readings().UnknownContactRefused && tx.contactOf(a.PortalID, id) == nil {
		p.add("associateWithContactId", "No contact with the id %d exists in this account", id)
	}
	return p.err()
}

// publish stores a valid message of the app.
func (tx *tx) publish(ch *channel, a *account, b *publishBody) *message {
	customer := b.Senders[0]
	if b.Direction == outgoing {
		customer = b.Recipients[0]
	}
	person := Participant{Name: customer.Name, Identifier: *customer.Identifier}
	contact := tx.visitorFor(a.PortalID, person)
	t, fresh := tx.threadFor(ch, a, b.ThreadID, person)
	if t.ContactID == 0 {
		t.ContactID = contact.ContactID
	}
	if id := b.contactID(tx.s.Readings()); id != 0 {
		t.ContactID = id
	}
	t.Customer.ActorID = actorOfContact(t.ContactID)
	t.Customer.Name = cmp.Or(contact.Name, t.Customer.Name)
	if fresh && b.Direction == incoming {
		tx.route(t, a)
	}

	m := &message{
		ChannelID: ch.ID, AccountID: a.ID, ArrivedAt: tx.now, Direction: b.Direction, Text: *b.Text, RichText: b.RichText, Attachments: b.attachments,
		Senders: participants(b.Senders), Recipients: participants(b.Recipients),
		InReplyToID: b.InReplyToID, IdempotencyID: b.IdempotencyID, CreatedAt: b.at, ByApp: true, Status: statusReceived,
	}
	if b.Direction == incoming {
		m.Senders[0].ActorID = t.Customer.ActorID
		m.CreatedBy = t.Customer.ActorID
	} else {
		m.Recipients[0].ActorID = t.Customer.ActorID
		m.CreatedBy = fmt.Sprintf("I-%d", tx.s.AppID())
		m.Status = statusSent
	}
	tx.addMessage(t, m)
	if b.Direction == outgoing && !tx.s.Readings().OutgoingSilent {
		tx.announceMessage(t, m)
	}
	return m
}

func participants(people []publishedPerson) []Participant {
	list := make([]Participant, len(people))
	for i, p := range people {
		list[i] = Participant{Name: p.Name, Identifier: *p.Identifier}
	}
	return list
}

// pathMessage returns the message of the path, which stands on the channel.
func (c *call) pathMessage(st *state) (*message, error) {
	ch, err := c.pathChannel(st)
	if err != nil {
		return nil, err
	}
	id := c.r.PathValue("messageId")
	m := st.messages.get(id)
	if m == nil || m.PortalID != c.portal || m.ChannelID != ch.ID {
		return nil, notFound("message", id)
	}
	return m, nil
}

func (c *call) getMessage() (*reply, error) {
	var shown wireMessage
	var err error
	c.view(func(st *state) {
		var m *message
		if m, err = c.pathMessage(st); err != nil {
			return
		}
		if !m.ByApp && c.Readings().AgentMessagesHidden {
			err = notFound("message", m.ID)
		} else {
			shown = m.wire(c.AppID())
		}
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

// setMessageStatus takes the app's report on an agent's message. Which steps
// HubSpot allows is not known; see Readings.StatusForward.
func (c *call) setMessageStatus() (*reply, error) {
	var body struct {
		Status string `json:"statusType"`
		Reason string `json:"errorMessage"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.Status != statusSent && body.Status != statusRead && body.Status != statusFailed {
		return nil, invalid("statusType must be FAILED, READ or SENT, not %q", body.Status)
	}
	var shown wireMessage
	err := c.update(func(tx *tx) error {
		m, err := c.pathMessage(tx.state)
		if err != nil {
			return err
		}
		if m.Direction != outgoing {
			return invalid("Only the status of an outgoing message can be updated")
		}
		if m.Reported && c.Readings().StatusForward && m.backTo(body.Status) {
			return invalid("The status cannot change from %s to %s", m.Status, body.Status)
		}
		m.Status, m.Reported, m.Reason, m.UpdatedAt = body.Status, true, "", tx.now
		if body.Status == statusFailed {
			m.Reason = strings.TrimSpace(body.Reason)
		}
		tx.messages.put(tx, m.ID, m)
		tx.showMessage(m)
		shown = m.wire(c.AppID())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}
