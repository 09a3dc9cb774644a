package channels_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

var (
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
)

// TestFaults says for each fault how many requests reach the server and what the caller learns, for a POST that may be
// repeated and for one that may not.
func TestFaults(t *testing.T) {
	t.Parallel()
	const all = 5 // attempts by default
	daily := `{"errorType":"RATE_LIMIT","policyName":"DAILY"}`
	for _, tt := range []struct {
		name         string
		fault        answer
		idempotent   int // requests
		plain        int
		mayArrive    bool
		waitAtLeast  time.Duration // before the second request
		waitAtMost   time.Duration
		wantSentinel error
	}{
		{name: "302", fault: reply(302, "", "Location", "https://elsewhere.example.test/"), idempotent: 1, plain: 1},
		{name: "400", fault: reply(400, `{}`), idempotent: 1, plain: 1, wantSentinel: channels.ErrInvalid},
		{name: "401", fault: reply(401, `{}`), idempotent: 1, plain: 1, wantSentinel: channels.ErrUnauthorized},
		{name: "403", fault: reply(403, `{"category":"MISSING_SCOPES"}`), idempotent: 1, plain: 1, wantSentinel: channels.ErrMissingScopes},
		{name: "404", fault: reply(404, `{}`), idempotent: 1, plain: 1, wantSentinel: channels.ErrNotFound},
		{name: "409", fault: reply(409, `{}`), idempotent: 1, plain: 1, wantSentinel: channels.ErrConflict},
		{name: "414", fault: reply(414, ``), idempotent: 1, plain: 1},
		{name: "415", fault: reply(415, ``), idempotent: 1, plain: 1, wantSentinel: channels.ErrInvalid},
		{name: "423", fault: reply(423, `{}`), idempotent: all, plain: all, waitAtLeast: 2 * time.Second, waitAtMost: 4 * time.Second},
		{name: "429", fault: reply(429, `{"policyName":"TEN_SECONDLY_ROLLING"}`), idempotent: all, plain: all,
			waitAtLeast: 2 * time.Second, waitAtMost: 10 * time.Second, wantSentinel: channels.ErrRateLimited},
		{name: "429 secondly", fault: reply(429, `{"policyName":"SECONDLY"}`), idempotent: all, plain: all,
			waitAtLeast: time.Second, waitAtMost: 2 * time.Second, wantSentinel: channels.ErrRateLimited},
		{name: "429 daily", fault: reply(429, daily), idempotent: 1, plain: 1, wantSentinel: channels.ErrRateLimited},
		{name: "429 retry after", fault: reply(429, `{}`, "Retry-After", "7"), idempotent: all, plain: all,
			waitAtLeast: 7 * time.Second, waitAtMost: 8 * time.Second, wantSentinel: channels.ErrRateLimited},
		{name: "429 retry after an hour", fault: reply(429, `{}`, "Retry-After", "3600"), idempotent: 1, plain: 1, wantSentinel: channels.ErrRateLimited},
		{name: "477", fault: reply(477, ``, "Retry-After", "20"), idempotent: all, plain: all, waitAtLeast: 20 * time.Second, waitAtMost: 21 * time.Second},
		{name: "477 for a day", fault: reply(477, ``, "Retry-After", "86400"), idempotent: 1, plain: 1},
		{name: "500", fault: reply(500, `{}`), idempotent: all, plain: 1, mayArrive: true, waitAtMost: 2 * time.Second},
		{name: "501", fault: reply(501, `{}`), idempotent: 1, plain: 1, mayArrive: true},
		{name: "502", fault: reply(502, `<html>`), idempotent: all, plain: 1, mayArrive: true, waitAtLeast: time.Second, waitAtMost: 3 * time.Second},
		{name: "503", fault: reply(503, ``), idempotent: all, plain: 1, mayArrive: true, waitAtLeast: time.Second, waitAtMost: 3 * time.Second},
		{name: "504", fault: reply(504, ``), idempotent: all, plain: 1, mayArrive: true, waitAtLeast: time.Second, waitAtMost: 3 * time.Second},
		{name: "521", fault: reply(521, ``), idempotent: all, plain: 1, mayArrive: true, waitAtLeast: time.Second, waitAtMost: 3 * time.Second},
		{name: "522", fault: reply(522, ``), idempotent: all, plain: 1, mayArrive: true, waitAtLeast: time.Second, waitAtMost: 3 * time.Second},
		{name: "523", fault: reply(523, ``), idempotent: all, plain: 1, mayArrive: true, waitAtLeast: time.Second, waitAtMost: 3 * time.Second},
		{name: "524", fault: reply(524, ``), idempotent: all, plain: 1, mayArrive: true, waitAtLeast: time.Second, waitAtMost: 3 * time.Second},
		{name: "525", fault: reply(525, ``), idempotent: all, plain: 1, mayArrive: true, waitAtLeast: time.Second, waitAtMost: 3 * time.Second},
		{name: "526", fault: reply(526, ``), idempotent: 1, plain: 1, mayArrive: true},
		{name: "connection refused", fault: breakBefore(errRefused), idempotent: all, plain: all, waitAtMost: time.Second, wantSentinel: syscall.ECONNREFUSED},
		{name: "reset before sent", fault: breakBefore(errReset), idempotent: all, plain: all, waitAtMost: time.Second, wantSentinel: syscall.ECONNRESET},
		{name: "reset after sent", fault: breakAfter(errReset), idempotent: all, plain: 1, mayArrive: true, waitAtMost: time.Second, wantSentinel: syscall.ECONNRESET},
		{name: "no answer", fault: hang, idempotent: 4, plain: 1, mayArrive: true, waitAtLeast: 30 * time.Second, waitAtMost: 31 * time.Second},
		{name: "slow body", fault: drip(100, time.Second), idempotent: 4, plain: 1, mayArrive: true, waitAtLeast: 30 * time.Second, waitAtMost: 31 * time.Second},
		{name: "truncated body", fault: cutOff(201, `{"id":"1`), idempotent: all, plain: 1, mayArrive: true, waitAtMost: time.Second, wantSentinel: io.ErrUnexpectedEOF},
		{name: "not JSON", fault: reply(201, `<html>`), idempotent: 1, plain: 1, mayArrive: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, idempotent := range []bool{true, false} {
				synctest.Test(t, func(t *testing.T) {
					server := play(tt.fault)
					c := newClient(t, server)
					want, opts := tt.plain, []channels.CallOption(nil)
					if idempotent {
						want, opts = tt.idempotent, append(opts, channels.Idempotent())
					}
					var out struct{ ID string }
					err := c.Call(t.Context(), http.MethodPost, "/thing", map[string]int{"a": 1}, &out, opts...)
					if err == nil {
						t.Fatal("want an error")
					}
					if tt.wantSentinel != nil && !errors.Is(err, tt.wantSentinel) {
						t.Errorf("the error does not match %v: %v", tt.wantSentinel, err)
					}
					if got := channels.MayHaveArrived(err); got != tt.mayArrive {
						t.Errorf("MayHaveArrived = %v, want %v: %v", got, tt.mayArrive, err)
					}
					requests := server.seen()
					if len(requests) != want {
						t.Fatalf("%d requests (idempotent: %v), want %d", len(requests), idempotent, want)
					}
					if want > 1 {
						if wait := requests[1].At.Sub(requests[0].At); wait < tt.waitAtLeast || wait > tt.waitAtMost {
							t.Errorf("waited %v, want %v to %v", wait, tt.waitAtLeast, tt.waitAtMost)
						}
					}
					if took := time.Since(requests[0].At); took > 151*time.Second {
						t.Errorf("the call took %v, want no attempt to begin after 2 minutes", took)
					}
				})
			}
		})
	}
}

func TestRetriedRequestIsTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(reply(502, ""), breakAfter(errReset), reply(200, `{"ID":"7"}`))
		var out struct{ ID string }
		err := newClient(t, server).Call(t.Context(), http.MethodPut, "/thing?a=1", map[string]string{"html": "<b>&"}, &out)
		if err != nil || out.ID != "7" {
			t.Fatalf("Call = %v, answer %+v", err, out)
		}
		for i, r := range server.seen() {
			if r.Body != `{"html":"<b>&"}` || r.URL != "/base/thing?a=1" || r.Method != http.MethodPut {
				t.Errorf("request %d is %s %s %s", i, r.Method, r.URL, r.Body)
			}
			if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer "+secretToken {
				t.Errorf("request %d has the headers %v", i, r.Header)
			}
		}
	})
}

func TestRetryPolicyBoundsCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(reply(502, ""))
		c := newClient(t, server, channels.WithRetry(channels.RetryPolicy{MaxAttempts: 2}))
		err := c.Call(t.Context(), http.MethodGet, "/thing", nil, nil)
		if e, ok := errors.AsType[*channels.Error](err); !ok || e.Attempts != 2 || len(server.seen()) != 2 {
			t.Errorf("%d requests, error %+v, want 2 attempts", len(server.seen()), err)
		}

		server = play(reply(502, ""))
		c = newClient(t, server)
		_ = c.Call(t.Context(), http.MethodGet, "/thing", nil, nil, channels.MaxAttempts(1))
		if len(server.seen()) != 1 {
			t.Errorf("%d requests, want the 1 of MaxAttempts", len(server.seen()))
		}

		server = play(reply(423, ""))
		c = newClient(t, server, channels.WithRetry(channels.RetryPolicy{MaxElapsed: time.Second}))
		_ = c.Call(t.Context(), http.MethodGet, "/thing", nil, nil)
		if len(server.seen()) != 1 {
			t.Errorf("%d requests, want 1: the second would have begun after MaxElapsed", len(server.seen()))
		}
	})
}

