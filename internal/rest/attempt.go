package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"
)

// timeoutError is an attempt that took too long while the caller's context was still alive.
type timeoutError time.Duration

func (e timeoutError) Error() string { return "no answer within " + time.Duration(e).String() }
func (e timeoutError) Timeout() bool { return true }

// attempt is one request: its bound in time, and how far it got. For streams the bound is on each pause, since a big file
// may take long. It is also the body of its answer, and over when that is closed.
type attempt struct {
	io.ReadCloser // the body as the transport gave it

	ctx      context.Context
	cancel   context.CancelCauseFunc
	timer    *time.Timer
	limit    time.Duration
	streamed bool

	body      *sentBody             // what is sent, unless the trace tells enough
	trace     httptrace.ClientTrace // set for transports that are known to call it
	connected bool
}

// newAttempt returns an attempt whose time has not begun.
func newAttempt(ctx context.Context, limit time.Duration, streamed bool) *attempt {
	a := &attempt{limit: limit, streamed: streamed}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	return a
}

// follow makes net/http's transport tell whether it got a connection.
func (a *attempt) follow() {
	a.trace.GotConn = func(httptrace.GotConnInfo) { a.connected = true }
	a.ctx = httptrace.WithClientTrace(a.ctx, &a.trace)
}

func (a *attempt) start() {
	a.timer = time.AfterFunc(a.limit, func() { a.cancel(timeoutError(a.limit)) })
}

// completed reports whether the server may have got the whole request, after the transport failed with err.
func (a *attempt) completed(err error) bool {
	switch {
	case a.trace.GotConn != nil:
		return a.connected
	case a.body != nil:
		return a.body.settle()
	}
	return !neverConnected(err)
}

// progress starts the bound of a stream anew.
func (a *attempt) progress() {
	if a.streamed {
		a.timer.Reset(a.limit)
	}
}

func (a *attempt) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
	a.cancel(nil)
}

// explain returns err, or why the attempt was cancelled if that is what ended it. Some transports return only
// context.Canceled, which would read as if the caller had given up.
func (a *attempt) explain(err error) error {
	if timeout, ok := errors.AsType[timeoutError](context.Cause(a.ctx)); ok && err != nil && err != io.EOF {
		return timeout
	}
	return err
}

// Read implements io.Reader.
func (a *attempt) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	a.progress()
	return n, a.explain(err)
}

// Close implements io.Closer.
func (a *attempt) Close() error {
	err := a.ReadCloser.Close()
	a.stop()
	return err
}

// RoundTrip implements http.RoundTripper: one attempt, on a copy of the request, so that no credential gets into the
// errors and redirects that http.Client makes of the original.
func (cl *call) RoundTrip(outer *http.Request) (*http.Response, error) {
	if outer.Response == nil { // else a redirect within the same attempt
		cl.attempts++
	}
	cl.waiting = false
	a := newAttempt(outer.Context(), cl.c.cfg.Policy.Timeout, cl.downloads() || !cl.r.Body.inMemory())
	cl.latest = a
	req, err := cl.prepare(outer, a)
	if err != nil {
		a.stop()
		cl.stop(err)
		return nil, err
	}
	a.start()
	sent := time.Now()
	resp, err := cl.c.transport.RoundTrip(req)
	cl.log(outer, resp, time.Since(sent), err)
	if err != nil {
		err = a.explain(err)
		a.stop()
		return nil, err
	}
	if cl.c.home(outer.URL) {
		cl.c.cfg.Limiter.Observe(resp.StatusCode, resp.Header, retryAfter(resp.Header, time.Now()))
	}
	a.ReadCloser = resp.Body
	resp.Body = a
	return resp, nil
}
