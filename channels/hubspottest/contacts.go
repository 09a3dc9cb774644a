package hubspottest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// contact is a record of a portal's CRM.
type contact struct {
	ID        int64     `json:"id"`
	PortalID  int64     `json:"portalId"`
	Name      string    `json:"name"`
	Email     string    `json:"email,omitempty"`
	Phone     string    `json:"phone,omitempty"`
	OwnerID   string    `json:"ownerId,omitempty"`
	Tracked   bool      `json:"tracked,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
}

func (c contact) order() int64 { return c.ID }

// Contact is a person in a portal's CRM. HubSpot finds or makes the contact of
// a customer who writes from an e-mail address or a phone number; one with an
// opaque address is a visitor whom the CRM does not know.
type Contact struct {
	// ID is HubSpot's id, the number of the actor V-….
	ID       int64  `json:"id,string"`
	PortalID int64  `json:"portalId"`
	Name     string `json:"name"`
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone,omitempty"`
	// OwnerID is the actor id of the user who looks after the contact.
	OwnerID string `json:"ownerId,omitempty"`
	// Tracked says that HubSpot's cookie has recognised the contact, without
	// which no conversation is assigned to the owner.
	Tracked bool `json:"tracked"`
	// Known is false for a visitor who is not in the CRM.
	Known bool `json:"known"`
}

// Contacts returns the CRM's contacts of a portal, oldest first.
func (s *Server) Contacts(portalID int64) []Contact {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.contactsShown(portalID, "")
}

func (st *state) contactsShown(portalID int64, text string) []Contact {
	list := []Contact{}
	for _, c := range st.contacts.ordered() {
		if c.PortalID == portalID && containsFold(text, c.Name, c.Email, c.Phone) {
			list = append(list, c.show())
		}
	}
	return list
}

func (c *contact) show() Contact {
	return Contact{
		ID: c.ID, PortalID: c.PortalID, Name: c.Name, Email: c.Email, Phone: c.Phone,
		OwnerID: c.OwnerID, Tracked: c.Tracked, Known: true,
	}
}

