package hubspottest

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// dialPatience is how long an app may take to accept a connection.
const dialPatience = 3 * time.Second

// listening refuses with 502 if nothing listens at an address of the app that a
// browser is about to open: the browser would show a blank window. What it
// cannot find out it takes for well: an HTTPClient that uses a proxy, or no
// network at all.
func (s *Server) listening(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil
	}
	dial := s.dialer(u)
	if dial == nil {
		return nil
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	conn, err := dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return plainRefusal(http.StatusBadGateway, "The app does not answer at %s://%s. Is it running?", u.Scheme, u.Host)
	}
	_ = conn.Close() // it has done its work
	return nil
}

// dialer is how the HTTPClient connects to a URL, nil if it does not do so
// itself.
func (s *Server) dialer(u *url.URL) func(ctx context.Context, network, address string) (net.Conn, error) {
	transport := http.DefaultTransport
	if s.cfg.HTTPClient.Transport != nil {
		transport = s.cfg.HTTPClient.Transport
	}
	t, ok := transport.(*http.Transport)
	if !ok {
		return nil
	}
	if t.Proxy != nil {
		if proxy, err := t.Proxy(&http.Request{URL: u}); err != nil || proxy != nil {
			return nil
		}
	}
	if t.DialContext != nil {
		return t.DialContext
	}
	return new(net.Dialer).DialContext
}
