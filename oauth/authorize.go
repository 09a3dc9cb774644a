package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/go-querystring/query"
)

// An InstallRequest says how an install is to go. Its zero value lets the admin choose the portal and ends on a page of
// the App's own.
type InstallRequest struct {
	// PortalID is the portal to install in, which the consent page then preselects. If the admin installs in another
	// one all the same, that install stands, and a page says what to do.
	PortalID int64

	// ReturnTo is where the browser goes after a successful install: a path of this site, with a query if need be,
	// such as "/hubspot/connect?inboxId=7". Defaults to a page that says that the app is installed.
	ReturnTo string

	// Data, text in UTF-8, comes back as Install.Data. Until then only the browser keeps it, encrypted. Together with
	// ReturnTo it may have about 2,000 bytes.
	Data string
}

// authorizeQuery is the query of HubSpot's consent page.
type authorizeQuery struct {
	ClientID      string   `url:"client_id"`
	RedirectURI   string   `url:"redirect_uri"`
	Scope         []string `url:"scope,space"`
	OptionalScope []string `url:"optional_scope,space,omitempty"`
	State         string   `url:"state"`
}

// InstallHandler returns the handler behind the link that installs the app: it sends the browser to HubSpot's consent
// page. The optional query parameters returnTo and portalId are those of [InstallRequest].
//
// The link must have the host of RedirectURL, since the browser is recognised by a cookie when it comes back.
func (a *App) InstallHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !onlyGet(w, r) {
			return
		}
		q := r.URL.Query()
		req := InstallRequest{ReturnTo: q.Get("returnTo")}
		if s := q.Get("portalId"); s != "" {
			id, err := strconv.ParseInt(s, 10, 64)
			if err != nil || id <= 0 {
				a.fail(w, r, http.StatusBadRequest, "This link is not right", "Its portalId is not the number of a HubSpot account.", nil)
				return
			}
			req.PortalID = id
		}
		a.StartInstall(w, r, req)
	})
}

// StartInstall answers r by sending the browser to HubSpot's consent page, or with a page that says why it cannot.
func (a *App) StartInstall(w http.ResponseWriter, r *http.Request, req InstallRequest) {
	if err := a.ready(); err != nil {
		a.fail(w, r, http.StatusInternalServerError, titleUnready, textSeeLog, err)
		return
	}
	if req.ReturnTo != "" && !sameSite(req.ReturnTo) {
		a.fail(w, r, http.StatusBadRequest, "This link is not right", "Its returnTo is not a path of this site.", nil)
		return
	}
	f := newFlow(req, a.now())
	target, err := a.consentURL(req.PortalID, f.State)
	if err == nil {
		err = a.setFlow(w, f)
	}
	switch {
	case errors.Is(err, errLongFlow):
		a.fail(w, r, http.StatusBadRequest, "This link is not right", "It is too long.", err)
	case err != nil:
		a.fail(w, r, http.StatusInternalServerError, titleUnready, textSeeLog, err)
	default:
		redirect(w, target)
	}
}

// ready reports what keeps the handlers from working.
func (a *App) ready() error {
	if err := a.Validate(); err != nil {
		return err
	}
	if a.RedirectURL == "" {
		return errors.New("oauth: App.RedirectURL is empty: set it to the public address of CallbackHandler")
	}
	return nil
}

// consentURL is the address of the consent page, for the given portal unless it is 0.
func (a *App) consentURL(portalID int64, state string) (string, error) {
	u, err := url.Parse(a.authorizeURL())
	if err != nil {
		return "", fmt.Errorf("oauth: App.AuthorizeURL: %w", err)
	}
	// A portal is named before the last part of the path: /oauth/24681012/authorize.
	if parent, ok := strings.CutSuffix(u.Path, "/authorize"); ok && portalID != 0 {
		u.Path = fmt.Sprintf("%s/%d/authorize", parent, portalID)
	}
	values, err := query.Values(authorizeQuery{
		ClientID:      a.ClientID,
		RedirectURI:   a.RedirectURL,
		Scope:         a.scopes(),
		OptionalScope: a.OptionalScopes,
		State:         state,
	})
	if err != nil {
		return "", err
	}
	u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+values.Encode(), "&")
	return u.String(), nil
}

func (a *App) authorizeURL() string {
	if a.AuthorizeURL != "" {
		return a.AuthorizeURL
	}
	base := a.baseURL()
	if u, err := url.Parse(base); err == nil && isHubSpotAPI(u) {
		return hubSpotAuthorize
	}
	return base + "/oauth/authorize"
}

func onlyGet(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet {
		return true
	}
	w.Header().Set("Allow", http.MethodGet)
	http.Error(w, "this page can only be opened (GET)", http.StatusMethodNotAllowed)
	return false
}

// redirect sends the browser to exactly target; http.Redirect would tidy it.
func redirect(w http.ResponseWriter, target string) {
	h := w.Header()
	h.Set("Location", target)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}
