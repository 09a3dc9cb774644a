package messages_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// transport answers requests in memory, one answer after the other; the last one repeats.
type transport struct {
	mu       sync.Mutex
	answers  []answer
	requests []request
}

type answer struct {
	status int
	body   string
	err    error // instead, after the request was read
	early  bool  // answered before the request was read
}

type request struct {
	method, url, contentType, auth, body string
	length                               int64
}

func play(answers ...answer) *transport { return &transport{answers: answers} }

// RoundTrip implements http.RoundTripper.
func (s *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.answers[min(len(s.requests), len(s.answers)-1)]
	got := request{
		method: r.Method, url: r.URL.String(), contentType: r.Header.Get("Content-Type"),
		auth: r.Header.Get("Authorization"), length: r.ContentLength,
	}
	if r.Body != nil && !a.early {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		got.body = string(data)
		if r.ContentLength >= 0 && r.ContentLength != int64(len(data)) {
			return nil, errors.New("the body is not as long as announced")
		}
	}
	if r.Body != nil {
		_ = r.Body.Close()
	}
	s.requests = append(s.requests, got)
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		ContentLength: int64(len(a.body)), Body: io.NopCloser(strings.NewReader(a.body)),
	}, nil
}

func newClient(t testing.TB, s *transport) *messages.Client {
	t.Helper()
	api, err := channels.NewClient(channels.StaticToken("token"),
		channels.WithHTTPClient(&http.Client{Transport: s}), channels.WithBaseURL("https://hubspot.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	return messages.NewClient(api)
}
