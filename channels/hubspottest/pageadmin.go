package hubspottest

import (
	"errors"
	"net/http"
)

// adminRoutes are what admins do.
func (s *Server) adminRoutes(mux *http.ServeMux) {
	for pattern, run := range map[string]func(*pageCall) (*pageAnswer, error){
		"POST /simulator/api/portals":              (*pageCall).addPortal,
		"POST /simulator/api/users":                (*pageCall).setUser,
		"PUT /simulator/api/users/{actorId}":       (*pageCall).setUser,
		"PUT /simulator/api/me":                    (*pageCall).setMyself,
		"POST /simulator/api/install":              (*pageCall).install,
		"DELETE /simulator/api/install":            (*pageCall).uninstall,
		"POST /simulator/api/connect":              (*pageCall).connect,
		"POST /simulator/api/connections":          (*pageCall).beginConnecting,
		"GET /simulator/api/connections/{token}":   (*pageCall).connection,
		"PATCH /simulator/api/accounts/{id}":       (*pageCall).editAccount,
		"PUT /simulator/api/accounts/{id}/routing": (*pageCall).setRouting,
		"DELETE /simulator/api/accounts/{id}":      (*pageCall).deleteAccount,
	} {
		mux.HandleFunc(pattern, s.page(run))
	}
}

func (c *pageCall) addPortal() (*pageAnswer, error) {
	var body struct {
		ID   int64
		Name string
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.ID <= 0 || body.Name == "" {
		return nil, invalid("A portal needs an id, a positive number, and a name")
	}
	err := c.AddPortal(body.ID, body.Name)
	var shown Portal
	c.view(func(st *state) { shown = st.showPortal(st.portals.get(portalKey(body.ID))) })
	if err != nil {
		return nil, err
	}
	return created(shown)
}

// setUser adds or changes a user. Fields that are absent stay.
func (c *pageCall) setUser() (*pageAnswer, error) {
	if err := c.superAdmin(); err != nil {
		return nil, err
	}
	var u User
	id := c.r.PathValue("actorId")
	c.view(func(st *state) {
		if known := st.user(c.portal, id); known != nil {
			u = *known
		}
	})
	if id != "" && u.ActorID == "" {
		return nil, notFound("user", id)
	}
	if err := c.decode(&u); err != nil {
		return nil, err
	}
	if id != "" {
		u.ActorID = id
	}
	if err := c.SetUser(c.portal, u); err != nil {
		return nil, err
	}
	return ok(u)
}

// setMyself changes what everybody may change of herself.
func (c *pageCall) setMyself() (*pageAnswer, error) {
	var body struct{ Away, Muted *bool }
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	return done(c.editUser(c.portal, c.user.ActorID, func(u *User) {
		if body.Away != nil {
			u.Away = *body.Away
		}
		if body.Muted != nil {
			u.Muted = *body.Muted
		}
	}))
}

// install returns the address to open in the admin's browser.
func (c *pageCall) install() (*pageAnswer, error) {
	if err := c.superAdmin(); err != nil {
		return nil, err
	}
	var body struct{ Flow string }
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	c.mu.Lock()
	link := c.installURL
	c.mu.Unlock()
	if err := c.listening(c.r.Context(), link); err != nil {
		return nil, err
	}
	if body.Flow == "" || body.Flow == "LINK" {
		if link == "" {
			return nil, conflict("No install URL is known: set Config.InstallURL, or the developer's settings")
		}
		return ok(map[string]string{"url": link})
	}
	address, err := c.marketplaceURL(c.r.Context(), c.portal, MarketplaceFlow(body.Flow), c.user.ActorID)
	if err != nil {
		return nil, gateway(err)
	}
	return ok(map[string]string{"url": address})
}

func (c *pageCall) uninstall() (*pageAnswer, error) {
	if err := c.superAdmin(); err != nil {
		return nil, err
	}
	return done(c.Uninstall(c.portal))
}

// gateway is an error of the app's, unless it is one of the request's.
func gateway(err error) error {
	var refused *apiError
	if errors.As(err, &refused) {
		return err
	}
	return plainRefusal(http.StatusBadGateway, "%s", sentence(err))
}

// connect lets the simulator itself play the admin.
func (c *pageCall) connect() (*pageAnswer, error) {
	if err := c.superAdmin(); err != nil {
		return nil, err
	}
	a, err := c.InstallAndConnectIn(c.r.Context(), c.portal)
	if err != nil {
		return nil, plainRefusal(http.StatusBadGateway, "%s", sentence(err))
	}
	return ok(map[string]any{"account": a})
}

func (c *pageCall) beginConnecting() (*pageAnswer, error) {
	if err := c.superAdmin(); err != nil {
		return nil, err
	}
	var body struct{ ChannelID, InboxID string }
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	begun, err := c.beginConnection(c.portal, body.ChannelID, body.InboxID, c.user.ActorID)
	if err == nil {
		err = c.listening(c.r.Context(), begun.PopupURL)
	}
	if err != nil {
		return nil, err
	}
	return created(begun)
}

func (c *pageCall) connection() (*pageAnswer, error) {
	found, err := c.Connection(c.r.PathValue("token"))
	if err != nil {
		return nil, err
	}
	return ok(found)
}

// ownAccount returns the id of the path's account, if it is of the portal.
func (c *pageCall) ownAccount() (id string, err error) {
	id = c.r.PathValue("id")
	c.view(func(st *state) {
		if a := st.accounts.get(id); a == nil || a.PortalID != c.portal || a.Archived {
			err = notFound("channel account", id)
		}
	})
	return id, err
}

// editAccount changes one thing of an account at a time, as the settings do:
// each is an event for the app.
func (c *pageCall) editAccount() (*pageAnswer, error) {
	id, err := c.ownAccount()
	if err == nil {
		err = c.superAdmin()
	}
	if err != nil {
		return nil, err
	}
	var body struct {
		Name, InboxID *string
		Active        *bool
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.Name != nil {
		err = c.RenameAccount(id, *body.Name)
	}
	if err == nil && body.Active != nil {
		err = c.SetAccountActive(id, *body.Active)
	}
	if err == nil && body.InboxID != nil {
		err = c.MoveAccount(id, *body.InboxID)
	}
	if err != nil {
		return nil, err
	}
	return c.account(id)
}

func (c *pageCall) setRouting() (*pageAnswer, error) {
	id, err := c.ownAccount()
	if err == nil {
		err = c.seated()
	}
	if err != nil {
		return nil, err
	}
	var routing Routing
	if err := c.decode(&routing); err != nil {
		return nil, err
	}
	if err := c.SetRouting(id, routing); err != nil {
		return nil, err
	}
	return c.account(id)
}

func (c *pageCall) account(id string) (*pageAnswer, error) {
	var shown Account
	c.view(func(st *state) { shown = st.accounts.get(id).show() })
	return ok(shown)
}

func (c *pageCall) deleteAccount() (*pageAnswer, error) {
	id, err := c.ownAccount()
	if err == nil {
		err = c.superAdmin()
	}
	if err == nil {
		err = c.DeleteAccount(id)
	}
	return done(err)
}
