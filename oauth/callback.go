package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// CallbackHandler returns the handler of RedirectURL, to which HubSpot sends the browser back. It exchanges the code
// for tokens, stores the install, calls OnInstall, and sends the browser on or shows how it went.
//
// Only the browser that began an install can end it, once and within ten minutes. Installs that start in HubSpot's
// marketplace are the exception: they come without a state of ours, are bound to no session, and end at the returnUrl
// that HubSpot gave, if [App.TrustsReturn] agrees. A code that comes with neither is not used; the browser is sent to
// the consent page instead, as it is when the handler is opened with no parameters.
func (a *App) CallbackHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !onlyGet(w, r) {
			return
		}
		if err := a.ready(); err != nil {
			a.fail(w, r, http.StatusInternalServerError, titleUnready, textSeeLog, err)
			return
		}
		q := r.URL.Query()
		step := q.Get("step")
		switch {
		case step == "authorize":
			a.beginMarket(w, r, q.Get("returnUrl"))
		case step == "finalize" || q.Has("state"):
			a.resume(w, r, q)
		case q.Has("error"):
			// Whoever wrote this link, its text is not shown: only a known state vouches for it.
			a.fail(w, r, http.StatusForbidden, titleRefused, "The app was not installed.", nil)
		case q.Get("code") != "" && a.TrustsReturn(q.Get("returnUrl")):
			a.complete(w, r, &flow{}, q.Get("code"), q.Get("returnUrl"))
		default:
			a.StartInstall(w, r, InstallRequest{})
		}
	})
}

// beginMarket answers the first call of a marketplace install with partner sign-in: HubSpot goes on to ask for consent.
func (a *App) beginMarket(w http.ResponseWriter, r *http.Request, returnURL string) {
	if !a.TrustsReturn(returnURL) {
		a.fail(w, r, http.StatusBadRequest, "This link is not right", "Its returnUrl is not a page of HubSpot.", nil)
		return
	}
	var data string
	if a.SignIn != nil {
		var ok bool
		if data, ok = a.SignIn(w, r); !ok {
			return
		}
	}
	f := newFlow(InstallRequest{Data: data}, a.now())
	f.Market = true
	if err := a.setFlow(w, f); err != nil {
		a.fail(w, r, http.StatusInternalServerError, titleUnready, textSeeLog, err)
		return
	}
	redirect(w, withState(returnURL, f.State))
}

// withState adds a state to a URL and leaves all else of it as it is.
func withState(rawURL, state string) string {
	rest, fragment, found := strings.Cut(rawURL, "#")
	sep := "?"
	if strings.Contains(rest, "?") {
		sep = "&"
	}
	rest += sep + "state=" + url.QueryEscape(state)
	if found {
		rest += "#" + fragment
	}
	return rest
}

// resume ends a flow that this App began.
func (a *App) resume(w http.ResponseWriter, r *http.Request, q url.Values) {
	f, err := a.takeFlow(w, r, q.Get("state"))
	if err != nil {
		a.failFlow(w, r, f, http.StatusBadRequest, "This installation cannot go on", a.explainFlow(err), err)
		return
	}
	returnURL := ""
	if f.Market {
		returnURL = q.Get("returnUrl")
	}
	switch code := q.Get("code"); {
	case q.Has("error"):
		why := clean(q.Get("error_description"), nil)
		if why == "" {
			why = "The app was not installed."
		}
		a.failFlow(w, r, f, http.StatusForbidden, titleRefused, why, fmt.Errorf("HubSpot answered the consent page with %q", clean(q.Get("error"), nil)))
	case code == "":
		a.failFlow(w, r, f, http.StatusBadRequest, "This installation cannot go on", "HubSpot sent no code.", nil)
	case f.Market && !a.TrustsReturn(returnURL):
		a.failFlow(w, r, f, http.StatusBadRequest, "This installation cannot go on", "The returnUrl is not a page of HubSpot.", nil)
	default:
		a.complete(w, r, f, code, returnURL)
	}
}

func (a *App) explainFlow(err error) string {
	switch {
	case errors.Is(err, errSpent):
		return "This page was opened before. If the app is not in your HubSpot account, start again."
	case errors.Is(err, errOldFlow):
		return "It was started more than ten minutes ago. Please start again."
	}
	host := ""
	if u, err := url.Parse(a.RedirectURL); err == nil {
		host = u.Host
	}
	return "It was started in another browser, or not at " + host + ", or more than ten minutes ago, or it has ended already. " +
		"Please start again."
}

