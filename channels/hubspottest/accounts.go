package hubspottest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// account is a channel account: one connected address of a portal.
type account struct {
	ID         string      `json:"id"`
	PortalID   int64       `json:"portalId"`
	ChannelID  string      `json:"channelId"`
	InboxID    string      `json:"inboxId"`
	Name       string      `json:"name"`
	Active     bool        `json:"active"`
	Authorized bool        `json:"authorized"`
	Archived   bool        `json:"archived"`
	CreatedAt  time.Time   `json:"createdAt"`
	ArchivedAt time.Time   `json:"archivedAt"`
	Identifier *Identifier `json:"deliveryIdentifier,omitempty"`
	Routing    Routing     `json:"routing"`
	Turn       int         `json:"turn"` // of those whom conversations are assigned to
	Seq        int64       `json:"seq"`
}

func (a account) order() int64 { return a.Seq }

// wireAccount is an account as HubSpot's API shows it.
type wireAccount struct {
	ID         string      `json:"id"`
	ChannelID  string      `json:"channelId"`
	InboxID    string      `json:"inboxId"`
	Name       string      `json:"name"`
	Active     bool        `json:"active"`
	Authorized bool        `json:"authorized"`
	Archived   bool        `json:"archived"`
	CreatedAt  string      `json:"createdAt"`
	ArchivedAt string      `json:"archivedAt,omitempty"`
	Identifier *Identifier `json:"deliveryIdentifier,omitempty"`
}

func (a *account) wire() wireAccount {
	w := wireAccount{
		ID: a.ID, ChannelID: a.ChannelID, InboxID: a.InboxID, Name: a.Name, Active: a.Active,
		Authorized: a.Authorized, Archived: a.Archived, CreatedAt: stamp(a.CreatedAt), Identifier: a.Identifier,
	}
	if a.Archived {
		w.ArchivedAt = stamp(a.ArchivedAt)
	}
	return w
}

// accountOf returns an account of the portal on the channel.
func (st *state) accountOf(portal int64, channelID, id string, archived bool) (*account, error) {
	a := st.accounts.get(id)
	if a == nil || a.PortalID != portal || a.ChannelID != channelID || a.Archived && !archived {
		return nil, notFound("channel account", id)
	}
	return a, nil
}

// accountAt returns the portal's live account with an address, or nil.
func (st *state) accountAt(portal int64, channelID string, id Identifier) *account {
	for _, a := range st.accounts.rows {
		if a.PortalID == portal && a.ChannelID == channelID && !a.Archived && a.Identifier != nil && *a.Identifier == id {
			return a
		}
	}
	return nil
}

