package webhook

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// signedURI is a URL that HubSpot may have signed: base is scheme, host and the path that a proxy strips, target the
// path and query of the request. They are kept apart so that verifying need not join them.
type signedURI struct {
	base, target string
	verbatim     bool // V3: sign without decoding; only the diagnosis asks for it
}

// parsedURL is a public URL, and what parsePublicURL made of it.
type parsedURL struct{ url, base string }

// parsePublicURL returns u without trailing slashes, and its scheme in small letters.
func parsePublicURL(u string) (base string, err error) {
	if u == "" {
		return "", errors.New("PublicURL is empty")
	}
	p, err := url.Parse(u)
	switch {
	case err != nil:
		return "", errors.New("PublicURL cannot be parsed: look for white space or stray characters in it")
	case p.Scheme != "https" && p.Scheme != "http":
		return "", errors.New("PublicURL does not begin with https:// or http://")
	case p.Hostname() == "":
		return "", errors.New("PublicURL has no host")
	case p.User != nil:
		return "", errors.New("PublicURL holds a user name or password")
	case p.RawQuery != "" || p.ForceQuery || strings.Contains(u, "#"):
		return "", errors.New("PublicURL holds a query or a fragment; the query is taken from each request")
	}
	return p.Scheme + strings.TrimRight(u[len(p.Scheme):], "/"), nil
}

// requestTarget returns path and query of r as they came over the wire. r.URL will not do: routers change its path and
// its String method may encode anew.
func requestTarget(r *http.Request) string {
	target := r.RequestURI
	if target == "" { // r was not read by a server
		if r.URL == nil {
			return ""
		}
		return r.URL.RequestURI()
	}
	if target[0] != '/' { // absolute form, as sent to proxies
		if _, rest, ok := strings.Cut(target, "://"); ok {
			if i := strings.IndexAny(rest, "/?"); i >= 0 {
				return rest[i:]
			}
			return ""
		}
	}
	return target
}

// appendURIs appends the URLs that HubSpot may have signed for r, at most three.
func (v *Verifier) appendURIs(uris []signedURI, base string, r *http.Request) []signedURI {
	target := requestTarget(r)
	if base != "" {
		uris = append(uris, signedURI{base: base, target: target})
	}
	if !v.TrustProxy {
		return uris
	}
	origin, prefix := forwardedOrigin(r), forwardedPrefix(r)
	if origin != "" {
		uris = append(uris, signedURI{base: origin, target: target})
	}
	if origin != "" && prefix != "" {
		uris = append(uris, signedURI{base: origin + prefix, target: target})
	}
	return uris
}

// forwardedOrigin returns scheme and host of r as the first proxy saw them, as far as headers tell.
func forwardedOrigin(r *http.Request) string {
	scheme := firstValue(r, "X-Forwarded-Proto")
	if scheme == "" {
		scheme = "http"
		if r.TLS != nil {
			scheme = "https"
		}
	}
	host := firstValue(r, "X-Forwarded-Host")
	if host == "" {
		host = r.Host
	}
	if host == "" {
		return ""
	}
	return strings.ToLower(scheme) + "://" + host
}

// forwardedPrefix returns the path that a proxy says it stripped, without a trailing slash.
func forwardedPrefix(r *http.Request) string {
	return strings.TrimRight(firstValue(r, "X-Forwarded-Prefix"), "/")
}

// maxForwarded is longer than any host or prefix that is one.
const maxForwarded = 255

// firstValue returns the first element of a header that each proxy appends to.
func firstValue(r *http.Request, header string) string {
	first, _, _ := strings.Cut(r.Header.Get(header), ",")
	if first = strings.TrimSpace(first); len(first) > maxForwarded {
		return ""
	}
	return first
}

// appendDecoded appends uri to dst the way V3 signs it: twelve percent-sequences decoded, everything else untouched.
func appendDecoded(dst []byte, uri string) []byte {
	for {
		i := strings.IndexByte(uri, '%')
		if i < 0 || len(uri) < i+3 {
			return append(dst, uri...)
		}
		dst = append(dst, uri[:i]...)
		if c := decodeV3(uri[i+1 : i+3]); c != 0 {
			dst = append(dst, c)
			uri = uri[i+3:]
		} else {
			dst = append(dst, '%')
			uri = uri[i+1:]
		}
	}
}

// decodeV3 returns the character for which two hex digits stand, or 0 if V3 keeps it encoded. HubSpot's page lists the
// digits in upper case; a URL means the same in either.
func decodeV3(hex string) byte {
	switch hex {
	case "21":
		return '!'
	case "24":
		return '$'
	case "27":
		return '\''
	case "28":
		return '('
	case "29":
		return ')'
	case "2A", "2a":
		return '*'
	case "2C", "2c":
		return ','
	case "2F", "2f":
		return '/'
	case "3A", "3a":
		return ':'
	case "3B", "3b":
		return ';'
	case "3F", "3f":
		return '?'
	case "40":
		return '@'
	}
	return 0
}
