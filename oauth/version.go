package oauth

// A Version names a generation of HubSpot's OAuth endpoints.
type Version string

// The versions of HubSpot's OAuth endpoints. All of them issue the same tokens.
const (
	Version202609 Version = "2026-09" // the default
	Version202603 Version = "2026-03"
	VersionV3     Version = "v3"

	// VersionV1 works until HubSpot switches it off on 2027-02-16, so it is used only where it is asked for by name.
	//
	// Deprecated: leave App.Version empty.
	VersionV1 Version = "v1"
)

func (v Version) known() bool {
	switch v {
	case Version202609, Version202603, VersionV3, VersionV1:
		return true
	}
	return false
}

func (v Version) tokenPath() string      { return "/oauth/" + string(v) + "/token" }
func (v Version) introspectPath() string { return v.tokenPath() + "/introspect" }
func (v Version) revokePath() string     { return v.tokenPath() + "/revoke" }

func (v Version) uninstallPath() string {
	if v == VersionV1 { // there never was such an endpoint in v1
		v = VersionV3
	}
	return "/appinstalls/" + string(v) + "/external-install"
}
