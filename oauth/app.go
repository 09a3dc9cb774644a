package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// An App is a HubSpot app: it is installed in portals, and hands out tokens for them. Fill in the fields and use it; do
// not change or copy it afterwards. It is safe for concurrent use, and prints without its secret in every form.
type App struct {
	// ClientID and ClientSecret are the app's credentials, from its Auth page in HubSpot. Required.
	ClientID     string
	ClientSecret string

	// OldClientSecrets are former client secrets that are still accepted: in the signatures of webhooks, and of what was
	// begun with them. To rotate the secret without refusing anything, put the old one here together with the new one above,
	// and take it out a day later. Empty ones are ignored. Defaults to none.
	OldClientSecrets []string

	// RedirectURL is the public address of CallbackHandler, one of the redirect URLs in the app's settings. HubSpot
	// demands https, but for localhost. Cookies are Secure if it is https. Required by the handlers; bridge.New fills
	// it in.
	RedirectURL string

	// Scopes are asked for at install, and HubSpot refuses to install where they cannot be granted.
	// Defaults to [ChannelScopes].
	Scopes []string

	// OptionalScopes are asked for too, but may be missing from an install: see [App.MissingScopes].
	OptionalScopes []string

	// Tokens keeps the installs. Required. One that several processes share is best a [RefreshLocker] too.
	Tokens TokenStore

	// Version selects HubSpot's OAuth endpoints. Defaults to [Version202609].
	Version Version

	// BaseURL is the API host. Defaults to https://api.hubapi.com. Any other host than HubSpot's own is also the only
	// one that browsers are sent to at the end of a marketplace install: see [App.TrustsReturn].
	BaseURL string

	// AuthorizeURL is the consent page. Defaults to https://app.hubspot.com/oauth/authorize, or to /oauth/authorize
	// under a BaseURL that is not HubSpot's.
	AuthorizeURL string

	// HTTPClient sends the requests. It is not changed. Calls to the OAuth endpoints follow no redirect and end after
	// 20 seconds, whatever it says. Defaults to a client of the App's own, with a timeout of one minute.
	HTTPClient *http.Client

	// Logger receives what goes wrong, and each install and uninstall. Defaults to [slog.Default].
	Logger *slog.Logger

	// Now is the clock. Defaults to [time.Now].
	Now func() time.Time

	// OnInstall, if set, is called after an install or re-install has been stored, before the browser moves on. If it
	// fails, the user sees a page that asks to install again; the install stays stored.
	OnInstall func(ctx context.Context, in *Install) error

	// OnUninstall, if set, is called once after an install was found to be gone or was ended by this App. An error is
	// logged.
	OnUninstall func(ctx context.Context, in *Install) error

	// SignIn, if set, signs the user in to your own service when an install starts in HubSpot's marketplace with
	// partner sign-in. It gets HubSpot's request, and either knows the user and returns any data, which comes back as
	// Install.Data, with ok true; or it answers the request itself, by a redirect to a sign-in page which at the end
	// comes back to the same URL. Without it such installs proceed with no data.
	SignIn func(w http.ResponseWriter, r *http.Request) (data string, ok bool)

	mu      sync.Mutex
	portals map[int64]*cache     // by portal; only portals whose token is known or under way
	spent   map[string]time.Time // used states and when they expire
	client  *http.Client         // used if HTTPClient is nil
}

const (
	hubSpotAPI       = "https://api.hubapi.com"
	hubSpotAuthorize = "https://app.hubspot.com/oauth/authorize"
	clientTimeout    = time.Minute
)

// Validate reports the first field that is missing or malformed.
func (a *App) Validate() error {
	switch {
	case a.ClientID == "":
		return errors.New("oauth: App.ClientID is empty")
	case a.ClientSecret == "":
		return errors.New("oauth: App.ClientSecret is empty")
	case a.Tokens == nil:
		return errors.New("oauth: App.Tokens is nil: installs need a store")
	case !a.version().known():
		return fmt.Errorf("oauth: App.Version %q is none of HubSpot's OAuth versions", a.Version)
	}
	for _, field := range []struct{ name, value string }{
		{"BaseURL", a.BaseURL}, {"AuthorizeURL", a.AuthorizeURL}, {"RedirectURL", a.RedirectURL},
	} {
		if field.value == "" {
			continue
		}
		u, err := url.Parse(field.value)
		if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("oauth: App.%s is not an absolute http or https URL", field.name)
		}
	}
	return nil
}

func (a *App) version() Version {
	if a.Version == "" {
		return Version202609
	}
	return a.Version
}

func (a *App) baseURL() string {
	if a.BaseURL == "" {
		return hubSpotAPI
	}
	return strings.TrimRight(a.BaseURL, "/")
}

func (a *App) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

func (a *App) logger() *slog.Logger {
	if a.Logger == nil {
		return slog.Default()
	}
	return a.Logger
}

func (a *App) httpClient() *http.Client {
	if a.HTTPClient != nil {
		return a.HTTPClient
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client == nil {
		a.client = &http.Client{Timeout: clientTimeout}
	}
	return a.client
}
