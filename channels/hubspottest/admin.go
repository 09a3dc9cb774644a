package hubspottest

import "maps"

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
}

func (a *account) show() Account {
	return Account{
		ID: a.ID, PortalID: a.PortalID, ChannelID: a.ChannelID, InboxID: a.InboxID, Name: a.Name,
		Active: a.Active, Authorized: a.Authorized, Identifier: a.Identifier,
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
	return s.editAccount(accountID, func(a *account) { a.Name = name })
}

// SetAccountActive is the switch of an account in the settings.
func (s *Server) SetAccountActive(accountID string, active bool) error {
	return s.editAccount(accountID, func(a *account) { a.Active = active })
}

func (s *Server) editAccount(id string, edit func(*account)) error {
	return s.update(func(tx *tx) error {
		a := tx.accounts.get(id)
		if a == nil || a.Archived {
			return notFound("channel account", id)
		}
		tx.changeAccount(a, func() { edit(a) })
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
		a.Archived, a.Active, a.ArchivedAt = true, false, tx.now
		tx.accounts.put(tx, a.ID, a)
		tx.announceAccount(a, accountPurged)
		tx.showState()
		return nil
	})
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
		tx.showState()
		return nil
	})
}
