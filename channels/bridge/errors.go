package bridge

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	// ErrUnknownAccount is returned by [Bridge.Receive] for an address that no account of any portal has.
	ErrUnknownAccount = errors.New("bridge: no connected account has this address")

	// ErrAmbiguousAccount is returned by [Bridge.Receive] where accounts of several portals have the address.
	// Set [Incoming.AccountID].
	ErrAmbiguousAccount = errors.New("bridge: several portals have connected this address; set AccountID")

	// ErrOwnMessage is returned by [Bridge.Receive] for a message that the account itself wrote: what its owner wrote
	// elsewhere, or the echo of a [Channel.Send] that has not returned yet.
	ErrOwnMessage = errors.New("bridge: the message was written by the account itself")

	// ErrConflict is returned by [Bridge.Receive] for an ID that was received before with other content.
	ErrConflict = errors.New("bridge: another message with this ID was received before; the new one was dropped")

	// ErrInvalid is wrapped by errors about input that can never be accepted.
	ErrInvalid = errors.New("bridge: invalid message")
)

// Permanent reports whether an error of [Bridge.Receive] would be the same however often the message is handed over: have the
// service forget it. After any other it may try again; an unknown account may be connected by then.
func Permanent(err error) bool {
	return errors.Is(err, ErrInvalid) || errors.Is(err, ErrConflict) || errors.Is(err, ErrOwnMessage)
}

// Reject makes an error for [Channel.Send] that ends the message as FAILED without another attempt.
// The agent reads reason, a sentence such as "This number has blocked you."; err is the cause for logs
// and operators, and may be nil.
func Reject(reason string, err error) error { return &rejection{reason, err} }

// Rejected returns the reason of an error that [Reject] made, which the agent reads; ok is false for any other. Tests of a
// [Channel] need it.
func Rejected(err error) (reason string, ok bool) {
	var r *rejection
	if !errors.As(err, &r) {
		return "", false
	}
	return r.reason, true
}

type rejection struct {
	reason string
	err    error
}

func (e *rejection) Error() string {
	if e.err == nil {
		return "rejected: " + e.reason
	}
	return fmt.Sprintf("rejected: %s: %v", strings.TrimSuffix(e.reason, "."), e.err)
}

func (e *rejection) Unwrap() error { return e.err }

// RetryAfter makes an error for [Channel.Send], [Listener] and [MediaOpener] that has them called again after d, for services
// that say when to come back. A d of zero or less means that the service did not say: the pauses grow as after any other error.
func RetryAfter(d time.Duration, err error) error {
	return &postponement{d, err}
}

type postponement struct {
	delay time.Duration
	err   error
}

func (e *postponement) Error() string {
	when := "again later"
	if e.delay > 0 {
		when = fmt.Sprintf("again in %v", e.delay)
	}
	if e.err == nil {
		return when
	}
	return fmt.Sprintf("%s: %v", when, e.err)
}

func (e *postponement) Unwrap() error { return e.err }
