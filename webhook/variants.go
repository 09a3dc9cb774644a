package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const rawBytes = "Verify the raw bytes of the body, read before anything decodes it."

// urls yields the request as it came, for the secrets' sake, then with one part of its URL exchanged.
func (s *search) urls(yield func(candidate) bool) {
	if s.version == V1 {
		yield(candidate{body: s.body})
		return
	}
	for _, uri := range s.uris {
		if !yield(candidate{uri: uri, body: s.body}) {
			return
		}
	}
	if len(s.uris) == 0 || !s.exchange(yield, func(base, target bool) bool { return base != target }) || s.version != V3 {
		return
	}
	uri := s.uris[0]
	uri.verbatim = true
	yield(candidate{uri: uri, body: s.body, explain: one(
		"The URL was signed without decoding %3A, %2F and the like first, as v3 asks for.",
		"If you sign the requests yourself, use Sign.")})
}

// urlPairs yields the request with both parts of its URL exchanged.
func (s *search) urlPairs(yield func(candidate) bool) {
	if s.version != V1 && len(s.uris) > 0 {
		s.exchange(yield, func(base, target bool) bool { return base && target })
	}
}

// maxTarget bounds the path and query of which variants are made, and so the memory that a forged request costs.
const maxTarget = 4 << 10

// exchange yields the request under every URL made of alternatives, where wanted agrees to which parts differ. It
// returns false when it need not go on.
func (s *search) exchange(yield func(candidate) bool, wanted func(base, target bool) bool) bool {
	base0, target0 := s.uris[0].base, requestTarget(s.r)
	if len(target0) > maxTarget {
		return false
	}
	seen := make(map[string]bool)
	targets := append([]alternative{{value: target0}}, s.targets(target0)...)
	for _, base := range s.bases() {
		for _, target := range targets {
			url := base.value + target.value
			if seen[url] || !wanted(base.value != base0, target.value != target0) {
				continue
			}
			seen[url] = true
			explain := func() (findings []finding) {
				if base.value != base0 {
					findings = append(findings, base.explain())
				}
				if target.value != target0 {
					findings = append(findings, target.explain())
				}
				return findings
			}
			if !yield(candidate{uri: signedURI{base: base.value, target: target.value}, body: s.body, explain: explain}) {
				return false
			}
		}
	}
	return true
}

// An alternative is another value for a part of the URL, and what it means if it turns out to be the signed one.
type alternative struct {
	value   string
	explain func() finding
}

// says returns an explanation that is ready.
func says(detail, fix string) func() finding {
	return func() finding { return finding{detail, fix} }
}

// one returns an explanation by a single finding that is ready.
func one(detail, fix string) func() []finding {
	return func() []finding { return []finding{{detail, fix}} }
}

// bases returns what may stand before the request's target: the configured base first, then every combination of the
// hosts that request and configuration name with both schemes and the prefixes in question.
func (s *search) bases() []alternative {
	configured := s.uris[0].base
	u, err := url.Parse(configured)
	if err != nil {
		return []alternative{{value: configured}} // from a proxy's headers
	}
	scheme, host, path := u.Scheme, u.Host, strings.TrimPrefix(configured, u.Scheme+"://"+u.Host)
	other := map[string]string{"https": "http", "http": "https"}[scheme]

	hosts := []string{host, s.r.Host, firstValue(s.r, "X-Forwarded-Host"), strings.ToLower(host), u.Hostname(), otherWWW(host)}
	prefixes := []string{path, "", forwardedPrefix(s.r)}
	bases := []alternative{{value: configured}}
	for _, p := range prefixes {
		for _, h := range hosts {
			for _, sch := range []string{scheme, other} {
				if h == "" || len(h) > maxForwarded || sch == "" {
					continue
				}
				base := sch + "://" + h + p
				bases = append(bases, alternative{base, func() finding {
					return finding{s.describeBase(sch != scheme, h != host, p != path, base),
						fmt.Sprintf("Set PublicURL to %s.", show(base))}
				}})
			}
		}
	}
	return bases
}

