package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/customchannels/customchannels-go/webhook"
)

const (
	clientSecret = "5c0ffee5-aaaa-4bbb-8ccc-000000000001"
	otherSecret  = "5c0ffee5-aaaa-4bbb-8ccc-000000000002" // of another app

	hooks   = "https://hooks.example.test"
	spoofed = "https://evil.example.test/x" // where each request claims to come from, in headers that anybody can set
)

// webhookMount is a way to bring a webhook.Handler to the network.
type webhookMount struct {
	name      string
	called    string // the webhook URL that is registered with HubSpot
	publicURL string // what the developer configures; it defaults to hooks, and may be missing behind a trusted proxy
	trusted   bool   // whether X-Forwarded-* count
	path      string // what the handler finds in r.URL.Path
	redirects bool   // whether paths with double slashes are sent away before they reach the handler
	serve     func(t *testing.T, h http.Handler) http.Handler
}

var webhookMounts = []webhookMount{
	{
		name: "handler alone", called: hooks + "/hubspot/webhook", path: "/hubspot/webhook",
		serve: func(_ *testing.T, h http.Handler) http.Handler { return h },
	},
	{
		name: "pattern", called: hooks + "/hubspot/webhook", path: "/hubspot/webhook", redirects: true,
		serve: func(_ *testing.T, h http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("POST /hubspot/webhook", h)
			mux.Handle("POST /hubspot/webhook/", h)
			return mux
		},
	},
	{
		name: "pattern with path values", called: hooks + "/shop%2F7%20b/webhook", path: "/shop/7 b/webhook", redirects: true,
		serve: func(t *testing.T, h http.Handler) http.Handler {
			mux := http.NewServeMux()
			checked := expectValue(t, "shop/7 b", func(r *http.Request) string { return r.PathValue("shop") }, h)
			mux.Handle("POST /{shop}/webhook", checked)
			mux.Handle("POST /{shop}/webhook/{rest...}", checked)
			return mux
		},
	},
	{
		name: "StripPrefix", called: hooks + "/hubspot/v1/webhook", path: "/webhook",
		serve: func(_ *testing.T, h http.Handler) http.Handler { return http.StripPrefix("/hubspot/v1", h) },
	},
	{
		name: "StripPrefix between patterns", called: hooks + "/hubspot/webhook", path: "/webhook", redirects: true,
		serve: func(_ *testing.T, h http.Handler) http.Handler {
			inner := http.NewServeMux()
			inner.Handle("POST /webhook", h)
			inner.Handle("POST /webhook/{rest...}", h)
			mux := http.NewServeMux()
			mux.Handle("/hubspot/", http.StripPrefix("/hubspot", inner))
			return mux
		},
	},
	{
		name: "chi, mounted twice", called: hooks + "/api/shop-7/webhook", path: "/api/shop-7/webhook",
		serve: func(t *testing.T, h http.Handler) http.Handler {
			checked := expectValue(t, "shop-7", func(r *http.Request) string { return chi.URLParam(r, "shop") }, h)
			shop := chi.NewRouter()
			shop.Method("POST", "/webhook", checked)
			shop.Method("POST", "/webhook/*", checked)
			shops := chi.NewRouter()
			shops.Mount("/{shop}", shop)
			root := chi.NewRouter()
			root.Mount("/api", shops)
			return root
		},
	},
	{
		name: "chi, paths cleaned and stripped", called: hooks + "/api/webhook", path: "/webhook",
		serve: func(_ *testing.T, h http.Handler) http.Handler {
			root := chi.NewRouter()
			root.Use(middleware.CleanPath, middleware.StripSlashes)
			root.Route("/api", func(r chi.Router) {
				r.Use(middleware.StripPrefix("/api"))
				r.Method("POST", "/webhook", h)
				r.Method("POST", "/webhook/*", h)
			})
			return root
		},
	},
	{
		name: "chi, paths rewritten", called: hooks + "/old/webhook", path: "/new/webhook",
		serve: func(_ *testing.T, h http.Handler) http.Handler {
			root := chi.NewRouter()
			root.Use(dropRawPath, middleware.PathRewrite("/old/", "/new/"))
			root.Method("POST", "/new/webhook", h)
			root.Method("POST", "/new/webhook/*", h)
			return middleware.StripSlashes(root) // outside of chi it writes to r.URL
		},
	},
	{
		name: "proxy that strips a prefix", called: hooks + strippedPrefix + "/webhook", path: "/webhook",
		publicURL: hooks + strippedPrefix, serve: behindProxy,
	},
	{
		name: "trusted proxy that strips a prefix", called: "http://hooks.example.test" + strippedPrefix + "/webhook", path: "/webhook",
		trusted: true, serve: behindProxy,
	},
}

