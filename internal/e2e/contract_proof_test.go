package e2e

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// needsTheOverlay proves that each line of the overlay excuses something that is really said.
func (c *contract) needsTheOverlay(t *testing.T) {
	lines := readOverlay(t)
	for i, line := range lines {
		without := readDescriptions(t, line.File, slices.Delete(slices.Clone(lines), i, i+1))
		if !slices.ContainsFunc(c.exchanges, func(x *exchange) bool {
			return without[x.api] != nil && without.check(t, x) != nil
		}) {
			t.Errorf("nothing needs the overlay line %q (%s)", line, line.Fact)
		}
	}
}

// mistakes are made in an exchange that was right.
var mistakes = []struct {
	name, operation string
	status          int
	make            func(x *exchange)
	want            string
}{
	{"unknown path", publishV3, 201, inURL("/messages", "/message"), "no description has the operation"},
	{"unknown host", publishV3, 201, inURL("api.hubapi.com", "api.hubspot.com"), "no description has the operation"},
	{"unknown method", publishV3, 201, func(x *exchange) { x.method = "PUT" }, "no description has the operation"},
	{"path parameter of another type", publishV3, 201, inURL("custom-channels/", "custom-channels/x"), `parameter "channelId" in path has an error`},
	{"channel id too large", publishV3, 201, inURL("custom-channels/", "custom-channels/99999999"), `parameter "channelId" in path has an error`},
	{"undeclared parameter", publishV3, 201, func(x *exchange) { x.url += "?draft=1" }, "the query parameter draft is not declared"},
	{"no token", publishV3, 201, func(x *exchange) { x.header.Del("Authorization") }, "no bearer token"},
	{"no developer key", "GET /conversations/v3/custom-channels", 200, inURL("hapikey=", "key="), "the query parameter key is not declared"},
	{"limit of another type", "GET /conversations/v3/custom-channels", 200, inURL("?", "?limit=x&"), `parameter "limit" in query has an error`},
	{"body of another type", publishV3, 201, func(x *exchange) { x.header.Set("Content-Type", "text/plain") }, "Content-Type has unexpected value"},
	{"field missing", publishV3, 201, inBody(`"recipients"`, `"recipient"`), `property "recipients" is missing`},
	{"undeclared field", publishV3, 201, inBody(`"text":`, `"txt":"","text":`), `property "txt" is unsupported`},
	{"undeclared field of a sender", publishV3, 201, inBody(`"senders":[{`, `"senders":[{"actorId":"V-1",`), `property "actorId" is unsupported`},
	{"id as number", publishV3, 201, inBody(`"channelAccountId":"`, `"channelAccountId":1,"x":"`), "value must be a string"},
	{"value that is none", publishV3, 201, inBody(`"INCOMING"`, `"incoming"`), "value is not one of the allowed values"},
	{"time without zone", publishV3, 201, withoutZone, "date-time"},
	{"null for a list", publishV3, 201, inBody(`"attachments":[]`, `"attachments":null`), "Value is not nullable"},
	{"undeclared form field", "POST /oauth/v3/token", 200, inBody("grant_type=", "grant=1&grant_type="), "the form field grant is not declared"},
	{"undeclared part", "POST /files/v3/files", 201, inBody(`name="options"`, `name="option"`), "part option: undefined"},

	{"undeclared status", publishV3, 201, func(x *exchange) { x.status = 202 }, "answer 202"},
	{"answer of another type", publishV3, 201, func(x *exchange) { x.answered.Set("Content-Type", "text/html") }, "Content-Type has unexpected value"},
	{"answer lacks a field", publishV3, 201, inAnswer(`"truncationStatus"`, `"status2"`), `property "truncationStatus" is missing`},
	{"answer has an undeclared field", publishV3, 201, inAnswer(`{"id"`, `{"ID":"","id"`), `property "ID" is unsupported`},
	{"answer has an id as number", publishV3, 201, inAnswer(`{"id":"`, `{"id":1,"x":"`), "value must be a string"},
	{"error lacks its message", publishV3, 404, inAnswer(`"message"`, `"text"`), `property "message" is missing`},
	{"error without a correlation id", publishV3, 404, inAnswer(`"correlationId":"`, `"correlationId":"x`), "uuid"},
	{"body where there is none", "DELETE /conversations/v3/custom-channels/{channelId}", 204, func(x *exchange) { x.answer = []byte("{}") }, "has a body"},
}

const publishV3 = "POST /conversations/v3/custom-channels/{channelId}/messages"

func inURL(old, replacement string) func(*exchange) {
	return func(x *exchange) { x.url = strings.Replace(x.url, old, replacement, 1) }
}

func inBody(old, replacement string) func(*exchange) {
	return func(x *exchange) { x.body = []byte(strings.Replace(string(x.body), old, replacement, 1)) }
}

var writtenAt = regexp.MustCompile(`("timestamp":"[^"]*)Z"`)

func withoutZone(x *exchange) { x.body = writtenAt.ReplaceAll(x.body, []byte(`$1"`)) }

func inAnswer(old, replacement string) func(*exchange) {
	return func(x *exchange) { x.answer = []byte(strings.Replace(string(x.answer), old, replacement, 1)) }
}

// noticesMistakes proves that the contract can be broken.
func (c *contract) noticesMistakes(t *testing.T) {
	for _, m := range mistakes {
		i := slices.IndexFunc(c.exchanges, func(x *exchange) bool { return x.operation == m.operation && x.status == m.status })
		if i < 0 {
			t.Errorf("%s: there was no %s with %d", m.name, m.operation, m.status)
			continue
		}
		x := *c.exchanges[i]
		x.header, x.answered = http.Header.Clone(x.header), http.Header.Clone(x.answered)
		m.make(&x)
		if err := c.descriptions.check(t, &x); err == nil || !strings.Contains(err.Error(), m.want) {
			t.Errorf("%s: %v, want an error with %q", m.name, err, m.want)
		}
	}
}
