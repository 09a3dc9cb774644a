package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/webhook"
)

// nodeCase is a request, how HubSpot's official Node SDK signs it, and whether it accepts the signature it is shown.
type nodeCase struct {
	Name      string
	Version   webhook.Version // empty where the SDK was not told one
	Method    string
	URI       string // as it goes over the wire
	Body      string
	Timestamp string
	Signature string
	Presented string // defaults to Signature
	Accepted  bool
	Error     string // what the SDK throws
}

// nodeVectors is the output of testdata/node-signatures/generate.mjs.
type nodeVectors struct {
	Package, Version string
	Secret           string
	Now              int64
	Cases            []nodeCase
}

// nodeDifferences are the cases in which package webhook decides otherwise than the SDK, knowingly.
var nodeDifferences = map[string]struct {
	signs bool  // whether the signatures differ too
	err   error // of Verify; nil if it accepts what the SDK does not
	why   string
}{
	"URI as it came": {true, webhook.ErrMismatch,
		"HubSpot's page has v3 decode twelve percent-sequences of the URI first; the SDK leaves that to its caller."},
	"body left out": {true, webhook.ErrMismatch,
		`HubSpot's page has nothing signed for a body that is missing; the SDK signs the word "undefined".`},
	"timestamp is no number": {false, webhook.ErrMalformed,
		"HubSpot's page says that the timestamp counts milliseconds; in the SDK what cannot be compared is never too old."},
	"an hour ahead": {false, webhook.ErrTooNew,
		"HubSpot's page says nothing of the future; the SDK lets a timestamp of tomorrow verify until the day after."},
	"signature whose plus has become a space": {false, nil,
		"Such signatures have been seen, and there is one way only to read them."},
	"no version asked for": {false, webhook.ErrNotSigned,
		"The SDK falls back to v1, which covers neither URL nor time; ours is v3 alone."},
}

// signatureHeaders returns the header of the case's version, with the signature that the SDK was shown.
func (c *nodeCase) signatureHeaders() http.Header {
	h := make(http.Header)
	signature := c.Presented
	if signature == "" {
		signature = c.Signature
	}
	if c.Version == webhook.V3 {
		h.Set("X-HubSpot-Signature-v3", signature)
		h.Set("X-HubSpot-Request-Timestamp", c.Timestamp)
	} else {
		h.Set("X-HubSpot-Signature", signature)
		h.Set("X-HubSpot-Signature-Version", string(c.signedVersion()))
	}
	return h
}

func (c *nodeCase) signedVersion() webhook.Version {
	if c.Version == "" {
		return webhook.V1
	}
	return c.Version
}

// verify has the case's request verified as a server behind a proxy would.
func (c *nodeCase) verify(t *testing.T, v *nodeVectors) error {
	t.Helper()
	slash := strings.Index(c.URI, "://") + len("://")
	slash += strings.Index(c.URI[slash:], "/")
	verifier := webhook.NewVerifier(c.URI[:slash], v.Secret)
	verifier.Now = func() time.Time { return time.UnixMilli(v.Now) }
	if c.Version != "" {
		verifier.Versions = []webhook.Version{c.Version}
	}
	r, err := http.NewRequestWithContext(t.Context(), c.Method, c.URI, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI, r.Header = c.URI[slash:], c.signatureHeaders()
	return verifier.Verify(r, []byte(c.Body))
}

// sign returns our signature of the case's request.
func (c *nodeCase) sign(secret string) string {
	millis, _ := strconv.ParseInt(c.Timestamp, 10, 64)
	h := webhook.Sign(c.signedVersion(), secret, c.Method, c.URI, []byte(c.Body), time.UnixMilli(millis))
	return h.Get("X-HubSpot-Signature-v3") + h.Get("X-HubSpot-Signature")
}

// TestNodeSignatures holds package webhook against HubSpot's official Node SDK.
func TestNodeSignatures(t *testing.T) {
	data, err := os.ReadFile("testdata/node-signatures/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v nodeVectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d cases of %s %s", len(v.Cases), v.Package, v.Version)
	differences := 0
	for _, c := range v.Cases {
		t.Run(c.Name, func(t *testing.T) {
			difference, differs := nodeDifferences[c.Name]
			if differs {
				differences++
			}
			if _, err := strconv.Atoi(c.Timestamp); err == nil { // ours signs no other
				if same := c.sign(v.Secret) == c.Signature; same == difference.signs {
					t.Errorf("signatures are equal: %v, want %v (%s)", same, !same, difference.why)
				}
			}
			err := c.verify(t, &v)
			if accepted := err == nil; accepted != (c.Accepted != differs) {
				t.Errorf("SDK accepts: %v %s, Verify: %v, and they differ knowingly: %v", c.Accepted, c.Error, err, differs)
			}
			if differs && !errors.Is(err, difference.err) {
				t.Errorf("Verify: %v, want %v (%s)", err, difference.err, difference.why)
			}
		})
	}
	if differences != len(nodeDifferences) {
		t.Errorf("%d of %d known differences were met", differences, len(nodeDifferences))
	}
}
