package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	maxErrorBody  = 1 << 20  // bytes kept of an answer that is no success
	maxJSONBody   = 32 << 20 // bytes read of an answer to decode
	maxRedirects  = 5        // of a download
	staleGrant    = 30 * time.Second
	correlationID = "X-HubSpot-Correlation-Id"
)

// call is the state of one Request over its attempts, which loop runs one after the other.
type call struct {
	c      *Client
	r      *Request
	url    *url.URL
	start  time.Time
	loop   retryablehttp.Client
	client http.Client // the loop's

	secrets []string
	room    [2]string // for secrets: few calls know more

	grant    Grant
	latest   *attempt
	attempts int   // begun so far
	forgiven int   // attempts that MaxAttempts does not count: those refused for a stale credential
	arrived  bool  // some attempt may have taken effect
	stopped  error // why the latest attempt was not made at all
	err      error // the outcome of the latest attempt
	waiting  bool  // the next attempt is due after wait
	wait     time.Duration
}

// result returns the outcome of the call, given what the loop returned.
func (cl *call) result(ctx context.Context, loopErr error) error {
	if cl.waiting {
		// The loop was cut off between two attempts: keep what it was waiting for.
		return cl.transportError(fmt.Errorf("%w while waiting to try again after: %w", cause(ctx), cl.err))
	}
	if cl.attempts == 0 && loopErr != nil {
		return cl.transportError(loopErr)
	}
	return cl.err
}

// prepare makes the request of an attempt, ready to be sent: authorized, let through by the limiter, and with a body.
func (cl *call) prepare(outer *http.Request, a *attempt) (*http.Request, error) {
	ctx := outer.Context()
	if ctx.Err() != nil {
		return nil, cl.transportError(cause(ctx))
	}
	if _, std := cl.c.transport.(*http.Transport); std && !a.streamed {
		a.follow()
	}
	req := outer.WithContext(a.ctx)
	req.Header = cl.header()
	if cl.c.home(req.URL) {
		if err := cl.admit(ctx, req); err != nil {
			return nil, err
		}
	}
	return req, cl.open(req, a)
}

func (cl *call) header() http.Header {
	h := make(http.Header, 4)
	values := []string{cl.c.cfg.UserAgent, "application/json", "identity", ""}
	h["User-Agent"] = values[0:1:1]
	h["Accept"] = values[1:2:2]
	if cl.downloads() {
		values[1] = "*/*"
		h["Accept-Encoding"] = values[2:3:3] // keeps Stream.Size true
	}
	if !cl.r.Body.empty() {
		values[3] = cl.r.Body.ContentType
		h["Content-Type"] = values[3:4:4]
	}
	return h
}

// admit authorizes a request to the API and waits until the limiter lets it go.
func (cl *call) admit(ctx context.Context, req *http.Request) error {
	if err := cl.authorize(ctx, req); err != nil {
		return err
	}
	queued := time.Now()
	delay, err := cl.c.cfg.Limiter.Acquire(ctx, cl.r.NoWait)
	switch {
	case err != nil:
		return cl.transportError(fmt.Errorf("%w while waiting for the rate limit", cause(ctx)))
	case delay > 0:
		return cl.c.cfg.NewError(cl.failure(&Failure{Limited: true, Wait: delay}))
	case time.Since(queued) > staleGrant:
		return cl.authorize(ctx, req) // the credential may have expired in the queue
	}
	return nil
}

func (cl *call) authorize(ctx context.Context, req *http.Request) error {
	if cl.c.cfg.Authorize == nil {
		return nil
	}
	grant, err := cl.c.cfg.Authorize(ctx, req)
	if err != nil {
		return err
	}
	cl.grant = grant
	if grant.Secret != "" {
		cl.secrets = append(cl.secrets, grant.Secret)
	}
	return nil
}

// open gives req the body of one attempt.
func (cl *call) open(req *http.Request, a *attempt) error {
	b := &cl.r.Body
	if b.empty() {
		return nil
	}
	rc, err := b.Open()
	if err != nil {
		return cl.transportError(fmt.Errorf("opening the body to send: %w", err))
	}
	req.Body, req.ContentLength = rc, b.Size
	if a.trace.GotConn != nil {
		// Left as it is, net/http knows that it is in memory, and sends it together with the header.
		req.GetBody = b.Open
		return nil
	}
	a.body = &sentBody{ReadCloser: rc, left: b.Size, progress: a.progress}
	req.Body = a.body
	return nil
}

// stop records why an attempt is not made, and what made it necessary.
func (cl *call) stop(err error) {
	if cl.err != nil {
		err = cl.transportError(fmt.Errorf("%w (before that: %w)", err, cl.err))
	}
	cl.stopped = err
}

// downloads reports whether the answer is wanted as it is, and may be big.
func (cl *call) downloads() bool {
	switch cl.r.Out.(type) {
	case *Stream, io.Writer:
		return true
	}
	return false
}

// noRedirect follows none: nothing of HubSpot's API redirects but downloads, and another host must not get what was meant
// for the API.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// fewRedirects follows those of a download.
func fewRedirects(_ *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}

