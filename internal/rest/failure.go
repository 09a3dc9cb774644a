package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Failure is what an error is made of.
type Failure struct {
	Method         string
	Path           string // without query; with scheme and host if they are not the API's
	StatusCode     int    // 0 if Limited
	Header         http.Header
	Body           []byte        // at most 1 MiB, secrets removed
	Wait           time.Duration // what Retry-After asked for; the limiter's delay if Limited
	Limited        bool          // no request was made: the limiter would have blocked
	Attempts       int
	MayHaveArrived bool // some attempt of the call may have taken effect
}

// failure fills in what all failures of the call share.
func (cl *call) failure(f *Failure) *Failure {
	f.Method, f.Path = cl.r.Method, cl.path()
	f.Attempts, f.MayHaveArrived = cl.attempts, cl.arrived
	return f
}

func (cl *call) path() string {
	if cl.c.home(cl.url) {
		return cl.url.EscapedPath()
	}
	return bareURL(cl.url)
}

// TransportError is a call that ended without an answer that can be used.
type TransportError struct {
	Method   string
	Path     string
	Attempts int
	Err      error

	arrived bool
}

func (cl *call) transportError(err error) *TransportError {
	return &TransportError{cl.r.Method, cl.path(), cl.attempts, redact(err, cl.secrets), cl.arrived}
}

// Error implements the error interface.
func (e *TransportError) Error() string {
	if e.Attempts > 1 {
		return fmt.Sprintf("hubspot: %s %s: %v (attempt %d)", e.Method, e.Path, e.Err, e.Attempts)
	}
	return fmt.Sprintf("hubspot: %s %s: %v", e.Method, e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// MayHaveArrived reports whether the call may have taken effect.
func (e *TransportError) MayHaveArrived() bool { return e.arrived }

// unwrapURL takes off what http.Client puts around each error: method and URL are reported anyway.
func unwrapURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// neverConnected reports whether err shows that no connection to the server came about.
func neverConnected(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	_, dns := errors.AsType[*net.DNSError](err)
	return dns || untrusted(err)
}

// untrusted reports whether err is about the server's certificate, which the next attempt would find as it is.
func untrusted(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// retryAfter reads the Retry-After header: seconds or a date. It returns 0 where there is none to be understood.
func retryAfter(h http.Header, now time.Time) time.Duration {
	const most = 30 * 24 * time.Hour
	value := h.Get("Retry-After")
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, most.Seconds()) * float64(time.Second))
	}
	if t, err := http.ParseTime(value); err == nil {
		return min(max(t.Sub(now), 0), most)
	}
	return 0
}

// ended reports whether err is the caller's context speaking.
func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
