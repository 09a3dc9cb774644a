package hubspottest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// channelPatience is how long an admin waits for the app to register its
// channel.
const channelPatience = time.Minute

// InstallAndConnect plays an admin of the Config's portal over HTTP, with a
// browser's cookies: opens the install link, allows the app, and connects an
// account through the app's popup, whose form is submitted as it comes. It
// returns the account, which may be one that the app knew before. The webhook
// CHANNEL_ACCOUNT_CREATED is on its way then.
//
// An error says at which step it went wrong and what to do.
func (s *Server) InstallAndConnect(ctx context.Context) (*Account, error) {
	return s.InstallAndConnectIn(ctx, s.cfg.PortalID)
}

// InstallAndConnectIn is InstallAndConnect in another portal, which
// [Server.AddPortal] has added.
func (s *Server) InstallAndConnectIn(ctx context.Context, portalID int64) (*Account, error) {
	admin, err := s.newAdmin(portalID)
	if err != nil {
		return nil, err
	}
	if err := admin.install(ctx); err != nil {
		return nil, err
	}
	ch, err := admin.waitForChannel(ctx)
	if err != nil {
		return nil, err
	}
	return admin.connect(ctx, ch)
}

// admin is a browser in an admin's hands.
type admin struct {
	*Server
	browser *http.Client
	portal  int64
	link    string
}

func (s *Server) newAdmin(portalID int64) (*admin, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.portals.get(portalKey(portalID)) == nil {
		return nil, fmt.Errorf("hubspottest: there is no portal %d: add it with AddPortal", portalID)
	}
	if s.url == "" {
		return nil, errors.New("hubspottest: the simulator does not know its own URL: call Start or SetURL first")
	}
	if s.installURL == "" {
		return nil, errors.New("hubspottest: no install URL is known: set Config.InstallURL, or call SetInstallURL")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &admin{
		Server:  s,
		browser: &http.Client{Transport: s.cfg.HTTPClient.Transport, Timeout: 30 * time.Second, Jar: jar},
		portal:  portalID,
		link:    s.installURL,
	}, nil
}

// page is what the browser shows.
type page struct {
	url    *url.URL
	status int
	root   *html.Node
}

// open loads a page, and again while the app says that it is not ready yet: it
// may be about to learn the id of its new channel.
func (a *admin) open(ctx context.Context, address string) (*page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%q is not a URL: %w", address, err)
	}
	patience := time.NewTimer(channelPatience)
	defer patience.Stop()
	for {
		p, err := a.load(req)
		if err != nil || p.status != http.StatusServiceUnavailable {
			return p, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-patience.C:
			return p, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (a *admin) load(req *http.Request) (*page, error) {
	address := redactText(req.URL.String())
	resp, err := a.browser.Do(req)
	var failed *url.Error
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("the app did not answer at %s. Is it running? (%w)", address, failed.Err)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	root, err := html.Parse(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("the page at %s could not be read: %w", address, err)
	}
	return &page{url: resp.Request.URL, status: resp.StatusCode, root: root}, nil
}

// complaint describes a page that should not have come.
func (p *page) complaint() string {
	text := alertText(p.root)
	if text == "" {
		text = pageText(p.root, 300)
	}
	if text == "" {
		text = "(an empty page)"
	}
	return fmt.Sprintf("%s answered %d: %s", redactText(p.url.Redacted()), p.status, text)
}

// install allows the app and lets it exchange the code.
func (a *admin) install(ctx context.Context) error {
	consent, err := a.open(ctx, a.link)
	if err != nil {
		return fmt.Errorf("hubspottest: install: %w", err)
	}
	form := findForm(consent.root, consent.url)
	if consent.status != http.StatusOK || form == nil || !strings.HasPrefix(form.action, a.URL()+"/oauth/authorize") {
		return fmt.Errorf("hubspottest: install: the install link should lead to this simulator's consent page at %s/oauth/authorize, but %s",
			a.URL(), consent.complaint())
	}
	form.values.Set("portal", portalKey(a.portal))
	done, err := a.submit(ctx, form)
	if err != nil {
		return fmt.Errorf("hubspottest: install: %w", err)
	}
	if done.status >= 400 {
		return fmt.Errorf("hubspottest: install: the app's callback failed: %s", done.complaint())
	}
	if !a.Installed(a.portal) {
		return fmt.Errorf("hubspottest: install: the app's callback did not exchange the code for a token: %s", done.complaint())
	}
	return nil
}

// waitForChannel returns the app's newest channel with a connect page.
func (a *admin) waitForChannel(ctx context.Context) (*channel, error) {
	deadline := time.NewTimer(channelPatience)
	defer deadline.Stop()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		channels := a.Channels()
		slices.Reverse(channels)
		for _, shown := range channels {
			if shown.ConnectURL != "" {
				return &channel{ID: shown.ID, Name: shown.Name, ConnectURL: shown.ConnectURL}, nil
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("hubspottest: connect: %w while waiting for the app to register its channel", ctx.Err())
		case <-deadline.C:
			if len(channels) > 0 {
				return nil, fmt.Errorf("hubspottest: connect: the channel %q has no channelAccountConnectionRedirectUrl: set it so that admins can connect accounts", channels[0].Name)
			}
			return nil, errors.New("hubspottest: connect: the app has registered no channel: it has to create one with the developer key and app id of this simulator")
		}
	}
}

// connect goes through the app's popup.
func (a *admin) connect(ctx context.Context, ch *channel) (*Account, error) {
	begun, err := a.BeginConnection(a.portal, ch.ID, "")
	if err != nil {
		return nil, fmt.Errorf("hubspottest: connect: %w", err)
	}
	at, err := a.open(ctx, begun.PopupURL)
	if err != nil {
		return nil, fmt.Errorf("hubspottest: connect: %w", err)
	}
	ended, err := a.Connection(begun.Token)
	if err == nil && !ended.Done {
		if at, err = a.fillIn(ctx, at, begun.RedirectURL); err != nil {
			return nil, err
		}
		ended, err = a.Connection(begun.Token)
	}
	if err != nil || ended.Account == nil {
		return nil, fmt.Errorf("hubspottest: connect: no account came of it: %s", at.complaint())
	}
	return ended.Account, nil
}

// fillIn submits the form of the popup with the values it comes with.
func (a *admin) fillIn(ctx context.Context, at *page, redirectURL string) (*page, error) {
	form := findForm(at.root, at.url)
	if at.status >= 400 || form == nil {
		return nil, fmt.Errorf("hubspottest: connect: the app's connect page should show a form, but %s", at.complaint())
	}
	if len(form.missing) > 0 {
		return nil, fmt.Errorf("hubspottest: connect: the form at %s asks for %s and proposes nothing. Connect by hand, or let the form have default values",
			redactText(at.url.Redacted()), strings.Join(form.missing, ", "))
	}
	done, err := a.submit(ctx, form)
	if err != nil {
		return nil, fmt.Errorf("hubspottest: connect: %w", err)
	}
	if want, err := url.Parse(redirectURL); err != nil || done.url.Host != want.Host || done.url.Path != want.Path {
		return nil, fmt.Errorf("hubspottest: connect: the app should send the admin on to the redirectUrl after the form, but %s", done.complaint())
	}
	if done.status >= 400 {
		return nil, fmt.Errorf("hubspottest: connect: %s", done.complaint())
	}
	return done, nil
}

func (a *admin) submit(ctx context.Context, f *form) (*page, error) {
	req, err := f.request(ctx)
	if err != nil {
		return nil, err
	}
	return a.load(req)
}