// checkRetry implements retryablehttp.CheckRetry: it settles the outcome of an attempt and decides about another.
func (cl *call) checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if cl.stopped != nil {
		cl.err = cl.stopped
		return false, nil
	}
	var f *Failure
	switch {
	case err != nil:
		cl.arrived = cl.arrived || cl.latest != nil && cl.latest.completed(err)
		cl.err = cl.transportError(explainEnd(ctx, unwrapURL(err)))
	case resp.StatusCode >= 200 && resp.StatusCode <= 299:
		cl.arrived = true
		var final bool
		if cl.err, final = cl.receive(ctx, resp); final {
			return false, nil
		}
		err = cl.err
	default:
		f = cl.refusal(resp)
		cl.arrived = cl.arrived || resp.StatusCode >= 500
		cl.err = cl.c.cfg.NewError(cl.failure(f))
	}
	if f != nil && f.StatusCode == http.StatusUnauthorized {
		cl.waiting = cl.refresh(ctx)
		return cl.waiting, nil
	}
	cl.wait, cl.waiting = cl.again(ctx, f, err)
	return cl.waiting, nil
}

// refresh asks once for another credential after a 401, and reports whether to try with it.
func (cl *call) refresh(ctx context.Context) bool {
	if cl.grant.Refresh == nil || cl.forgiven > 0 {
		return false
	}
	if err := cl.grant.Refresh(ctx); err != nil {
		cl.err = fmt.Errorf("%w (after: %w)", err, cl.err)
		return false
	}
	cl.forgiven++
	cl.wait = 0
	return true
}

// again returns how long to wait before another attempt, and whether to make one. f is nil where err is why there is no
// complete answer.
func (cl *call) again(ctx context.Context, f *Failure, err error) (time.Duration, bool) {
	p := cl.c.cfg.Policy
	most := p.MaxAttempts
	if cl.r.MaxAttempts > 0 {
		most = cl.r.MaxAttempts
	}
	made := cl.attempts - cl.forgiven
	if made >= most || ctx.Err() != nil {
		return 0, false
	}
	pause, ok := pauseAfter(f, err)
	if !ok || !cl.r.Repeatable && cl.arrived {
		return 0, false
	}
	wait := p.wait(pause, f, made, cl.c.cfg.Jitter())
	if wait > p.MaxWait || time.Since(cl.start)+wait > p.MaxElapsed {
		return 0, false
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return 0, false
	}
	return wait, true
}

// receive takes in the answer of a success. It is final unless the answer broke off while being read.
func (cl *call) receive(ctx context.Context, resp *http.Response) (failed error, final bool) {
	switch out := cl.r.Out.(type) {
	case *Stream:
		*out = Stream{Body: resp.Body, Size: resp.ContentLength, Header: resp.Header}
		return nil, true
	case io.Writer:
		defer closeBody(resp)
		if _, err := io.Copy(out, resp.Body); err != nil {
			return cl.transportError(fmt.Errorf("reading the answer: %w", explainEnd(ctx, err))), true // out has a part already
		}
		return nil, true
	}
	defer closeBody(resp)
	data, err := readAll(resp.Body, resp.ContentLength, maxJSONBody)
	if err != nil {
		return cl.transportError(fmt.Errorf("reading the answer: %w", explainEnd(ctx, err))), errors.Is(err, errTooBig)
	}
	if cl.r.Out == nil || resp.StatusCode == http.StatusNoContent {
		return nil, true
	}
	if err := json.Unmarshal(data, cl.r.Out); err != nil {
		return cl.transportError(fmt.Errorf("the answer (status %d) is not what was expected: %w", resp.StatusCode, err)), true
	}
	return nil, true
}

// refusal reads an answer that is no success.
func (cl *call) refusal(resp *http.Response) *Failure {
	defer closeBody(resp)
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what could be read of it is better than nothing
	return &Failure{
		StatusCode: resp.StatusCode,
		Header:     resp.Header,
		Body:       redactBytes(body, cl.secrets),
		Wait:       retryAfter(resp.Header, time.Now()),
	}
}

// closeBody closes the body and leaves an empty one for go-retryablehttp to drain.
func closeBody(resp *http.Response) {
	resp.Body.Close()
	resp.Body = http.NoBody
}

// log writes the debug line of an attempt. It names no credential and no query, which may hold addresses.
func (cl *call) log(req *http.Request, resp *http.Response, took time.Duration, err error) {
	logger := cl.c.cfg.Logger
	if !logger.Enabled(req.Context(), slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", req.Method),
		slog.String("url", bareURL(req.URL)),
		slog.Int("attempt", cl.attempts),
		slog.Duration("duration", took),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", redact(err, cl.secrets).Error()))
	} else {
		attrs = append(attrs, slog.Int("status", resp.StatusCode), slog.String("correlation_id", resp.Header.Get(correlationID)))
	}
	logger.LogAttrs(req.Context(), slog.LevelDebug, "hubspot request", attrs...)
}

// explainEnd makes an error that came of the end of ctx match ctx.Err, which transports replace by its cause.
func explainEnd(ctx context.Context, err error) error {
	if end := ctx.Err(); end != nil && !errors.Is(err, end) {
		return fmt.Errorf("%w: %w", end, err)
	}
	return err
}

// cause returns why ctx ended, in a form that matches its Err.
func cause(ctx context.Context) error {
	if c := context.Cause(ctx); !errors.Is(c, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), c)
	}
	return ctx.Err()
}
