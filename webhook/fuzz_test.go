package webhook_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/webhook"
)

// FuzzVerify holds that nothing panics, that no request verifies but the one that was signed, and that errors keep secrets.
func FuzzVerify(f *testing.F) {
	const uri = publicURL + "/hubspot/cc?token=a%3Ab%20c"
	r := deliver(f, uri, accountCreated, now)
	sig, timestamp := r.Header.Get("X-HubSpot-Signature-v3"), r.Header.Get("X-HubSpot-Request-Timestamp")
	f.Add("POST", r.RequestURI, sig, timestamp, []byte(accountCreated))
	f.Add("POST", strings.ToLower(r.RequestURI), sig, timestamp, []byte(accountCreated))
	f.Add("POST", r.RequestURI+"{", sig, timestamp, []byte(accountCreated[1:]))
	f.Add("POS", "T"+r.RequestURI, sig, timestamp, []byte(accountCreated))
	f.Add("POST", r.RequestURI, sig, timestamp[1:], []byte(accountCreated+timestamp[:1]))
	f.Add("POST", r.RequestURI, strings.ReplaceAll(sig, "+", " "), timestamp, []byte(accountCreated))
	f.Add("POST", r.RequestURI, sig[:43], timestamp, []byte{})
	f.Add("", "http://", strings.Repeat("a", 64), "-1", []byte(`"e30="`))
	f.Add("GET", "*", sig, "9223372036854775807", []byte(`{"a":"\ud800\u00e9\/"}`))
	f.Add("POST", "/%", sig, "0", []byte("\xff\xfe"))
	v1 := deliver(f, uri, accountCreated, now, webhook.V1).Header.Get("X-HubSpot-Signature")
	f.Add("POST", r.RequestURI, v1, "v1", []byte(accountCreated))
	f.Add("POST", r.RequestURI, v1, "v3", []byte(accountCreated))

	v := testVerifier(publicURL, secret)
	plain := testVerifier(publicURL, secret+"\n")
	plain.Versions = []webhook.Version{webhook.V1, webhook.V2}
	plain.TrustProxy = true
	f.Fuzz(func(t *testing.T, method, target, signature, stamp string, body []byte) {
		r := &http.Request{Method: method, RequestURI: target, URL: &url.URL{Path: target}, Host: target, Header: http.Header{}}
		r.Header.Set("X-HubSpot-Signature-v3", signature)
		r.Header.Set("X-HubSpot-Request-Timestamp", stamp)
		err := v.Verify(r, body)
		if err == nil && !sameRequest(method, target, signature, stamp, body, sig, timestamp) {
			t.Errorf("verifies: %q %q %q %q %q", method, target, signature, stamp, body)
		}
		if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), sig)) {
			t.Errorf("the error shows what it must not: %v", err)
		}

		r.Header = http.Header{"X-Hubspot-Signature": {signature}, "X-Hubspot-Signature-Version": {stamp}}
		r.Header.Set("X-Forwarded-Host", target)
		r.Header.Set("X-Original-URI", target)
		r.Header.Set("X-Forwarded-Prefix", target)
		if plain.Verify(r, body) == nil || v.Verify(r, body) == nil {
			t.Errorf("verifies by v1 or v2: %q %q %q %q", method, target, signature, body)
		}
	})
}

// sameRequest allows for what does not change a request: the spelling of a percent-sequence that v3 decodes, and the
// pluses of a signature that arrive as spaces. It also allows for what HubSpot's scheme does not tell: where the URL ends
// and the body begins (see TestHandlerRefusesShiftedBody).
func sameRequest(method, target, signature, stamp string, body []byte, sig, timestamp string) bool {
	decode := strings.NewReplacer("%3a", ":", "%3A", ":", "%2f", "/", "%2F", "/", "%3f", "?", "%3F", "?")
	if _, rest, ok := strings.Cut(target, "://"); ok && target[0] != '/' { // absolute form
		target = rest[max(strings.IndexAny(rest, "/?"), 0):]
	}
	plus := strings.ReplaceAll(signature, " ", "+")
	return (plus == sig || "+"+plus == sig) && method == "POST" && stamp == timestamp &&
		decode.Replace(target)+string(body) == "/hubspot/cc?token=a:b%20c"+accountCreated
}

// FuzzSign holds that whatever Sign signs, Verify accepts, and that it does so for no other body.
func FuzzSign(f *testing.F) {
	f.Add("/cc?a=%3A%2f", []byte("{}"), int64(1763900000000))
	f.Add("/%zz%", []byte{0}, int64(0))
	f.Add("/a b\x00#?", []byte(nil), int64(1))
	f.Fuzz(func(t *testing.T, target string, body []byte, millis int64) {
		if millis < 0 || millis > 1<<52 || !strings.HasPrefix(target, "/") {
			return
		}
		at := time.UnixMilli(millis)
		for _, version := range []webhook.Version{webhook.V1, webhook.V2, webhook.V3} {
			v := webhook.NewVerifier(publicURL, otherSecret, secret)
			v.Now = func() time.Time { return at }
			v.Versions = []webhook.Version{version}
			r := &http.Request{Method: "POST", RequestURI: target, URL: &url.URL{},
				Header: webhook.Sign(version, secret, "POST", publicURL+target, body, at)}
			if err := v.Verify(r, body); err != nil {
				t.Errorf("%s: %v", version, err)
			}
			if err := v.Verify(r, append(slices.Clone(body), '!')); err == nil {
				t.Errorf("%s: another body verifies", version)
			}
		}
	})
}

// FuzzParse holds that nothing panics, that the events are as many as the body has, and that each can be read again from
// its raw form.
func FuzzParse(f *testing.F) {
	for _, v := range loadVectors(f) {
		f.Add([]byte(v.Body))
	}
	for _, body := range []string{
		outgoing, accountCreated, "[" + outgoing + "," + accountCreated + "]", "", "null", "[]", "[{}]", `{"type":"X","message":1}`,
		`{"type":"CHANNEL_ACCOUNT_PURGED","portalId":1,"channelAccountId":2,"eventTimestamp":1790848800000,"channelAccountDeliveryIdentifier":"x"}`,
		`{"subscriptionType":"conversation.newMessage","portalId":1,"objectId":2,"messageId":"m","attemptNumber":"1"}`,
		`{"a":1,"\u0061":2}`, `{"\"":"\\","\\":"\""}`, `{"a":"`, "{\"\\", strings.Repeat("[", 100), "\xef\xbb\xbf{}", `{"portalId":"9e9"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := webhook.Parse(body)
		if err != nil {
			if events != nil {
				t.Error("events beside an error")
			}
			return
		}
		var raws []json.RawMessage
		if json.Unmarshal(body, &raws) != nil {
			raws = []json.RawMessage{body}
		}
		if len(events) != len(raws) {
			t.Fatalf("%d events in %d elements", len(events), len(raws))
		}
		for _, e := range events {
			again, err := webhook.Parse(e.Header().Raw)
			if err != nil || len(again) != 1 {
				t.Fatalf("%s: %d events, %v", e.Header().Raw, len(again), err)
			}
			if diff := cmp.Diff(e, again[0]); diff != "" {
				t.Errorf("read again from %s:\n%s", e.Header().Raw, diff)
			}
			if e.Key() != again[0].Key() {
				t.Errorf("keys %q and %q", e.Key(), again[0].Key())
			}
		}
	})
}
