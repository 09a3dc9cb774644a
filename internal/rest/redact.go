package rest

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
)

const redacted = "REDACTED"

// bareURL returns u without its query, user and fragment: what may be shown of it.
func bareURL(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }

// forms returns how secrets may be written in a text: plain and as in a query.
func forms(secrets []string) []string {
	var all []string
	for _, s := range secrets {
		if s == "" {
			continue
		}
		all = append(all, s)
		if q := url.QueryEscape(s); q != s {
			all = append(all, q)
		}
	}
	return all
}

func redactText(text string, secrets []string) string {
	for _, s := range forms(secrets) {
		text = strings.ReplaceAll(text, s, redacted)
	}
	return text
}

func redactBytes(text []byte, secrets []string) []byte {
	for _, s := range forms(secrets) {
		text = bytes.ReplaceAll(text, []byte(s), []byte(redacted))
	}
	return text
}

// redact returns err, or a copy without secrets and without the queries of URLs. The copy keeps what callers ask errors
// for: whether the context ended and whether it was a timeout.
func redact(err error, secrets []string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	clean := redactText(text, secrets)
	if e, ok := errors.AsType[*url.Error](err); ok {
		clean = strings.ReplaceAll(clean, redactText(e.URL, secrets), showURL(e.URL))
	}
	if clean == text {
		return err
	}
	return &redactedError{clean, err}
}

func showURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return redacted
	}
	return bareURL(u)
}

// redactedError answers for an error that must not be shown. It does not unwrap.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }

// Is lets a few harmless errors be seen through.
func (e *redactedError) Is(target error) bool {
	return (target == context.Canceled || target == context.DeadlineExceeded) && errors.Is(e.err, target)
}

// Timeout reports whether the error was a timeout.
func (e *redactedError) Timeout() bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](e.err)
	return ok && t.Timeout()
}