// expectValue checks what a router has read from the path, to show that it was at work.
func expectValue(t *testing.T, want string, value func(*http.Request) string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := value(r); got != want {
			t.Errorf("the router reads %q from %s, want %q", got, r.RequestURI, want)
		}
		next.ServeHTTP(w, r)
	})
}

// dropRawPath is middleware of the careless kind: what was encoded in the path is lost for all that come after it.
func dropRawPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawPath = ""
		next.ServeHTTP(w, r)
	})
}

const strippedPrefix = "/edge/v1"

// behindProxy serves h on a port of its own, and returns a reverse proxy to it.
func behindProxy(t *testing.T, h http.Handler) http.Handler {
	inner := httptest.NewServer(h)
	t.Cleanup(inner.Close)
	backend, err := url.Parse(inner.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = backend.Scheme, backend.Host
			p.Out.URL.Path = strings.TrimPrefix(p.In.URL.Path, strippedPrefix)
			p.Out.URL.RawPath = strings.TrimPrefix(p.In.URL.RawPath, strippedPrefix)
			p.Out.URL.RawQuery = p.In.URL.RawQuery // ReverseProxy sorts queries that it finds faulty
			p.Out.Host = ""                        // the backend sees its own name
			p.SetXForwarded()
			p.Out.Header.Set("X-Forwarded-Prefix", strippedPrefix)
		},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

// urlSuffixes are added to the webhook URL: paths and queries that routers and clients like to tidy up.
var urlSuffixes = []string{
	"",
	"/",
	"?",
	"/?token=t",
	"/a%2Fb",
	"/a%2fb/%2E%2e/%7Ec",
	"/a%20b+c/%25/%3F%23",
	"/gr%C3%BC%C3%9Fe/%E4%BD%A0%E5%A5%BD/%f0%9f%98%80",
	"/a:b@c/!$&'()*,;=",
	"?token=a%3Ab%2Fc",
	"?k=2&k=1&K=0&k=&k&=&&",
	"?q=a%20b+c&plus=%2B&eq=%3D&pct=%25",
	"?q=grüße&a=;&b=%zz&c=[|]",
	"?back=https://example.test/?a=b",
	"//double",
	"/double//slash///",
}

// webhookBodies must arrive byte for byte.
var webhookBodies = []string{
	`{"type":"ESCAPED","text":"\u00e9 \ud83d\ude00 \/ \u0000 %3A \u003cb\u003e"}`,
	`{"type":"UTF-8","text":"Grüße – 你好 ☃ 😀 é مرحبا <b>&amp;"}`,
	"{\r\n\t\"type\": \"SPACED\",\n\t\"text\": \"a  b\" \n}",
}

// TestWebhookBehindRouters proves on real connections that whatever routers, middleware and proxies do to a request,
// what HubSpot signed verifies and nothing else does.
func TestWebhookBehindRouters(t *testing.T) {
	for _, m := range webhookMounts {
		t.Run(m.name, func(t *testing.T) {
			s := startWebhook(t, &m)
			if got := s.deliver(t, s.sign(m.called, webhookBodies[0])); got.path != m.path {
				t.Errorf("the handler finds the path %q, want %q", got.path, m.path)
			}
			for _, suffix := range urlSuffixes {
				for _, body := range webhookBodies {
					s.check(t, m.called+suffix, body)
				}
			}
		})
	}
}

// check delivers a request that HubSpot signed, and ones that it did not.
func (s *webhookServer) check(t *testing.T, called, body string) {
	t.Helper()
	path, _, _ := strings.Cut(requestTarget(called), "?")
	if s.mount.redirects && strings.Contains(path, "//") {
		// net/http's patterns answer such a URL with a redirect: whoever needs it must not register it with them.
		if got := s.deliver(t, s.sign(called, body)); got.status != http.StatusTemporaryRedirect || got.event != "" {
			t.Errorf("%s: %+v, want a redirect", called, got)
		}
		return
	}
	if got := s.deliver(t, s.sign(called, body)); got.status != http.StatusOK || got.event != body {
		t.Errorf("%s: %+v, want 200 and the event %s", called, got, body)
	}
	forged := map[string]signedRequest{
		"with another app's secret": {called, body, signWebhook(otherSecret, called, body)},
		"for another URL":           {called, body, signWebhook(clientSecret, called+"x", body)},
		"for another host":          {called, body, signWebhook(clientSecret, strings.Replace(called, "hooks", "evil", 1), body)},
		"for the host it claims":    {called, body, signWebhook(clientSecret, spoofed+requestTarget(called), body)},
		"for the other scheme":      {called, body, signWebhook(clientSecret, otherScheme(called), body)},
		"for another body":          {called, body, signWebhook(clientSecret, called, body+" ")},
	}
	for how, r := range forged {
		if got := s.deliver(t, r); got.status != http.StatusUnauthorized || got.event != "" {
			t.Errorf("%s, signed %s: %+v, want 401 and no event", called, how, got)
		}
	}
}

// requestTarget returns what follows the host in a URL.
func requestTarget(u string) string {
	_, rest, _ := strings.Cut(u, "://")
	return rest[strings.Index(rest, "/"):]
}

func otherScheme(u string) string {
	if rest, ok := strings.CutPrefix(u, "https:"); ok {
		return "http:" + rest
	}
	return "https" + strings.TrimPrefix(u, "http")
}

// A developer who has not told the verifier of the prefix is told so, and the proxy's headers alone let nothing in.
func TestWebhookBehindUnknownProxy(t *testing.T) {
	s := startWebhook(t, &webhookMount{called: hooks + strippedPrefix + "/webhook", serve: behindProxy})
	got := s.deliver(t, s.sign(s.mount.called, webhookBodies[0]))
	if got.status != http.StatusUnauthorized || got.event != "" {
		t.Errorf("%+v, want 401 and no event", got)
	}
	const advice = `Set PublicURL to \"https://hooks.example.test/edge/v1\".`
	if !strings.Contains(s.log.String(), advice) {
		t.Errorf("the log does not say what to do:\n%s", s.log.String())
	}
}

// webhookServer is a webhook.Handler on a loopback port.
type webhookServer struct {
	mount *webhookMount
	addr  string
	log   output // of the handler

	// The last request that was handled. It is answered before the next one is sent.
	mu    sync.Mutex
	event string
	path  string
}

// neverSeen lets the same events in again.
type neverSeen struct{}

func (neverSeen) Seen(context.Context, string) (bool, error) { return false, nil }
func (neverSeen) Mark(context.Context, string) error         { return nil }

func startWebhook(t *testing.T, m *webhookMount) *webhookServer {
	t.Helper()
	s := &webhookServer{mount: m}
	publicURL := m.publicURL
	if publicURL == "" && !m.trusted {
		publicURL = hooks
	}
	verifier := webhook.NewVerifier(publicURL, clientSecret)
	verifier.TrustProxy = m.trusted
	h := &webhook.Handler{
		Verifier: verifier,
		OnEvent: func(_ context.Context, e webhook.Event) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.event = string(e.Header().Raw)
			return nil
		},
		Seen:   neverSeen{},
		Logger: slog.New(slog.NewTextHandler(&s.log, nil)),
	}
	server := httptest.NewServer(m.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.path = r.URL.Path
		s.mu.Unlock()
		h.ServeHTTP(w, r)
	})))
	t.Cleanup(server.Close)
	s.addr = server.Listener.Addr().String()
	return s
}

