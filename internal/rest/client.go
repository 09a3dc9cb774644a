package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Config says what a [Client] talks to and how.
type Config struct {
	// BaseURL is the scheme and host of the API, and a path to put before each request's. Required.
	BaseURL *url.URL
	// HTTPClient provides the transport; it is not changed. Defaults to one with its own connections.
	HTTPClient *http.Client
	// UserAgent is sent with every request.
	UserAgent string
	// Authorize puts the credential on a request that is about to be sent to the API's host: into its header, or into
	// another URL, since URL is shared. Defaults to none.
	Authorize func(context.Context, *http.Request) (Grant, error)
	// Limiter bounds the rate of requests to the API's host. Defaults to none.
	Limiter *Limiter
	// Policy bounds retries.
	Policy Policy
	// NewError makes the error of an answer that is no success, or of a limit that NoWait met. Required.
	NewError func(*Failure) error
	// Logger gets one debug line for each request. Defaults to none.
	Logger *slog.Logger
	// Jitter returns a number from 0 up to 1. Defaults to math/rand.
	Jitter func() float64
}

// Grant is the credential that one attempt carries.
type Grant struct {
	// Secret is kept out of errors and logs.
	Secret string
	// Refresh gets another credential after this one was refused with 401. Defaults to none to be had.
	Refresh func(context.Context) error
}

// Client calls one API with one credential. It is safe for concurrent use.
type Client struct {
	cfg       Config
	transport http.RoundTripper
}

// New returns a client for cfg.
func New(cfg Config) *Client {
	c := &Client{cfg: cfg}
	if cfg.HTTPClient != nil {
		c.transport = cfg.HTTPClient.Transport
		if c.transport == nil {
			c.transport = http.DefaultTransport
		}
		if cfg.Policy.Timeout == 0 {
			c.cfg.Policy.Timeout = cfg.HTTPClient.Timeout
		}
	} else {
		c.transport = newTransport()
	}
	c.cfg.Policy = c.cfg.Policy.withDefaults()
	if c.cfg.Logger == nil {
		c.cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if c.cfg.Jitter == nil {
		c.cfg.Jitter = rand.Float64
	}
	return c
}

// newTransport is http.DefaultTransport with more idle connections for the one host that matters.
func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// Request is one call, which may take several attempts.
type Request struct {
	Method string
	// Path follows the base URL's and may have a query. An absolute URL is called as it is; the credential and the
	// limiter apply to it only if it leads to the API's host.
	Path string
	// Body is what to send. Defaults to nothing.
	Body Body
	// Out is where the answer of a success goes: a *Stream, an io.Writer, or what encoding/json decodes into. Defaults to
	// nowhere.
	Out any
	// Repeatable says that doing the request twice does no harm.
	Repeatable bool
	// NoWait makes the call fail where the limiter would block.
	NoWait bool
	// MaxAttempts overrides the policy's if it is above 0.
	MaxAttempts int
}

// Do carries out r. Its error comes from [Config.NewError] or is a [*TransportError], but for errors of Authorize, which
// are passed on.
func (c *Client) Do(ctx context.Context, r *Request) error {
	u, err := c.resolve(r.Path)
	if err != nil {
		return err
	}
	cl := &call{c: c, r: r, url: u, start: time.Now()}
	cl.secrets = cl.room[:0]
	if !c.home(u) {
		cl.secrets = append(cl.secrets, u.RawQuery) // a signature, most likely
	}
	cl.client = http.Client{Transport: cl, CheckRedirect: noRedirect}
	if cl.downloads() {
		cl.client.CheckRedirect = fewRedirects
	}
	cl.loop = retryablehttp.Client{
		HTTPClient:   &cl.client,
		RetryMax:     math.MaxInt,
		CheckRetry:   cl.checkRetry,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return cl.wait },
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	req := &http.Request{Method: r.Method, URL: u, Host: u.Host, Header: http.Header{}}
	_, err = cl.loop.Do(&retryablehttp.Request{Request: req.WithContext(ctx)})
	return cl.result(ctx, err)
}

// resolve makes the URL of a request.
func (c *Client) resolve(path string) (*url.URL, error) {
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		u, err := url.Parse(path)
		if err != nil || u.Host == "" || u.User != nil {
			// The parser's error would repeat the URL, which may be signed.
			return nil, errors.New("hubspot: the URL to call cannot be parsed, or holds a password")
		}
		return u, nil
	}
	route, _, _ := strings.Cut(path, "?")
	for segment := range strings.SplitSeq(strings.TrimPrefix(route, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return nil, fmt.Errorf("hubspot: the path %q has an empty or relative segment: is an id missing?", route)
		}
	}
	base := c.cfg.BaseURL
	u, err := url.Parse(base.Scheme + "://" + base.Host + strings.TrimSuffix(base.EscapedPath(), "/") + "/" + strings.TrimPrefix(path, "/"))
	if err != nil {
		return nil, fmt.Errorf("hubspot: the path %q cannot be parsed", route)
	}
	return u, nil
}

// home reports whether u leads to the API's own host, over the same scheme and port.
func (c *Client) home(u *url.URL) bool {
	return u.Scheme == c.cfg.BaseURL.Scheme && strings.EqualFold(u.Host, c.cfg.BaseURL.Host)
}
