package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/webhook"
)

// setup is a way to mount the verifier wrongly: what HubSpot called, and what the developer's process makes of it.
type setup struct {
	name   string
	called string // default publicURL + "/cc"
	at     time.Time
	signed []webhook.Version // default v3
	body   string            // default outgoing
	change func(v *webhook.Verifier, r *http.Request, body []byte) []byte
}

func secrets(s ...string) func(*webhook.Verifier, *http.Request, []byte) []byte {
	return func(v *webhook.Verifier, _ *http.Request, body []byte) []byte {
		v.Secrets = s
		return body
	}
}

func public(u string) func(*webhook.Verifier, *http.Request, []byte) []byte {
	return func(v *webhook.Verifier, _ *http.Request, body []byte) []byte {
		v.PublicURL = u
		return body
	}
}

func target(u string) func(*webhook.Verifier, *http.Request, []byte) []byte {
	return func(_ *webhook.Verifier, r *http.Request, body []byte) []byte {
		moved := httptest.NewRequest(r.Method, u, nil)
		r.RequestURI, r.URL = moved.RequestURI, moved.URL
		return body
	}
}

func header(pairs ...string) func(*webhook.Verifier, *http.Request, []byte) []byte {
	return func(_ *webhook.Verifier, r *http.Request, body []byte) []byte {
		for i := 0; i < len(pairs); i += 2 {
			r.Header.Del(pairs[i])
			if pairs[i+1] != "" {
				r.Header.Set(pairs[i], pairs[i+1])
			}
		}
		return body
	}
}

func content(change func([]byte) []byte) func(*webhook.Verifier, *http.Request, []byte) []byte {
	return func(_ *webhook.Verifier, r *http.Request, body []byte) []byte {
		body = change(body)
		r.ContentLength = int64(len(body)) // the sharper cases are those where the length does not tell
		return body
	}
}

func all(changes ...func(*webhook.Verifier, *http.Request, []byte) []byte) func(*webhook.Verifier, *http.Request, []byte) []byte {
	return func(v *webhook.Verifier, r *http.Request, body []byte) []byte {
		for _, change := range changes {
			body = change(v, r, body)
		}
		return body
	}
}

// reencode decodes body and encodes it the way Go programs do.
func reencode(body []byte) []byte {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		panic(err)
	}
	body, _ = json.Marshal(v)
	return body
}

func indent(body []byte) []byte {
	var b bytes.Buffer
	_ = json.Indent(&b, body, "", "  ")
	return b.Bytes()
}

func toLatin1(body []byte) []byte {
	var out []rune
	for _, b := range body {
		out = append(out, rune(b))
	}
	return []byte(string(out))
}

func replace(pairs ...string) func([]byte) []byte {
	return func(body []byte) []byte { return []byte(strings.NewReplacer(pairs...).Replace(string(body))) }
}

