package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// descriptionsDir holds HubSpot's own descriptions. They are not ours to publish, so they lie beside the repository.
const descriptionsDir = "../../../shared/openapi"

// described lists the APIs that the clients use. Where HubSpot has published no file for a version, that of the version
// which only differs by its paths stands in for it.
var described = []struct{ api, file, from, to string }{
	{"custom channels 2026-09", "custom-channels-2026-03.json", "/custom-channels/2026-03", "/custom-channels/2026-09"},
	{"custom channels 2026-03", "custom-channels-2026-03.json", "", ""},
	{"custom channels v3", "custom-channels-v3.json", "", ""},
	{"conversations v3", "conversations-v3.json", "", ""},
	{"conversations 2026-03", "conversations-v3.json", "/conversations/v3/conversations", "/conversations/conversations/2026-03"},
	{"conversations 2026-09", "conversations-v3.json", "/conversations/v3/conversations", "/conversations/conversations/2026-09"},
	{"files v3", "files-v3.json", "", ""},
	{"files 2026-03", "files-v3.json", "/files/v3/", "/files/2026-03/"},
	{"oauth 2026-09", "oauth-2026-03.json", "/oauth/2026-03/", "/oauth/2026-09/"},
	{"oauth 2026-03", "oauth-2026-03.json", "", ""},
	{"oauth v3", "oauth-v3.json", "", ""},
	{"oauth v1", "oauth-v1.json", "", ""},
}

// descriptions are HubSpot's descriptions by API and version, corrected by the overlay.
type descriptions map[string]*openapi3.T

// readDescriptions reads the descriptions that are made of the files which match a pattern.
func readDescriptions(t *testing.T, files string, lines []patch) descriptions {
	t.Helper()
	all := descriptions{}
	for _, d := range described {
		if ok, _ := path.Match(files, d.file); !ok {
			continue
		}
		data, err := os.ReadFile(filepath.Join(descriptionsDir, d.file))
		if errors.Is(err, os.ErrNotExist) {
			t.Skipf("HubSpot's OpenAPI files are not in ../shared/openapi, beside the repository: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		read, err := newDescription(data, func(root any) error {
			for _, p := range lines {
				if ok, _ := path.Match(p.File, d.file); !ok {
					continue
				}
				if err := p.apply(root); err != nil {
					return fmt.Errorf("overlay line %q on %s: %w", p, d.file, err)
				}
			}
			movePaths(root, d.from, d.to)
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", d.api, err)
		}
		all[d.api] = read
	}
	return all
}

func newDescription(data []byte, correct func(root any) error) (*openapi3.T, error) {
	var root any
	if err := json.Unmarshal(data, &root); err != nil {
		return nil, err
	}
	if err := correct(root); err != nil {
		return nil, err
	}
	closeObjects(root)
	data, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(data)
}

// movePaths gives operations the paths that they have in another version.
func movePaths(root any, from, to string) {
	if from == "" {
		return
	}
	paths := root.(map[string]any)["paths"].(map[string]any)
	for _, at := range slices.Collect(maps.Keys(paths)) {
		item := paths[at]
		delete(paths, at)
		paths[strings.Replace(at, from, to, 1)] = item
	}
}

// closeObjects makes every object refuse what it does not declare: a misspelled optional field would pass otherwise.
func closeObjects(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			closeObjects(item)
		}
	case map[string]any:
		properties, _ := v["properties"].(map[string]any)
		if _, open := v["additionalProperties"]; v["type"] == "object" && len(properties) > 0 && !open {
			v["additionalProperties"] = false
		}
		for _, item := range v {
			closeObjects(item)
		}
	}
}

// exchange is a request with its answer.
type exchange struct {
	method, url string
	header      http.Header
	body        []byte
	status      int
	answered    http.Header
	answer      []byte
}

func (x *exchange) request() (*http.Request, error) {
	r, err := http.NewRequest(x.method, x.url, bytes.NewReader(x.body))
	if err == nil {
		r.Header = x.header.Clone()
	}
	return r, err
}

// operationOf names an operation of an API, as "GET /path/{id}".
func operationOf(r *routers.Route) string { return r.Method + " " + r.Path }

// find returns the operation that a request is for.
func (all descriptions) find(r *http.Request) (*openapi3filter.RequestValidationInput, error) {
	options := validation
	options.WithCustomSchemaErrorFunc(func(err *openapi3.SchemaError) string {
		return "/" + strings.Join(err.JSONPointer(), "/") + ": " + err.Reason
	})
	for _, doc := range all {
		if r.URL.Scheme+"://"+r.URL.Host != doc.Servers[0].URL {
			continue
		}
		for template, item := range doc.Paths.Map() {
			params, ok := matchPath(template, r.URL.EscapedPath())
			if op := item.GetOperation(r.Method); ok && op != nil {
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

// check validates an exchange against the description of its operation, which it names.
func (all descriptions) check(x *exchange) (string, error) {
	r, err := x.request()
	if err != nil {
		return "", err
	}
	in, err := all.find(r)
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	if err := undeclared(in); err != nil {
		return operationOf(in.Route), fmt.Errorf("request: %w", err)
	}
	if err := openapi3filter.ValidateRequest(ctx, in); err != nil {
		return operationOf(in.Route), fmt.Errorf("request: %w", err)
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: x.status, Header: x.answered,
		Body: io.NopCloser(bytes.NewReader(x.answer)), Options: in.Options,
	}
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		return operationOf(in.Route), fmt.Errorf("answer %d: %w", x.status, err)
	}
	if declared := in.Route.Operation.Responses.Status(x.status); declared != nil && len(declared.Value.Content) == 0 && len(x.answer) > 0 {
		return operationOf(in.Route), fmt.Errorf("answer %d: has a body, and none is declared", x.status)
	}
	return operationOf(in.Route), nil
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
