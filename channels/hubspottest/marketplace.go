package hubspottest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// MarketplaceFlow is how an install goes that starts in HubSpot's marketplace
// rather than at the app's own link.
type MarketplaceFlow string

const (
	// FlowConsent is the flow without partner sign-in: HubSpot asks for
	// consent and calls the app's redirect URL with code and returnUrl, and
	// without a state.
	FlowConsent MarketplaceFlow = "CONSENT"
	// FlowSignIn is the flow with partner sign-in: the redirect URL is called
	// with step=authorize first, and with step=finalize, code and state in the
	// end.
	FlowSignIn MarketplaceFlow = "SIGN_IN"
)

// marketFlow is a marketplace install under way. It is not stored: it lasts as
// long as the admin sits in front of it.
type marketFlow struct {
	kind        MarketplaceFlow
	portal      int64
	actor       string // of the admin who began it, empty for the first one
	redirectURL string
	scopes      []string
	state       string
	began       time.Time
}

// marketFlows are the installs under way, under the server's lock.
type marketFlows map[string]*marketFlow

const marketLifetime = time.Hour

// MarketplaceURL begins an install from the marketplace into a portal and
// returns the address to open in the admin's browser. What redirect URL and
// scopes the app has is taken from the Config, or else from what it asks for at
// its install link.
func (s *Server) MarketplaceURL(ctx context.Context, portalID int64, kind MarketplaceFlow) (string, error) {
	return s.marketplaceURL(ctx, portalID, kind, "")
}

func (s *Server) marketplaceURL(ctx context.Context, portalID int64, kind MarketplaceFlow, actorID string) (string, error) {
	if kind != FlowConsent && kind != FlowSignIn {
		return "", invalid("flow must be %s or %s, not %q", FlowConsent, FlowSignIn, kind)
	}
	redirectURL, scopes, err := s.appRequest(ctx)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.portals.get(portalKey(portalID)) == nil {
		return "", notFound("portal", portalKey(portalID))
	}
	for id, f := range s.market {
		if s.now().Sub(f.began) > marketLifetime {
			delete(s.market, id)
		}
	}
	id := uuid()
	s.market[id] = &marketFlow{kind: kind, portal: portalID, actor: actorID, redirectURL: redirectURL, scopes: scopes, began: s.now()}
	return s.url + "/simulator/marketplace?" + url.Values{"flow": {id}}.Encode(), nil
}

// appRequest is the app's redirect URL, and the scopes that it needs.
func (s *Server) appRequest(ctx context.Context) (redirectURL string, scopes []string, err error) {
	known := s.app()
	redirectURL, scopes = known.RedirectURL, known.Scopes
	if len(s.cfg.RedirectURLs) > 0 {
		redirectURL = s.cfg.RedirectURLs[0]
	}
	if len(s.cfg.Scopes) > 0 {
		scopes = s.cfg.Scopes
	}
	if redirectURL != "" && len(scopes) > 0 {
		return redirectURL, scopes, nil
	}
	q, err := s.askInstallLink(ctx)
	if err != nil {
		return "", nil, fmt.Errorf("hubspottest: the app's redirect URL and scopes are not known: set Config.RedirectURLs and Scopes, or the install URL: %w", err)
	}
	return q.Get("redirect_uri"), strings.Fields(q.Get("scope")), nil
}

// askInstallLink reads what the app's install link sends a browser to.
func (s *Server) askInstallLink(ctx context.Context) (url.Values, error) {
	s.mu.Lock()
	link := s.installURL
	s.mu.Unlock()
	if link == "" {
		return nil, errors.New("no install URL is known")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	client := *s.cfg.HTTPClient
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the app did not answer at %s. Is it running? (%w)", redactText(link), withoutURL(err))
	}
	defer resp.Body.Close()
	to, err := resp.Location()
	if err != nil || to.Query().Get("redirect_uri") == "" {
		return nil, fmt.Errorf("%s answered %d, and not with a redirect to the consent page", redactText(link), resp.StatusCode)
	}
	return to.Query(), nil
}

func (s *Server) marketplaceRoutes(mux *http.ServeMux) {
	s.operation(mux, "GET /simulator/marketplace", "marketplace.begin", asAnyone, nil, (*call).beginMarketInstall)
	s.operation(mux, "GET /simulator/marketplace/signed-in", "marketplace.signed_in", asAnyone, nil, (*call).signedIn)
	s.operation(mux, "GET /simulator/marketplace/done", "marketplace.done", asAnyone, nil, (*call).marketInstallDone)
	s.decision(mux, "POST /simulator/marketplace/consent", "marketplace.decision", (*call).marketDecision)
}

// flow returns the install that a query or form names, nil if there is none.
func (c *call) flow(q url.Values) *marketFlow {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.market[q.Get("flow")]
	if f == nil {
		return nil
	}
	c.portal = f.portal
	copied := *f
	return &copied
}

func (c *call) noFlow() (*reply, error) {
	return pageReply(http.StatusNotFound, "problem", "This install is not known any more. Start it again in the marketplace.")
}

// here is an address of the flow at the simulator.
func (c *call) here(path, id string) string {
	return c.base(c.r) + "/simulator/marketplace/" + path + "?" + url.Values{"flow": {id}}.Encode()
}

