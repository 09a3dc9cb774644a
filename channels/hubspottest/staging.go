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

// beginConnect makes the popup's URL for connecting an account of a channel.
func (s *Server) beginConnect(portal int64, ch *channel) (popup, redirectURL, token string, err error) {
	token = uuid()
	redirectURL = s.URL() + "/simulator/connected?" + url.Values{"accountToken": {token}}.Encode()
	err = s.update(func(tx *tx) error {
		inbox := tx.portals.get(portalKey(portal)).Inboxes[0]
		tx.stagings.put(tx, token, &staging{
			PortalID: portal, ChannelID: ch.ID, InboxID: inbox.ID, UserID: agentUserID, CreatedAt: tx.now,
		})
		popup = addQuery(ch.ConnectURL, url.Values{
			"accountToken": {token},
			"channelId":    {ch.ID},
			"inboxId":      {inbox.ID},
			"portalId":     {portalKey(portal)},
			"redirectUrl":  {redirectURL},
			"userId":       {strconv.Itoa(agentUserID)},
		})
		return nil
	})
	return popup, redirectURL, token, err
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
