package hubspottest

import (
	"fmt"
	"net/http"
	"strings"
)

// apiError is a refusal in the form that HubSpot's API uses.
type apiError struct {
	status int
	header http.Header
	body   any
	text   string
}

func (e *apiError) Error() string { return e.text }

// errorBody is HubSpot's usual error body.
type errorBody struct {
	Status        string              `json:"status"`
	Message       string              `json:"message"`
	CorrelationID string              `json:"correlationId"`
	Category      string              `json:"category,omitempty"`
	SubCategory   string              `json:"subCategory,omitempty"`
	ErrorType     string              `json:"errorType,omitempty"`
	PolicyName    string              `json:"policyName,omitempty"`
	RequestID     string              `json:"requestId,omitempty"`
	Context       map[string][]string `json:"context,omitempty"`
	Links         map[string]string   `json:"links,omitempty"`
	Errors        []errorDetail       `json:"errors,omitempty"`
}

type errorDetail struct {
	Message string              `json:"message"`
	In      string              `json:"in,omitempty"`
	Code    string              `json:"code,omitempty"`
	Context map[string][]string `json:"context,omitempty"`
}

func refuse(status int, body errorBody) *apiError {
	body.Status = "error"
	body.CorrelationID = uuid()
	return &apiError{
		status: status,
		header: http.Header{"X-Hubspot-Correlation-Id": {body.CorrelationID}},
		body:   body,
		text:   body.Message,
	}
}

// category is the category that goes with a status where nothing more is known.
func category(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "INVALID_AUTHENTICATION"
	case http.StatusForbidden:
		return "MISSING_SCOPES"
	case http.StatusNotFound:
		return "OBJECT_NOT_FOUND"
	case http.StatusConflict:
		return "CONFLICT"
	case http.StatusTooManyRequests:
		return "RATE_LIMITS"
	}
	if status < 500 {
		return "VALIDATION_ERROR"
	}
	return ""
}

func plainRefusal(status int, format string, args ...any) *apiError {
	return refuse(status, errorBody{Message: fmt.Sprintf(format, args...), Category: category(status)})
}

func notFound(what, id string) *apiError {
	return refuse(http.StatusNotFound, errorBody{
		Message:  fmt.Sprintf("No %s with id %q was found", what, id),
		Category: "OBJECT_NOT_FOUND",
		Context:  map[string][]string{"id": {id}},
	})
}

func conflict(format string, args ...any) *apiError {
	return plainRefusal(http.StatusConflict, format, args...)
}

func invalid(format string, args ...any) *apiError {
	return plainRefusal(http.StatusBadRequest, format, args...)
}

func unauthorized(message, category string, context map[string][]string) *apiError {
	e := refuse(http.StatusUnauthorized, errorBody{Message: message, Category: category, Context: context})
	e.header.Set("X-HubSpot-Auth-Failure", "401 Unauthorized")
	return e
}

func missingScopes(anyOf []string) *apiError {
	return refuse(http.StatusForbidden, errorBody{
		Message:  "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
		Category: "MISSING_SCOPES",
		Links:    map[string]string{"scopes": "https://developers.hubspot.com/scopes"},
		Errors: []errorDetail{{
			Message: "One or more of the following scopes are required.",
			Context: map[string][]string{"requiredScopes": anyOf},
		}},
	})
}

func rateLimited() *apiError {
	return refuse(http.StatusTooManyRequests, errorBody{
		Message:    "You have reached your ten_secondly_rolling limit.",
		ErrorType:  "RATE_LIMIT",
		PolicyName: "TEN_SECONDLY_ROLLING",
		RequestID:  uuid(),
	})
}

// problems collects what is wrong with a request body.
type problems []errorDetail

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, errorDetail{
		Message: fmt.Sprintf(format, args...),
		In:      field,
		Context: map[string][]string{"propertyName": {field}},
	})
}

// err is the refusal, nil without problems. Like HubSpot's, it hides several
// reasons in errors[].
func (p problems) err() error {
	switch len(p) {
	case 0:
		return nil
	case 1:
		return refuse(http.StatusBadRequest, errorBody{
			Message: "Error validating request: " + p[0].Message, Category: "VALIDATION_ERROR", Errors: p,
		})
	}
	e := refuse(http.StatusBadRequest, errorBody{
		Message: "Multiple errors validating request.", Category: "VALIDATION_ERROR", Errors: p,
	})
	reasons := make([]string, len(p))
	for i, d := range p {
		reasons[i] = d.Message
	}
	e.text = strings.Join(reasons, "; ")
	return e
}

// oauthError is a refusal in the form of RFC 6749 with HubSpot's additions.
func oauthError(code, status, description string) *apiError {
	correlation := uuid()
	return &apiError{
		status: http.StatusBadRequest,
		header: http.Header{"X-Hubspot-Correlation-Id": {correlation}},
		text:   description,
		body: map[string]string{
			"error":             code,
			"error_description": description,
			"status":            status,
			"message":           description,
			"correlationId":     correlation,
		},
	}
}
