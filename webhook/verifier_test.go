package webhook_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/webhook"
)

func TestVerifyAccepts(t *testing.T) {
	const body = accountCreated
	tests := []struct {
		name     string
		called   string // by HubSpot; default publicURL + "/cc"
		verifier *webhook.Verifier
		at       time.Time
		versions []webhook.Version
		change   func(*webhook.Verifier, *http.Request)
	}{
		{name: "as it is"},
		{name: "second of two secrets", verifier: testVerifier(publicURL, otherSecret, secret)},
		{name: "empty secrets beside it", verifier: testVerifier(publicURL, "", " ", secret)},
		{name: "public URL with scheme in capitals", verifier: testVerifier("HTTPS"+publicURL[len("https"):], secret)},
		{name: "public URL with slash", verifier: testVerifier(publicURL+"/", secret)},
		{name: "public URL with port", called: "http://localhost:8080/cc", verifier: testVerifier("http://localhost:8080", secret)},
		{name: "proxy strips a prefix", called: publicURL + "/edge/v1/cc", verifier: testVerifier(publicURL+"/edge/v1/", secret),
			change: func(_ *webhook.Verifier, r *http.Request) { r.RequestURI = "/cc" }},
		{name: "router changes the path", called: publicURL + "/hubspot/cc?a=1",
			change: func(_ *webhook.Verifier, r *http.Request) { r.URL.Path, r.URL.RawPath = "/cc", "" }},
		{name: "raw path and query stay", called: publicURL + "/a%2fb//c%20d/%7Ee?z=1&a=%20+&a=;&q"},
		{name: "empty query", called: publicURL + "/cc?"},
		{name: "root without slash in public URL", called: publicURL + "/"},
		{name: "target in absolute form",
			change: func(_ *webhook.Verifier, r *http.Request) { r.RequestURI = "http://10.0.0.7:8080/cc" }},
		{name: "request not read by a server",
			change: func(_ *webhook.Verifier, r *http.Request) { r.RequestURI = "" }},
		{name: "exactly five minutes old", at: now.Add(-5 * time.Minute)},
		{name: "exactly five minutes ahead", at: now.Add(5 * time.Minute)},
		{name: "a day old where allowed", at: now.Add(-24 * time.Hour),
			change: func(v *webhook.Verifier, _ *http.Request) { v.MaxAge = 25 * time.Hour }},
		{name: "an hour ahead where allowed", at: now.Add(time.Hour),
			change: func(v *webhook.Verifier, _ *http.Request) { v.MaxSkew = time.Hour }},
		{name: "v2 where allowed", versions: []webhook.Version{webhook.V2},
			change: func(v *webhook.Verifier, _ *http.Request) { v.Versions = []webhook.Version{webhook.V2} }},
		{name: "v1 without its version where allowed", versions: []webhook.Version{webhook.V1},
			change: func(v *webhook.Verifier, r *http.Request) {
				v.Versions = []webhook.Version{webhook.V1, webhook.V3}
				r.Header.Del("X-HubSpot-Signature-Version")
			}},
		{name: "v3 before a wrong v1", versions: []webhook.Version{webhook.V1, webhook.V3},
			change: func(v *webhook.Verifier, r *http.Request) {
				v.Versions = []webhook.Version{webhook.V1, webhook.V2, webhook.V3}
				r.Header.Set("X-HubSpot-Signature", strings.Repeat("0", 64))
			}},
		{name: "trusted proxy tells the origin", verifier: testVerifier("", secret),
			change: func(v *webhook.Verifier, r *http.Request) {
				v.TrustProxy = true
				r.Host = "10.0.0.7:8080"
				r.Header.Set("X-Forwarded-Proto", "https, http")
				r.Header.Set("X-Forwarded-Host", "hooks.example.test, inner.test")
			}},
		{name: "trusted proxy tells the prefix", called: publicURL + "/edge/cc", verifier: testVerifier("", secret),
			change: func(v *webhook.Verifier, r *http.Request) {
				v.TrustProxy = true
				r.RequestURI = "/cc"
				r.Header.Set("X-Forwarded-Proto", "HTTPS")
				r.Header.Set("X-Forwarded-Prefix", "/edge/")
			}},
		{name: "public URL beside a trusted proxy",
			change: func(v *webhook.Verifier, r *http.Request) {
				v.TrustProxy = true
				r.Header.Set("X-Forwarded-Host", "elsewhere.test")
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.called == "" {
				tt.called = publicURL + "/cc"
			}
			if tt.verifier == nil {
				tt.verifier = testVerifier(publicURL, secret)
			}
			if tt.at.IsZero() {
				tt.at = now
			}
			r := deliver(t, tt.called, body, tt.at, tt.versions...)
			if tt.change != nil {
				tt.change(tt.verifier, r)
			}
			if err := tt.verifier.Verify(r, []byte(body)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A space where the signature has a plus comes from something that URL-decodes headers; HTTP then trims one at an edge.
func TestVerifyRestoresPlus(t *testing.T) {
	v := testVerifier(publicURL, secret)
	var inside, leading int
	for i := 0; inside < 20 || leading < 3; i++ {
		body := fmt.Sprintf(`{"n":%d}`, i)
		r := deliver(t, publicURL+"/cc", body, now)
		sig := r.Header.Get("X-HubSpot-Signature-v3")
		if !strings.Contains(sig, "+") {
			continue
		}
		inside++
		if sig[0] == '+' {
			leading++
		}
		r.Header.Set("X-HubSpot-Signature-v3", strings.TrimSpace(strings.ReplaceAll(sig, "+", " ")))
		if err := v.Verify(r, []byte(body)); err != nil {
			t.Errorf("body %s: %v", body, err)
		}
	}
}

// Every bit of everything that is signed counts.
func TestVerifyRefusesEveryFlippedBit(t *testing.T) {
	const uri = publicURL + "/hubspot/cc?token=a%3Ab%20c+d"
	v := testVerifier(publicURL, secret)
	v.MaxAge, v.MaxSkew = 1<<62, 1<<62 // so that no timestamp is refused for its value
	parts := map[string]struct {
		get func(*http.Request) string
		set func(*http.Request, string)
	}{
		"method": {func(r *http.Request) string { return r.Method }, func(r *http.Request, s string) { r.Method = s }},
		"target": {func(r *http.Request) string { return r.RequestURI }, func(r *http.Request, s string) { r.RequestURI = s }},
		"signature": {func(r *http.Request) string { return r.Header.Get("X-HubSpot-Signature-v3") },
			func(r *http.Request, s string) { r.Header.Set("X-HubSpot-Signature-v3", s) }},
		"timestamp": {func(r *http.Request) string { return r.Header.Get("X-HubSpot-Request-Timestamp") },
			func(r *http.Request, s string) { r.Header.Set("X-HubSpot-Request-Timestamp", s) }},
	}
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			original := part.get(deliver(t, uri, accountCreated, now))
			for i := range len(original) {
				for bit := range 8 {
					b := []byte(original)
					if b[i] ^= 1 << bit; name == "target" && strings.EqualFold(string(b[i-min(i, 2):i+1]), "%3a") {
						continue // %3a and %3A are the same URL
					}
					r := deliver(t, uri, accountCreated, now)
					part.set(r, string(b))
					if err := v.Verify(r, []byte(accountCreated)); err == nil {
						t.Errorf("%q verifies like %q", b, original)
					}
				}
			}
		})
	}
	t.Run("body", func(t *testing.T) {
		r := deliver(t, uri, accountCreated, now)
		for i := range len(accountCreated) {
			for bit := range 8 {
				b := []byte(accountCreated)
				b[i] ^= 1 << bit
				if err := v.Verify(r, b); err == nil {
					t.Errorf("%q verifies", b)
				}
			}
		}
	})
	if err := v.Verify(deliver(t, uri, accountCreated, now), []byte(accountCreated)); err != nil {
		t.Errorf("unchanged: %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	tests := []struct {
		name   string
		at     time.Time
		change func(*webhook.Verifier, *http.Request)
		want   error
	}{
		{"older than five minutes", now.Add(-5*time.Minute - time.Millisecond), nil, webhook.ErrTooOld},
		{"more than five minutes ahead", now.Add(5*time.Minute + time.Millisecond), nil, webhook.ErrTooNew},
		{"repeated after 25 hours", now.Add(-25*time.Hour - time.Second),
			func(v *webhook.Verifier, _ *http.Request) { v.MaxAge = 25 * time.Hour }, webhook.ErrTooOld},
		{"far ahead with a large MaxAge", now.Add(time.Hour),
			func(v *webhook.Verifier, _ *http.Request) { v.MaxAge = 25 * time.Hour }, webhook.ErrTooNew},
		{"forwarded origin of an untrusted proxy", now, func(v *webhook.Verifier, r *http.Request) {
			v.PublicURL = "https://elsewhere.test"
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("X-Forwarded-Host", "hooks.example.test")
		}, webhook.ErrMismatch},
		{"other app's secret", now, func(v *webhook.Verifier, _ *http.Request) { v.Secrets = []string{otherSecret} }, webhook.ErrMismatch},
		{"secret taken out of a copy", now, func(v *webhook.Verifier, _ *http.Request) { v.Secrets = nil }, webhook.ErrConfig},
		{"only empty secrets", now, func(v *webhook.Verifier, _ *http.Request) { v.Secrets = []string{"", "\n"} }, webhook.ErrConfig},
		{"unknown version", now, func(v *webhook.Verifier, _ *http.Request) { v.Versions = []webhook.Version{"4"} }, webhook.ErrConfig},
		{"no public URL", now, func(v *webhook.Verifier, _ *http.Request) { v.PublicURL = "" }, webhook.ErrConfig},
		{"public URL without scheme", now, func(v *webhook.Verifier, _ *http.Request) { v.PublicURL = "hooks.example.test" }, webhook.ErrConfig},
		{"public URL of another scheme", now, func(v *webhook.Verifier, _ *http.Request) { v.PublicURL = "ftp://hooks.example.test" }, webhook.ErrConfig},
		{"public URL without host", now, func(v *webhook.Verifier, _ *http.Request) { v.PublicURL = "https:///cc" }, webhook.ErrConfig},
		{"public URL with white space", now, func(v *webhook.Verifier, _ *http.Request) { v.PublicURL += "\n" }, webhook.ErrConfig},
		{"public URL with query", now, func(v *webhook.Verifier, _ *http.Request) { v.PublicURL += "/cc?token=t" }, webhook.ErrConfig},
		{"public URL with fragment", now, func(v *webhook.Verifier, _ *http.Request) { v.PublicURL += "#" }, webhook.ErrConfig},
		{"public URL with password", now, func(v *webhook.Verifier, _ *http.Request) { v.PublicURL = "https://u:p@hooks.example.test" }, webhook.ErrConfig},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			original := testVerifier(publicURL, secret)
			v := *original
			r := deliver(t, publicURL+"/cc", accountCreated, tt.at)
			if tt.change != nil {
				tt.change(&v, r)
			}
			err := v.Verify(r, []byte(accountCreated))
			if _, ok := errors.AsType[*webhook.VerifyError](err); !ok || !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if got := v.Validate(); (tt.want == webhook.ErrConfig) != (got != nil) {
				t.Errorf("Validate: %v", got)
			}
			if err := original.Verify(deliver(t, publicURL+"/cc", accountCreated, now), []byte(accountCreated)); err != nil {
				t.Errorf("the Verifier that was copied: %v", err)
			}
		})
	}
}

// A V1 signature, which HubSpot puts beside that of V3, covers neither URL nor time. Whatever a request calls it, it must
// not pass where V1 is not allowed.
func TestVerifyRefusesDowngrade(t *testing.T) {
	for _, versions := range [][]webhook.Version{nil, {webhook.V3}, {webhook.V2}, {webhook.V2, webhook.V3}} {
		for _, claim := range []string{"v1", "v2", "v3", "V1", "v1 ", "v4", "", "v3,v1"} {
			v := testVerifier(publicURL, secret)
			v.Versions = versions
			r := deliver(t, publicURL+"/cc", accountCreated, now, webhook.V1)
			r.Header.Set("X-HubSpot-Signature-Version", claim)
			err := v.Verify(r, []byte(accountCreated))
			if !errors.Is(err, webhook.ErrNotSigned) && !errors.Is(err, webhook.ErrMismatch) {
				t.Errorf("a v1 signature called %q, where %q are allowed: %v", claim, versions, err)
			}
		}
	}
}

func TestVerifyBehindStripPrefix(t *testing.T) {
	v := testVerifier(publicURL, secret)
	mux := http.NewServeMux()
	mux.Handle("/hubspot/", http.StripPrefix("/hubspot", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := v.Verify(r, []byte(accountCreated)); err != nil {
			t.Error(err)
		}
		if r.URL.Path != "/a b/cc" {
			t.Errorf("path is %q", r.URL.Path)
		}
	})))
	mux.ServeHTTP(httptest.NewRecorder(), deliver(t, publicURL+"/hubspot/a%20b/cc?q=%2C", accountCreated, now))
}

func TestVerifierShowsNoSecret(t *testing.T) {
	v := testVerifier(publicURL, secret)
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb, v, *v)
		fmt.Fprintf(&out, verb, struct{ V *webhook.Verifier }{v})
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("", "v", v, "copy", *v)
	}
	for _, leak := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%v", []byte(secret))} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("the secret is in %s", out.String())
		}
	}
}