func (s *search) describeBase(scheme, host, prefix bool, base string) string {
	name, configured := "PublicURL says", s.uris[0].base
	if s.base == "" {
		name = "the proxy's headers say"
	}
	switch {
	case scheme && !host && !prefix:
		signed, _, _ := strings.Cut(base, "://")
		says, _, _ := strings.Cut(configured, "://")
		return fmt.Sprintf("The signature matches for %s://, but %s %s://.", signed, name, says)
	case prefix && !scheme && !host && len(base) < len(configured):
		return fmt.Sprintf("The request's path is complete already, but %s %s, so a part of it is counted twice.", name, show(configured))
	case prefix && !scheme && !host:
		return fmt.Sprintf("A proxy strips a part of the path: HubSpot signed a URL under %s, but %s %s.", show(base), name, show(configured))
	}
	return fmt.Sprintf("HubSpot signed a URL under %s, but %s %s.", show(base), name, show(configured))
}

func otherWWW(host string) string {
	if rest, ok := strings.CutPrefix(host, "www."); ok {
		return rest
	}
	return "www." + host
}

// originalURIs are the headers in which proxies tell the path and query that they were called with: nginx and its ingress,
// Traefik and Caddy, Traefik where it replaces a path, Envoy, IIS.
var originalURIs = []string{"X-Original-Uri", "X-Forwarded-Uri", "X-Replaced-Path", "X-Envoy-Original-Path", "X-Original-Url"}

// targets returns what HubSpot may have called instead of the request's path and query.
func (s *search) targets(target string) []alternative {
	path, query, hasQuery := strings.Cut(target, "?")
	if hasQuery {
		query = "?" + query
	}
	var list []alternative
	if trimmed := strings.TrimRight(path, "/"); trimmed != path {
		list = append(list, alternative{trimmed + query, says(
			"HubSpot signed the path without a slash at its end; the request arrived with one.",
			"Something on the way adds the slash: let the path pass unchanged, or register the webhook URL with the slash.")})
	} else {
		list = append(list, alternative{path + "/" + query, says(
			"HubSpot signed the path with a slash at its end; the request arrived without it.",
			"Something on the way removes the slash: let the path pass unchanged, or register the webhook URL without the slash.")})
	}
	if hasQuery {
		list = append(list, alternative{path, says(
			"HubSpot signed the URL without a query; the request arrived with one.",
			"Something on the way adds the query: let the URL pass unchanged.")})
		if spaces := strings.NewReplacer("+", "%20", "%20", "+").Replace(query); spaces != query {
			list = append(list, alternative{path + spaces, says(
				"HubSpot signed the query with its spaces written the other way (+ or %20).",
				"Something on the way re-encodes the query: let it pass unchanged.")})
		}
	}
	for _, header := range originalURIs {
		if original := s.r.Header.Get(header); strings.HasPrefix(original, "/") && len(original) <= maxTarget {
			list = append(list, alternative{original, func() finding {
				return finding{
					fmt.Sprintf("HubSpot called %s (by the header %s), and the request arrived as %s.", show(original), header, show(target)),
					"Let the proxy pass path and query unchanged; a prefix that it must strip belongs in PublicURL."}
			}})
		}
	}
	if s.r.URL != nil && s.r.RequestURI != "" {
		list = append(list, alternative{s.r.URL.RequestURI(), says(
			"r.RequestURI is not what HubSpot called, but r.URL is.",
			"Whatever rewrites r.RequestURI should leave it as it came over the wire.")})
	}
	return list
}

// bodies yields the request with the bodies from which its own may have been made.
func (s *search) bodies(yield func(candidate) bool) {
	if len(s.body) == 0 || len(s.body) > s.budget/2 { // there is nothing to win from forms that cannot be tried
		return
	}
	var uri signedURI
	if len(s.uris) > 0 {
		uri = s.uris[0]
	}
	for _, change := range bodyChanges {
		body, ok := change.undo(s.body)
		if !ok || bytes.Equal(body, s.body) {
			continue
		}
		if !yield(candidate{uri: uri, body: body, explain: one(change.detail, change.fix)}) {
			return
		}
	}
}

