package webhook

import (
	"errors"
	"strings"
)

// The checks that a request can fail. Every error of [Verifier.Verify] is a [*VerifyError] that wraps one of them.
var (
	// ErrConfig means that the Verifier itself cannot verify anything: no secret, or no usable public URL.
	ErrConfig = errors.New("verifier is not usable")
	// ErrNotSigned means that the request has no signature of an allowed [Version].
	ErrNotSigned = errors.New("request is not signed")
	// ErrMalformed means that the signature headers are not what HubSpot sends.
	ErrMalformed = errors.New("signature headers are malformed")
	// ErrMismatch means that the signature is not that of this request.
	ErrMismatch = errors.New("signature does not match")
	// ErrTooOld means that the signature is right, but was made longer than [Verifier.MaxAge] ago.
	ErrTooOld = errors.New("timestamp is too old")
	// ErrTooNew means that the signature is right, but was made more than [Verifier.MaxSkew] ahead of our clock.
	ErrTooNew = errors.New("timestamp lies in the future")
)

// VerifyError says why a request was refused and what would make it pass. It never holds a secret, a signature or the
// values of a query. It is meant for logs and for the developer: answer the sender with no more than the Reason.
type VerifyError struct {
	// Reason is the check that failed: one of ErrConfig, ErrNotSigned, ErrMalformed, ErrMismatch, ErrTooOld, ErrTooNew.
	Reason error
	// Version is the scheme that was checked, or empty if it did not come to that.
	Version Version
	// Detail is what was found, as a sentence.
	Detail string
	// Fix is what to do about it, as one or more sentences.
	Fix string
}

// Error returns reason, detail and fix on one line.
func (e *VerifyError) Error() string {
	var b strings.Builder
	b.WriteString("webhook: ")
	b.WriteString(e.Reason.Error())
	if e.Version != "" {
		b.WriteString(" (" + string(e.Version) + ")")
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Fix != "" {
		b.WriteString(" " + e.Fix)
	}
	return b.String()
}

// Unwrap returns the Reason.
func (e *VerifyError) Unwrap() error { return e.Reason }