var setups = []setup{
	{name: "public URL says https, HubSpot calls http", called: "http://hooks.example.test/cc"},
	{name: "public URL says http, HubSpot calls https", change: public("http://hooks.example.test")},
	{name: "public URL of the laptop behind a tunnel", called: "https://a1b2.ngrok.test/cc", change: public("http://localhost:8080")},
	{name: "host only the proxy knows", change: all(public("https://internal.test"),
		func(_ *webhook.Verifier, r *http.Request, body []byte) []byte { r.Host = "10.0.0.7:8080"; return body },
		header("X-Forwarded-Host", "hooks.example.test"))},
	{name: "www missing", called: "https://www.example.test/cc", change: all(public("https://example.test"),
		func(_ *webhook.Verifier, r *http.Request, body []byte) []byte { r.Host = "10.0.0.7:8080"; return body })},
	{name: "default port written out", change: public("https://hooks.example.test:443")},
	{name: "host in capitals", change: public("https://Hooks.Example.test")},
	{name: "whole webhook URL as public URL", change: public("https://hooks.example.test/cc")},
	{name: "prefix that nobody strips", called: publicURL + "/hubspot/cc", change: public(publicURL + "/hubspot")},
	{name: "prefix missing, proxy tells", called: publicURL + "/edge/cc", change: all(target("/cc"), header("X-Forwarded-Prefix", "/edge"))},
	{name: "prefix missing, proxy tells the URI", called: publicURL + "/edge/cc?token=t0k3n", change: all(target("/cc"), header("X-Original-URI", "/edge/cc?token=t0k3n"))},
	{name: "prefix missing, Envoy tells the URI", called: publicURL + "/edge/cc", change: all(target("/cc"), header("X-Envoy-Original-Path", "/edge/cc"))},
	{name: "prefix missing, nobody tells", called: publicURL + "/edge/cc", change: target("/cc")},
	{name: "prefix missing, v1 beside v3", called: publicURL + "/edge/cc", signed: []webhook.Version{webhook.V1, webhook.V3}, change: target("/cc")},
	{name: "trailing slash removed", called: publicURL + "/cc/", change: target("/cc")},
	{name: "trailing slash added", change: target("/cc/")},
	{name: "query dropped, nobody tells", called: publicURL + "/cc?token=t0k3n", change: target("/cc")},
	{name: "query added", change: target("/cc?stage=prod")},
	{name: "query encoded anew", called: publicURL + "/cc?q=a%20b", change: target("/cc?q=a+b")},
	{name: "middleware rewrites RequestURI", change: func(_ *webhook.Verifier, r *http.Request, b []byte) []byte {
		r.RequestURI = "/rewritten"
		return b
	}},
	{name: "http and slash at once", called: "http://hooks.example.test/cc/", change: target("/cc")},
	{name: "public URL missing", change: public("")},
	{name: "public URL without scheme", change: public("hooks.example.test")},
	{name: "public URL with query", change: public("https://hooks.example.test?token=t0k3n")},
	{name: "no secret", change: secrets("")},
	{name: "other app's secret", change: secrets(otherSecret)},
	{name: "access token for secret", change: secrets("pat-na1-0000")},
	{name: "secret with line break", change: secrets(secret + "\n")},
	{name: "secret in quotes, http", called: "http://hooks.example.test/cc", change: secrets(`"` + secret + `"`)},
	{name: "body indented", change: content(indent)},
	{name: "body trimmed", body: accountCreated + "\n", change: content(bytes.TrimSpace)},
	{name: "body with line break", change: content(func(b []byte) []byte { return append(bytes.Clone(b), '\n') })},
	{name: "body re-encoded with escapes", change: content(replace("ö", `\u00f6`, "ü", `\u00fc`, "ß", `\u00df`, "–", `\u2013`, "☃", `\u2603`, "&", `\u0026`, "<", `\u003c`, ">", `\u003e`))},
	{name: "escapes turned into characters", body: `{"text":"\ud83d\ude00 \u00e9"}`, change: content(replace(`\ud83d\ude00`, "😀", `\u00e9`, "é"))},
	{name: "body re-encoded in another order", change: func(_ *webhook.Verifier, _ *http.Request, body []byte) []byte { return reencode(body) }},
	{name: "body re-encoded in another order, length adjusted", change: content(reencode)},
	{name: "body taken for Latin-1", change: content(toLatin1)},
	{name: "body in base64", change: content(func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b)) })},
	{name: "body read before", change: func(_ *webhook.Verifier, _ *http.Request, _ []byte) []byte { return nil }},
	{name: "proxy's own headers wrong", change: all(public(""), header("X-Forwarded-Proto", "http"),
		func(v *webhook.Verifier, _ *http.Request, body []byte) []byte { v.TrustProxy = true; return body })},
	{name: "large body, other app's secret", body: accountCreated + strings.Repeat(" ", 300<<10), change: secrets(otherSecret)},
	{name: "v1 only", signed: []webhook.Version{webhook.V1}},
	{name: "v1 called v3", signed: []webhook.Version{webhook.V1}, change: header("X-HubSpot-Signature-Version", "v3")},
	{name: "v3 left out of Versions", change: func(v *webhook.Verifier, _ *http.Request, b []byte) []byte {
		v.Versions = []webhook.Version{webhook.V2}
		return b
	}},
	{name: "no signature", change: header("X-HubSpot-Signature-v3", "")},
	{name: "header written to the map", change: func(_ *webhook.Verifier, r *http.Request, b []byte) []byte {
		r.Header["X-HubSpot-Signature-v3"] = r.Header.Values("X-HubSpot-Signature-v3")
		r.Header.Del("X-HubSpot-Signature-v3")
		return b
	}},
	{name: "timestamp lost", change: header("X-HubSpot-Request-Timestamp", "")},
	{name: "timestamp not a number", change: header("X-HubSpot-Request-Timestamp", "yesterday")},
	{name: "v2 signature in the v3 header", change: header("X-HubSpot-Signature-v3", strings.Repeat("0a", 32))},
	{name: "signature cut off", change: header("X-HubSpot-Signature-v3", "9lqIgzUxS2gSkQFf")},
	{name: "clock fast", at: now.Add(-6 * time.Minute)},
	{name: "clock slow", at: now.Add(7*time.Minute + 30*time.Second)},
	{name: "seconds for milliseconds", at: time.UnixMilli(now.Unix())},
	{name: "microseconds for milliseconds", at: time.UnixMilli(now.UnixMicro())},
	{name: "URL signed without decoding", called: publicURL + "/cc?u=a%3Ab", change: func(_ *webhook.Verifier, r *http.Request, b []byte) []byte {
		m := hmac.New(sha256.New, []byte(secret))
		io.WriteString(m, "POST"+publicURL+r.RequestURI+string(b)+r.Header.Get("X-HubSpot-Request-Timestamp"))
		r.Header.Set("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(m.Sum(nil)))
		return b
	}},
}

func (s *setup) verify(t testing.TB) error {
	t.Helper()
	called, body, at := s.called, s.body, s.at
	if called == "" {
		called = publicURL + "/cc"
	}
	if body == "" {
		body = outgoing
	}
	if at.IsZero() {
		at = now
	}
	v := testVerifier(publicURL, secret)
	r := deliver(t, called, body, at, s.signed...)
	raw, _ := io.ReadAll(r.Body)
	if s.change != nil {
		raw = s.change(v, r, raw)
	}
	return v.Verify(r, raw)
}

// TestDiagnosis compares what the developer reads for each wrong set-up with testdata/diagnosis.txt, which is made to be
// read aloud. After a change of words, UPDATE=1 writes it anew.
func TestDiagnosis(t *testing.T) {
	var got strings.Builder
	for _, s := range setups {
		err := s.verify(t)
		if _, ok := errors.AsType[*webhook.VerifyError](err); !ok {
			t.Errorf("%s: got %v, want a VerifyError", s.name, err)
			continue
		}
		got.WriteString("# " + s.name + "\n" + err.Error() + "\n\n")
	}
	for _, leak := range []string{secret, otherSecret, "pat-na1-0000", "t0k3n"} {
		if strings.Contains(got.String(), leak) {
			t.Errorf("the errors show %q", leak)
		}
	}
	const golden = "testdata/diagnosis.txt"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("sentences differ from %s (-want +got):\n%s", golden, diff)
	}
}
