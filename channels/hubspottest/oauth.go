package hubspottest

import (
	"crypto/rand"
	"crypto/subtle"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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

// authorizeRequest is what an app asks a user to allow.
type authorizeRequest struct {
	ClientID, RedirectURL, State string
	Scopes, Optional             []string
	PortalID                     int64 // the portal of the path, 0 if the user is to choose
}

// readAuthorize checks the parameters; what is wrong is a sentence for the
// user, because HubSpot does not redirect to an address it does not trust.
func (c *call) readAuthorize(q url.Values) (*authorizeRequest, string) {
	a := &authorizeRequest{
		ClientID:    q.Get("client_id"),
		RedirectURL: q.Get("redirect_uri"),
		State:       q.Get("state"),
		Scopes:      strings.Fields(q.Get("scope")),
		Optional:    strings.Fields(q.Get("optional_scope")),
	}
	if id := c.r.PathValue("portalId"); id != "" {
		a.PortalID, _ = strconv.ParseInt(id, 10, 64)
	}
	switch {
	case a.ClientID != c.ClientID():
		return nil, "The client_id is not that of an app known here. Check the app's HUBSPOT_CLIENT_ID."
	case !c.knownRedirect(a.RedirectURL):
		return nil, "The redirect_uri does not match the redirect URLs registered for the app."
	case len(a.Scopes) == 0:
		return nil, "The scope parameter is missing: an app must ask for at least one scope."
	}
	return a, ""
}

func (c *call) knownRedirect(redirect string) bool {
	u, err := url.Parse(redirect)
	if err != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	if len(c.cfg.RedirectURLs) > 0 {
		return slices.Contains(c.cfg.RedirectURLs, redirect)
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// authorizePage asks the user to allow the app.
func (c *call) authorizePage() (*reply, error) {
	a, problem := c.readAuthorize(c.r.URL.Query())
	if problem != "" {
		return pageReply(http.StatusBadRequest, "problem", problem)
	}
	data := struct {
		*authorizeRequest
		App, Scope, OptionalScope string
		Portals                   []*portal
	}{authorizeRequest: a, App: c.cfg.AppName, Scope: strings.Join(a.Scopes, " "), OptionalScope: strings.Join(a.Optional, " ")}
	c.view(func(st *state) {
		for _, p := range st.portals.ordered() {
			if a.PortalID == 0 || a.PortalID == p.ID {
				data.Portals = append(data.Portals, p)
			}
		}
	})
	if len(data.Portals) == 0 {
		return pageReply(http.StatusNotFound, "problem", "There is no account with the id "+c.r.PathValue("portalId")+".")
	}
	return pageReply(http.StatusOK, "authorize", data)
}

// authorizeDecision takes the user's answer and sends the browser back to the
// app.
func (c *call) authorizeDecision() (*reply, error) {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil, invalid("The form could not be read")
	}
	a, problem := c.readAuthorize(form)
	if problem != "" {
		return pageReply(http.StatusBadRequest, "problem", problem)
	}
	back := url.Values{}
	if a.State != "" {
		back.Set("state", a.State)
	}
	if form.Get("decision") != "allow" {
		back.Set("error", "access_denied")
		back.Set("error_description", "The user denied access.")
		return redirectReply(addQuery(a.RedirectURL, back)), nil
	}
	code := uuid()
	err = c.update(func(tx *tx) error {
		p := tx.portals.get(form.Get("portal"))
		if p == nil {
			return invalid("There is no account with the id %q", form.Get("portal"))
		}
		c.portal = p.ID
		tx.grants.put(tx, code, &grant{
			Kind: authorizationCode, PortalID: p.ID, UserID: agentUserID, RedirectURL: a.RedirectURL,
			Scopes: grantedScopes(a), ExpiresAt: tx.now.Add(codeLifetime), Seq: tx.next(),
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	back.Set("code", code)
	return redirectReply(addQuery(a.RedirectURL, back)), nil
}

// grantedScopes is what was asked for, and the scope that every install has.
func grantedScopes(a *authorizeRequest) []string {
	scopes := slices.Concat([]string{"oauth"}, a.Scopes, a.Optional)
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

func addQuery(to string, q url.Values) string {
	separator := "?"
	if strings.Contains(to, "?") {
		separator = "&"
	}
	return to + separator + q.Encode()
}

func redirectReply(to string) *reply {
	return &reply{status: http.StatusSeeOther, header: http.Header{"Location": {to}}}
}

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
	RefreshToken string   `json:"refresh_token"`
	ExpiresIn    int      `json:"expires_in"`
	HubID        int64    `json:"hub_id,omitempty"`
	UserID       int64    `json:"user_id,omitempty"`
	Scopes       []string `json:"scopes,omitempty"`
}

func (c *call) token() (*reply, error) {
	form, err := c.tokenForm()
	if err != nil {
		return nil, err
	}
	var answer *tokenAnswer
	switch form.Get("grant_type") {
	case "authorization_code":
		answer, err = c.exchange(form.Get("code"), form.Get("redirect_uri"))
	case "refresh_token":
		answer, err = c.refresh(form.Get("refresh_token"))
	default:
		err = oauthError("unsupported_grant_type", "BAD_GRANT_TYPE", "grant_type must be authorization_code or refresh_token")
	}
	if err != nil {
		return nil, err
	}
	return jsonReply(http.StatusOK, answer)
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
		answer.HubID, answer.UserID, answer.Scopes = g.PortalID, g.UserID, g.Scopes
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
		answer = tx.tokens(g, token)
		if c.cfg.Readings.FullRefresh {
			answer.HubID, answer.UserID, answer.Scopes = g.PortalID, g.UserID, g.Scopes
		}
		return nil
	})
	return answer, err
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
	return &tokenAnswer{
		TokenType:    "bearer",
		TokenUse:     string(accessToken),
		AccessToken:  tx.grant(accessToken, "C", g, tx.now.Add(accessLifetime)),
		RefreshToken: refresh,
		ExpiresIn:    int(accessLifetime.Seconds()),
	}
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
}

func (c *call) introspect() (*reply, error) {
	form, err := c.tokenForm()
	if err != nil {
		return nil, err
	}
	value := form.Get("token")
	var info *tokenInfo
	c.view(func(st *state) {
		g := st.grants.get(value)
		if g == nil || g.Kind == authorizationCode || g.expired(c.began) {
			return
		}
		p := st.portals.get(portalKey(g.PortalID))
		info = &tokenInfo{
			Active: true, Token: value, TokenUse: g.Kind, TokenType: "Bearer",
			ClientID: st.app().ClientID, AppID: c.AppID(), HubID: g.PortalID, UserID: g.UserID, Scopes: g.Scopes,
			HubDomain: strings.ToLower(strings.ReplaceAll(p.Name, " ", "-")) + ".example.test", User: p.Agents[0].Email,
		}
		if g.Kind == accessToken {
			left, private := int(g.ExpiresAt.Sub(c.began).Seconds()), false
			info.ExpiresIn, info.IsPrivateDistribution = &left, &private
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
	err = c.update(func(tx *tx) error {
		if g := tx.grants.get(form.Get("token")); g != nil && g.Kind == refreshToken {
			c.portal = g.PortalID
			tx.grants.remove(tx, form.Get("token"))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return emptyReply()
}
