package webhook_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/webhook"
)

// vector is a signature made elsewhere: by HubSpot's page on validating requests, by tests of HubSpot's SDKs, by others.
type vector struct {
	Number    int
	Name      string
	Version   webhook.Version
	Secret    string
	Method    string
	URI       string
	Body      string
	Timestamp string // of v3
	Signature string
	Refused   bool
}

func loadVectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	return vectors
}

func (v *vector) time() time.Time {
	ms, _ := strconv.ParseInt(v.Timestamp, 10, 64)
	return time.UnixMilli(ms)
}

// request returns the request as a server behind a TLS-terminating proxy gets it.
func (v *vector) request(t testing.TB) *http.Request {
	t.Helper()
	u, err := url.Parse(v.URI)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(v.Method, strings.TrimPrefix(v.URI, u.Scheme+"://"+u.Host), strings.NewReader(v.Body))
	if v.Version == webhook.V3 {
		r.Header.Set("X-HubSpot-Signature-v3", v.Signature)
		r.Header.Set("X-HubSpot-Request-Timestamp", v.Timestamp)
	} else {
		r.Header.Set("X-HubSpot-Signature", v.Signature)
		r.Header.Set("X-HubSpot-Signature-Version", string(v.Version))
	}
	return r
}

func (v *vector) verifier(t testing.TB) *webhook.Verifier {
	t.Helper()
	u, err := url.Parse(v.URI)
	if err != nil {
		t.Fatal(err)
	}
	verifier := webhook.NewVerifier(u.Scheme+"://"+u.Host, v.Secret)
	verifier.Versions = []webhook.Version{v.Version}
	verifier.Now = v.time
	return verifier
}

func TestVectors(t *testing.T) {
	for _, v := range loadVectors(t) {
		t.Run(strconv.Itoa(v.Number)+" "+v.Name, func(t *testing.T) {
			err := v.verifier(t).Verify(v.request(t), []byte(v.Body))
			if v.Refused {
				if !errors.Is(err, webhook.ErrMismatch) {
					t.Errorf("Verify: got %v, want ErrMismatch", err)
				}
				return
			}
			if err != nil {
				t.Errorf("Verify: %v", err)
			}
			signed := webhook.Sign(v.Version, v.Secret, v.Method, v.URI, []byte(v.Body), v.time())
			got := signed.Get("X-HubSpot-Signature")
			if v.Version == webhook.V3 {
				got = signed.Get("X-HubSpot-Signature-v3")
			}
			if got != v.Signature {
				t.Errorf("Sign: got %s, want %s", got, v.Signature)
			}
		})
	}
}
