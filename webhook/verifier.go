package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultMaxAge  = 5 * time.Minute
	defaultMaxSkew = 5 * time.Minute
)

// A Verifier decides whether a request was signed by HubSpot for this app. Make one with [NewVerifier], set its fields,
// and share it: Verify is safe for concurrent use as long as no field changes. A Verifier may be copied and the copy
// changed, slices by new ones. However it is printed, it shows no secret.
type Verifier struct {
	// PublicURL is what stands before the path that this process sees: https://hooks.example.com, followed by a path
	// only if a proxy strips one. HubSpot signs the URL that it calls, which a process behind a proxy cannot know from
	// the request. Required, unless TrustProxy is set.
	PublicURL string

	// Secrets are the client secrets of the app, at least one. A signature made with any of them is accepted, so that a
	// secret can be rotated without refusing webhooks. Empty ones are ignored.
	Secrets []string

	// Versions are the schemes to accept. The safest of those for which the request has a signature is checked; a wrong
	// V3 signature is not made good by a right V1 one. V1 and V2 do not cover the time, so that whoever has seen such a
	// request may repeat it for ever. Defaults to V3 alone.
	Versions []Version

	// MaxAge is how old the timestamp of a V3 signature may be. Within it a request can be repeated by whoever has seen
	// it, so that a larger one needs durable de-duplication behind it. Whether HubSpot signs its own repetitions anew is
	// not documented: if it does not, those that come later are refused. Defaults to 5 minutes, as HubSpot asks for.
	MaxAge time.Duration

	// MaxSkew is how far the timestamp of a V3 signature may lie in the future, as it does where our clock is slow.
	// Defaults to 5 minutes.
	MaxSkew time.Duration

	// TrustProxy also accepts signatures for the URL that X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-Prefix
	// tell (or TLS and Host, where these are missing). Set it only behind a proxy that overwrites these headers: whoever
	// can set them may replay here what HubSpot signed for another host of the same app. Defaults to PublicURL alone.
	TrustProxy bool

	// Now tells the time. Defaults to time.Now.
	Now func() time.Time

	// What NewVerifier has prepared, used as long as the fields are those it was made from.
	pools  []*macPool
	parsed parsedURL
}

// NewVerifier returns a Verifier of V3 signatures, made with any of the client secrets, for requests to publicURL (see
// [Verifier.PublicURL]). It reports no error: unusable arguments fail each Verify, and [Verifier.Validate] at start.
func NewVerifier(publicURL string, secrets ...string) *Verifier {
	base, _ := parsePublicURL(publicURL)
	return &Verifier{
		PublicURL: publicURL,
		Secrets:   slices.Clone(secrets),
		pools:     newMACPools(secrets),
		parsed:    parsedURL{publicURL, base},
	}
}

// Validate reports whether the Verifier can verify anything: the error that every Verify would return, or nil.
func (v *Verifier) Validate() error {
	_, err := v.base()
	return err
}

// Verify reports whether HubSpot signed r, whose body is given as the bytes that came over the wire. It reads only the
// method, the URL and the headers of r. The error is a [*VerifyError]. After a mismatch Verify looks for its cause, which
// costs about a millisecond at most, however large the request.
//
// Two things are left to what comes after. A request that is repeated within MaxAge verifies each time. And HubSpot's
// schemes do not mark where the URL ends and the body begins: bytes moved from one to the other keep the signature. No
// part of an event is one, so that decoding the whole body strictly, as [Parse] does, refuses those.
func (v *Verifier) Verify(r *http.Request, body []byte) error {
	base, err := v.base()
	if err != nil {
		return err
	}
	var buf [3]signedURI
	c := check{v: v, r: r, body: body, base: base, uris: v.appendURIs(buf[:0], base, r)}
	if v.allows(V3) && len(r.Header[headerV3]) > 0 {
		return c.v3()
	}
	// X-HubSpot-Signature never holds a V3 signature, whatever the header beside it says: it must not pass for one.
	if version := plainVersion(r); len(r.Header[headerV12]) > 0 && version != V3 && v.allows(version) {
		return c.plain(version)
	}
	return c.notSigned()
}

// base returns the public URL, empty if only the proxy is asked, or why the Verifier cannot work.
func (v *Verifier) base() (string, error) {
	if !slices.ContainsFunc(v.Secrets, usable) {
		return "", &VerifyError{Reason: ErrConfig, Detail: "there is no client secret.",
			Fix: "Set Secrets to the client secret of the app (Auth tab of the app in HubSpot); is its environment variable empty?"}
	}
	for _, version := range v.Versions {
		if version != V1 && version != V2 && version != V3 {
			return "", &VerifyError{Reason: ErrConfig, Detail: fmt.Sprintf("Versions holds %q.", version),
				Fix: "Use V1, V2 and V3."}
		}
	}
	if v.PublicURL == "" && v.TrustProxy {
		return "", nil
	}
	if v.parsed.base != "" && v.parsed.url == v.PublicURL {
		return v.parsed.base, nil
	}
	base, err := parsePublicURL(v.PublicURL)
	if err != nil {
		return "", &VerifyError{Reason: ErrConfig, Detail: err.Error() + ".",
			Fix: "Set it to what stands before the request's path in the webhook URL, such as https://hooks.example.com."}
	}
	return base, nil
}

// usable reports whether a secret can be one at all.
func usable(secret string) bool { return strings.TrimSpace(secret) != "" }

func (v *Verifier) allows(version Version) bool {
	if len(v.Versions) == 0 {
		return version == V3
	}
	return slices.Contains(v.Versions, version)
}

func (v *Verifier) now() time.Time {
	if v.Now != nil {
		return v.Now()
	}
	return time.Now()
}

