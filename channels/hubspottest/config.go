package hubspottest

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Config describes the app that HubSpot knows, the customer account (portal)
// that installs it, and how the simulator behaves. The zero Config works.
type Config struct {
	// AgentName is the support agent who replies. Defaults to "Robin Hale".
	AgentName string

	// AppID is the numeric id of the app, the appId of registration calls.
	// Defaults to 7100001.
	AppID int64

	// AppWebhookURL is where the app takes HubSpot's webhooks for apps: arrays
	// of conversation.creation, .deletion, .propertyChange and .newMessage
	// events. Defaults to none.
	AppWebhookURL string

	// AppName is shown on the consent page. Defaults to "Your app".
	AppName string

	// ChannelVisibleAfter is how long a channel stays invisible after it was
	// created: not listed, and answered with 404. HubSpot has been seen to take
	// more than a minute. Defaults to no delay.
	ChannelVisibleAfter time.Duration

	// ClientID and ClientSecret are the app's OAuth credentials; the secret
	// signs webhooks too. Defaults to random ones, see [Server.ClientID].
	ClientID, ClientSecret string

	// DeveloperKey is the developer account's API key, the hapikey of
	// registration calls. Defaults to a random one.
	DeveloperKey string

	// HTTPClient calls the app: webhooks, and the admin's browser of
	// [Server.InstallAndConnect]. It is not changed. Defaults to a client with
	// connections of its own, which Close ends.
	HTTPClient *http.Client

	// InstallURL is where an admin starts installing the app. It may be set
	// later with [Server.SetInstallURL]; InstallAndConnect needs it.
	InstallURL string

	// Logger receives one debug line per request and a warning per webhook
	// that failed. Defaults to silence.
	Logger *slog.Logger

	// Now is the simulator's clock. Waiting uses the runtime's timers, so
	// tests that move time do best in a testing/synctest bubble, which moves
	// both. Defaults to time.Now.
	Now func() time.Time

	// PortalID and PortalName are the customer account whose agents use the
	// page. Default to 24681012 and "Acme Ltd". More accounts are added with
	// [Server.AddPortal].
	PortalID   int64
	PortalName string

	// RateLimit is how many calls a portal's tokens may make in any ten
	// seconds before they are answered with 429. A negative limit is none.
	// Defaults to 110, HubSpot's limit for OAuth apps.
	RateLimit int

	// Readings chooses between the readings of what HubSpot leaves open.
	// Defaults to those that are hardest for a client.
	Readings Readings

	// RedirectURLs are the redirect URLs registered for the app. With none,
	// every loopback URL is accepted.
	RedirectURLs []string

	// RetryDelays are the pauses before the second, third… attempt of a
	// webhook; after the last one it is given up. Defaults to HubSpot's ten
	// attempts within 24 hours, with random pauses.
	RetryDelays []time.Duration

	// Scopes are the scopes that a marketplace install asks for. Defaults to
	// those that the app last asked for itself, at its install link.
	Scopes []string

	// URL is the simulator's own public base URL, without a slash at the end.
	// [Server.Start] and [Server.SetURL] set it too. While it is empty the
	// Host header of each request stands in for it.
	URL string
}

// Format prints the configuration without its secrets, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "hubspottest.Config{App: %d %q, Portal: %d %q, URL: %q, InstallURL: %q, secrets hidden}",
		c.AppID, c.AppName, c.PortalID, c.PortalName, c.URL, c.InstallURL)
}

// withDefaults fills what is empty, except the credentials, which belong to
// the stored state.
func (c Config) withDefaults() Config {
	c.AgentName = cmp.Or(c.AgentName, "Robin Hale")
	c.AppID = cmp.Or(c.AppID, 7100001)
	c.AppName = cmp.Or(c.AppName, "Your app")
	c.PortalID = cmp.Or(c.PortalID, 24681012)
	c.PortalName = cmp.Or(c.PortalName, "Acme Ltd")
	c.RateLimit = cmp.Or(c.RateLimit, 110)
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: perPortal, IdleConnTimeout: time.Minute,
		}}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
