package richtext

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// safeURL brings a link of the HTML into the form in which it may go on: absolute, with a scheme that can do no harm, and
// without characters that end a link in some mark-up. It answers "" for every other link.
func safeURL(raw string) string {
	// Browsers skip these wherever they stand, so "java\nscript:" is a script.
	raw = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(raw)
	raw = strings.TrimFunc(raw, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	switch {
	case strings.HasPrefix(raw, "//"):
		raw = "https:" + raw
	case len(raw) > 4 && strings.EqualFold(raw[:4], "www."):
		raw = "https://" + raw
	}
	escaped := escapeURL(raw)
	u, err := url.Parse(escaped)
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "http", "https":
		if u.Hostname() == "" || u.Opaque != "" {
			return ""
		}
	case "mailto", "tel":
		if u.Opaque == "" {
			return ""
		}
	default:
		return ""
	}
	return u.Scheme + escaped[len(u.Scheme):]
}

// escapeURL escapes what has no place in a URL: quotes, angle brackets, spaces, controls, invisible characters and lone
// percent signs. Letters of all scripts stay, for people read them.
func escapeURL(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '%' && !(i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])):
			b.WriteString("%25")
		case strings.ContainsRune("\"'<>\\^`{|}", r), !unicode.IsPrint(r), unicode.IsSpace(r):
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// spelled is how a link is written for people: without the scheme where the rest says it.
func spelled(link string) string {
	scheme, rest, _ := strings.Cut(link, ":")
	if scheme != "mailto" && scheme != "tel" {
		return link
	}
	address, _, _ := strings.Cut(rest, "?")
	if plain, err := url.PathUnescape(address); err == nil {
		return strings.Map(printable, plain)
	}
	return address
}

func printable(r rune) rune {
	if unicode.IsPrint(r) && r != unicode.ReplacementChar {
		return r
	}
	return -1
}

// says reports whether a label already tells where its link leads.
func says(label, link string) bool {
	label = strings.TrimFunc(label, unicode.IsSpace)
	if strings.HasPrefix(link, "tel:") {
		return digits(label) == digits(spelled(link))
	}
	return strings.EqualFold(bare(label), bare(spelled(link))) || strings.EqualFold(label, link)
}

func bare(link string) string {
	for _, scheme := range []string{"https://", "http://"} {
		if len(link) > len(scheme) && strings.EqualFold(link[:len(scheme)], scheme) {
			link = link[len(scheme):]
		}
	}
	return strings.TrimSuffix(link, "/")
}

// digits is a phone number without what people put between its digits. Letters stay: "call 112" is not a number.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("-./()", r) {
			return -1
		}
		return r
	}, s)
}
