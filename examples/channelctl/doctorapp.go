package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

// missing returns the names of the variables that are not set.
func (e *examination) missing(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return e.s.env(name) != "" })
}

// checkApp asks HubSpot whether it takes the credentials of the app.
func (e *examination) checkApp(ctx context.Context) {
	e.checkKey(ctx)
	const check = "client secret"
	if names := e.missing(envClientID, envSecret); len(names) > 0 {
		e.skip(check, names...)
		return
	}
	// HubSpot looks at the client before the token, which need not be one.
	_, err := e.introspect(ctx, "none", "token", "access_token")
	refusal, refused := errors.AsType[*oauthError](err)
	switch {
	case refused && refusal.ofClient():
		e.problem(check, "copy client id and secret from the Auth page of the app, and restart the bridge with them", "%v", err)
	case err != nil:
		e.warn(check, "try again", "not checked: %v", err)
	default:
		e.ok(check, "HubSpot takes it")
	}
}

func (e *examination) checkKey(ctx context.Context) {
	const check = "developer key"
	if names := e.missing(envAppID, envKey); len(names) > 0 {
		e.skip(check, names...)
		return
	}
	key, err := e.s.developerKey()
	if err != nil {
		e.problem("app id", "take the number from the page of the app in HubSpot", "%v", err)
		return
	}
	registry, err := channels.NewRegistry(key, e.options()...)
	if err != nil {
		e.problem(check, "correct it in the environment", "%v", err)
		return
	}
	for r, err := range registry.All(ctx, nil) {
		switch {
		case errors.Is(err, channels.ErrUnauthorized):
			e.problem(check, "copy it from HubSpot's page Development, Keys, and the app's id from the app's page, both of one account",
				"HubSpot refuses it for app %d: %v", key.AppID, err)
			return
		case err != nil:
			e.problem(check, "look at the network from here to HubSpot, and at status.hubspot.com", "HubSpot cannot be asked: %v", err)
			return
		}
		e.channels = append(e.channels, r)
	}
	e.registry = registry
	e.ok(check, "HubSpot takes it; app %d has %s", key.AppID, count(len(e.channels), "channel"))
}

// count is a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// tokenState is what HubSpot says about a token.
type tokenState struct {
	Active bool     `json:"active"`
	AppID  int64    `json:"app_id"`
	Portal int64    `json:"hub_id"`
	Scopes []string `json:"scopes"`
}

// introspect asks HubSpot about an access token. The schema calls the property that it goes into "token" and a page of the
// documentation "access_token", so callers name what they send.
func (e *examination) introspect(ctx context.Context, token string, names ...string) (*tokenState, error) {
	form := url.Values{
		"token_type_hint": {"access_token"}, "client_id": {e.s.env(envClientID)}, "client_secret": {e.s.env(envSecret)},
	}
	for _, name := range names {
		form.Set(name, token)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.base+"/oauth/2026-09/token/introspect", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("%s is no URL", envServer)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := e.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("HubSpot cannot be asked: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("HubSpot's answer breaks off: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		refusal := &oauthError{Code: resp.StatusCode}
		_ = json.Unmarshal(body, refusal) // the status says it all if it is no JSON
		return nil, refusal
	}
	info := &tokenState{}
	if err := json.Unmarshal(body, info); err != nil {
		return nil, errors.New("HubSpot's answer is no introspection")
	}
	return info, nil
}

// oauthError is a refusal of HubSpot's OAuth endpoints.
type oauthError struct {
	Code   int    `json:"-"`
	Kind   string `json:"error"`
	Status string `json:"status"`
}

func (o *oauthError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("HubSpot answers %d %s", o.Code, cmp.Or(o.Kind, http.StatusText(o.Code))))
}

// ofClient reports whether the client id or secret is at fault.
func (o *oauthError) ofClient() bool {
	return o.Kind == "invalid_client" || strings.HasPrefix(o.Status, "BAD_CLIENT")
}

// withoutURL takes the URL out of an error of an HTTP client.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// clockReader compares the clock with the Date of HubSpot's answers. It is used for one request at a time.
type clockReader struct {
	base  http.RoundTripper
	known bool
	ahead time.Duration // of this machine's clock
}

// RoundTrip implements [http.RoundTripper].
func (c *clockReader) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := c.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		middle := began.Add(time.Since(began) / 2)
		// A date has whole seconds, so it lies half a second back on average.
		c.known, c.ahead = true, middle.Sub(at.Add(time.Second/2)).Round(time.Second)
	}
	return resp, nil
}

const (
	clockWarning = 30 * time.Second
	clockProblem = 5 * time.Minute // HubSpot's own bound for the age of a signature
)

func (e *examination) checkClock(ctx context.Context) {
	const check = "clock"
	if !e.clock.known { // nothing was asked yet
		if req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.base, nil); err == nil {
			if resp, err := e.http.Do(req); err == nil {
				_ = resp.Body.Close()
			}
		}
	}
	if !e.clock.known {
		e.warn(check, "look at the network from here to HubSpot", "not checked: no answer of HubSpot tells its time")
		return
	}
	const advice = "have the clock set by NTP, such as with timedatectl set-ntp true"
	off := e.clock.ahead.Abs()
	direction := "ahead of"
	if e.clock.ahead < 0 {
		direction = "behind"
	}
	switch {
	case off >= clockProblem:
		e.problem(check, advice, "%v %s HubSpot's: signatures of webhooks are refused, and tokens misjudged", off, direction)
	case off >= clockWarning:
		e.warn(check, advice, "%v %s HubSpot's", off, direction)
	default:
		e.ok(check, "agrees with HubSpot's")
	}
}
