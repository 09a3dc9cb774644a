package bridge

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/oauth"
)

// Config is what [New] needs to know. App, Store, PublicURL and one of DeveloperKey, Registry and ChannelID are required.
type Config struct {
	// API tunes the clients that talk to HubSpot. The base URL is taken from App.BaseURL.
	API []channels.Option

	// App is the OAuth app. New fills an empty RedirectURL with the callback's URL and an empty Logger with the one
	// below, and puts a step of the bridge's own in front of OnInstall. Share one App between bridges only if they run on
	// the same Store.
	App *oauth.App

	// ChannelID is the id of a channel that was registered before. Leave it empty to have Registry register it. With both the
	// channel is brought up to date, whatever its webhook URL was.
	ChannelID channels.ID

	// DeveloperKey registers the channel: with it New makes the Registry, at App's BaseURL and with the options of API.
	DeveloperKey channels.DeveloperKey

	// Definition describes the channel. Its capabilities are enforced, and with Registry it is registered.
	Definition Definition

	// DeliverFor is how long Send is tried again before a message is FAILED. Defaults to 24 hours.
	DeliverFor time.Duration

	// HoldFor is how long a customer's message waits for a HubSpot that is down, an account that is switched off or an
	// app that is not installed, before it is buried. Defaults to 7 days.
	HoldFor time.Duration

	// IdempotencyWindow is how long HubSpot is trusted to recognise a message that it may have taken before.
	// After that the message is buried rather than sent a second time. Defaults to 24 hours.
	IdempotencyWindow time.Duration

	// Logger gets warnings, errors and, at level debug, the fate of every message. Message text, names and addresses
	// are never above debug, and secrets never in it; but what the Channel's own errors say is logged as it is. Defaults
	// to silence.
	Logger *slog.Logger

	// MaxIncomingBytes bounds one file of a customer. The message of a larger one is published with a note instead
	// of the file. Defaults to 25 MiB.
	MaxIncomingBytes int64

	// MaxPerPortal is how many of the workers one portal may have, so that its many messages, or a Send that hangs, do not
	// hold up the others. Defaults to a quarter of Workers.
	MaxPerPortal int

	// MediaHosts are further hosts, "cdn.example.com" or with a port, whose pictures in agents' messages are handed to
	// Send as files. They are fetched over https, and from public addresses only. HubSpot's own file hosts need not be
	// listed; pictures of all others stay links in the text. Defaults to none.
	MediaHosts []string

	// Prefix is the path that the handler is mounted at. Defaults to "/hubspot".
	Prefix string

	// PublicURL is what stands in front of the path that this process sees: "https://chat.example.com", with a path
	// only if a proxy strips one. HubSpot's signatures cover it, so it must be exact. By it, and where it is a new one by the
	// Store, the bridge knows its channel again, and has HubSpot send to the new URL. With a new Store too it registers a
	// new channel, and logs that, unless ChannelID names the old one. Bridges of one app that share a Store without being one
	// channel need different names in their Definition.
	PublicURL string

	// Registry registers the channel as Definition says. Defaults to one made of DeveloperKey, if that is set.
	Registry *channels.Registry

	// SendTimeout bounds one call of Send. Defaults to 30 seconds.
	SendTimeout time.Duration

	// StopTimeout is how long Run waits for calls of Send and HubSpot to end by themselves when it is stopped, before it
	// cancels them. Defaults to 3 seconds.
	StopTimeout time.Duration

	// Store keeps the queue. With the sqlstore package nothing accepted is lost when the process dies.
	Store Store

	// Trace observes the work, for metrics. Defaults to nothing.
	Trace *Trace

	// Workers is how many messages are worked on at the same time. Defaults to 32.
	Workers int
}

// Definition is the one declaration of a custom channel: what admins see when they pick it, and what it can carry.
type Definition struct {
	Name         string // required with a Registry; admins see it
	Description  string
	LogoURL      string
	Capabilities channels.Capabilities
}

func (c *Config) validate() error {
	var errs []error
	require := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New("bridge: Config."+what))
		}
	}
	require(c.App != nil, "App is required")
	require(c.Store != nil, "Store is required: memstore.New() or sqlstore.Open(…)")
	require(c.Registry != nil || c.ChannelID != "", "DeveloperKey, Registry or ChannelID is required")
	require(c.Registry == nil || c.Definition.Name != "", "Definition.Name is required to register the channel")
	require(c.Prefix == "" || strings.HasPrefix(c.Prefix, "/") && !strings.HasSuffix(c.Prefix, "/"), `Prefix must begin with "/" and not end with it`)
	require(c.Workers >= 0 && c.MaxPerPortal >= 0 && c.MaxIncomingBytes >= 0, "Workers, MaxPerPortal and MaxIncomingBytes must not be negative")
	require(c.DeliverFor >= 0 && c.HoldFor >= 0 && c.IdempotencyWindow >= 0 && c.SendTimeout >= 0 && c.StopTimeout >= 0, "DeliverFor, HoldFor, IdempotencyWindow, SendTimeout and StopTimeout must not be negative")
	if u, err := url.Parse(c.PublicURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		errs = append(errs, fmt.Errorf("bridge: Config.PublicURL %q must be like https://chat.example.com", c.PublicURL))
	}
	return errors.Join(errs...)
}

func (c *Config) setDefaults() {
	def(&c.DeliverFor, 24*time.Hour)
	def(&c.HoldFor, 7*24*time.Hour)
	def(&c.IdempotencyWindow, 24*time.Hour)
	def(&c.Logger, slog.New(slog.DiscardHandler))
	def(&c.MaxIncomingBytes, 25<<20)
	def(&c.Prefix, "/hubspot")
	def(&c.SendTimeout, 30*time.Second)
	def(&c.StopTimeout, 3*time.Second)
	def(&c.Workers, 32)
	def(&c.MaxPerPortal, max(c.Workers/4, 1))
	def(&c.Definition.Capabilities.ThreadingModel, channels.ByIntegrationThread)
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// options are those of all clients that talk to HubSpot.
func (c *Config) options() []channels.Option {
	if c.App.BaseURL == "" {
		return c.API
	}
	return append([]channels.Option{channels.WithBaseURL(c.App.BaseURL)}, c.API...)
}
