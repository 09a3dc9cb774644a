package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"
)

// A Portal hands out the tokens of an App for one portal. It is a handle of a few bytes, safe for concurrent use; all
// handles of one App share what is known of the portal.
//
// It implements the TokenSource of package channels.
type Portal struct {
	app *App
	id  int64
}

// Portal returns the handle of a portal, by HubSpot's hub_id. Whether the app is installed there shows with the first
// call.
func (a *App) Portal(portalID int64) *Portal {
	return &Portal{app: a, id: portalID}
}

// ID returns the portal's id.
func (p *Portal) ID() int64 { return p.id }

// Token returns an access token, without its refresh token. Most calls answer from memory; one that finds the token
// close to its expiry refreshes it, once for all callers, and stores the result. As long as the token is still valid, a
// refresh that fails for a passing reason is no error.
//
// It fails with [ErrNotInstalled], [ErrUninstalled], an [Error] from HubSpot, or an error of the store. When ctx ends,
// the caller stops to wait, while the refresh goes on: its result must not be lost.
func (p *Portal) Token(ctx context.Context) (*oauth2.Token, error) {
	return p.app.accessToken(ctx, p.id, "")
}

// Refresh returns a token other than the one that HubSpot refused with 401. It asks HubSpot only if no newer token is
// known in this process or in the store. It fails as Token does, and if HubSpot refuses even a token that it gave less
// than ten seconds ago.
func (p *Portal) Refresh(ctx context.Context, refused *oauth2.Token) (*oauth2.Token, error) {
	if refused == nil {
		return p.Token(ctx)
	}
	return p.app.accessToken(ctx, p.id, refused.AccessToken)
}

const (
	// refreshAhead is how long before its expiry a token is refreshed, or a sixth of what is left of it when it is
	// first seen if that is less. The time in between is for failed attempts.
	refreshAhead = 5 * time.Minute
	// clockSkew is taken off the expiry, for clocks that differ and requests that travel.
	clockSkew = 10 * time.Second
	// retryPause is how long a valid token is used before the next attempt to refresh it, and a new one that is refused
	// before it is given up.
	retryPause = 10 * time.Second
	// flightTimeout bounds one attempt, store and all.
	flightTimeout = time.Minute
)

// A cache is what the App remembers of a portal. App.mu guards it, other than unsaved.
type cache struct {
	token     *oauth2.Token // without refresh token; nil if none is known to work
	refreshAt time.Time     // when to look for a newer one
	renewed   time.Time     // when HubSpot gave this process its last one
	flight    *flight       // under way, or nil

	// unsaved is an install that was refreshed and could not be stored. It must be, before its predecessor's refresh
	// token is used again, which HubSpot may have replaced. Only the flight uses it.
	unsaved *Install
}

// A flight is one attempt to get a token, shared by everyone who needs it.
type flight struct {
	stale string // the access token that will not do
	must  bool   // for lack of a token that can be used meanwhile
	done  chan struct{}

	// Valid once done is closed:
	token   *oauth2.Token
	renewed bool // by HubSpot, not found in the store
	err     error
}

// errRefused keeps a HubSpot that refuses every token from being asked for another one at each call.
var errRefused = errors.New("oauth: HubSpot refuses the token that it has just given")

func failedFlight(err error) *flight {
	f := &flight{done: make(chan struct{}), err: err}
	close(f.done)
	return f
}

// accessToken returns a token that is not refused, which is empty if any will do.
func (a *App) accessToken(ctx context.Context, id int64, refused string) (*oauth2.Token, error) {
	for {
		token, f := a.lookup(ctx, id, refused)
		if f == nil {
			return token, nil
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("oauth: waiting for the token of portal %d: %w", id, context.Cause(ctx))
		}
		switch {
		case f.err != nil && token != nil && !gone(f.err) && usable(token, a.now()):
			return token, nil
		case errors.Is(f.err, errElsewhere) && !f.must:
			// The flight was for those who have a token, so this caller needs another one.
		case f.err != nil:
			return nil, f.err
		case f.token.AccessToken != refused || f.stale == refused:
			t := *f.token
			return &t, nil
		}
		// The flight began before refused was known to be refused, and came back with it.
	}
}

// lookup returns the known token, if there is one that is usable and not refused, and the flight to wait for, nil if
// the token can be used as it is.
func (a *App) lookup(ctx context.Context, id int64, refused string) (*oauth2.Token, *flight) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.portals[id]
	if c == nil {
		c = new(cache)
		if a.portals == nil {
			a.portals = make(map[int64]*cache)
		}
		a.portals[id] = c
	}
	stale := refused
	if c.token != nil && stale == "" {
		stale = c.token.AccessToken
	}
	if c.token != nil && c.token.AccessToken == refused {
		if now.Before(c.renewed.Add(retryPause)) {
			return nil, failedFlight(errRefused)
		}
		c.token = nil // so that nobody else is sent to be refused
	}
	var token *oauth2.Token
	if c.token != nil && usable(c.token, now) {
		t := *c.token
		token = &t
		if now.Before(c.refreshAt) || c.flight != nil {
			return token, nil
		}
	}
	if refused != "" && token != nil {
		return token, nil
	}
	if c.flight == nil {
		c.flight = &flight{stale: stale, must: token == nil, done: make(chan struct{})}
		// Not bound to the caller's ctx: others wait for it, and a new refresh token must reach the store.
		go a.fly(context.WithoutCancel(ctx), id, c, c.flight)
	}
	return token, c.flight
}

// fly carries out a flight.
func (a *App) fly(ctx context.Context, id int64, c *cache, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, flightTimeout)
	defer cancel()
	in, err := a.fetch(ctx, id, c, f)
	if err != nil {
		f.err = fmt.Errorf("oauth: portal %d, client id %s: %w", id, a.ClientID, err)
		if !gone(err) && (f.must || !errors.Is(err, errElsewhere)) {
			a.logger().WarnContext(ctx, "no new token from HubSpot", "portal", id, "error", f.err)
		}
	} else {
		f.token = withoutRefresh(in.Token)
	}
	a.land(id, c, f)
	if in != nil && in.Gone != "" {
		a.uninstalled(ctx, in)
	}
}

// land records the outcome of a flight and lets everyone go who waits for it.
func (a *App) land(id int64, c *cache, f *flight) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	c.flight = nil
	switch {
	case f.err == nil:
		c.token = f.token
		left := f.token.Expiry.Sub(now)
		c.refreshAt = f.token.Expiry.Add(-min(refreshAhead, left/6))
		if f.renewed {
			c.renewed = now
		}
	case gone(f.err):
		c.token = nil
	default:
		c.refreshAt = now.Add(retryPause)
	}
	// No memory is kept for portals that have nothing, such as one that a stranger asked for.
	if c.token == nil && c.unsaved == nil && a.portals[id] == c {
		delete(a.portals, id)
	}
	close(f.done)
}

// forget drops what is known of a portal, after its install was stored anew or ended. A flight that is under way
// serves those who wait for it, and leaves nothing behind.
func (a *App) forget(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.portals, id)
}

func usable(t *oauth2.Token, now time.Time) bool {
	return t != nil && t.AccessToken != "" && now.Before(t.Expiry.Add(-clockSkew))
}

func gone(err error) bool {
	return errors.Is(err, ErrUninstalled) || errors.Is(err, ErrNotInstalled)
}

func withoutRefresh(t *oauth2.Token) *oauth2.Token {
	return &oauth2.Token{AccessToken: t.AccessToken, TokenType: t.TokenType, Expiry: t.Expiry}
}
