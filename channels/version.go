package channels

import (
	"net/url"
	"regexp"
	"strings"
)

// Version names a version of a HubSpot API: v3, or the year and month of a release.
type Version string

// The versions of the custom channels API that this package is tested against. They differ in their paths only.
const (
	Version202609 Version = "2026-09" // current, and the default
	Version202603 Version = "2026-03"
	VersionV3     Version = "v3" // unsupported from September 2027
)

var versionForm = regexp.MustCompile(`^(v[1-9]|20\d\d-\d\d(-beta)?)$`)

func (v Version) validate() error {
	if !versionForm.MatchString(string(v)) {
		return invalidf("%q is not a version of HubSpot's API: use one such as %s or %s", string(v), Version202609, VersionV3)
	}
	return nil
}

func (v Version) numbered() bool { return strings.HasPrefix(string(v), "v") }

// channelsRoot is the path of the custom channels. Numbered versions stand before the noun, dated ones after it.
func (v Version) channelsRoot() string {
	if v.numbered() {
		return "/conversations/" + string(v) + "/custom-channels"
	}
	return "/conversations/custom-channels/" + string(v)
}

// conversationsRoot is the path of inboxes, actors and threads.
func (v Version) conversationsRoot() string {
	if v.numbered() {
		return "/conversations/" + string(v) + "/conversations"
	}
	return "/conversations/conversations/" + string(v)
}

// filesRoot is the path of the Files API, which has the version in the same place always.
func (v Version) filesRoot() string { return "/files/" + string(v) + "/files" }

// joinPath appends elements to a path, each escaped. An element that is empty or made of dots would name another
// resource; it becomes an empty segment, which Call refuses.
func joinPath(root string, elem ...string) string {
	size := len(root)
	for _, e := range elem {
		size += 1 + len(e)
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString(root)
	for _, e := range elem {
		b.WriteByte('/')
		if e != "." && e != ".." {
			b.WriteString(url.PathEscape(e))
		}
	}
	return b.String()
}
