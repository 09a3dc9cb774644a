package hubspottest

import (
	"maps"
	"strings"
)

// Account is a channel account as an admin sees it in the settings.
type Account struct {
	ID        string `json:"id"`
	PortalID  int64  `json:"portalId"`
	ChannelID string `json:"channelId"`
	InboxID   string `json:"inboxId"`
	Name      string `json:"name"`
	// Active is the switch in the settings.
	Active bool `json:"active"`
	// Authorized is what the app says of its credentials.
	Authorized bool        `json:"authorized"`
	Identifier *Identifier `json:"deliveryIdentifier,omitempty"`
	Routing    Routing     `json:"routing"`
}

func (a *account) show() Account {
	return Account{
		ID: a.ID, PortalID: a.PortalID, ChannelID: a.ChannelID, InboxID: a.InboxID, Name: a.Name,
		Active: a.Active, Authorized: a.Authorized, Identifier: a.Identifier, Routing: a.Routing.clone(),
	}
}

// Channel is a registered custom channel as an admin sees it.
type Channel struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	LogoURL     string `json:"logoUrl"`
	WebhookURL  string `json:"webhookUrl"`
	// ConnectURL is the page that the connect popup opens.
	ConnectURL string `json:"connectUrl"`
}

// Channels returns the channels that an admin can connect accounts of.
func (s *Server) Channels() []Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.channelsShown()
}

func (s *Server) channelsShown() []Channel {
	list := []Channel{}
	for _, ch := range s.state.channels.ordered() {
		if _, err := s.visible(s.state, ch.ID, s.now()); err == nil {
			list = append(list, Channel{
				ID: ch.ID, Name: ch.Name, Description: ch.Description, LogoURL: ch.LogoURL,
				WebhookURL: ch.WebhookURL, ConnectURL: ch.ConnectURL,
			})
		}
	}
	return list
}

// Accounts returns the connected accounts of all portals, oldest first.
func (s *Server) Accounts() []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.accountsShown(0)
}

func (st *state) accountsShown(portal int64) []Account {
	list := []Account{}
	for _, a := range st.accounts.ordered() {
		if !a.Archived && (portal == 0 || a.PortalID == portal) {
			list = append(list, a.show())
		}
	}
	return list
}

// RenameAccount is an admin's edit of an account's name.
func (s *Server) RenameAccount(accountID, name string) error {
	if strings.TrimSpace(name) == "" {
		return invalid("The name must not be blank")
	}
	return s.editAccount(accountID, func(_ *tx, a *account) error {
		a.Name = name
		return nil
	})
}

// SetAccountActive is the switch of an account in the settings.
func (s *Server) SetAccountActive(accountID string, active bool) error {
	return s.editAccount(accountID, func(_ *tx, a *account) error {
		a.Active = active
		return nil
	})
}

// MoveAccount moves an account to another inbox of its portal, as "Move to Help
// Desk" does. Its new conversations appear there; those that exist stay.
func (s *Server) MoveAccount(accountID, inboxID string) error {
	return s.update(func(tx *tx) error {
		a := tx.accounts.get(accountID)
		if a == nil || a.Archived {
			return notFound("channel account", accountID)
		}
		if tx.inboxOf(a.PortalID, inboxID) == nil {
			return notFound("inbox", inboxID)
		}
		if s.Readings().MoveSilent {
			a.InboxID = inboxID
			tx.accounts.put(tx, a.ID, a)
			tx.showState()
			return nil
		}
		tx.changeAccount(a, func() { a.InboxID = inboxID })
		return nil
	})
}

// MoveThread moves a conversation to another inbox of its portal.
func (s *Server) MoveThread(threadID, inboxID string) error {
	return s.update(func(tx *tx) error {
		t := tx.threads.get(threadID)
		if t == nil {
			return notFound("thread", threadID)
		}
		if tx.inboxOf(t.PortalID, inboxID) == nil {
			return notFound("inbox", inboxID)
		}
		if from := t.InboxID; from != inboxID {
			t.InboxID = inboxID
			tx.threads.put(tx, t.ID, t)
			tx.record(t, typeInboxChange, tx.portals.get(portalKey(t.PortalID)).Users[0].ActorID, from, inboxID)
			tx.showThread(t)
		}
		return nil
	})
}

// editAccount changes a live account and tells the app. An edit that returns an
// error has changed nothing.
func (s *Server) editAccount(id string, edit func(*tx, *account) error) error {
	return s.update(func(tx *tx) error {
		a := tx.accounts.get(id)
		if a == nil || a.Archived {
			return notFound("channel account", id)
		}
		if err := edit(tx, a); err != nil {
			return err
		}
		tx.changeAccount(a, func() {})
		return nil
	})
}

// DeleteAccount deletes an account in the settings. Its conversations stay;
// its address is free again.
func (s *Server) DeleteAccount(accountID string) error {
	return s.update(func(tx *tx) error {
		a := tx.accounts.get(accountID)
		if a == nil || a.Archived {
			return notFound("channel account", accountID)
		}
		tx.deleteAccount(a)
		return nil
	})
}

func (tx *tx) deleteAccount(a *account) {
	a.Archived, a.Active, a.ArchivedAt = true, false, tx.now
	tx.accounts.put(tx, a.ID, a)
	tx.announceAccount(a, accountPurged)
	tx.showState()
}

// Installed reports whether the app is installed in a portal.
func (s *Server) Installed(portalID int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.installs.get(portalKey(portalID)) != nil
}

// Uninstall removes the app from a portal. Its tokens are refused from now on;
// HubSpot does not tell the app.
func (s *Server) Uninstall(portalID int64) error {
	return s.update(func(tx *tx) error {
		if tx.installs.get(portalKey(portalID)) == nil {
			return notFound("install in the portal", portalKey(portalID))
		}
		tx.installs.remove(tx, portalKey(portalID))
		for id, g := range maps.Clone(tx.grants.rows) {
			if g.PortalID == portalID {
				tx.grants.remove(tx, id)
			}
		}
		if s.Readings().UninstallDeauthorizes {
			tx.deauthorize(portalID)
		}
		tx.showState()
		return nil
	})
}

// deauthorize takes the authorization of a portal's accounts. The app has no
// token any more to learn of it.
func (tx *tx) deauthorize(portalID int64) {
	for _, a := range tx.accounts.ordered() {
		if a.PortalID == portalID && !a.Archived {
			a.Authorized = false
			tx.accounts.put(tx, a.ID, a)
		}
	}
}