// beginMarketInstall sends the user to the app to sign in, or asks for consent.
func (c *call) beginMarketInstall() (*reply, error) {
	q := c.r.URL.Query()
	f := c.flow(q)
	switch {
	case f == nil:
		return c.noFlow()
	case f.kind == FlowSignIn:
		return redirectReply(addQuery(f.redirectURL, url.Values{
			"step": {"authorize"}, "returnUrl": {c.here("signed-in", q.Get("flow"))},
		})), nil
	}
	return c.askConsent(q.Get("flow"), f, url.Values{installerField(f.portal): {f.actor}}, "")
}

// askConsent asks with an answer filled in: one that was refused, or the first
// proposal.
func (c *call) askConsent(id string, f *marketFlow, answer url.Values, problem string) (*reply, error) {
	page := &consent{
		App: c.cfg.AppName, Problem: problem, Action: "/simulator/marketplace/consent", Hidden: []hiddenField{{"flow", id}},
	}
	page.ask(f.scopes, false)
	c.view(func(st *state) { page.offer(st.portals.get(portalKey(f.portal)), answer) })
	return page.reply()
}

// signedIn is where the app sends the user after she has signed in there, with
// a state of the app's.
func (c *call) signedIn() (*reply, error) {
	q := c.r.URL.Query()
	f := c.flow(q)
	if f == nil {
		return c.noFlow()
	}
	if q.Get("state") == "" {
		return pageReply(http.StatusBadRequest, "problem", "The app sent you back without a state: it has to add one to the returnUrl.")
	}
	c.mu.Lock()
	c.market[q.Get("flow")].state = q.Get("state")
	c.mu.Unlock()
	return c.askConsent(q.Get("flow"), f, url.Values{installerField(f.portal): {f.actor}}, "")
}

// marketDecision takes the user's consent and sends her to the app.
func (c *call) marketDecision() (*reply, error) {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil, invalid("The form could not be read")
	}
	f := c.flow(form)
	if f == nil {
		return c.noFlow()
	}
	if form.Get("decision") != "allow" {
		return pageReply(http.StatusOK, "returned", map[string]string{"Title": "Not installed", "Text": "You did not allow the app."})
	}
	var code string
	err = c.update(func(tx *tx) (err error) {
		code, err = tx.issueCode(tx.portals.get(portalKey(f.portal)), form, &authorizeRequest{RedirectURL: f.redirectURL, Scopes: f.scopes})
		return err
	})
	if refused, ok := errors.AsType[mayNotInstall](err); ok {
		return c.askConsent(form.Get("flow"), f, form, refused.Error())
	}
	if err != nil {
		return nil, err
	}
	back := url.Values{"code": {code}, "returnUrl": {c.here("done", form.Get("flow"))}}
	if f.kind == FlowSignIn {
		back.Set("step", "finalize")
		back.Set("state", f.state)
	}
	return redirectReply(addQuery(f.redirectURL, back)), nil
}

// marketInstallDone is where the app has to send the user in the end.
func (c *call) marketInstallDone() (*reply, error) {
	f := c.flow(c.r.URL.Query())
	if f == nil {
		return c.noFlow()
	}
	if !c.Installed(f.portal) {
		return pageReply(http.StatusBadRequest, "problem", "The app has not exchanged its code for a token, so it is not installed.")
	}
	return pageReply(http.StatusOK, "returned", map[string]string{"Title": "Installed", "Text": c.cfg.AppName + " is installed. You can close this window."})
}

// InstallFromMarketplace plays an admin who installs the app from the
// marketplace, over HTTP and with a browser's cookies. The app has to send the
// browser to the returnUrl in the end. Reinstalling is the same again.
func (s *Server) InstallFromMarketplace(ctx context.Context, portalID int64, kind MarketplaceFlow) error {
	admin, err := s.newAdmin(portalID)
	if err != nil {
		return err
	}
	address, err := s.MarketplaceURL(ctx, portalID, kind)
	if err != nil {
		return err
	}
	consent, err := admin.open(ctx, address)
	if err != nil {
		return fmt.Errorf("hubspottest: install: %w", err)
	}
	form := findForm(consent.root, consent.url)
	if consent.status != http.StatusOK || form == nil || !strings.HasPrefix(form.action, s.URL()+"/simulator/marketplace/consent") {
		return fmt.Errorf("hubspottest: install: the app should send the admin back to the returnUrl with a state, but %s", consent.complaint())
	}
	done, err := admin.submit(ctx, form)
	if err != nil {
		return fmt.Errorf("hubspottest: install: %w", err)
	}
	if done.status >= 400 || !strings.HasPrefix(done.url.String(), s.URL()+"/simulator/marketplace/done") {
		return fmt.Errorf("hubspottest: install: the app should exchange the code and send the admin to the returnUrl, but %s", done.complaint())
	}
	return nil
}

// Install plays an admin who opens the app's install link and allows the app.
// It is what an admin does too after [Server.Uninstall].
func (s *Server) Install(ctx context.Context, portalID int64) error {
	admin, err := s.newAdmin(portalID)
	if err != nil {
		return err
	}
	return admin.install(ctx)
}
