package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrInvalidGrant matches, by [errors.Is], an [Error] that refuses the code or refresh token itself: used,
	// expired or revoked.
	ErrInvalidGrant = errors.New("HubSpot refused the code or refresh token")

	// ErrClient matches, by [errors.Is], an [Error] that is about the app and not about the portal: a wrong client id
	// or secret, a token of another app, a request that HubSpot does not take. It never means that the app was
	// uninstalled.
	ErrClient = errors.New("HubSpot refused the app itself: check its client id and secret")
)

// An Error is a refusal by HubSpot's OAuth endpoints, in the form of RFC 6749 section 5.2 or in HubSpot's older one. It
// holds no token, code or secret, even where the answer repeats one.
type Error struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Code is the RFC's error, such as "invalid_grant". It is empty in the older form.
	Code string
	// Description is meant for people: error_description or message.
	Description string
	// Status is HubSpot's own code, such as "BAD_REFRESH_TOKEN".
	Status string
	// CorrelationID helps HubSpot's support to find the request.
	CorrelationID string
	// RetryAfter is how long HubSpot asks to wait, 0 if it does not.
	RetryAfter time.Duration
}

// Error says what HubSpot answered.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "HubSpot answered %d", e.StatusCode)
	for _, s := range []string{e.Code, e.Status} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	if e.Description != "" {
		b.WriteString(": " + e.Description)
	} else if e.Code == "" && e.Status == "" {
		b.WriteString(" " + http.StatusText(e.StatusCode))
	}
	if e.CorrelationID != "" {
		b.WriteString(" (correlation id " + e.CorrelationID + ")")
	}
	return b.String()
}

// Is makes [errors.Is] match [ErrInvalidGrant] and [ErrClient].
func (e *Error) Is(target error) bool {
	switch target {
	case ErrInvalidGrant:
		return e.refusesGrant()
	case ErrClient:
		return e.final() && !e.refusesGrant()
	}
	return false
}

// final reports whether the same request would be refused again.
func (e *Error) final() bool {
	switch e.StatusCode {
	case http.StatusRequestTimeout, http.StatusLocked, http.StatusTooEarly, http.StatusTooManyRequests, 477:
		return false
	}
	return e.StatusCode < 500
}

// refusesGrant errs on the side of the install: a refusal that speaks of the client ("refresh token was not issued to
// this client") comes from the wrong credentials on the right data, and says nothing about the grant.
func (e *Error) refusesGrant() bool {
	if !e.final() || e.StatusCode < 400 {
		return false
	}
	said := strings.ToLower(e.Description + " " + e.Status)
	switch {
	case strings.Contains(said, "client"):
		return false
	case e.Code == "":
		return e.Status == "BAD_REFRESH_TOKEN" || strings.Contains(said, "missing or invalid refresh token")
	}
	return e.Code == "invalid_grant"
}

// newError decodes a refusal. Secrets are the values that were sent and must not come back in it.
func newError(resp *http.Response, body []byte, now time.Time, secrets []string) *Error {
	var answer struct {
		Error         any    `json:"error"` // not a string in pages of other origin
		Description   string `json:"error_description"`
		Message       string `json:"message"`
		Status        string `json:"status"`
		CorrelationID string `json:"correlationId"`
	}
	// What is no JSON, or JSON of another shape, leaves the fields empty: the status then says it all.
	_ = json.Unmarshal(body, &answer)
	e := &Error{StatusCode: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), now)}
	code, _ := answer.Error.(string)
	if answer.Description == "" {
		answer.Description = answer.Message
	}
	e.Code = clean(code, secrets)
	e.Description = clean(answer.Description, secrets)
	e.Status = clean(answer.Status, secrets)
	e.CorrelationID = clean(answer.CorrelationID, secrets)
	return e
}

// clean takes out the secrets, and cuts to a length that a log bears.
func clean(s string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[redacted]")
		}
	}
	const limit = 300
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}

func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(min(max(seconds, 0), 24*60*60)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), 24*time.Hour)
	}
	return 0
}