// signedRequest is a request that somebody sends to a webhook URL.
type signedRequest struct {
	called, body string
	header       http.Header
}

func signWebhook(secret, called, body string) http.Header {
	return webhook.Sign(webhook.V3, secret, "POST", called, []byte(body), time.Now())
}

// sign returns the request that HubSpot makes.
func (s *webhookServer) sign(called, body string) signedRequest {
	return signedRequest{called, body, signWebhook(clientSecret, called, body)}
}

type webhookAnswer struct {
	status int
	answer string
	path   string // that the handler has found
	event  string // that has reached the callback
}

// deliver writes a request as it stands, for Go's client would tidy up its URL.
func (s *webhookServer) deliver(t *testing.T, r signedRequest) webhookAnswer {
	t.Helper()
	s.mu.Lock()
	s.path, s.event = "", ""
	s.mu.Unlock()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := bufio.NewWriter(conn)
	fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: hooks.example.test\r\nConnection: close\r\n", requestTarget(r.called))
	fmt.Fprint(w, "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example.test\r\nX-Forwarded-Prefix: /x\r\n")
	fmt.Fprintf(w, "Content-Length: %d\r\n", len(r.body))
	r.header.Write(w)
	fmt.Fprint(w, "\r\n", r.body)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return webhookAnswer{resp.StatusCode, strings.TrimSpace(string(answer)), s.path, s.event}
}
