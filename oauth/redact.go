package oauth

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// The types with secrets print as one line without them. Format is what fmt asks first, for every verb, those included
// that would print the fields; String and GoString are for callers. An App alone has pointer receivers: it is not copied.

// String names the app by its client id.
func (a *App) String() string { return "oauth.App(" + a.ClientID + ")" }

// GoString is String.
func (a *App) GoString() string { return a.String() }

// Format writes String for every verb.
func (a *App) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// LogValue implements [slog.LogValuer].
func (a *App) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalJSON writes String.
func (a *App) MarshalJSON() ([]byte, error) { return json.Marshal(a.String()) }

// String names the portal and the app.
func (p Portal) String() string {
	if p.app == nil {
		return "oauth.Portal()"
	}
	return fmt.Sprintf("oauth.Portal(%d, %s)", p.id, p.app.ClientID)
}

// GoString is String.
func (p Portal) GoString() string { return p.String() }

// Format writes String for every verb.
func (p Portal) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// LogValue implements [slog.LogValuer].
func (p Portal) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON writes String.
func (p Portal) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// String tells all of the install but its tokens and data.
func (in Install) String() string {
	s := fmt.Sprintf("oauth.Install(portal %d, client %s, user %d, scopes %v, installed %s, revision %d",
		in.PortalID, in.ClientID, in.UserID, in.Scopes, in.InstalledAt.Format(time.RFC3339), in.Revision)
	if in.Gone != "" {
		s += ", gone: " + in.Gone
	}
	return s + ")"
}

// GoString is String.
func (in Install) GoString() string { return in.String() }

// Format writes String for every verb.
func (in Install) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, in.String()) }

// LogValue implements [slog.LogValuer].
func (in Install) LogValue() slog.Value { return slog.StringValue(in.String()) }

// MarshalJSON leaves out the tokens and data, so it is for showing an install and not for storing it.
func (in Install) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ClientID    string    `json:"clientId"`
		PortalID    int64     `json:"portalId"`
		Scopes      []string  `json:"scopes"`
		UserID      int64     `json:"userId,omitempty"`
		InstalledAt time.Time `json:"installedAt"`
		Gone        string    `json:"gone,omitempty"`
		Revision    int64     `json:"revision"`
	}{in.ClientID, in.PortalID, in.Scopes, in.UserID, in.InstalledAt, in.Gone, in.Revision})
}

// String tells the portal only: the path may have more in it than is to be seen.
func (r InstallRequest) String() string {
	return fmt.Sprintf("oauth.InstallRequest(portal %d)", r.PortalID)
}

// GoString is String.
func (r InstallRequest) GoString() string { return r.String() }

// Format writes String for every verb.
func (r InstallRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r InstallRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON writes String.
func (r InstallRequest) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }
