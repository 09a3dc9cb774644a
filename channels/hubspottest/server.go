package hubspottest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server is a HubSpot in a box. It is an http.Handler; use it
//
//   - with [Server.Start], which listens on a loopback port and delivers
//     webhooks until [Server.Close], like an httptest.Server, or
//   - in an http.Server of your own, with [Server.Run] delivering webhooks, or
//   - without a network, through [Server.Transport].
//
// Its methods are safe for concurrent use.
type Server struct {
	cfg     Config
	handler http.Handler
	journal journal
	faults  faults
	limits  limiter
	events  hub
	hooks   hooks
	clock   clock

	readings atomic.Pointer[Readings]

	operations []string // that faults can name, sorted
	idle       func()   // closes idle connections of the server's own client

	mu         sync.Mutex // guards everything below
	url        string
	installURL string

	appWebhookURL string
	market        marketFlows
	state         *state
	store         *store // nil until Persist

	lifecycle sync.Mutex // guards stop
	stop      func()     // ends what Start started
}

// New returns a simulator that is not listening yet and runs no goroutine.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg.withDefaults(), state: newState(), idle: func() {}}
	if cfg.HTTPClient == nil {
		s.idle = s.cfg.HTTPClient.CloseIdleConnections
	}
	s.url = strings.TrimRight(cfg.URL, "/")
	s.market = marketFlows{}
	s.installURL, s.appWebhookURL = cfg.InstallURL, cfg.AppWebhookURL
	s.SetReadings(cfg.Readings)
	s.clock.moved = make(chan struct{})
	s.hooks.init()
	s.limits.max = s.cfg.RateLimit
	s.state.seed(s.cfg)
	s.handler = s.routes()
	return s
}

// ServeHTTP answers HubSpot's API, the consent page, and the simulator's own
// page and API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.handler.ServeHTTP(w, r)
}

// Start listens on a free loopback port, sets the URL to it, and delivers
// webhooks. Close stops both.
func (s *Server) Start() error {
	s.lifecycle.Lock()
	defer s.lifecycle.Unlock()
	if s.stop != nil {
		return errors.New("hubspottest: the server was started before")
	}
	if err := s.hooks.claim(); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.hooks.release()
		return fmt.Errorf("hubspottest: cannot listen on a loopback port: %w", err)
	}
	s.SetURL("http://" + ln.Addr().String())

	ctx, cancel := context.WithCancel(context.Background())
	web := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	var work sync.WaitGroup
	work.Go(func() { _ = web.Serve(ln) }) // ends with ErrServerClosed
	work.Go(func() { s.deliver(ctx) })
	s.stop = func() {
		cancel()
		_ = web.Close()
		work.Wait()
	}
	return nil
}

// Close stops what Start started, ends the event streams of open pages, and
// closes the stored state. Call it after the http.Server that serves s has
// stopped accepting, or from its RegisterOnShutdown.
func (s *Server) Close() error {
	s.lifecycle.Lock()
	defer s.lifecycle.Unlock()
	s.events.close()
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	s.idle()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.close()
}

// URL is the simulator's base URL: what an app uses in place of
// https://api.hubapi.com. It is empty until Start, SetURL or Config.URL set it.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// SetURL says under which base URL the simulator is reached.
func (s *Server) SetURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url = strings.TrimRight(url, "/")
}

// SetInstallURL says where an admin starts installing the app.
func (s *Server) SetInstallURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.installURL = url
}

// AppID is the app's numeric id.
func (s *Server) AppID() int64 { return s.cfg.AppID }

// ClientID is the app's OAuth client id.
func (s *Server) ClientID() string { return s.app().ClientID }

// ClientSecret is the app's OAuth client secret, which also signs webhooks.
func (s *Server) ClientSecret() string { return s.app().ClientSecret }

// DeveloperKey is the key for registration calls.
func (s *Server) DeveloperKey() string { return s.app().DeveloperKey }

func (s *Server) app() app {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.state.app()
}

// AddPortal adds a customer account beside that of the Config. Its id must be
// new; a known one is left as it is.
func (s *Server) AddPortal(id int64, name string) error {
	return s.update(func(tx *tx) error {
		tx.addPortal(id, name)
		return nil
	})
}

// Format prints the server without its secrets, whatever the verb.
func (s *Server) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "hubspottest.Server{URL: %q}", s.URL())
}

// base is the URL that links in an answer to r start with.
func (s *Server) base(r *http.Request) string {
	if url := s.URL(); url != "" {
		return url
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
