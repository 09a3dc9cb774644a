package hubspottest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// ErrorForm is one of the forms in which HubSpot has been seen to refuse a
// call. Each has the status that it was seen with; [Fault].Status overrides it.
type ErrorForm string

const (
	// FormUsual is the documented body. Defaults to status 500.
	FormUsual ErrorForm = ""
	// FormHiddenReasons is a 400 that hides its reasons in errors[].
	FormHiddenReasons ErrorForm = "HIDDEN_REASONS"
	// FormMissingScopes is a 403 with the scopes in errors[0].context, here
	// one that the call does not need.
	FormMissingScopes ErrorForm = "MISSING_SCOPES"
	// FormNoPermission is an older 403 without a category.
	FormNoPermission ErrorForm = "NO_PERMISSION"
	// FormExpired is a 401 with the context key "expire time".
	FormExpired ErrorForm = "EXPIRED"
	// FormOldUnauthorized is an older 401 with engagement and requestId, and no
	// category.
	FormOldUnauthorized ErrorForm = "OLD_UNAUTHORIZED"
	// FormRateLimit is a 429 with category RATE_LIMITS.
	FormRateLimit ErrorForm = "RATE_LIMIT"
	// FormBareRateLimit is a 429 without category and requestId, with a
	// groupName.
	FormBareRateLimit ErrorForm = "BARE_RATE_LIMIT"
	// FormDailyLimit is a 429 of the daily limit.
	FormDailyLimit ErrorForm = "DAILY_LIMIT"
	// FormMigration is a 477: the account is being moved to another data
	// centre. RetryAfter defaults to a minute.
	FormMigration ErrorForm = "MIGRATION"
	// FormHTML is a page of the edge, with status 502.
	FormHTML ErrorForm = "HTML"
	// FormText is a line of text, with status 503.
	FormText ErrorForm = "TEXT"
	// FormEmpty has no body, with status 504.
	FormEmpty ErrorForm = "EMPTY"
	// FormDeadRefresh is the token endpoint's older refusal of a refresh token
	// whose install is gone: no error, only status and message.
	FormDeadRefresh ErrorForm = "DEAD_REFRESH"
	// FormForeignRefresh is its refusal of another app's refresh token, which
	// is no uninstall.
	FormForeignRefresh ErrorForm = "FOREIGN_REFRESH"
)

// ErrorForms lists the forms that a [Fault] can answer in.
func ErrorForms() []ErrorForm {
	return []ErrorForm{
		FormUsual, FormHiddenReasons, FormMissingScopes, FormNoPermission, FormExpired, FormOldUnauthorized, FormRateLimit,
		FormBareRateLimit, FormDailyLimit, FormMigration, FormHTML, FormText, FormEmpty, FormDeadRefresh, FormForeignRefresh,
	}
}

// refuses reports whether the fault answers in place of the call.
func (f *Fault) refuses() bool { return f.Status != 0 || f.Form != FormUsual }

// answer is what the fault answers with.
func (f *Fault) answer(c *call) *reply {
	rep := f.body(c)
	if f.Status != 0 {
		rep.status = f.Status
	}
	wait := f.RetryAfter
	if f.Form == FormMigration {
		wait = cmp.Or(wait, time.Minute)
	}
	if wait > 0 {
		rep.header.Set("Retry-After", strconv.Itoa(int(wait.Round(time.Second).Seconds())))
	}
	return rep
}

// body is the answer in the fault's form, with the status that goes with it.
func (f *Fault) body(c *call) *reply {
	text := func(status int, kind, body string) *reply {
		return &reply{status: status, body: []byte(body), header: http.Header{"Content-Type": {kind}}}
	}
	switch f.Form {
	case FormUsual:
		return failure(plainRefusal(f.Status, "A fault set for %s", c.op.name))
	case FormHTML:
		return text(http.StatusBadGateway, "text/html; charset=utf-8",
			"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>")
	case FormText:
		return text(http.StatusServiceUnavailable, "text/plain", "upstream connect error or disconnect/reset before headers")
	case FormEmpty:
		return &reply{status: http.StatusGatewayTimeout, header: http.Header{}}
	case FormDeadRefresh:
		return f.object(http.StatusBadRequest, map[string]any{
			"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token", "correlationId": uuid(),
		})
	case FormForeignRefresh:
		return failure(oauthError("invalid_grant", "BAD_REFRESH_TOKEN", "refresh token was not issued to this client"))
	}
	status, body := f.jsonBody(c)
	body["status"], body["correlationId"] = "error", uuid()
	return f.object(status, body)
}

func (f *Fault) object(status int, body map[string]any) *reply {
	rep, err := jsonReply(status, body)
	if err != nil {
		return failure(err)
	}
	return rep
}

func (f *Fault) jsonBody(c *call) (status int, body map[string]any) {
	type fields = map[string]any
	rateLimit := func(policy, message string) fields {
		return fields{"message": message, "errorType": "RATE_LIMIT", "policyName": policy}
	}
	rolling := rateLimit("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.")
	switch f.Form {
	case FormHiddenReasons:
		return http.StatusBadRequest, fields{
			"message": "Multiple errors validating request.", "category": "VALIDATION_ERROR",
			"errors": []fields{{"message": "A first reason, set by a fault", "in": "text"}, {"message": "A second reason", "in": "senders"}},
		}
	case FormMissingScopes:
		return http.StatusForbidden, fields{
			"message": "This app hasn't been granted all required scopes to make this call.", "category": "MISSING_SCOPES",
			"links":  fields{"scopes": "https://developers.hubspot.com/scopes"},
			"errors": []fields{{"message": "One or more of the following scopes are required.", "context": fields{"requiredScopes": []string{"tickets"}}}},
		}
	case FormNoPermission:
		return http.StatusForbidden, fields{"message": "This oauth-token (…) does not have proper permissions!"}
	case FormExpired:
		return http.StatusUnauthorized, fields{
			"message": "The OAuth token used to make this call expired 0 second(s) ago.", "category": "EXPIRED_AUTHENTICATION",
			"context": fields{"expire time": []string{stamp(c.began)}},
		}
	case FormOldUnauthorized:
		return http.StatusUnauthorized, fields{"message": "Authentication credentials not found.", "engagement": nil, "requestId": uuid()}
	case FormRateLimit:
		rolling["category"], rolling["requestId"] = "RATE_LIMITS", uuid()
	case FormBareRateLimit:
		rolling["groupName"] = "publicapi:" + portalKey(c.portal)
	case FormDailyLimit:
		return http.StatusTooManyRequests, rateLimit("DAILY", "You have reached your daily limit.")
	case FormMigration:
		return 477, fields{"message": "This account is being migrated.", "category": "MIGRATION_IN_PROGRESS"}
	}
	return http.StatusTooManyRequests, rolling
}

// check reports a fault that cannot be played.
func (f *Fault) check() error {
	var p problems
	if f.Operation == "" {
		p.add("operation", "operation must name an operation of the journal, as message.publish")
	}
	if !slices.Contains(ErrorForms(), f.Form) {
		p.add("form", "form %q is not known", f.Form)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		p.add("status", "status must be a number from 200 to 599")
	}
	if f.Nth < 0 || f.Delay < 0 || f.RetryAfter < 0 || f.Duplicates < 0 || f.Duplicates > 100 {
		p.add("nth", "numbers must not be negative, and duplicates at most 100")
	}
	return p.err()
}
