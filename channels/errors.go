package channels

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/internal/jsonx"
	"github.com/customchannels/customchannels-go/internal/rest"
)

// Sentinels for [errors.Is]. An [*Error] matches those that fit its status and category.
var (
	ErrInvalid       = errors.New("invalid")        // refused by HubSpot with 400, 413, 415 or 422, or by this package before the call
	ErrUnauthorized  = errors.New("unauthorized")   // 401: the token or developer key was refused
	ErrMissingScopes = errors.New("missing scopes") // 403 for want of scopes; see [Error.MissingScopes]
	ErrNotFound      = errors.New("not found")      // 404
	ErrConflict      = errors.New("conflict")       // 409
	ErrRateLimited   = errors.New("rate limited")   // 429, and every [*LimitError]
)

// Error is what HubSpot answered instead of a success. Every field but StatusCode may be empty: errors from the edge of
// HubSpot's network are HTML or nothing at all. It is the "Error" of HubSpot's API reference.
type Error struct {
	StatusCode    int    // HTTP status
	Method        string // of the request
	Path          string // of the request, without its query
	Message       string // HubSpot's sentence
	Category      string // such as VALIDATION_ERROR
	SubCategory   string // such as CustomChannelsError.INVALID_CHANNEL_CAPABILITY_VALUES
	CorrelationID string // names the request to HubSpot's support
	PolicyName    string // of a 429: DAILY, SECONDLY or TEN_SECONDLY_ROLLING
	// Context holds details by name.
	Context map[string][]string
	// Links holds URLs with more about the error, by name.
	Links map[string]string
	// Errors are the single reasons; Message may say no more than that there are some.
	Errors []ErrorDetail
	// RetryAfter is how long HubSpot asked to wait, 0 if it did not.
	RetryAfter time.Duration
	// Attempts is how many requests the call made.
	Attempts int
	// Body is the answer as it came, at most 1 MiB of it, credentials removed.
	Body []byte

	mayHaveArrived bool
}

// ErrorDetail is one reason within an [Error].
type ErrorDetail struct {
	Message     string
	Code        string
	In          string // the field or parameter at fault
	SubCategory string
	Context     map[string][]string
}

// Error implements the error interface: what was called, what HubSpot said with all its reasons, and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "hubspot: %s %s: %d", e.Method, e.Path, e.StatusCode)
	if name := cmp.Or(e.Category, http.StatusText(e.StatusCode)); name != "" {
		b.WriteString(" " + name)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	var reasons []string
	for _, d := range e.Errors {
		if d.Message != "" && !strings.Contains(e.Message, d.Message) {
			reasons = append(reasons, d.Message)
		}
	}
	if len(reasons) > 0 {
		b.WriteString(" (" + strings.Join(reasons, "; ") + ")")
	}
	if hint := e.hint(); hint != "" {
		b.WriteString("; " + hint)
	}
	if e.CorrelationID != "" {
		b.WriteString(" [correlation id " + e.CorrelationID + "]")
	}
	return b.String()
}

// hint says what the reader can do, where that is not plain from HubSpot's message.
func (e *Error) hint() string {
	switch {
	case e.Is(ErrMissingScopes):
		if scopes := e.MissingScopes(); len(scopes) > 0 {
			return "add the scopes to the app and install it again: " + strings.Join(scopes, ", ")
		}
		return "add the missing scopes to the app and install it again"
	case e.StatusCode == http.StatusUnauthorized:
		return "check the credential: the app may have been uninstalled, or the developer key belong to another app"
	case e.RetryAfter > 0:
		return "retry after " + e.RetryAfter.String()
	case e.PolicyName == "DAILY":
		return "the daily limit resets at midnight in the portal's time zone"
	}
	return ""
}

// Is reports whether target is the sentinel for e, for [errors.Is].
func (e *Error) Is(target error) bool {
	switch target {
	case ErrInvalid:
		return slices.Contains([]int{400, 413, 415, 422}, e.StatusCode)
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrMissingScopes:
		return e.StatusCode == http.StatusForbidden && (e.Category == "MISSING_SCOPES" || len(e.MissingScopes()) > 0)
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound
	case ErrConflict:
		return e.StatusCode == http.StatusConflict
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	}
	return false
}

