package channels_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/customchannels/customchannels-go/channels"
)

// TestMayHaveArrivedOverSockets checks what net/http's own transport tells: the other tests run in memory.
func TestMayHaveArrivedOverSockets(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	var got atomic.Int32
	abort := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got.Add(1)
		panic(http.ErrAbortHandler)
	})
	plain, secure := httptest.NewServer(abort), httptest.NewTLSServer(abort)
	defer plain.Close()
	defer secure.Close()
	for _, tt := range []struct {
		name     string
		url      string
		in       any
		arrived  bool
		requests int32
	}{
		{"refused", "http://" + closed.Addr().String(), map[string]int{}, false, 0},
		{"refused, streamed", "http://" + closed.Addr().String(), body("content"), false, 0},
		{"refused, without body", "http://" + closed.Addr().String(), nil, false, 0},
		{"unknown host", "http://nowhere.invalid", map[string]int{}, false, 0},
		{"untrusted", secure.URL, map[string]int{}, false, 0},
		{"broken off", plain.URL, map[string]int{}, true, 1},
		{"broken off, streamed", plain.URL, body("content"), true, 1},
	} {
		got.Store(0)
		c, err := channels.NewClient(channels.StaticToken("t"), channels.WithBaseURL(tt.url))
		if err != nil {
			t.Fatal(err)
		}
		err = c.Call(t.Context(), http.MethodPost, "/x", tt.in, nil, channels.MaxAttempts(1))
		if err == nil || channels.MayHaveArrived(err) != tt.arrived {
			t.Errorf("%s: error %v, MayHaveArrived %v, want %v", tt.name, err, channels.MayHaveArrived(err), tt.arrived)
		}
		if n := got.Load(); n != tt.requests {
			t.Errorf("%s: %d requests, want %d", tt.name, n, tt.requests)
		}
	}
}

func TestRedirectsOfADownloadEnd(t *testing.T) {
	t.Parallel()
	var hops atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hops.Add(1)
		http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
	}))
	defer srv.Close()
	c, err := channels.NewClient(channels.StaticToken("t"), channels.WithBaseURL(srv.URL))
	if err != nil {
		t.Fatal(err)
	}
	var stream channels.Stream
	err = c.Call(t.Context(), http.MethodGet, "/x", nil, &stream)
	if err == nil || !strings.Contains(err.Error(), "302") || hops.Load() > 10 {
		t.Errorf("Call = %v after %d hops, want the 302", err, hops.Load())
	}
}
