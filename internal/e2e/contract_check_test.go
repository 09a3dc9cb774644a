package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// exchange is a request with its answer.
type exchange struct {
	api         string // as in described; route sets it
	operation   string // as "GET /path/{id}"; route sets it
	method, url string
	header      http.Header
	body        []byte
	status      int
	answered    http.Header
	answer      []byte
}

func (x *exchange) request(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequest(x.method, x.url, bytes.NewReader(x.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = x.header.Clone()
	return r
}

// route finds out which operation an exchange is about.
func (all descriptions) route(t *testing.T, x *exchange) (*openapi3filter.RequestValidationInput, error) {
	t.Helper()
	r := x.request(t)
	options := validation
	options.WithCustomSchemaErrorFunc(func(err *openapi3.SchemaError) string {
		return "/" + strings.Join(err.JSONPointer(), "/") + ": " + err.Reason
	})
	for api, doc := range all {
		if r.URL.Scheme+"://"+r.URL.Host != doc.Servers[0].URL {
			continue
		}
		for template, item := range doc.Paths.Map() {
			params, ok := matchPath(template, r.URL.EscapedPath())
			if op := item.GetOperation(r.Method); ok && op != nil {
				x.api, x.operation = api, x.method+" "+template
				return &openapi3filter.RequestValidationInput{
					Request: r, PathParams: params, Options: &options,
					Route: &routers.Route{Spec: doc, Path: template, PathItem: item, Method: r.Method, Operation: op},
				}, nil
			}
		}
	}
	return nil, fmt.Errorf("no description has the operation %s %s", r.Method, r.URL.Path)
}

// matchPath matches a path with a template such as /files/{fileId}. No two of HubSpot's that the clients use fit one path.
func matchPath(template, at string) (params map[string]string, ok bool) {
	names, values := strings.Split(template, "/"), strings.Split(at, "/")
	if len(names) != len(values) {
		return nil, false
	}
	params = map[string]string{}
	for i, name := range names {
		if !strings.HasPrefix(name, "{") {
			if name != values[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(values[i])
		if err != nil {
			return nil, false
		}
		params[strings.Trim(name, "{}")] = value
	}
	return params, true
}

// validation is as strict as can be.
var validation = openapi3filter.Options{
	MultiError:                        true,
	IncludeResponseStatus:             true,
	RejectWhenRequestBodyNotSpecified: true,
	SkipSettingDefaults:               true,
	AuthenticationFunc:                authenticated,
	SchemaValidationOptions: []openapi3.SchemaValidationOption{
		openapi3.WithStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC9562)),
	},
}

// authenticated demands the portal's token where an operation is marked as needing one.
func authenticated(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if in.SecurityScheme.Type != "oauth2" {
		return fmt.Errorf("the clients do not use the security scheme %s", in.SecuritySchemeName)
	}
	if token, ok := strings.CutPrefix(in.RequestValidationInput.Request.Header.Get("Authorization"), "Bearer "); !ok || token == "" {
		return errors.New("the request has no bearer token")
	}
	return nil
}

// check validates an exchange against the description of its operation.
func (all descriptions) check(t *testing.T, x *exchange) error {
	t.Helper()
	in, err := all.route(t, x)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := undeclared(in); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	if err := openapi3filter.ValidateRequest(ctx, in); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: x.status, Header: x.answered,
		Body: io.NopCloser(bytes.NewReader(x.answer)), Options: in.Options,
	}
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		return fmt.Errorf("answer %d: %w", x.status, err)
	}
	if declared := in.Route.Operation.Responses.Status(x.status); declared != nil && len(declared.Value.Content) == 0 && len(x.answer) > 0 {
		return fmt.Errorf("answer %d: has a body, and none is declared", x.status)
	}
	return nil
}

// undeclared finds parameters and form fields that the operation does not have, which kin-openapi lets pass.
func undeclared(in *openapi3filter.RequestValidationInput) error {
	for name := range in.Request.URL.Query() {
		if !slices.ContainsFunc(parameters(in.Route), func(p *openapi3.Parameter) bool { return p.In == "query" && p.Name == name }) {
			return fmt.Errorf("the query parameter %s is not declared", name)
		}
	}
	if in.Request.Header.Get("Content-Type") != formType || in.Route.Operation.RequestBody == nil {
		return nil
	}
	form, err := readForm(in.Request)
	if err != nil {
		return err
	}
	declared := in.Route.Operation.RequestBody.Value.Content.Get(formType).Schema.Value.Properties
	for name := range form {
		if declared[name] == nil {
			return fmt.Errorf("the form field %s is not declared", name)
		}
	}
	return nil
}

const formType = "application/x-www-form-urlencoded"

func readForm(r *http.Request) (url.Values, error) {
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(string(data))
}

func parameters(r *routers.Route) []*openapi3.Parameter {
	var list []*openapi3.Parameter
	for _, p := range slices.Concat(r.PathItem.Parameters, r.Operation.Parameters) {
		list = append(list, p.Value)
	}
	return list
}
