package hubspottest

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	page := c.askFor(a, nil)
	if len(page.Accounts) == 0 {
		return pageReply(http.StatusNotFound, "problem", "There is no account with the id "+c.r.PathValue("portalId")+".")
	}
	return page.reply()
}

// askFor is the consent page of a request, after an answer or before any.
func (c *call) askFor(a *authorizeRequest, answer url.Values) *consent {
	page := &consent{App: c.cfg.AppName, Action: "/oauth/authorize", Hidden: []hiddenField{
		{"client_id", a.ClientID}, {"redirect_uri", a.RedirectURL}, {"scope", strings.Join(a.Scopes, " ")},
		{"optional_scope", strings.Join(a.Optional, " ")}, {"state", a.State},
	}}
	if a.PortalID != 0 {
		page.Hidden = append(page.Hidden, hiddenField{"only", portalKey(a.PortalID)})
	}
	page.ask(a.Scopes, false)
	page.ask(a.Optional, true)
	c.view(func(st *state) {
		for _, p := range st.portals.ordered() {
			if a.PortalID == 0 || a.PortalID == p.ID {
				page.offer(p, answer)
			}
		}
	})
	return page
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
	var code string
	err = c.update(func(tx *tx) (err error) {
		p := tx.portals.get(form.Get("portal"))
		if p == nil {
			return invalid("There is no account with the id %q", form.Get("portal"))
		}
		c.portal = p.ID
		if code, err = tx.issueCode(p, form, a); err == nil {
			tx.remember(a)
		}
		return err
	})
	if refused, ok := errors.AsType[mayNotInstall](err); ok {
		a.PortalID, _ = strconv.ParseInt(form.Get("only"), 10, 64) // none: every account was offered
		page := c.askFor(a, form)
		page.Problem = refused.Error()
		return page.reply()
	}
	if err != nil {
		return nil, err
	}
	back.Set("code", code)
	return redirectReply(addQuery(a.RedirectURL, back)), nil
}

// remember keeps what the app asks for, for installs from the marketplace.
func (tx *tx) remember(a *authorizeRequest) {
	known := *tx.app()
	if known.RedirectURL == a.RedirectURL && slices.Equal(known.Scopes, a.Scopes) {
		return
	}
	known.RedirectURL, known.Scopes = a.RedirectURL, a.Scopes
	tx.apps.put(tx, "app", &known)
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
