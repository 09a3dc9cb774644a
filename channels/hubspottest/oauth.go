package hubspottest

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// grant is an authorization code, an access token or a refresh token. It is
// not changed after it was made.
type grant struct {
	Kind        grantKind `json:"kind"`
	PortalID    int64     `json:"portalId"`
	UserID      int64     `json:"userId"`
	Scopes      []string  `json:"scopes"`
	RedirectURL string    `json:"redirectUrl,omitempty"` // of a code
	Replaces    string    `json:"replaces,omitempty"`    // the refresh token that this one was given for
	ExpiresAt   time.Time `json:"expiresAt"`             // zero: never
	Seq         int64     `json:"seq"`
}

func (g grant) order() int64 { return g.Seq }

type grantKind string

const (
	authorizationCode grantKind = "code"
	accessToken       grantKind = "access_token"
	refreshToken      grantKind = "refresh_token"
)

const (
	codeLifetime   = 2 * time.Minute
	accessLifetime = 30 * time.Minute
)

// tokenForm reads the body of a call to the token endpoints. Parameters in the
// query do not count.
func (c *call) tokenForm() (url.Values, error) {
	if kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return nil, plainRefusal(http.StatusUnsupportedMediaType, "Unsupported media type: send application/x-www-form-urlencoded")
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil, oauthError("invalid_request", "BAD_REQUEST", "the form could not be read")
	}
	app := c.app()
	if form.Get("client_id") != app.ClientID {
		return nil, oauthError("invalid_request", "BAD_CLIENT_ID", "missing or unknown client id")
	}
	if !equalSecret(form.Get("client_secret"), app.ClientSecret) {
		return nil, oauthError("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")
	}
	return form, nil
}

func equalSecret(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// tokenAnswer is the answer of the token endpoint.
type tokenAnswer struct {
	TokenType    string   `json:"token_type"`
	TokenUse     string   `json:"token_use"`
	AccessToken  string   `json:"access_token"`
	RefreshToken string   `json:"refresh_token,omitempty"`
	ExpiresIn    any      `json:"expires_in"` // seconds, as a number or a string
	HubID        int64    `json:"hub_id,omitempty"`
	UserID       int64    `json:"user_id,omitempty"`
	Scopes       []string `json:"scopes,omitempty"`
}

func (c *call) token() (*reply, error) {
	answer, err := c.tokenAnswer()
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, answer)
}

func (c *call) tokenAnswer() (*tokenAnswer, error) {
	form, err := c.tokenForm()
	if err != nil {
		return nil, err
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return c.exchange(form.Get("code"), form.Get("redirect_uri"))
	case "refresh_token":
		return c.refresh(form.Get("refresh_token"))
	}
	return nil, oauthError("unsupported_grant_type", "BAD_GRANT_TYPE", "grant_type must be authorization_code or refresh_token")
}