// MissingScopes returns the scopes that a 403 says the token lacks, if it names any. HubSpot is known to name a wrong one
// at times.
func (e *Error) MissingScopes() []string {
	const key = "requiredScopes"
	scopes := slices.Clone(e.Context[key])
	for _, d := range e.Errors {
		scopes = append(scopes, d.Context[key]...)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// LimitError says that a call would have had to wait for the rate limit of its portal, and did not ([NoWait]). No request
// was made.
type LimitError struct {
	Delay time.Duration // until a call may go out
}

// Error implements the error interface.
func (e *LimitError) Error() string {
	return "hubspot: the portal's rate limit is used up: retry after " + e.Delay.String()
}

// Is reports whether target is [ErrRateLimited].
func (e *LimitError) Is(target error) bool { return target == ErrRateLimited }

// MayHaveArrived reports whether the call that returned err may have taken effect at HubSpot all the same: true for
// answers of 500 and above, for timeouts and connections that broke after the request was sent, and for successes whose
// body could not be read. It is false where HubSpot refused (4xx), where the request was never sent completely (DNS,
// dial and TLS failures, rate limit, refused tokens, cancelled before it was sent), and for nil. All attempts of a call
// count.
func MayHaveArrived(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.mayHaveArrived
	}
	t, ok := errors.AsType[interface {
		error
		MayHaveArrived() bool
	}](err)
	return ok && t.MayHaveArrived()
}

// newError turns a failed call into the error that callers see.
func newError(f *rest.Failure) error {
	if f.Limited {
		return &LimitError{Delay: f.Wait}
	}
	e := &Error{
		StatusCode:     f.StatusCode,
		Method:         f.Method,
		Path:           f.Path,
		CorrelationID:  f.Header.Get("X-HubSpot-Correlation-Id"),
		RetryAfter:     f.Wait,
		Attempts:       f.Attempts,
		Body:           f.Body,
		mayHaveArrived: f.MayHaveArrived,
	}
	e.decode(f.Body)
	return e
}

// decode reads HubSpot's error body as far as it can be read: each part alone, since the shapes differ between APIs.
func (e *Error) decode(body []byte) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		e.Message = plainText(body)
		return
	}
	text := func(key string, dst *string) {
		if raw, ok := members[key]; ok {
			_ = jsonx.String(raw, dst)
		}
	}
	text("message", &e.Message)
	text("category", &e.Category)
	text("subCategory", &e.SubCategory)
	text("correlationId", &e.CorrelationID)
	text("policyName", &e.PolicyName)
	if e.Category == "" {
		text("errorType", &e.Category)
	}
	e.Context = decodeContext(members["context"])
	_ = json.Unmarshal(members["links"], &e.Links)
	var details []json.RawMessage
	_ = json.Unmarshal(members["errors"], &details)
	for _, raw := range details {
		e.Errors = append(e.Errors, decodeDetail(raw))
	}
}

func decodeDetail(raw json.RawMessage) ErrorDetail {
	var d ErrorDetail
	if jsonx.Kind(raw) != '{' {
		_ = jsonx.String(raw, &d.Message)
		return d
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return d
	}
	for key, dst := range map[string]*string{"message": &d.Message, "code": &d.Code, "in": &d.In, "subCategory": &d.SubCategory} {
		if value, ok := members[key]; ok {
			_ = jsonx.String(value, dst)
		}
	}
	d.Context = decodeContext(members["context"])
	return d
}

// decodeContext reads a map of lists, taking single strings for lists of one.
func decodeContext(raw json.RawMessage) map[string][]string {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || len(members) == 0 {
		return nil
	}
	context := make(map[string][]string, len(members))
	for key, value := range members {
		var list []string
		var one string
		if json.Unmarshal(value, &list) == nil {
			context[key] = list
		} else if jsonx.String(value, &one) == nil {
			context[key] = []string{one}
		} else {
			context[key] = []string{string(value)}
		}
	}
	return context
}

// plainText makes a short message of a body that is not HubSpot's JSON, such as an HTML page from the network's edge.
func plainText(body []byte) string {
	const most = 200
	text := strings.ToValidUTF8(string(body[:min(len(body), 10*most)]), "")
	if i := strings.Index(strings.ToLower(text), "<title>"); i >= 0 {
		text, _, _ = strings.Cut(text[i+len("<title>"):], "<")
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// invalidError is what this package finds wrong before a call.
type invalidError string

func (e invalidError) Error() string        { return "channels: " + string(e) }
func (e invalidError) Is(target error) bool { return target == ErrInvalid }

func invalidf(format string, args ...any) error { return invalidError(fmt.Sprintf(format, args...)) }
