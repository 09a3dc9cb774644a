package channels_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/customchannels/customchannels-go/channels"
)

// failure returns the error of a call that HubSpot answers so.
func failure(t *testing.T, status int, body string, headers ...string) *channels.Error {
	t.Helper()
	c := newClient(t, play(reply(status, body, headers...)))
	err := c.Call(t.Context(), http.MethodGet, "/thing", nil, nil, channels.MaxAttempts(1))
	e, ok := errors.AsType[*channels.Error](err)
	if !ok {
		t.Fatalf("Call = %v, want an *Error", err)
	}
	return e
}

func TestErrorBodies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   channels.Error
	}{
		{
			name: "everything", status: 400,
			body: `{"status":"error","message":"One capability was invalid","correlationId":"0e2b","category":"VALIDATION_ERROR",
				"subCategory":"CustomChannelsError.INVALID_CHANNEL_CAPABILITY_VALUES","context":{"capabilityKeysAndValues":["a","b"]},
				"links":{"scopes":"https://example.test"},"errors":[{"message":"bad","code":"C1","in":"body","subCategory":"S","context":{"k":["v"]}}]}`,
			want: channels.Error{
				Message: "One capability was invalid", Category: "VALIDATION_ERROR", CorrelationID: "0e2b",
				SubCategory: "CustomChannelsError.INVALID_CHANNEL_CAPABILITY_VALUES",
				Context:     map[string][]string{"capabilityKeysAndValues": {"a", "b"}},
				Links:       map[string]string{"scopes": "https://example.test"},
				Errors:      []channels.ErrorDetail{{Message: "bad", Code: "C1", In: "body", SubCategory: "S", Context: map[string][]string{"k": {"v"}}}},
			},
		},
		{
			name: "rate limit", status: 429,
			body: `{"status":"error","message":"You have reached your ten_secondly_rolling limit.","errorType":"RATE_LIMIT","correlationId":"c","policyName":"TEN_SECONDLY_ROLLING","groupName":12}`,
			want: channels.Error{Message: "You have reached your ten_secondly_rolling limit.", Category: "RATE_LIMIT", CorrelationID: "c", PolicyName: "TEN_SECONDLY_ROLLING"},
		},
		{
			name: "expired token", status: 401,
			body: `{"message":"expired 0 second(s) ago","category":"EXPIRED_AUTHENTICATION","context":{"expire time":["2026-10-01T00:00:00Z"]}}`,
			want: channels.Error{Message: "expired 0 second(s) ago", Category: "EXPIRED_AUTHENTICATION", Context: map[string][]string{"expire time": {"2026-10-01T00:00:00Z"}}},
		},
		{
			name: "odd shapes", status: 400,
			body: `{"message":17,"category":{"a":1},"subCategory":{"name":"X"},"context":{"one":"v","deep":{"x":1}},"links":[],"errors":["plain",{"message":"m"},3]}`,
			want: channels.Error{
				Message: "17", Context: map[string][]string{"one": {"v"}, "deep": {`{"x":1}`}},
				Errors: []channels.ErrorDetail{{Message: "plain"}, {Message: "m"}, {Message: "3"}},
			},
		},
		{
			name: "HTML", status: 502,
			body: "<!DOCTYPE html><html><head><title>502 Bad\n Gateway</title></head><body>...</body></html>",
			want: channels.Error{Message: "502 Bad Gateway"},
		},
		{name: "text", status: 503, body: "  upstream\nunavailable ", want: channels.Error{Message: "upstream unavailable"}},
		{name: "list", status: 400, body: `["a"]`, want: channels.Error{Message: `["a"]`}},
		{name: "invalid UTF-8", status: 500, body: "a\xffb", want: channels.Error{Message: "ab"}},
		{name: "not found", status: 404, body: `{"message":"no such account","category":"OBJECT_NOT_FOUND"}`,
			want: channels.Error{Message: "no such account", Category: "OBJECT_NOT_FOUND"}},
		{name: "nothing", status: 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := failure(t, tt.status, tt.body)
			want := tt.want
			want.StatusCode, want.Method, want.Path, want.Attempts = tt.status, "GET", "/base/thing", 1
			if diff := cmp.Diff(want, *got, cmpopts.IgnoreUnexported(channels.Error{}), cmpopts.IgnoreFields(channels.Error{}, "Body")); diff != "" {
				t.Error(diff)
			}
			if string(got.Body) != tt.body {
				t.Errorf("Body = %q, want what came", got.Body)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status  int
		body    string
		headers []string
		want    []string
	}{
		{400, `{"message":"Multiple errors validating request.","errors":[{"message":"name is blank"},{"message":"inboxId is no id"}],"correlationId":"c1"}`,
			nil, []string{"GET /base/thing: 400", "Multiple errors validating request.", "name is blank; inboxId is no id", "[correlation id c1]"}},
		{403, `{"category":"MISSING_SCOPES","message":"no","errors":[{"message":"no","context":{"requiredScopes":["files","crm"]}}]}`,
			nil, []string{"403 MISSING_SCOPES", "install it again: crm, files"}},
		{429, `{}`, []string{"Retry-After", "3600"}, []string{"retry after 1h0m0s"}},
		{429, `{"policyName":"DAILY"}`, nil, []string{"midnight"}},
		{502, "<html><title>502 Bad Gateway</title>", nil, []string{"502 Bad Gateway: 502 Bad Gateway"}},
		{401, ``, []string{"X-HubSpot-Correlation-Id", "c2"}, []string{"401 Unauthorized", "credential", "c2"}},
	} {
		got := failure(t, tt.status, tt.body, tt.headers...).Error()
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("the error of a %d lacks %q: %s", tt.status, want, got)
			}
		}
	}
}