// exchange turns a code into tokens. That is what installs the app.
func (c *call) exchange(code, redirectURL string) (answer *tokenAnswer, err error) {
	err = c.update(func(tx *tx) error {
		g := tx.grants.get(code)
		switch {
		case g == nil || g.Kind != authorizationCode:
			return oauthError("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
		case g.expired(tx.now):
			return oauthError("invalid_grant", "EXPIRED_AUTH_CODE", "auth code is expired")
		case g.RedirectURL != redirectURL:
			return oauthError("invalid_grant", "REDIRECT_URI_MISMATCH", "redirect URI does not match initial auth code URI")
		}
		c.portal = g.PortalID
		tx.grants.remove(tx, code)
		tx.installs.put(tx, portalKey(g.PortalID), &install{
			PortalID: g.PortalID, UserID: g.UserID, Scopes: g.Scopes, InstalledAt: tx.now,
		})
		tx.showState()
		refresh := tx.grant(refreshToken, "na1-", g, time.Time{})
		answer = tx.tokens(g, refresh)
		if !c.Readings().ExchangeWithoutHub {
			answer.HubID, answer.UserID, answer.Scopes = g.PortalID, g.UserID, g.Scopes
		}
		return nil
	})
	return answer, err
}

func (c *call) refresh(token string) (answer *tokenAnswer, err error) {
	err = c.update(func(tx *tx) error {
		g := tx.grants.get(token)
		if g == nil || g.Kind != refreshToken {
			return oauthError("invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked")
		}
		c.portal = g.PortalID
		answer = tx.tokens(g, tx.successor(token, g, c.Readings()))
		if c.Readings().RefreshTokenOmitted {
			answer.RefreshToken = ""
		}
		if c.Readings().FullRefresh {
			answer.HubID, answer.UserID, answer.Scopes = g.PortalID, g.UserID, g.Scopes
		}
		return nil
	})
	return answer, err
}

// successor is the refresh token that a client which has refreshed with one is
// to use from then on.
func (tx *tx) successor(token string, g *grant, readings Readings) string {
	tx.endPredecessor(g)
	if readings.RefreshTokenStays || readings.RefreshTokenOmitted {
		return token
	}
	if readings.RefreshTokenEnds {
		tx.grants.remove(tx, token)
	}
	next := *g
	next.Replaces, next.Seq = token, tx.next()
	value := "na1-" + rand.Text() + rand.Text()
	tx.grants.put(tx, value, &next)
	return value
}

// endPredecessor ends the token that g was given for: whoever has g does not
// need it any more.
func (tx *tx) endPredecessor(g *grant) {
	if tx.grants.get(g.Replaces) != nil {
		tx.grants.remove(tx, g.Replaces)
	}
}

// grant makes a token with the rights of another.
func (tx *tx) grant(kind grantKind, prefix string, of *grant, expires time.Time) string {
	value := prefix + rand.Text() + rand.Text()
	tx.grants.put(tx, value, &grant{
		Kind: kind, PortalID: of.PortalID, UserID: of.UserID, Scopes: of.Scopes, ExpiresAt: expires, Seq: tx.next(),
	})
	return value
}

func (tx *tx) tokens(g *grant, refresh string) *tokenAnswer {
	answer := &tokenAnswer{
		TokenType:    "bearer",
		TokenUse:     string(accessToken),
		AccessToken:  tx.grant(accessToken, "C", g, tx.now.Add(accessLifetime)),
		RefreshToken: refresh,
		ExpiresIn:    int(accessLifetime.Seconds()),
	}
	if tx.s.Readings().ExpiresInText {
		answer.ExpiresIn = fmt.Sprint(answer.ExpiresIn)
	}
	return answer
}

// tokenInfo is the answer of the introspection endpoint.
type tokenInfo struct {
	Active                bool      `json:"active"`
	Token                 string    `json:"token"`
	TokenUse              grantKind `json:"token_use"`
	TokenType             string    `json:"token_type"`
	ClientID              string    `json:"client_id"`
	AppID                 int64     `json:"app_id"`
	HubID                 int64     `json:"hub_id"`
	HubDomain             string    `json:"hub_domain"`
	User                  string    `json:"user"`
	UserID                int64     `json:"user_id"`
	Scopes                []string  `json:"scopes"`
	ExpiresIn             *int      `json:"expires_in,omitempty"`
	IsPrivateDistribution *bool     `json:"is_private_distribution,omitempty"`
	Signed                any       `json:"signed_access_token,omitempty"`
}

// signedToken is what HubSpot adds about an access token for its own use.
func (c *call) signedToken(g *grant) map[string]any {
	return map[string]any{
		"appId": c.AppID(), "hubId": g.PortalID, "userId": g.UserID, "installingUserId": g.UserID, "expiresAt": g.ExpiresAt.UnixMilli(),
		"hublet": "na1", "appInstallId": "0", "audience": "", "scopes": "", "scopeToScopeGroupPks": "", "trialScopes": "",
		"trialScopeToScopeGroupPks": "", "signature": "", "newSignature": "",
		"isPrivateDistribution": false, "isServiceAccount": false, "isUserLevel": false,
	}
}

func (c *call) introspect() (*reply, error) {
	form, err := c.tokenForm()
	if err != nil {
		return nil, err
	}
	value := form.Get("token")
	if c.Readings().IntrospectByKind {
		value = cmp.Or(form.Get("access_token"), form.Get("refresh_token"))
	}
	var info *tokenInfo
	c.view(func(st *state) {
		g := st.grants.get(value)
		if g == nil || g.Kind == authorizationCode || g.expired(c.began) {
			return
		}
		info = &tokenInfo{
			Active: true, Token: value, TokenUse: g.Kind, TokenType: "Bearer",
			ClientID: st.app().ClientID, AppID: c.AppID(), HubID: g.PortalID, UserID: g.UserID, Scopes: g.Scopes,
			HubDomain: st.portals.get(portalKey(g.PortalID)).domain(), User: st.email(g.PortalID, g.UserID),
		}
		if g.Kind == accessToken {
			left, private := int(g.ExpiresAt.Sub(c.began).Seconds()), false
			info.ExpiresIn, info.IsPrivateDistribution, info.Signed = &left, &private, c.signedToken(g)
		}
	})
	if info == nil {
		return jsonReply(http.StatusOK, map[string]bool{"active": false})
	}
	c.portal = info.HubID
	return jsonReply(http.StatusOK, info)
}

// revoke ends a refresh token. Access tokens made from it live on, and the app
// stays installed.
func (c *call) revoke() (*reply, error) {
	form, err := c.tokenForm()
	if err != nil {
		return nil, err
	}
	if err := c.endRefreshToken(form.Get("token")); err != nil {
		return nil, err
	}
	return emptyReply()
}

func (c *call) endRefreshToken(token string) error {
	return c.update(func(tx *tx) error {
		if g := tx.grants.get(token); g != nil && g.Kind == refreshToken {
			c.portal = g.PortalID
			tx.endPredecessor(g)
			tx.grants.remove(tx, token)
		}
		return nil
	})
}

// uninstall removes the app from the portal of the token.
func (c *call) uninstall() (*reply, error) {
	if err := c.Uninstall(c.portal); err != nil {
		return nil, err
	}
	return emptyReply()
}
