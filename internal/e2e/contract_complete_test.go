package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// helpers are the operations of the other APIs that the clients use or the simulator plays.
var helpers = []string{
	"GET /conversations/v3/conversations/inboxes",
	"GET /conversations/v3/conversations/inboxes/{inboxId}",
	"GET /conversations/v3/conversations/actors/{actorId}",
	"POST /conversations/v3/conversations/actors/batch/read",
	"GET /conversations/v3/conversations/threads",
	"GET /conversations/v3/conversations/threads/{threadId}",
	"PATCH /conversations/v3/conversations/threads/{threadId}",
	"DELETE /conversations/v3/conversations/threads/{threadId}",
	"GET /conversations/v3/conversations/threads/{threadId}/messages",
	"POST /conversations/v3/conversations/threads/{threadId}/messages",
	"GET /conversations/v3/conversations/threads/{threadId}/messages/{messageId}",
	"POST /files/v3/files",
	"GET /files/v3/files/{fileId}",
	"GET /files/v3/files/{fileId}/signed-url",
	"GET /files/v3/files/{fileId}/download",
	"POST /oauth/2026-09/token",
	"POST /oauth/2026-09/token/introspect",
	"POST /oauth/2026-09/token/revoke",
	"POST /oauth/2026-03/token",
	"POST /oauth/2026-03/token/introspect",
	"POST /oauth/2026-03/token/revoke",
	"POST /oauth/v3/token",
	"POST /oauth/v3/token/introspect",
	"POST /oauth/v3/token/revoke",
}

// leavesNothingOut proves that every operation has succeeded, and failed in every documented way.
func (c *contract) leavesNothingOut(t *testing.T) {
	want := slices.Clone(helpers)
	for _, name := range helpers {
		if before, after, ok := strings.Cut(name, "/conversations/v3/conversations"); ok {
			want = append(want, before+"/conversations/conversations/2026-03"+after, before+"/conversations/conversations/2026-09"+after)
		}
	}
	for api, doc := range c.descriptions {
		if strings.HasPrefix(api, "custom channels") {
			names := operationsOf(doc)
			if len(names) != 13 {
				t.Errorf("%s has %d operations, want 13", api, len(names))
			}
			want = append(want, names...)
		}
	}
	seen := map[string]bool{}
	for _, x := range c.exchanges {
		seen[fmt.Sprint(x.operation, " ", x.status)] = true
		seen[fmt.Sprint(x.operation, " ok ", x.status < 300)] = true
	}
	for _, name := range want {
		if !seen[name+" ok true"] {
			t.Errorf("%s has not succeeded", name)
		}
		for _, status := range documentedFailures {
			if !seen[fmt.Sprint(name, " ", status)] {
				t.Errorf("%s has not failed with %d", name, status)
			}
		}
	}
}

func operationsOf(doc *openapi3.T) []string {
	var names []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			names = append(names, method+" "+path)
		}
	}
	return names
}

// notOffered is what the clients have no option for: limit does what defaultPageLength does, and an actor who receives
// a message from a customer says nothing.
var notOffered = regexp.MustCompile(`\?defaultPageLength$|\.recipients\[\]\.senderActorId$`)

// sendsEverything proves that every parameter and field of the custom channels API was sent, and every value of those
// that have a list of values.
func (c *contract) sendsEverything(t *testing.T) {
	offered, sent := map[string]bool{}, map[string]bool{}
	for _, x := range c.exchanges {
		if !strings.Contains(x.operation, "/custom-channels") {
			continue
		}
		in, err := c.descriptions.route(t, x)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parameters(in.Route) {
			if p.In == "query" {
				offered[x.operation+" ?"+p.Name] = true
			}
		}
		for name := range in.Request.URL.Query() {
			sent[x.operation+" ?"+name] = true
		}
		if len(x.body) == 0 {
			continue
		}
		var body any
		if err := json.Unmarshal(x.body, &body); err != nil {
			t.Fatal(err)
		}
		schema := in.Route.Operation.RequestBody.Value.Content.Get("application/json").Schema.Value
		walk(schema, x.operation+" ", nil, func(field string) { offered[field] = true })
		walk(schema, x.operation+" ", body, func(field string) { sent[field] = true })
	}
	for _, field := range slices.Sorted(maps.Keys(offered)) {
		if sent[field] == notOffered.MatchString(field) {
			t.Errorf("%s: sent %v", field, sent[field])
		}
	}
}

// walk notes the fields of a value, or with none all that a schema has.
func walk(s *openapi3.Schema, at string, v any, note func(string)) {
	object, _ := v.(map[string]any)
	list, _ := v.([]any)
	switch {
	case len(s.OneOf) > 0:
		for _, kind := range s.OneOf {
			if v == nil || object["type"] == kind.Value.Title {
				walk(kind.Value, at+"<"+kind.Value.Title+">", v, note)
			}
		}
	case s.Items != nil && v == nil:
		walk(s.Items.Value, at+"[]", nil, note)
	case s.Items != nil:
		for _, item := range list {
			walk(s.Items.Value, at+"[]", item, note)
		}
	case len(s.Properties) > 0:
		for name, p := range s.Properties {
			if field, ok := object[name]; ok || v == nil {
				walk(p.Value, at+"."+name, field, note)
			}
		}
	case len(s.Enum) > 1 && len(s.Enum) < 100 && v == nil: // a hundred and more are names of contacts' properties
		for _, value := range s.Enum {
			note(fmt.Sprint(at, "=", value))
		}
	case len(s.Enum) > 1 && len(s.Enum) < 100:
		note(fmt.Sprint(at, "=", v))
	default:
		note(at)
	}
}
