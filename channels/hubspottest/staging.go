package hubspottest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// staging is an account that an admin is connecting: HubSpot's popup has
// opened the app's page, and waits for the app to say what to connect.
type staging struct {
	PortalID   int64       `json:"portalId"`
	ChannelID  string      `json:"channelId"`
	InboxID    string      `json:"inboxId"`
	UserID     int64       `json:"userId"`
	CreatedAt  time.Time   `json:"createdAt"`
	Name       string      `json:"name,omitempty"`
	Identifier *Identifier `json:"deliveryIdentifier,omitempty"`
	AccountID  string      `json:"accountId,omitempty"` // once connected, or found to be
}

func (s staging) order() int64 { return s.CreatedAt.UnixNano() }

// stagingLifetime is how long an account token works, where it ends.
const stagingLifetime = 10 * time.Minute

// stageAccount takes the app's data for the account being connected. A second
// call for the same account token is a conflict, as seen by an app that takes
// 409 here for "already connected".
func (c *call) stageAccount() (*reply, error) {
	var body struct {
		Name       *string     `json:"accountName"`
		Identifier *Identifier `json:"deliveryIdentifier"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	var p problems
	if body.Name == nil || strings.TrimSpace(*body.Name) == "" {
		p.add("accountName", "accountName must not be blank")
	}
	body.Identifier.check(&p, "deliveryIdentifier")
	if err := p.err(); err != nil {
		return nil, err
	}
	token := c.r.PathValue("accountToken")
	var shown map[string]any
	err := c.update(func(tx *tx) error {
		ch, err := c.pathChannel(tx.state)
		if err != nil {
			return err
		}
		st := tx.stagings.get(token)
		if st == nil || st.PortalID != c.portal || st.ChannelID != ch.ID {
			return plainRefusal(http.StatusNotFound, "The account token is not known for this channel and account")
		}
		if c.Readings().StagingTokensEnd && !tx.now.Before(st.CreatedAt.Add(stagingLifetime)) {
			return plainRefusal(http.StatusNotFound, "The account token has expired")
		}
		if st.Identifier != nil || st.AccountID != "" {
			return conflict("The account token was used before")
		}
		if a := tx.accountAt(c.portal, ch.ID, *body.Identifier); a != nil {
			st.AccountID = a.ID
			tx.stagings.put(tx, token, st)
			return conflict("A channel account with the delivery identifier %q already exists", body.Identifier.Value)
		}
		st.Name, st.Identifier = *body.Name, body.Identifier
		tx.stagings.put(tx, token, st)
		shown = st.wire(token)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, shown)
}

// wire is the staging token as the API shows it: with numbers for ids.
func (s *staging) wire(token string) map[string]any {
	channelID, _ := strconv.ParseInt(s.ChannelID, 10, 64)
	inboxID, _ := strconv.ParseInt(s.InboxID, 10, 64)
	return map[string]any{
		"accountToken": token, "createdAt": stamp(s.CreatedAt), "genericChannelId": channelID, "inboxId": inboxID,
		"userId": s.UserID, "accountName": s.Name, "deliveryIdentifier": s.Identifier,
	}
}

// Connection is an account that an admin has begun to connect.
type Connection struct {
	// Token is the accountToken of the popup.
	Token string `json:"token"`
	// PopupURL is the app's page with the documented parameters, to be opened
	// in a window of 600 by 600 pixels.
	PopupURL string `json:"popupUrl"`
	// RedirectURL is where the app sends the admin in the end.
	RedirectURL string `json:"redirectUrl"`
	// Done says that the popup has come to its end.
	Done bool `json:"done"`
	// Account is what came of it: a new account, or one that was known before.
	Account *Account `json:"account,omitempty"`
}

// BeginConnection is an admin's "Connect a channel": it makes the URL of the
// app's popup. The inbox may be the help desk; it defaults to the portal's
// first inbox. The app has to be installed in the portal.
func (s *Server) BeginConnection(portalID int64, channelID, inboxID string) (*Connection, error) {
	return s.beginConnection(portalID, channelID, inboxID, agentActor)
}

func (s *Server) beginConnection(portalID int64, channelID, inboxID, actorID string) (*Connection, error) {
	c := &Connection{Token: uuid()}
	c.RedirectURL = s.URL() + "/simulator/connected?" + url.Values{"accountToken": {c.Token}}.Encode()
	err := s.update(func(tx *tx) error {
		ch, err := s.visible(tx.state, channelID, tx.now)
		if err != nil {
			return err
		}
		p := tx.portals.get(portalKey(portalID))
		if p == nil {
			return notFound("portal", portalKey(portalID))
		}
		if inboxID == "" {
			inboxID = p.Inboxes[0].ID
		}
		switch {
		case tx.installs.get(portalKey(portalID)) == nil:
			return conflict("The app is not installed in this account: install it first")
		case tx.inboxOf(portalID, inboxID) == nil:
			return notFound("inbox", inboxID)
		case ch.ConnectURL == "":
			return conflict("The channel %q has no channelAccountConnectionRedirectUrl: set it so that admins can connect accounts", ch.Name)
		}
		number, _ := strconv.ParseInt(userNumber(actorID), 10, 64)
		tx.stagings.put(tx, c.Token, &staging{
			PortalID: portalID, ChannelID: ch.ID, InboxID: inboxID, UserID: number, CreatedAt: tx.now,
		})
		c.PopupURL = addQuery(ch.ConnectURL, s.popupQuery(c, p.ID, ch.ID, inboxID, actorID))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (s *Server) popupQuery(c *Connection, portalID int64, channelID, inboxID, actorID string) url.Values {
	q := url.Values{
		"accountToken": {c.Token},
		"channelId":    {channelID},
		"inboxId":      {inboxID},
		"portalId":     {portalKey(portalID)},
		"redirectUrl":  {c.RedirectURL},
	}
	if s.Readings().PopupUser {
		q.Set("userId", userNumber(actorID))
	}
	return q
}

// Connection returns how far the connecting of an account is.
func (s *Server) Connection(token string) (*Connection, error) {
	var c *Connection
	s.view(func(st *state) {
		staged := st.stagings.get(token)
		if staged == nil {
			return
		}
		c = &Connection{Token: token, Done: staged.AccountID != ""}
		if a := st.accounts.get(staged.AccountID); a != nil {
			shown := a.show()
			c.Account = &shown
		}
	})
	if c == nil {
		return nil, notFound("connection", token)
	}
	return c, nil
}

// connected is HubSpot's page at the end of the popup. It makes the account of
// what the app staged, and tells the app.
func (c *call) connected() (*reply, error) {
	token := c.r.URL.Query().Get("accountToken")
	var name, problem string
	err := c.update(func(tx *tx) error {
		st := tx.stagings.get(token)
		switch {
		case st == nil:
			problem = "This connection is not known. Start again from Connect a channel."
		case st.AccountID != "":
			name = tx.accounts.get(st.AccountID).Name
		case st.Identifier == nil:
			problem = "The app sent you back without naming an account: it has to PATCH the account token first."
		default:
			a, err := tx.newAccount(account{
				PortalID: st.PortalID, ChannelID: st.ChannelID, InboxID: st.InboxID, Name: st.Name,
				Authorized: true, Identifier: st.Identifier,
			})
			if err != nil {
				return err
			}
			st.AccountID, name = a.ID, a.Name
			tx.stagings.put(tx, token, st)
			tx.announceAccount(a, accountCreated)
		}
		if problem == "" {
			shown := Connection{Token: token, Done: true}
			account := tx.accounts.get(st.AccountID).show()
			shown.Account = &account
			tx.shown = append(tx.shown, func() event { return event{"connection", shown, account.PortalID} })
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if problem != "" {
		return pageReply(http.StatusBadRequest, "problem", problem)
	}
	return pageReply(http.StatusOK, "connected", name)
}