// plainVersion returns what the request says of the header X-HubSpot-Signature: V1 or V2, if it is right. Without a word
// on it, it is the older.
func plainVersion(r *http.Request) Version {
	if v := r.Header[headerVersion]; len(v) > 0 {
		return Version(v[0])
	}
	return V1
}

// Format keeps the secrets out of every printed form.
func (v Verifier) Format(f fmt.State, _ rune) { fmt.Fprint(f, v.describe()) }

// LogValue keeps the secrets out of structured logs.
func (v Verifier) LogValue() slog.Value { return slog.StringValue(v.describe()) }

func (v Verifier) describe() string {
	return fmt.Sprintf("webhook.Verifier{PublicURL: %q, Secrets: %d redacted}", v.PublicURL, len(v.Secrets))
}

// check is the verification of one request.
type check struct {
	v    *Verifier
	r    *http.Request
	body []byte
	base string
	uris []signedURI
}

func (c *check) v3() error {
	var want [sha256.Size]byte
	if problem := decodeV3Signature(&want, c.r.Header[headerV3]); problem != "" {
		return c.malformed(V3, problem)
	}
	timestamp, millis, problem := parseTimestamp(c.r.Header[headerTimestamp])
	if problem != "" {
		return c.malformed(V3, problem)
	}
	for _, secret := range c.v.Secrets {
		if usable(secret) && c.matchesV3(secret, timestamp, want[:]) {
			return c.fresh(millis)
		}
	}
	return c.v.mismatch(c.r, c.body, c.base, V3, want, timestamp)
}

func (c *check) matchesV3(secret, timestamp string, want []byte) bool {
	m, pool := c.v.mac(secret)
	defer pool.put(m)
	for _, uri := range c.uris {
		if hmac.Equal(m.sum(c.method(), uri, c.body, timestamp), want) {
			return true
		}
	}
	return false
}

func (c *check) plain(version Version) error {
	var want [sha256.Size]byte
	if problem := decodePlainSignature(&want, c.r.Header[headerV12]); problem != "" {
		return c.malformed(version, problem)
	}
	for _, secret := range c.v.Secrets {
		for _, uri := range c.uris {
			sum := plainSum(version, secret, c.method(), uri, c.body)
			if usable(secret) && hmac.Equal(sum[:], want[:]) {
				return nil
			}
		}
	}
	return c.v.mismatch(c.r, c.body, c.base, version, want, "")
}

// fresh checks the time of a request whose signature is right.
func (c *check) fresh(millis int64) error {
	maxAge, maxSkew := c.v.MaxAge, c.v.MaxSkew
	if maxAge <= 0 {
		maxAge = defaultMaxAge
	}
	if maxSkew <= 0 {
		maxSkew = defaultMaxSkew
	}
	now := c.v.now()
	signed := time.UnixMilli(millis)
	switch {
	case signed.Before(now.Add(-maxAge)):
		return tooOld(signed, now, maxAge)
	case signed.After(now.Add(maxSkew)):
		return tooNew(signed, now, maxSkew)
	}
	return nil
}

// method returns the request's method; net/http lets a client's request leave GET out.
func (c *check) method() string {
	if c.r.Method == "" {
		return http.MethodGet
	}
	return c.r.Method
}

var strictBase64 = base64.StdEncoding.Strict()

// decodeV3Signature decodes the header's values into dst, or says what is wrong with them.
func decodeV3Signature(dst *[sha256.Size]byte, values []string) (problem string) {
	if len(values) != 1 {
		return "X-HubSpot-Signature-v3 occurs more than once."
	}
	const size = 44 // of 32 bytes in base64
	sig := values[0]
	if len(sig) == 2*sha256.Size && isHex(sig) {
		return "X-HubSpot-Signature-v3 holds hex digits, as the v1 and v2 schemes have them, and not base64."
	}
	// What URL-decodes headers on the way turns + into a space, and a space at the edge is then trimmed. Neither
	// character is of any other use in base64, so that this lets no other signature in.
	var text [size]byte
	if len(sig) == size-1 {
		text[0] = '+'
		copy(text[1:], sig)
	} else if copy(text[:], sig); len(sig) != size {
		return fmt.Sprintf("X-HubSpot-Signature-v3 has %d characters instead of %d.", len(sig), size)
	}
	for i, b := range text {
		if b == ' ' {
			text[i] = '+'
		}
	}
	var sum [size]byte
	if n, err := strictBase64.Decode(sum[:], text[:]); err != nil || n != len(dst) {
		return "X-HubSpot-Signature-v3 is not base64."
	}
	copy(dst[:], sum[:])
	return ""
}

// decodePlainSignature decodes the lower-case hex digits of V1 and V2. Upper case is refused, so that each signature
// has one form only.
func decodePlainSignature(dst *[sha256.Size]byte, values []string) (problem string) {
	if len(values) != 1 {
		return "X-HubSpot-Signature occurs more than once."
	}
	if len(values[0]) != 2*len(dst) || !isHex(values[0]) {
		return "X-HubSpot-Signature is not 64 lower-case hex digits."
	}
	if _, err := hex.Decode(dst[:], []byte(values[0])); err != nil {
		return "X-HubSpot-Signature is not 64 lower-case hex digits."
	}
	return ""
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// parseTimestamp returns the header's text, which is signed as it stands, and its value.
func parseTimestamp(values []string) (text string, millis int64, problem string) {
	switch len(values) {
	case 0:
		return "", 0, "X-HubSpot-Request-Timestamp is missing."
	case 1:
		text = values[0]
	default:
		return "", 0, "X-HubSpot-Request-Timestamp occurs more than once."
	}
	millis, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' || text[0] == '-' {
		return "", 0, "X-HubSpot-Request-Timestamp is not a number of milliseconds since 1970."
	}
	return text, millis, ""
}