// SetContact adds a contact to the CRM of its portal, or changes the one with
// its ID. An ID that only a visitor has makes that visitor a contact. It
// returns the contact as it stands then; Known is not read.
func (s *Server) SetContact(c Contact) (*Contact, error) {
	var p problems
	if c.Email != "" && !isEmail(c.Email) {
		p.add("email", "%q is not a valid e-mail address", c.Email)
	}
	if c.Phone != "" && !phone.MatchString(c.Phone) {
		p.add("phone", "%q is not a valid phone number: write it as +14155550123", c.Phone)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	var shown Contact
	err := s.update(func(tx *tx) error {
		if tx.portals.get(portalKey(c.PortalID)) == nil {
			return notFound("portal", portalKey(c.PortalID))
		}
		if c.OwnerID != "" && tx.user(c.PortalID, c.OwnerID) == nil {
			return notFound("user", c.OwnerID)
		}
		stored, err := tx.contactToSet(c)
		if err != nil {
			return err
		}
		stored.Name, stored.Email, stored.Phone = c.Name, c.Email, c.Phone
		stored.OwnerID, stored.Tracked = c.OwnerID, c.Tracked
		tx.contacts.put(tx, contactKey(stored.ID), stored)
		tx.showState()
		shown = stored.show()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &shown, nil
}

// contactToSet is the stored contact that SetContact fills.
func (tx *tx) contactToSet(c Contact) (*contact, error) {
	if c.ID == 0 {
		c.ID = tx.nextContactID()
	} else if known := tx.contacts.get(contactKey(c.ID)); known != nil {
		if known.PortalID != c.PortalID {
			return nil, notFound("contact", contactKey(c.ID))
		}
		return known, nil
	} else if tx.visitor(c.PortalID, c.ID) == nil {
		return nil, notFound("contact", contactKey(c.ID))
	}
	return &contact{ID: c.ID, PortalID: c.PortalID, CreatedAt: tx.now}, nil
}

func contactKey(id int64) string { return strconv.FormatInt(id, 10) }

func (st *state) nextContactID() int64 { return 247729050000 + st.next() }

// contactOf returns the portal's contact with an id, or nil.
func (st *state) contactOf(portal, id int64) *contact {
	if c := st.contacts.get(contactKey(id)); c != nil && c.PortalID == portal {
		return c
	}
	return nil
}

// contactAt returns the portal's contact with an address, or nil.
func (st *state) contactAt(portal int64, id Identifier) *contact {
	var oldest *contact
	for _, c := range st.contacts.rows {
		same := id.Type == typeEmail && strings.EqualFold(c.Email, id.Value) || id.Type == typePhone && c.Phone == id.Value
		if same && c.PortalID == portal && (oldest == nil || c.ID < oldest.ID) {
			oldest = c
		}
	}
	return oldest
}

// visitor is a customer as an actor of HubSpot.
type visitor struct {
	ContactID  int64      `json:"contactId"` // the contact's id, or its own while it is none
	PortalID   int64      `json:"portalId"`
	Name       string     `json:"name"`
	Identifier Identifier `json:"deliveryIdentifier"`
}

func (v visitor) order() int64 { return v.ContactID }

// visitor returns the portal's visitor with a number, or nil.
func (st *state) visitor(portal, id int64) *visitor {
	for _, v := range st.visitors.rows {
		if v.PortalID == portal && v.ContactID == id {
			return v
		}
	}
	return nil
}

// visitorFor returns the visitor with an address, made if it is new. Its last
// name stays. An e-mail address or a phone number leads to a contact.
func (tx *tx) visitorFor(portal int64, p Participant) *visitor {
	key := portalKey(portal) + " " + p.Identifier.Type + " " + p.Identifier.Value
	v := tx.visitors.get(key)
	switch {
	case v == nil:
		v = &visitor{PortalID: portal, Name: p.Name, Identifier: p.Identifier}
		v.ContactID = tx.contactFor(v)
	case p.Name != "" && p.Name != v.Name:
		v.Name = p.Name
	default:
		return v
	}
	tx.visitors.put(tx, key, v)
	return v
}

// contactFor returns the number of a new visitor's contact.
func (tx *tx) contactFor(v *visitor) int64 {
	id := v.Identifier
	if id.Type != typeEmail && id.Type != typePhone {
		return tx.nextContactID()
	}
	if known := tx.contactAt(v.PortalID, id); known != nil {
		v.Name = cmp.Or(v.Name, known.Name)
		return known.ID
	}
	c := &contact{ID: tx.nextContactID(), PortalID: v.PortalID, Name: v.Name, CreatedAt: tx.now}
	if id.Type == typeEmail {
		c.Email = id.Value
	} else {
		c.Phone = id.Value
	}
	tx.contacts.put(tx, contactKey(c.ID), c)
	return c.ID
}

// showContact is the contact of a thread, or the visitor that stands in.
func (st *state) showContact(t *thread) Contact {
	if c := st.contactOf(t.PortalID, t.ContactID); c != nil {
		return c.show()
	}
	shown := Contact{ID: t.ContactID, PortalID: t.PortalID, Name: t.Customer.Name}
	switch t.Customer.Identifier.Type {
	case typeEmail:
		shown.Email = t.Customer.Identifier.Value
	case typePhone:
		shown.Phone = t.Customer.Identifier.Value
	}
	return shown
}

// contactID is the contact that a published message names itself, or 0.
func (b *publishBody) contactID(r Readings) int64 {
	var named []int64
	if b.ContactID != nil {
		named = append(named, *b.ContactID)
	}
	if b.Contacts != nil && len(b.Contacts.Contacts) > 0 {
		named = append(named, *b.Contacts.Contacts[0].VID)
	}
	if r.PreResolvedFirst {
		slices.Reverse(named)
	}
	return append(named, 0)[0]
}

// actorOfContact is the actor id of a contact or a visitor.
func actorOfContact(id int64) string { return fmt.Sprintf("V-%d", id) }

// containsFold reports whether one of texts contains part, whatever its case.
func containsFold(part string, texts ...string) bool {
	part = strings.ToLower(strings.TrimSpace(part))
	return part == "" || slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(strings.ToLower(t), part) })
}
