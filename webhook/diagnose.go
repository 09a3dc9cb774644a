package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// searchBytes bounds what one refused request can make us hash in search of the cause, whatever its size and
	// however many variants there are.
	searchBytes = 256 << 10
	// searchSorted bounds the body that is decoded in search of the cause.
	searchSorted = 32 << 10
	// searchOverhead is what a signature costs beside its message, in bytes hashed.
	searchOverhead = 256
	// maxShown bounds how much of a URL an error repeats.
	maxShown = 200
)

// A finding is one way in which a request differs from what was signed.
type finding struct{ detail, fix string }

// A candidate is a variant of the request that HubSpot may have signed.
type candidate struct {
	uri     signedURI
	body    []byte
	explain func() []finding // nil for the request as it came
}

// search looks for the variant of a refused request whose signature is the one it carries. What it finds is therefore
// certain, and was signed with one of our secrets: only then does it say more than the sender knows.
type search struct {
	*check
	version   Version
	want      []byte
	timestamp string
	secrets   []string // the configured ones, then those that lose quotes or white space
	sloppy    int      // index of the first of the latter
	budget    int
}

// mismatch returns the error for a request whose signature is wrong. It takes copies, so that a request whose signature
// is right costs no allocations.
func (v *Verifier) mismatch(r *http.Request, body []byte, base string, version Version, want [sha256.Size]byte, timestamp string) error {
	c := &check{v: v, r: r, body: body, base: base, uris: v.appendURIs(nil, base, r)}
	s := &search{check: c, version: version, want: want[:], timestamp: timestamp, budget: searchBytes}
	s.secrets = slices.DeleteFunc(slices.Clone(v.Secrets), func(s string) bool { return !usable(s) })
	s.sloppy = len(s.secrets)
	for _, secret := range s.secrets[:s.sloppy] {
		if clean := strings.Trim(secret, " \t\r\n\"'`"); clean != secret && clean != "" {
			s.secrets = append(s.secrets, clean)
		}
	}
	found, ok := s.run()
	if !ok {
		found = []finding{s.unexplained()}
	}
	e := &VerifyError{Reason: ErrMismatch, Version: version}
	for _, f := range found {
		e.Detail = strings.TrimSpace(e.Detail + " " + f.detail)
		e.Fix = strings.TrimSpace(e.Fix + " " + f.fix)
	}
	return e
}

func (s *search) run() ([]finding, bool) {
	for _, candidates := range []iter.Seq[candidate]{s.urls, s.bodies, s.urlPairs} {
		for c := range candidates {
			for i, secret := range s.secrets {
				s.budget -= len(c.uri.base) + len(c.uri.target) + len(c.body) + searchOverhead
				if s.budget < 0 {
					return nil, false
				}
				if !s.signed(secret, c) {
					continue
				}
				var found []finding
				if c.explain != nil {
					found = c.explain()
				}
				if i >= s.sloppy {
					found = append(found, finding{"A client secret has quotes or white space around it.",
						"Remove the quotes or white space where the secret is set."})
				}
				return found, true
			}
		}
	}
	return nil, false
}

// signed reports whether the request's signature is that of c.
func (s *search) signed(secret string, c candidate) bool {
	if s.version == V3 {
		m, pool := s.v.mac(secret)
		defer pool.put(m)
		return hmac.Equal(m.sum(s.method(), c.uri, c.body, s.timestamp), s.want)
	}
	sum := plainSum(s.version, secret, s.method(), c.uri, c.body)
	return hmac.Equal(sum[:], s.want)
}

// unexplained says what is left to look at when no variant of the request has the signature.
func (s *search) unexplained() finding {
	announced := s.r.ContentLength
	switch {
	case len(s.body) == 0:
		return finding{"The body is empty, and HubSpot always sends one.",
			"Something has read r.Body already: give Verify the bytes that it read."}
	case announced > 0 && announced != int64(len(s.body)):
		return finding{fmt.Sprintf("The request announced a body of %d bytes, but Verify got %d.", announced, len(s.body)),
			rawBytes}
	case len(s.body) <= searchSorted && isSorted(s.body):
		return finding{"The members of the body are in alphabetical order: most likely something has decoded and re-encoded it.", rawBytes}
	case slices.ContainsFunc(s.secrets, isAccessToken):
		return finding{"A secret is an access token (pat-...), which signs nothing.",
			"Use the client secret of the app (Auth tab of the app in HubSpot)."}
	case s.plainBodyMatches():
		return finding{"Secret and body are right, because the v1 signature that came with it matches: HubSpot called another URL.",
			s.compareURL()}
	}
	detail := "The usual mix-ups of URL and body do not explain it."
	if s.budget < 0 {
		detail = "The request is too large to try all usual mix-ups of URL and body."
	}
	return finding{detail,
		"Most likely the secret is wrong: it must be the client secret of the app that owns the webhook, not another app's " +
			"and not the developer API key. Otherwise the body is not what came over the wire, byte for byte, or HubSpot called another URL. " + s.compareURL()}
}