// complete turns a code into a stored install, and sends the browser to returnURL, f.ReturnTo or a page.
func (a *App) complete(w http.ResponseWriter, r *http.Request, f *flow, code, returnURL string) {
	// A browser that goes away must not stop this half-way: the code works only once.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), flightTimeout)
	defer cancel()
	in, err := a.install(ctx, code)
	if err != nil {
		status, text := explainInstall(err)
		a.failFlow(w, r, f, status, "The app could not be installed", text, err)
		return
	}
	missing := a.MissingScopes(in)
	log := a.logger().With("portal", in.PortalID, "client", in.ClientID)
	log.InfoContext(ctx, "the app was installed", "user", in.UserID, "missingScopes", missing)
	if a.OnInstall != nil {
		in.Data = f.Data
		if err := a.OnInstall(ctx, in); err != nil {
			a.failFlow(w, r, f, http.StatusInternalServerError, "The app was installed, but is not ready", "Setting it up failed. Please start again in a while; "+textSeeLog, err)
			return
		}
	}
	switch {
	case returnURL != "":
		redirect(w, returnURL)
	case f.PortalID != 0 && f.PortalID != in.PortalID:
		a.failFlow(w, r, f, http.StatusConflict, "Installed in another account", fmt.Sprintf(
			"The app is now installed in the HubSpot account %d, while it was to be installed in %d. Please start again and choose that one.",
			in.PortalID, f.PortalID), nil)
	case f.ReturnTo != "":
		redirect(w, f.ReturnTo)
	default:
		a.show(w, r, &page{
			Status: http.StatusOK, Good: true, Title: "The app is installed",
			Text:    fmt.Sprintf("It is connected to your HubSpot account %d. You can close this page.", in.PortalID),
			Missing: missing,
		})
	}
}

// install exchanges the code and stores the result.
func (a *App) install(ctx context.Context, code string) (*Install, error) {
	got, err := a.exchange(ctx, code)
	if err != nil {
		return nil, fmt.Errorf("oauth: exchanging the code with client id %s: %w", a.ClientID, err)
	}
	if got.token.RefreshToken == "" {
		return nil, errors.New("oauth: exchanging the code: HubSpot's answer has no refresh token")
	}
	if err := a.complement(ctx, got); err != nil {
		return nil, err
	}
	in := &Install{
		ClientID:    a.ClientID,
		PortalID:    got.portalID,
		Token:       &got.token,
		Scopes:      got.scopes,
		UserID:      got.userID,
		InstalledAt: a.now().UTC().Round(0),
	}
	stored := *in
	if err := a.Tokens.SaveInstall(ctx, &stored); err != nil {
		return nil, fmt.Errorf("oauth: storing the install of portal %d: %w", in.PortalID, err)
	}
	in.Revision = stored.Revision
	a.forget(in.PortalID)
	return in, nil
}

// complement asks HubSpot for what an answer to an exchange should have said.
func (a *App) complement(ctx context.Context, got *answer) error {
	if got.portalID != 0 && got.scopes != nil {
		return nil
	}
	info, err := a.introspect(ctx, got.token.AccessToken)
	switch {
	case err == nil && !info.Active:
		err = errors.New("HubSpot says that the new token is not active")
	case err == nil && info.PortalID == 0 && got.portalID == 0:
		err = errors.New("HubSpot does not say for which portal the token is")
	}
	if err != nil && got.portalID == 0 {
		return fmt.Errorf("oauth: introspecting the new token: %w", err)
	}
	if err != nil {
		// Scopes are for information, so the install can do without them.
		a.logger().WarnContext(ctx, "the granted scopes are not known", "portal", got.portalID, "error", err)
		return nil
	}
	if got.portalID == 0 {
		got.portalID = info.PortalID
	}
	if got.userID == 0 {
		got.userID = info.UserID
	}
	if got.scopes == nil {
		got.scopes = info.Scopes
	}
	return nil
}

// explainInstall says for the admin what install fails with.
func explainInstall(err error) (status int, text string) {
	switch {
	case errors.Is(err, ErrInvalidGrant):
		return http.StatusBadRequest, "HubSpot no longer takes the code of this installation: it was used or is too old. Please start again."
	case errors.Is(err, ErrClient):
		return http.StatusBadGateway, "HubSpot refused the app itself. " + textSeeLog
	}
	return http.StatusBadGateway, "Something on the way to HubSpot or to our database failed. Please start again in a while."
}