func (st *state) inboxOf(portal int64, id string) *inbox {
	p := st.portals.get(portalKey(portal))
	i := slices.IndexFunc(p.Inboxes, func(in inbox) bool { return in.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Inboxes[i]
}

func (c *call) listAccounts() (*reply, error) {
	q := c.r.URL.Query()
	archived := q.Get("archived") == "true"
	types, values := q["deliveryIdentifierType"], q["deliveryIdentifierValue"]
	list := []wireAccount{}
	var err error
	c.view(func(st *state) {
		var ch *channel
		if ch, err = c.pathChannel(st); err != nil {
			return
		}
		for _, a := range st.accounts.ordered() {
			if a.PortalID == c.portal && a.ChannelID == ch.ID && a.Archived == archived && !c.erased(a) && a.matches(types, values) {
				list = append(list, a.wire())
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return pageOf(c, list)
}

// erased reports whether nothing is left of a deleted account.
func (s *Server) erased(a *account) bool { return a.Archived && s.Readings().DeletedErased }

func (a *account) matches(types, values []string) bool {
	var id Identifier
	if a.Identifier != nil {
		id = *a.Identifier
	}
	return (len(types) == 0 || slices.Contains(types, id.Type)) && (len(values) == 0 || slices.Contains(values, id.Value))
}

func (c *call) createAccount() (*reply, error) {
	var body struct {
		InboxID    string      `json:"inboxId"`
		Name       string      `json:"name"`
		Authorized *bool       `json:"authorized"`
		Identifier *Identifier `json:"deliveryIdentifier"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	var p problems
	if strings.TrimSpace(body.Name) == "" {
		p.add("name", "name must not be blank")
	}
	if body.InboxID == "" {
		p.add("inboxId", "inboxId must not be blank")
	}
	if body.Authorized == nil && !c.Readings().OptionalFields {
		p.add("authorized", "authorized must not be null")
	}
	if body.Identifier != nil {
		body.Identifier.check(&p, "deliveryIdentifier")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	var shown wireAccount
	err := c.update(func(tx *tx) error {
		ch, err := c.pathChannel(tx.state)
		if err != nil {
			return err
		}
		a, err := tx.newAccount(account{
			PortalID: c.portal, ChannelID: ch.ID, InboxID: body.InboxID, Name: body.Name,
			Authorized: body.Authorized == nil || *body.Authorized, Identifier: body.Identifier,
		})
		if err != nil {
			return err
		}
		if c.Readings().AccountsAnnounced {
			tx.announceAccount(a, accountCreated)
		}
		shown = a.wire()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusCreated, shown)
}

// newAccount stores an account. Its address must be free on the channel.
func (tx *tx) newAccount(a account) (*account, error) {
	if tx.inboxOf(a.PortalID, a.InboxID) == nil {
		return nil, notFound("inbox", a.InboxID)
	}
	if a.Identifier != nil && tx.accountAt(a.PortalID, a.ChannelID, *a.Identifier) != nil {
		return nil, conflict("A channel account with the delivery identifier %q already exists", a.Identifier.Value)
	}
	a.Seq = tx.next()
	a.ID = strconv.FormatInt(5550000+a.Seq, 10)
	a.Active, a.CreatedAt = true, tx.now
	tx.accounts.put(tx, a.ID, &a)
	tx.showState()
	return &a, nil
}

func (c *call) getAccount() (*reply, error) {
	var shown wireAccount
	var err error
	c.view(func(st *state) {
		var a *account
		if a, err = c.pathAccount(st, c.r.URL.Query().Get("archived") == "true"); err == nil {
			shown = a.wire()
		}
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

func (c *call) pathAccount(st *state, archived bool) (*account, error) {
	ch, err := c.pathChannel(st)
	if err != nil {
		return nil, err
	}
	id, err := c.number("channelAccountId", 64)
	if err != nil {
		return nil, err
	}
	return st.accountOf(c.portal, ch.ID, id, archived && !c.Readings().DeletedErased)
}

func (c *call) updateAccount() (*reply, error) {
	var body struct {
		Authorized *bool   `json:"authorized"`
		Name       *string `json:"name"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.Name != nil && strings.TrimSpace(*body.Name) == "" {
		return nil, invalid("name must not be blank")
	}
	var shown wireAccount
	err := c.update(func(tx *tx) error {
		a, err := c.pathAccount(tx.state, false)
		if err != nil {
			return err
		}
		tx.changeAccount(a, func() {
			if body.Authorized != nil {
				a.Authorized = *body.Authorized
			}
			if body.Name != nil {
				a.Name = *body.Name
			}
		})
		shown = a.wire()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

// changeAccount applies a change and tells the app of it.
func (tx *tx) changeAccount(a *account, change func()) {
	change()
	tx.accounts.put(tx, a.ID, a)
	tx.announceAccount(a, accountUpdated)
	tx.showState()
}

// Kinds of account events.
const (
	accountCreated = "CHANNEL_ACCOUNT_CREATED"
	accountUpdated = "CHANNEL_ACCOUNT_UPDATED"
	accountPurged  = "CHANNEL_ACCOUNT_PURGED"
)

// accountEvent is the body of an account webhook.
type accountEvent struct {
	Type       string `json:"type"`
	PortalID   string `json:"portalId"`
	ChannelID  string `json:"channelId"`
	Time       string `json:"eventTimestamp"`
	AccountID  string `json:"channelAccountId"`
	Identifier any    `json:"channelAccountDeliveryIdentifier,omitempty"`
}

func (tx *tx) announceAccount(a *account, kind string) {
	e := accountEvent{
		Type: kind, PortalID: portalKey(a.PortalID), ChannelID: a.ChannelID, Time: stamp(tx.now), AccountID: a.ID,
	}
	switch {
	case a.Identifier == nil:
	case tx.s.Readings().IdentifierObject:
		e.Identifier = a.Identifier
	default:
		e.Identifier = a.Identifier.Value
	}
	tx.webhook(a.PortalID, a.ChannelID, "account "+a.ID, e)
}
