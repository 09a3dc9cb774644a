package hubspottest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// attempt sends a webhook once and records how it went.
func (s *Server) attempt(ctx context.Context, d *delivery) outcome {
	release := s.hooks.slot(ctx, d.PortalID)
	if release == nil {
		return cutOff
	}
	defer release()
	fault := s.webhookFault(d)
	if fault == nil {
		return again
	}
	now := s.now()
	if d.Attempts == 0 || s.Readings().RetriesSignedAnew {
		d.SignedAt = now
	}
	e := Entry{
		Time: now, Operation: d.operation(), Method: http.MethodPost, PortalID: d.PortalID,
		Request: redactBody([]byte(d.body()), "application/json"),
	}
	err := s.postWith(ctx, fault, d, &e)
	if err != nil && ctx.Err() != nil {
		return cutOff
	}
	e.DurationMS = s.now().Sub(now).Milliseconds()
	if err != nil {
		e.Error = err.Error()
		s.cfg.Logger.Warn("hubspottest: a webhook failed", "attempt", d.Attempts+1, "error", err)
	}
	s.journal.addWebhook(e, d)
	s.repeat(ctx, fault, d, e)
	defer s.hooks.letGo(d.PortalID)
	return s.settle(d, err != nil, e.Status)
}

// slot takes one of the portal's places for concurrent requests. It returns
// nil when ctx is done.
func (h *hooks) slot(ctx context.Context, portal int64) (release func()) {
	h.mu.Lock()
	places := h.slots[portal]
	if places == nil {
		places = make(chan struct{}, perPortal)
		h.slots[portal] = places
	}
	h.mu.Unlock()
	if ctx.Err() != nil {
		return nil
	}
	select {
	case places <- struct{}{}:
		return func() { <-places }
	case <-ctx.Done():
		return nil
	}
}

// settle records the outcome of an attempt that was made.
func (s *Server) settle(d *delivery, failed bool, status int) outcome {
	result := ended
	err := s.update(func(tx *tx) error {
		d.Attempts++
		pause, left := s.retryDelay(d.Attempts)
		if failed && left && !s.givesUp(status) {
			d.NextAt = tx.now.Add(pause)
			tx.deliveries.put(tx, d.ID, d)
			result = again
			return nil
		}
		tx.deliveries.remove(tx, d.ID)
		return nil
	})
	if err != nil {
		s.cfg.Logger.Error("hubspottest: a webhook's outcome was not stored; it may be sent again", "error", err)
	}
	return result
}

// givesUp reports whether an app's answer ends a webhook without a retry.
func (s *Server) givesUp(status int) bool {
	return s.Readings().ClientErrorsEnd && (status == 400 || status == 401 || status >= 403 && status <= 405)
}

// retryDelay is the pause after so many attempts.
func (s *Server) retryDelay(attempts int) (time.Duration, bool) {
	delays := s.cfg.RetryDelays
	if delays == nil {
		delays = hubspotDelays
	}
	if attempts > len(delays) {
		return 0, false
	}
	pause := delays[attempts-1]
	if s.cfg.RetryDelays == nil {
		pause += rand.N(pause / 10)
	}
	return pause, true
}

// post makes the request of an attempt. Only a 2xx answer is accepted, and
// redirects are not followed.
func (s *Server) post(ctx context.Context, fault *Fault, d *delivery, e *Entry) error {
	if err := s.stored(d.mark); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.webhookTimeout())
	defer cancel()
	req, err := s.webhookRequest(ctx, fault, d)
	if err != nil {
		return err
	}
	e.Path = redactWebhook(req.URL)

	client := *s.cfg.HTTPClient
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return s.plainError(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxJournalBody))
	e.Status, e.Response = resp.StatusCode, redactBody(answer, resp.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return s.plainError(err)
	case fault.Reset == ResetAfter:
		return errors.New("the app's answer was lost by a fault")
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return fmt.Errorf("the app answered %d", resp.StatusCode)
	}
	return nil
}

// webhookRequest is what an attempt sends, signed.
func (s *Server) webhookRequest(ctx context.Context, fault *Fault, d *delivery) (*http.Request, error) {
	target, secret := s.webhookTarget(d.ChannelID)
	if target == "" {
		return nil, errors.New("the channel has no webhookUrl")
	}
	body := d.body()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return nil, errors.New("the channel's webhookUrl is not a URL")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "hubspottest")
	if fault.BadSignature {
		secret = "not the app's secret"
	}
	signHeaders(req.Header, secret, target, body, d.SignedAt, s.Readings())
	fault.spoil(req.Header)
	return req, nil
}

// webhookTarget is where the webhooks of a channel go, those of the app itself
// if there is no channelID, and the secret that signs them.
func (s *Server) webhookTarget(channelID string) (target, secret string) {
	s.view(func(st *state) {
		if ch := st.channels.get(channelID); ch != nil {
			target = s.webhookURL(ch)
		} else if channelID == "" {
			target = s.appWebhookURL
		}
		secret = st.app().ClientSecret
	})
	return target, secret
}

// plainError is why a webhook's request failed.
func (s *Server) plainError(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) && wrapped.Timeout() {
		return fmt.Errorf("the app did not answer within %v", s.webhookTimeout())
	}
	return withoutURL(err)
}

// withoutURL is a client's error without the URL, whose query may be secret.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// redactWebhook hides the values of a webhook URL's query: apps put secrets of
// their own there.
func redactWebhook(u *url.URL) string {
	shown := *u
	shown.User = nil
	shown.RawQuery = ""
	if u.RawQuery == "" {
		return shown.String()
	}
	var names []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		names = append(names, name+"="+redacted)
	}
	return shown.String() + "?" + strings.Join(names, "&")
}
