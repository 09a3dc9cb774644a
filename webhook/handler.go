package webhook

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
)

const (
	defaultMaxBody = 1 << 20
	defaultSeen    = 10_000
	// retryAfter is what a failed delivery suggests, in seconds. HubSpot spreads its attempts over a day by a plan of
	// its own; the header is for what may stand between.
	retryAfter = "10"
)

// A Handler takes in webhooks: it verifies a request, decodes its events, and calls back for each that was not handled
// before. Set the Verifier and at least one callback, and mount it with any router. It must not be copied or changed
// once it serves.
//
// HubSpot is answered
//
//	200  when every callback has returned nil, or the events were handled before
//	400  when signature headers or body cannot be read
//	401  when the request is not signed by HubSpot, or its timestamp is too old or lies in the future
//	405  for methods other than POST
//	413  when the body is longer than MaxBody
//	500  when a callback panics, and when the Handler is not set up
//	503  when a callback or Seen returns an error
//
// with a few words that help nobody to forge a request. What is really wrong, and what to do about it, is in the log.
// HubSpot says of its webhooks in general that it repeats a delivery that is not answered with 2xx within 5 seconds, up to
// ten times in 24 hours. So a callback should store the event and return, and do the work later.
//
// The events of one request are handled in turn. After the first error the rest is left for the next delivery.
type Handler struct {
	// Verifier verifies each request. Required.
	Verifier *Verifier

	// OnEvent is called for every event that has no callback of its own below. An event without any callback is
	// answered 200 and forgotten. The context ends when HubSpot hangs up. Defaults to none.
	OnEvent func(context.Context, Event) error

	// OnOutgoingMessage, OnAccountCreated, OnAccountUpdated, OnAccountPurged and OnAppEvent are called for events of
	// their type. They default to OnEvent.
	OnOutgoingMessage func(context.Context, *OutgoingMessage) error
	OnAccountCreated  func(context.Context, *AccountCreated) error
	OnAccountUpdated  func(context.Context, *AccountUpdated) error
	OnAccountPurged   func(context.Context, *AccountPurged) error
	OnAppEvent        func(context.Context, *AppEvent) error

	// MaxBody is the longest body to take, in bytes. Defaults to 1 MiB.
	MaxBody int64

	// Seen remembers what was handled. Defaults to an [LRU] of 10,000 events. A memory that outlives the process, and is
	// shared by all machines, recognises redeliveries after a restart too.
	Seen Seen

	// Logger gets a line for each request that is refused or fails, without message text or secrets. Defaults to
	// slog.Default.
	Logger *slog.Logger

	once    sync.Once
	seen    Seen
	running flights
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(func() {
		if h.seen = h.Seen; h.seen == nil {
			h.seen = new(LRU)
		}
	})
	if !h.ready() {
		h.logger().ErrorContext(r.Context(), "webhook: handler is not set up; it needs a Verifier and a callback")
		http.Error(w, "webhook is not set up", http.StatusInternalServerError)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		h.refuse(w, r, http.StatusMethodNotAllowed, "only POST is allowed", errors.New("webhook: method is "+shorten(r.Method)))
		return
	}
	body, ok := h.body(w, r)
	if !ok {
		return
	}
	if err := h.Verifier.Verify(r, body); err != nil {
		h.refuseUnverified(w, r, err)
		return
	}
	events, err := Parse(body)
	if err != nil {
		h.refuse(w, r, http.StatusBadRequest, "body cannot be understood", err)
		return
	}
	for _, e := range events {
		if err := h.handle(r.Context(), e); err != nil {
			h.fail(w, r, e, err)
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

func (h *Handler) ready() bool {
	return h.Verifier != nil && (h.OnEvent != nil || h.OnOutgoingMessage != nil || h.OnAccountCreated != nil ||
		h.OnAccountUpdated != nil || h.OnAccountPurged != nil || h.OnAppEvent != nil)
}

// body reads the body within its limit, or answers the request.
func (h *Handler) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	limit := h.MaxBody
	if limit <= 0 {
		limit = defaultMaxBody
	}
	body, err := readBody(w, r, limit)
	if err == nil {
		return body, true
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		h.refuse(w, r, http.StatusRequestEntityTooLarge, "body is too large", err)
	} else {
		h.refuse(w, r, http.StatusBadRequest, "body cannot be read", err)
	}
	return nil, false
}

// maxPresized bounds the memory that a request gets by announcing a long body instead of sending one.
const maxPresized = 64 << 10

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // rather than read what is not wanted
		return nil, &http.MaxBytesError{Limit: limit}
	}
	limited := http.MaxBytesReader(w, r.Body, limit)
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(min(r.ContentLength, maxPresized)) + bytes.MinRead)
	}
	_, err := body.ReadFrom(limited)
	return body.Bytes(), err
}

// refuseUnverified answers a request that Verify refused.
func (h *Handler) refuseUnverified(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrConfig):
		h.logger().ErrorContext(r.Context(), "webhook: cannot verify", "error", err)
		http.Error(w, "webhook is not set up", http.StatusInternalServerError)
	case errors.Is(err, ErrMalformed):
		h.refuse(w, r, http.StatusBadRequest, ErrMalformed.Error(), err)
	default:
		reason := "request is refused"
		if e, ok := errors.AsType[*VerifyError](err); ok {
			reason = e.Reason.Error()
		}
		h.refuse(w, r, http.StatusUnauthorized, reason, err)
	}
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, status int, reason string, err error) {
	h.logger().WarnContext(r.Context(), "webhook: refused", "status", status, "error", err)
	http.Error(w, reason, status)
}

// fail answers a request of which an event could not be handled.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, e Event, err error) {
	attrs := []any{"event", e.Header().Type, "portal", e.Header().PortalID, "key", e.Key(), "error", err}
	if p, ok := errors.AsType[*panicError](err); ok {
		h.logger().ErrorContext(r.Context(), "webhook: callback panicked", append(attrs, "stack", string(p.stack))...)
		http.Error(w, "event failed", http.StatusInternalServerError)
		return
	}
	h.logger().WarnContext(r.Context(), "webhook: event not handled, HubSpot will deliver it again", attrs...)
	w.Header().Set("Retry-After", retryAfter)
	http.Error(w, "event not handled, try again", http.StatusServiceUnavailable)
}

func (h *Handler) logger() *slog.Logger {
	if h.Logger != nil {
		return h.Logger
	}
	return slog.Default()
}
