package hubspottest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// reorderPatience is how long a webhook waits for another one to overtake it.
const reorderPatience = time.Minute

// webhookFault returns the fault to play for an attempt, which may be none. It
// returns nil after it has set the webhook aside for later.
func (s *Server) webhookFault(d *delivery) *Fault {
	if f := d.fault; f != nil { // its time has come
		d.fault, d.early = nil, nil
		return f
	}
	f := s.faults.take(d.operation(), d.PortalID)
	if !f.Reorder && f.Delay <= 0 {
		return &f
	}
	d.fault = &f
	wait := f.Delay
	if f.Reorder {
		wait = max(wait, reorderPatience)
		d.early = s.hooks.hold(d.PortalID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.NextAt = s.now().Add(wait)
	return nil
}

// hold returns a channel that the portal's next webhook closes.
func (h *hooks) hold(portal int64) chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	early := make(chan struct{})
	h.held[portal] = append(h.held[portal], early)
	return early
}

// letGo ends the waiting for a portal's next webhook.
func (h *hooks) letGo(portal int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, early := range h.held[portal] {
		close(early)
	}
	delete(h.held, portal)
}

// postWith makes the request of an attempt, unless the fault prevents it.
func (s *Server) postWith(ctx context.Context, f *Fault, d *delivery, e *Entry) error {
	if f.Reset == ResetBefore {
		return errors.New("the connection was reset by a fault")
	}
	return s.post(ctx, f, d, e)
}

// repeat sends a webhook as often again as the fault says, whatever the app
// answers.
func (s *Server) repeat(ctx context.Context, f *Fault, d *delivery, first Entry) {
	for range f.Duplicates {
		e := Entry{Time: s.now(), Operation: first.Operation, Method: first.Method, PortalID: first.PortalID, Request: first.Request}
		if err := s.post(ctx, f, d, &e); err != nil {
			e.Error = err.Error()
		}
		s.journal.addWebhook(e, d)
	}
}

// spoil changes the signature as the fault says.
func (f *Fault) spoil(h http.Header) {
	if f.SpacedSignature {
		const name = "X-HubSpot-Signature-v3"
		h.Set(name, strings.ReplaceAll(h.Get(name), "+", " "))
	}
}

// escapeUnicode writes everything in a JSON text that is not ASCII as \uXXXX.
func escapeUnicode(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for _, r := range string(body) {
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}