func TestErrorSentinels(t *testing.T) {
	t.Parallel()
	all := []error{channels.ErrInvalid, channels.ErrUnauthorized, channels.ErrMissingScopes, channels.ErrNotFound, channels.ErrConflict, channels.ErrRateLimited}
	for _, tt := range []struct {
		status int
		body   string
		want   error
	}{
		{400, `{}`, channels.ErrInvalid}, {413, ``, channels.ErrInvalid}, {422, `{}`, channels.ErrInvalid},
		{401, ``, channels.ErrUnauthorized}, {404, ``, channels.ErrNotFound}, {409, ``, channels.ErrConflict}, {429, ``, channels.ErrRateLimited},
		{403, `{"category":"MISSING_SCOPES"}`, channels.ErrMissingScopes},
		{403, `{"context":{"requiredScopes":["x"]}}`, channels.ErrMissingScopes},
		{403, `{"message":"not on your plan"}`, nil},
		{500, ``, nil},
	} {
		err := fmt.Errorf("wrapped: %w", failure(t, tt.status, tt.body))
		for _, sentinel := range all {
			if got, want := errors.Is(err, sentinel), sentinel == tt.want; got != want {
				t.Errorf("%d %s: errors.Is(err, %v) = %v", tt.status, tt.body, sentinel, got)
			}
		}
	}
}

func TestRetryAfterIsReported(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "0.5": 500 * time.Millisecond, "86400": 24 * time.Hour, "99999999999999": 30 * 24 * time.Hour,
		"-5": 0, "0": 0, "NaN": 0, "soon": 0, "": 0, "Thu, 01 Jan 1970 00:00:00 GMT": 0, "Fri, 01 Jan 2100 00:00:00 GMT": 30 * 24 * time.Hour,
	} {
		if got := failure(t, 477, ``, "Retry-After", value).RetryAfter; got != want {
			t.Errorf("Retry-After %q: %v, want %v", value, got, want)
		}
	}
}

func TestErrorBodyIsCapped(t *testing.T) {
	t.Parallel()
	e := failure(t, 500, strings.Repeat("x", 3<<20))
	if len(e.Body) != 1<<20 || len(e.Error()) > 400 {
		t.Errorf("kept %d bytes and an error of %d, want 1 MiB and a short error", len(e.Body), len(e.Error()))
	}
}

func TestMayHaveArrivedOfOtherErrors(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errors.New("x"), channels.ErrNotFound, &channels.LimitError{}} {
		if channels.MayHaveArrived(err) {
			t.Errorf("MayHaveArrived(%v) = true", err)
		}
	}
}
