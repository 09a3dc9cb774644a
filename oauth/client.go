package oauth

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
)

// Client returns a client for HubSpot's other APIs, which sends the portal's token with each request to the API host.
// A request to another host, such as a redirect to a file, goes without. An answer of 401 causes one refresh and, if the
// body can be sent again, one more attempt. It is built on App.HTTPClient, and fails as [Portal.Token] does.
func (p *Portal) Client() *http.Client {
	client := *p.app.httpClient()
	base := client.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	client.Transport = &transport{portal: p, base: base}
	return &client
}

type transport struct {
	portal *Portal
	base   http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.portal.app.isAPI(req.URL) {
		return t.base.RoundTrip(req)
	}
	token, err := t.portal.Token(req.Context())
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := t.base.RoundTrip(authorized(req, token))
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	again := req
	if req.Body != nil && req.Body != http.NoBody {
		if req.GetBody == nil {
			return resp, nil
		}
		body, err := req.GetBody()
		if err != nil {
			return resp, nil
		}
		again = req.Clone(req.Context())
		again.Body = body
	}
	fresh, err := t.portal.Refresh(req.Context(), token)
	if err != nil {
		closeBody(again)
		if errors.Is(err, ErrUninstalled) {
			_ = resp.Body.Close()
			return nil, err
		}
		return resp, nil
	}
	// Read to the end, so that the connection can be used again; a bit is enough for HubSpot's error bodies.
	_, _ = io.CopyN(io.Discard, resp.Body, 16<<10)
	_ = resp.Body.Close()
	return t.base.RoundTrip(authorized(again, fresh))
}

// authorized returns a copy of req with the token: a RoundTripper must not change its request.
func authorized(req *http.Request, token *oauth2.Token) *http.Request {
	req = req.Clone(req.Context())
	token.SetAuthHeader(req)
	return req
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// isAPI reports whether a token may be sent to u.
func (a *App) isAPI(u *url.URL) bool {
	base, err := url.Parse(a.baseURL())
	if err != nil {
		return false
	}
	return sameOrigin(u, base) || isHubSpotAPI(base) && isHubSpotAPI(u)
}
