package oauth

import (
	"net/url"
	"regexp"
	"strings"
)

var (
	hubSpotAPIHost = regexp.MustCompile(`^api(-[a-z0-9]+)?\.(hubapi|hubspot)\.com$`)
	hubSpotAppHost = regexp.MustCompile(`^app(-[a-z0-9]+)?\.hubspot\.com$`)
)

// TrustsReturn reports whether a browser may be sent to rawURL because a request said so: the returnUrl of a marketplace
// install, or the redirectUrl of HubSpot's connect popup. With HubSpot's API that is https on app.hubspot.com and its
// regional forms, such as app-eu1.hubspot.com; with another BaseURL, exactly its scheme, host and port.
func (a *App) TrustsReturn(rawURL string) bool {
	if strings.ContainsFunc(rawURL, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return false // browsers read these differently from Go
	}
	u, err := url.Parse(rawURL)
	if err != nil || u.User != nil || u.Opaque != "" {
		return false
	}
	base, err := url.Parse(a.baseURL())
	if err != nil {
		return false
	}
	if isHubSpotAPI(base) {
		return u.Scheme == "https" && hubSpotAppHost.MatchString(u.Host)
	}
	return sameOrigin(u, base)
}

func isHubSpotAPI(u *url.URL) bool {
	return u.Scheme == "https" && hubSpotAPIHost.MatchString(u.Host)
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Host != "" && strings.EqualFold(a.Host, b.Host)
}

// sameSite reports whether path leads, in every browser, to a page of the site that it is found on: an absolute path,
// with neither host nor anything that browsers turn into one.
func sameSite(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return false
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }) {
		return false // "/\host" and "/<tab>/host" are "//host" to a browser
	}
	u, err := url.Parse(path)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil
}
