package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// timeoutError is an attempt that took too long while the caller's context was still alive.
type timeoutError time.Duration

func (e timeoutError) Error() string { return "no answer within " + time.Duration(e).String() }
func (e timeoutError) Timeout() bool { return true }

// attempt bounds one request in time. For streams the bound is on each pause, since a big file may take long.
type attempt struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func newAttempt(ctx context.Context, limit time.Duration) *attempt {
	a := &attempt{limit: limit}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	a.timer = time.AfterFunc(limit, func() { a.cancel(timeoutError(limit)) })
	return a
}

// progress starts the bound anew.
func (a *attempt) progress() { a.timer.Reset(a.limit) }

func (a *attempt) stop() {
	a.timer.Stop()
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

// answerBody is a response body that ends its attempt when it is closed.
type answerBody struct {
	io.ReadCloser
	attempt  *attempt
	streamed bool
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.streamed {
		b.attempt.progress()
	}
	return n, b.attempt.explain(err)
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.attempt.stop()
	return err
}

// RoundTrip implements http.RoundTripper: one attempt, on a copy of the request, so that no credential gets into the
// errors and redirects that http.Client makes of the original.
func (cl *call) RoundTrip(outer *http.Request) (*http.Response, error) {
	if outer.Response == nil { // else a redirect within the same attempt
		cl.attempts++
	}
	cl.waiting, cl.body = false, nil
	req, err := cl.prepare(outer)
	if err != nil {
		cl.stop(err)
		return nil, err
	}
	streams := cl.streams() || cl.r.Body != nil && cl.r.Body.ContentType != "application/json"
	a := newAttempt(outer.Context(), cl.c.cfg.Policy.Timeout)
	progress := func() {}
	if streams {
		progress = a.progress
	}
	if err := cl.open(req, progress); err != nil {
		a.stop()
		cl.stop(err)
		return nil, err
	}
	sent := time.Now()
	resp, err := cl.c.transport.RoundTrip(req.WithContext(a.ctx))
	cl.log(outer, resp, time.Since(sent), err)
	if err != nil {
		a.stop()
		return nil, a.explain(err)
	}
	if cl.c.home(outer.URL) {
		cl.c.cfg.Limiter.Observe(resp.StatusCode, resp.Header, retryAfter(resp.Header, time.Now()))
	}
	resp.Body = &answerBody{resp.Body, a, streams}
	return resp, nil
}
