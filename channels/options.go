package channels

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/internal/rest"
)

// DefaultBaseURL is the host of HubSpot's API for all portals.
const DefaultBaseURL = "https://api.hubapi.com"

// HubSpot's limit for an OAuth app in one portal.
const (
	defaultRateLimit  = 110
	defaultRateWindow = 10 * time.Second
)

const userAgent = "customchannels-go (+https://github.com/customchannels/customchannels-go)"

// Option changes a default of [NewClient] or [NewRegistry]. Options check their arguments; the constructors return the
// error.
type Option func(*settings) error

type settings struct {
	base          *url.URL
	http          *http.Client
	logger        *slog.Logger
	version       Version
	conversations Version
	files         Version
	retry         RetryPolicy
	limiter       *rest.Limiter
}

// WithBaseURL sends calls to another server, such as a simulator. Any path it has comes before HubSpot's. Defaults to
// [DefaultBaseURL].
func WithBaseURL(base string) Option {
	return func(s *settings) error {
		u, err := url.Parse(base)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
			return invalidf("the base URL must be an absolute http or https URL")
		case u.User != nil || u.RawQuery != "" || u.Fragment != "":
			return invalidf("the base URL must have no user, query or fragment")
		}
		u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
		s.base = u
		return nil
	}
}

// WithHTTPClient makes calls through the transport of client, which is not changed. Its Timeout, if any, becomes the
// default of [RetryPolicy.AttemptTimeout]; its cookie jar and CheckRedirect are not used. Defaults to a client with
// connections of its own.
func WithHTTPClient(client *http.Client) Option {
	return func(s *settings) error {
		if client == nil {
			return invalidf("WithHTTPClient needs a client")
		}
		s.http = client
		return nil
	}
}

// WithVersion selects the version of the custom channels API. Defaults to [Version202609].
func WithVersion(v Version) Option {
	return func(s *settings) error { s.version = v; return v.validate() }
}

// WithConversationsVersion selects the version of the Conversations API, which inboxes and actors belong to. Defaults to
// [VersionV3].
func WithConversationsVersion(v Version) Option {
	return func(s *settings) error { s.conversations = v; return v.validate() }
}

// WithFilesVersion selects the version of the Files API. Defaults to [VersionV3].
func WithFilesVersion(v Version) Option {
	return func(s *settings) error { s.files = v; return v.validate() }
}

// WithLogger writes one debug line for each request: method, URL without query, status, duration, HubSpot's correlation
// id and number of the attempt; never a credential or content. Defaults to no logging.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) error {
		if logger == nil {
			return invalidf("WithLogger needs a logger")
		}
		s.logger = logger
		return nil
	}
}

// RetryPolicy bounds the attempts of one call. Which failures are tried again, and how long to wait after each status, is
// HubSpot's to say and fixed; see the package documentation.
type RetryPolicy struct {
	// MaxAttempts counts all requests of a call, the first included; 1 means no retries. Defaults to 5.
	MaxAttempts int
	// MaxElapsed is how long after the start of a call a last attempt may begin. Defaults to 2 minutes.
	MaxElapsed time.Duration
	// MaxWait is the longest wait between two attempts. If HubSpot asks for more (Retry-After), the call ends with its
	// error. Defaults to 30 seconds.
	MaxWait time.Duration
	// AttemptTimeout bounds one attempt; for uploads and downloads it bounds each pause. Defaults to 30 seconds.
	AttemptTimeout time.Duration
}

// WithRetry bounds the attempts of calls.
func WithRetry(p RetryPolicy) Option {
	return func(s *settings) error {
		if p.MaxAttempts < 0 || p.MaxElapsed < 0 || p.MaxWait < 0 || p.AttemptTimeout < 0 {
			return invalidf("a retry policy must not have negative fields")
		}
		s.retry = p
		return nil
	}
}

// WithRateLimit bounds the calls in any window of the given length; what HubSpot says of its limit can lower the bound
// but not raise it. With 0 calls there is no bound. Defaults to 110 in 10 seconds, HubSpot's limit for an OAuth app in
// one portal.
func WithRateLimit(calls int, window time.Duration) Option {
	return func(s *settings) error {
		if calls < 0 || calls > 0 && window <= 0 {
			return invalidf("a rate limit needs a number of calls and a window, or 0 calls for none")
		}
		s.limiter = nil
		if calls > 0 {
			s.limiter = rest.NewLimiter(calls, window)
		}
		return nil
	}
}

func newSettings(opts []Option) (*settings, error) {
	s := &settings{
		version:       Version202609,
		conversations: VersionV3,
		files:         VersionV3,
		limiter:       rest.NewLimiter(defaultRateLimit, defaultRateWindow),
	}
	for _, opt := range append([]Option{WithBaseURL(DefaultBaseURL)}, opts...) {
		if err := opt(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// newREST returns the client that makes the calls with the given credential.
func (s *settings) newREST(authorize authorizer) *rest.Client {
	return rest.New(rest.Config{
		BaseURL:    s.base,
		HTTPClient: s.http,
		UserAgent:  userAgent,
		Authorize:  authorize,
		Limiter:    s.limiter,
		Policy: rest.Policy{
			MaxAttempts: s.retry.MaxAttempts,
			MaxElapsed:  s.retry.MaxElapsed,
			MaxWait:     s.retry.MaxWait,
			Timeout:     s.retry.AttemptTimeout,
		},
		NewError: newError,
		Logger:   s.logger,
	})
}
