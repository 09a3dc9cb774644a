package hubspottest

import (
	"net/http"
	"net/url"
)

// oauthV1Routes are the first version of the OAuth endpoints, which HubSpot's own client libraries call until it is switched
// off on 16 February 2027.
func (s *Server) oauthV1Routes(mux *http.ServeMux) {
	s.operation(mux, "POST /oauth/v1/token", "oauth.token", asAnyone, nil, (*call).tokenV1)
	s.operation(mux, "GET /oauth/v1/access-tokens/{token}", "oauth.introspect", asAnyone, nil, func(c *call) (*reply, error) { return c.describeV1(accessToken) })
	s.operation(mux, "GET /oauth/v1/refresh-tokens/{token}", "oauth.introspect", asAnyone, nil, func(c *call) (*reply, error) { return c.describeV1(refreshToken) })
	s.operation(mux, "DELETE /oauth/v1/refresh-tokens/{token}", "oauth.revoke", asAnyone, nil, (*call).revokeV1)
}

// tokenV1 also reads parameters in the query, and names no portal.
func (c *call) tokenV1() (*reply, error) {
	if form, err := url.ParseQuery(string(c.body)); err == nil {
		for name, values := range c.r.URL.Query() {
			if !form.Has(name) {
				form[name] = values
			}
		}
		c.body = []byte(form.Encode())
	}
	answer, err := c.tokenAnswer()
	if err != nil {
		return nil, err
	}
	answer.HubID, answer.UserID, answer.Scopes = 0, 0, nil
	return jsonReply(http.StatusOK, answer)
}

// tokenInfoV1 is what the first version tells of a token. Whoever has one may ask.
type tokenInfoV1 struct {
	Token     string   `json:"token"`
	TokenType string   `json:"token_type"` // "access" or "refresh"
	ClientID  string   `json:"client_id,omitempty"`
	AppID     int64    `json:"app_id,omitempty"`
	HubID     int64    `json:"hub_id"`
	HubDomain string   `json:"hub_domain"`
	User      string   `json:"user"`
	UserID    int64    `json:"user_id"`
	Scopes    []string `json:"scopes"`
	ExpiresIn int      `json:"expires_in,omitempty"`
}

func (c *call) describeV1(kind grantKind) (*reply, error) {
	value := c.r.PathValue("token")
	var info *tokenInfoV1
	c.view(func(st *state) {
		g := st.grants.get(value)
		if g == nil || g.Kind != kind || g.expired(c.began) {
			return
		}
		info = &tokenInfoV1{
			Token: value, TokenType: "access", HubID: g.PortalID, HubDomain: st.portals.get(portalKey(g.PortalID)).domain(),
			User: st.email(g.PortalID, g.UserID), UserID: g.UserID, Scopes: g.Scopes,
		}
		if kind == refreshToken {
			info.TokenType, info.ClientID = "refresh", st.app().ClientID
			return
		}
		info.AppID, info.ExpiresIn = c.AppID(), int(g.ExpiresAt.Sub(c.began).Seconds())
	})
	if info == nil {
		return nil, plainRefusal(http.StatusNotFound, "the token was not found, or has expired")
	}
	c.portal = info.HubID
	return jsonReply(http.StatusOK, info)
}

func (c *call) revokeV1() (*reply, error) {
	if err := c.endRefreshToken(c.r.PathValue("token")); err != nil {
		return nil, err
	}
	return emptyReply()
}