// TestCallOutlivesTheWindow checks that the attempts of a call do not all fall into the window in which HubSpot refuses
// them, though it does not say how long that is.
func TestCallOutlivesTheWindow(t *testing.T) {
	t.Parallel()
	for range 50 { // the waits are random
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			server := play(func(r *http.Request) (*http.Response, error) {
				if time.Since(start) < 10*time.Second {
					return reply(429, `{"policyName":"TEN_SECONDLY_ROLLING"}`)(r)
				}
				return reply(200, `{}`)(r)
			})
			if err := newClient(t, server).Call(t.Context(), http.MethodPost, "/thing", 1, nil); err != nil {
				t.Errorf("Call = %v after %v", err, time.Since(start))
			}
		})
	}
}

func TestEndlessAnswerIsRefused(t *testing.T) {
	t.Parallel()
	server := play(func(r *http.Request) (*http.Response, error) {
		if r == nil {
			return nil, nil
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, ContentLength: -1, Body: io.NopCloser(endless{})}, nil
	})
	var out any
	err := newClient(t, server).Call(t.Context(), http.MethodGet, "/thing", nil, &out)
	if err == nil || !strings.Contains(err.Error(), "too big") || len(server.seen()) != 1 {
		t.Errorf("Call = %v after %d requests, want it to give up on the first answer", err, len(server.seen()))
	}
}

// endless is white space without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestCallDoesNotWaitPastItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(reply(429, `{"message":"slow down"}`, "Retry-After", "10"))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		err := newClient(t, server).Call(ctx, http.MethodGet, "/thing", nil, nil)
		e, ok := errors.AsType[*channels.Error](err)
		if !ok || e.StatusCode != 429 || e.RetryAfter != 10*time.Second || e.Message != "slow down" {
			t.Errorf("error %v, want the 429 with its Retry-After", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("returned after %v, want at once", took)
		}
	})
}

func TestCancelledWaitKeepsTheFailureBehindIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		err := newClient(t, play(reply(429, `{"message":"slow down"}`, "Retry-After", "10"))).Call(ctx, http.MethodGet, "/thing", nil, nil)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, channels.ErrRateLimited) || !strings.Contains(err.Error(), "slow down") {
			t.Errorf("error %v, want the cancellation and the 429", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("returned after %v, want at the cancellation", took)
		}
	})
}

func TestCancelledCallMatchesItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reason := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(reason) })
		err := newClient(t, play(hang)).Call(ctx, http.MethodPost, "/thing", 1, nil)
		if !errors.Is(err, context.Canceled) || !channels.MayHaveArrived(err) {
			t.Errorf("error %v (may have arrived: %v), want the cancellation of a request that was sent", err, channels.MayHaveArrived(err))
		}
		err = newClient(t, play(hang)).Call(ctx, http.MethodPost, "/thing", 1, nil)
		if !errors.Is(err, context.Canceled) || channels.MayHaveArrived(err) {
			t.Errorf("error %v (may have arrived: %v), want the cancellation of a request that was not sent", err, channels.MayHaveArrived(err))
		}
	})
}

func TestAttemptTimeoutIsNotTheCallersDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, play(hang), channels.WithRetry(channels.RetryPolicy{MaxAttempts: 1, AttemptTimeout: 3 * time.Second}))
		start := time.Now()
		err := c.Call(t.Context(), http.MethodGet, "/thing", nil, nil)
		if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "3s") {
			t.Errorf("error %v, want one that names the attempt's timeout", err)
		}
		var timeout interface{ Timeout() bool }
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("error %v, want a timeout", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("returned after %v, want 3s", took)
		}
	})
}

func TestEarlierAttemptsCountForMayHaveArrived(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(breakAfter(errReset), reply(429, `{}`, "Retry-After", "3600"))
		err := newClient(t, server).Call(t.Context(), http.MethodPost, "/thing", 1, nil, channels.Idempotent())
		if !errors.Is(err, channels.ErrRateLimited) || !channels.MayHaveArrived(err) {
			t.Errorf("error %v (may have arrived: %v), want a 429 after an attempt that may have", err, channels.MayHaveArrived(err))
		}
	})
}

func TestRefreshAfter401(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		answers   []answer
		refresh   error
		want      error
		requests  int
		refreshed int
	}{
		{name: "works", answers: []answer{reply(401, `{}`), reply(200, `{}`)}, requests: 2, refreshed: 1},
		{name: "once only", answers: []answer{reply(401, `{}`)}, want: channels.ErrUnauthorized, requests: 2, refreshed: 1},
		{name: "fails", answers: []answer{reply(401, `{}`)}, refresh: errGone, want: errGone, requests: 1, refreshed: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := play(tt.answers...)
				src := &tokens{current: "stale", err: tt.refresh}
				c, err := channels.NewClient(src, with(server, nil)...)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				// A POST with a single attempt: what was refused did nothing, so a fresh token may still be tried.
				err = c.Call(t.Context(), http.MethodPost, "/thing", 1, nil, channels.MaxAttempts(1))
				if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				if tt.refresh != nil && !errors.Is(err, channels.ErrUnauthorized) {
					t.Errorf("error %v, want the 401 in it too", err)
				}
				if len(server.seen()) != tt.requests || len(src.refreshed) != tt.refreshed {
					t.Errorf("%d requests and %d refreshes, want %d and %d", len(server.seen()), len(src.refreshed), tt.requests, tt.refreshed)
				}
				if src.refreshed[0] != "stale" {
					t.Errorf("refreshed %q, want the refused token", src.refreshed[0])
				}
				if last := server.seen()[tt.requests-1]; tt.requests > 1 && last.Header.Get("Authorization") != "Bearer fresh" {
					t.Errorf("second request with %q", last.Header.Get("Authorization"))
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("took %v, want no wait", took)
				}
			})
		})
	}
}

var errGone = errors.New("the app was uninstalled")

func TestBodyThatCannotBeOpenedAgainKeepsTheFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		once := body("content")
		open, opened := once.Open, false
		once.Open = func() (io.ReadCloser, error) {
			if opened {
				return nil, errors.New("read once")
			}
			opened = true
			return open()
		}
		err := newClient(t, play(reply(503, `{"message":"busy"}`))).Call(t.Context(), http.MethodPost, "/thing", once, nil, channels.Idempotent())
		if e, ok := errors.AsType[*channels.Error](err); !ok || e.StatusCode != 503 || !strings.Contains(err.Error(), "read once") {
			t.Errorf("error %v, want the 503 and why there was no second attempt", err)
		}
	})
}
