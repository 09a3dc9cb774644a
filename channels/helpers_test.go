package channels_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels"
)

const (
	secretToken = "token-CJr+9/secret="
	secretKey   = "developer-key+9/secret="
)

// answer is what a scripted server does with one request.
type answer func(*http.Request) (*http.Response, error)

// script is a transport that answers request after request in memory, so that it works within synctest. The last answer
// repeats.
type script struct {
	mu       sync.Mutex
	answers  []answer
	requests []*request
}

// request is what a script got.
type request struct {
	Method string
	URL    string // path and query
	Host   string
	Header http.Header
	Body   string
	At     time.Time
}

func play(answers ...answer) *script { return &script{answers: answers} }

// RoundTrip implements http.RoundTripper.
func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	got := &request{Method: r.Method, URL: r.URL.RequestURI(), Host: r.URL.Host, Header: r.Header.Clone(), At: time.Now()}
	s.mu.Lock()
	next := s.answers[min(len(s.requests), len(s.answers)-1)]
	s.requests = append(s.requests, got)
	s.mu.Unlock()
	if r.Body != nil {
		defer r.Body.Close()
	}
	// Some answers come before the body was read.
	if resp, err := next(nil); resp != nil || err != nil {
		return resp, err
	}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		got.Body = string(body)
		if r.ContentLength >= 0 && r.ContentLength != int64(len(body)) {
			return nil, errors.New("the body is not as long as announced")
		}
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return next(r)
}

// seen returns the requests made so far.
func (s *script) seen() []*request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// reply answers with a status and a body; headers are name, value, name, value...
func reply(status int, body string, headers ...string) answer {
	return func(r *http.Request) (*http.Response, error) {
		if r == nil {
			return nil, nil
		}
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i+1 < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{
			StatusCode: status, Header: h, Request: r, ContentLength: int64(len(body)),
			Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	}
}

// breakBefore fails before the request was sent; breakAfter when it was.
func breakBefore(err error) answer {
	return func(r *http.Request) (*http.Response, error) { return nil, err }
}

func breakAfter(err error) answer {
	return func(r *http.Request) (*http.Response, error) {
		if r == nil {
			return nil, nil
		}
		return nil, err
	}
}

// hang answers when the request's context ends.
func hang(r *http.Request) (*http.Response, error) {
	if r == nil {
		return nil, nil
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// cutOff answers with a body that ends too early.
func cutOff(status int, part string) answer {
	return func(r *http.Request) (*http.Response, error) {
		if r == nil {
			return nil, nil
		}
		body := io.MultiReader(strings.NewReader(part), errReader{io.ErrUnexpectedEOF})
		return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, ContentLength: -1, Body: io.NopCloser(body)}, nil
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// drip answers with a body of n bytes, each of which takes pause.
func drip(n int, pause time.Duration) answer {
	return func(r *http.Request) (*http.Response, error) {
		if r == nil {
			return nil, nil
		}
		body := &slowReader{r.Context(), n, pause}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, ContentLength: int64(n), Body: io.NopCloser(body)}, nil
	}
}

type slowReader struct {
	ctx   context.Context
	left  int
	pause time.Duration
}

func (r *slowReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(r.pause):
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
	r.left--
	return copy(p, "x"), nil
}

func newClient(t testing.TB, rt http.RoundTripper, opts ...channels.Option) *channels.Client {
	t.Helper()
	c, err := channels.NewClient(channels.StaticToken(secretToken), with(rt, opts)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newRegistry(t testing.TB, rt http.RoundTripper, opts ...channels.Option) *channels.Registry {
	t.Helper()
	g, err := channels.NewRegistry(channels.DeveloperKey{AppID: 4711, Key: secretKey}, with(rt, opts)...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func with(rt http.RoundTripper, opts []channels.Option) []channels.Option {
	return append([]channels.Option{
		channels.WithHTTPClient(&http.Client{Transport: rt}),
		channels.WithBaseURL("https://hubspot.example.test/base"),
	}, opts...)
}

// tokens is a token source that counts, and can get new tokens.
type tokens struct {
	mu        sync.Mutex
	current   string
	refreshed []string // the refused tokens
	err       error
}

func (s *tokens) Token(context.Context) (*oauth2.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &oauth2.Token{AccessToken: s.current}, nil
}

func (s *tokens) Refresh(_ context.Context, refused *oauth2.Token) (*oauth2.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshed = append(s.refreshed, refused.AccessToken)
	if s.err != nil {
		return nil, s.err
	}
	s.current = "fresh"
	return &oauth2.Token{AccessToken: s.current}, nil
}

func body(content string) *channels.Body {
	return &channels.Body{ContentType: "text/plain", Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader([]byte(content))), nil
	}}
}