// bodyChanges are the things that happen to bodies on their way, as far as they can be undone.
var bodyChanges = []struct {
	detail, fix string
	undo        func([]byte) ([]byte, bool)
}{
	{"The body is base64 text; HubSpot signed what it encodes.",
		"Decode it before Verify: gateways mark such bodies, AWS by isBase64Encoded.", decodeBase64},
	{"The body has white space around it that HubSpot did not sign.", rawBytes,
		func(b []byte) ([]byte, bool) { return bytes.TrimSpace(b), true }},
	{"The body has lost the line break at its end that HubSpot signed.", rawBytes,
		func(b []byte) ([]byte, bool) { return append(slices.Clip(b), '\n'), true }},
	{"The body is indented or spaced; HubSpot signed it in compact form, so something has decoded and re-encoded it.",
		rawBytes, compact},
	{"The body's characters were written as \\u escapes on the way: something has decoded and re-encoded it.", rawBytes,
		func(b []byte) ([]byte, bool) { return rewriteEscapes(b, unescape) }},
	{"The body's \\u escapes were turned into characters on the way: something has decoded and re-encoded it.", rawBytes,
		func(b []byte) ([]byte, bool) { return rewriteEscapes(b, escapeNonASCII) }},
	{"The body was taken for Latin-1 and converted to UTF-8 on the way.",
		rawBytes, fromLatin1},
}

func decodeBase64(body []byte) ([]byte, bool) {
	text := bytes.Trim(body, " \t\r\n\"")
	decoded, err := base64.StdEncoding.AppendDecode(nil, text)
	return decoded, err == nil && len(decoded) > 0
}

func compact(body []byte) ([]byte, bool) {
	var b bytes.Buffer
	err := json.Compact(&b, body)
	return b.Bytes(), err == nil
}

// rewriteEscapes compacts body, as encoders do that also change escapes, and rewrites what stands in it.
func rewriteEscapes(body []byte, rewrite func([]byte) []byte) ([]byte, bool) {
	body, ok := compact(body)
	if !ok {
		return nil, false
	}
	return rewrite(body), true
}

// unescape writes \uXXXX and \/ as characters wherever JSON allows it.
func unescape(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' || i+1 == len(body) {
			out = append(out, body[i])
			continue
		}
		r, size := readEscape(body[i:])
		if utf16.IsSurrogate(r) {
			low, n := readEscape(body[i+size:])
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				size += n
			}
		}
		if r >= ' ' && r != '"' && r != '\\' && r != utf8.RuneError {
			out = utf8.AppendRune(out, r)
		} else {
			out = append(out, body[i:i+size]...)
		}
		i += size - 1
	}
	return out
}

// readEscape returns the character that the escape at the start of b writes, and the escape's length. Of escapes other
// than \uXXXX and \/ it returns no character (0).
func readEscape(b []byte) (rune, int) {
	if len(b) >= 6 && b[0] == '\\' && b[1] == 'u' {
		if n, err := strconv.ParseUint(string(b[2:6]), 16, 16); err == nil {
			return rune(n), 6
		}
	}
	if len(b) >= 2 && b[0] == '\\' && b[1] == '/' {
		return '/', 2
	}
	return 0, min(len(b), 2)
}

func escapeNonASCII(body []byte) []byte {
	out := make([]byte, 0, 2*len(body))
	for _, r := range string(body) {
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xFFFF:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// isSorted reports whether body is JSON whose members stand in the order of the alphabet, as encoders of maps leave them.
func isSorted(body []byte) bool {
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&v) != nil || len(v) < 3 {
		return false
	}
	again, err := json.Marshal(v)
	if err != nil {
		return false
	}
	body, ok := rewriteEscapes(body, unescape)
	return ok && bytes.Equal(unescape(again), body)
}

func fromLatin1(body []byte) ([]byte, bool) {
	out := make([]byte, 0, len(body))
	for _, r := range string(body) {
		if r > 0xFF {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}