// compareURL asks for the one comparison that only the developer can make.
func (s *search) compareURL() string {
	if s.version == V1 || len(s.uris) == 0 {
		return ""
	}
	uri := s.uris[0]
	hint := "If a proxy strips a part of the path, add that part to PublicURL."
	if !strings.Contains(uri.target, "?") {
		hint += " If the registered URL has a query, a proxy drops it: the request arrived without one."
	}
	return fmt.Sprintf("Verify expects that HubSpot signed a %s to %s: check that this is exactly the webhook URL registered there. %s",
		s.method(), show(uri.base+uri.target), hint)
}

// plainBodyMatches reports whether the request also carries a V1 signature, and it is right. That one covers nothing
// but the body.
func (s *search) plainBodyMatches() bool {
	values := s.r.Header[headerV12]
	if s.version == V1 || len(values) == 0 || plainVersion(s.r) != V1 || len(s.body) > s.budget {
		return false
	}
	plain := &search{check: s.check, version: V1, want: make([]byte, len(s.want))}
	if decodePlainSignature((*[32]byte)(plain.want), values) != "" {
		return false
	}
	return slices.ContainsFunc(s.secrets, func(secret string) bool {
		return plain.signed(secret, candidate{body: s.body})
	})
}

// isAccessToken recognises the tokens that HubSpot shows near the client secret, by their documented prefix.
func isAccessToken(secret string) bool { return strings.HasPrefix(secret, "pat-") }

func (c *check) malformed(version Version, problem string) error {
	return &VerifyError{Reason: ErrMalformed, Version: version, Detail: problem,
		Fix: "Let proxies pass HubSpot's headers on unchanged. To sign requests yourself, use Sign."}
}

func (c *check) notSigned() error {
	e := &VerifyError{Reason: ErrNotSigned}
	version := plainVersion(c.r)
	switch {
	case len(c.r.Header[headerV3]) > 0:
		e.Detail, e.Fix = "The request has a v3 signature, and Versions leaves V3 out.", "Add V3 to Versions."
	case len(c.r.Header[headerV12]) > 0 && version != V1 && version != V2:
		e.Detail = fmt.Sprintf("There is no X-HubSpot-Signature-v3 header, and X-HubSpot-Signature-Version says %q.", shorten(string(version)))
		e.Fix = "HubSpot sends v1 and v2 in X-HubSpot-Signature, and v3 in a header of its own: let proxies pass them on unchanged."
	case len(c.r.Header[headerV12]) > 0:
		e.Detail = fmt.Sprintf("There is no X-HubSpot-Signature-v3 header, only a signature of version %q, which is not allowed.",
			shorten(string(version)))
		e.Fix = "HubSpot signs a channel's webhooks with v3: if this is one, a proxy drops the header. " +
			"To accept what HubSpot signs otherwise (workflows, CRM cards), add its version to Versions."
	case c.strayHeader() != "":
		e.Detail = fmt.Sprintf("The header map holds %q, which is not the form in which net/http keeps names.", c.strayHeader())
		e.Fix = "Fill the request's header with Header.Set instead of writing to the map."
	default:
		e.Detail = "There is no X-HubSpot-Signature-v3 header."
		e.Fix = "Either HubSpot did not send this request, or a proxy drops the header and must pass it on."
	}
	return e
}

// strayHeader returns the name of a signature header that an adapter has put into the map as it stood.
func (c *check) strayHeader() string {
	for name := range c.r.Header {
		if name != headerV3 && http.CanonicalHeaderKey(name) == headerV3 {
			return name
		}
	}
	return ""
}

func tooOld(signed, now time.Time, maxAge time.Duration) error {
	e := &VerifyError{Reason: ErrTooOld, Version: V3}
	if asSeconds := time.Unix(signed.UnixMilli(), 0); now.Sub(asSeconds).Abs() < 24*time.Hour {
		e.Detail = "The signature is right, but X-HubSpot-Request-Timestamp counts seconds; HubSpot counts milliseconds."
		e.Fix = "Whoever signs should use time.Now().UnixMilli(), or Sign."
		return e
	}
	e.Detail = fmt.Sprintf("The signature is right, but was made at %s, which is %s before the time here (%s); at most %s is allowed.",
		clock(signed), now.Sub(signed).Round(time.Second), clock(now), maxAge)
	e.Fix = "If this machine's clock is fast, correct it. Otherwise the request came late or is a replay, and is rightly refused; " +
		"raise MaxAge only where de-duplication lasts as long."
	return e
}

func tooNew(signed, now time.Time, maxSkew time.Duration) error {
	e := &VerifyError{Reason: ErrTooNew, Version: V3}
	if signed.Year() > 9999 {
		e.Detail = "The signature is right, but X-HubSpot-Request-Timestamp counts units smaller than milliseconds; HubSpot counts milliseconds."
		e.Fix = "Whoever signs should use time.Now().UnixMilli(), or Sign."
		return e
	}
	e.Detail = fmt.Sprintf("The signature is right, but was made at %s, which is %s ahead of the time here (%s); at most %s is allowed.",
		clock(signed), signed.Sub(now).Round(time.Second), clock(now), maxSkew)
	e.Fix = "This machine's clock is slow: correct it."
	return e
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// show quotes a URL without its query, which may hold a token.
func show(uri string) string {
	if path, _, ok := strings.Cut(uri, "?"); ok {
		uri = path + "?..."
	}
	return strconv.Quote(shorten(uri))
}

func shorten(s string) string {
	if len(s) > maxShown {
		return s[:maxShown] + "..."
	}
	return s
}
