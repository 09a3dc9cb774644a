package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/oauth"
	"github.com/customchannels/customchannels-go/webhook"
)

// Bridge joins a [Channel] to HubSpot. It is an [http.Handler] for the routes below [Config.Prefix]:
//
//	POST /webhook          where HubSpot sends what agents write and what happens to accounts
//	GET  /install          begins the installation of the app in a portal
//	GET  /oauth/callback   ends it
//	GET  /connect          the page that HubSpot opens when an admin connects an account; POST too
//	GET  /connect/return   where the messaging service sends the admin back; see Visit
//	GET  /live, /ready     for load balancers
//
// Nothing is sent anywhere before [Bridge.Run]. All methods are safe for concurrent use.
type Bridge struct {
	impl     Channel
	cfg      Config
	log      *slog.Logger
	store    *accountCache
	verifier *webhook.Verifier
	images   *imageHosts
	mux      *http.ServeMux
	now      func() time.Time

	channel atomic.Value  // channels.ID, once it is known
	wake    chan struct{} // something may be due
	changed chan struct{} // an account may have changed
	running atomic.Bool

	popups   popups
	accounts sync.Mutex // held while an account is replaced by what it has become

	mu      sync.Mutex
	portals map[int64]*portal
	foreign map[channels.ID]bool // channels of webhooks that are not for this bridge, each logged once

	parsed parsedMessages
}

// webhookMaxAge is longer than HubSpot goes on trying: it is not known whether it signs repetitions anew, and what
// was stored before is recognised for 30 days.
const webhookMaxAge = 25 * time.Hour

// New makes a bridge between ch and HubSpot. It starts nothing and calls nobody.
func New(ch Channel, cfg Config) (*Bridge, error) {
	if ch == nil {
		return nil, errors.New("bridge: a Channel is required")
	}
	if cfg.Registry == nil && cfg.DeveloperKey != (channels.DeveloperKey{}) && cfg.App != nil {
		var err error
		if cfg.Registry, err = channels.NewRegistry(cfg.DeveloperKey, cfg.options()...); err != nil {
			return nil, fmt.Errorf("bridge: %w", err)
		}
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.setDefaults()
	b := &Bridge{
		impl:    ch,
		cfg:     cfg,
		log:     cfg.Logger,
		store:   newAccountCache(cfg.Store, time.Now),
		now:     time.Now,
		wake:    make(chan struct{}, 1),
		changed: make(chan struct{}, 1),
		portals: map[int64]*portal{},
		foreign: map[channels.ID]bool{},
	}
	if cfg.ChannelID != "" {
		b.channel.Store(cfg.ChannelID)
	}
	def(&cfg.App.RedirectURL, b.url("/oauth/callback"))
	def(&cfg.App.Logger, b.log)
	next := cfg.App.OnInstall
	cfg.App.OnInstall = func(ctx context.Context, in *oauth.Install) error {
		if err := b.installed(ctx, in); err != nil {
			return err
		}
		if next != nil {
			return next(ctx, in)
		}
		return nil
	}
	var err error
	if b.images, err = newImageHosts(&cfg); err != nil {
		return nil, err
	}
	b.verifier = webhook.NewVerifier(cfg.PublicURL, b.clientSecrets()...)
	b.verifier.MaxAge = webhookMaxAge
	b.routes()
	return b, nil
}

func (b *Bridge) clientSecrets() []string {
	return append([]string{b.cfg.App.ClientSecret}, b.cfg.App.OldClientSecrets...)
}

func (b *Bridge) url(path string) string { return b.cfg.PublicURL + b.cfg.Prefix + path }

func (b *Bridge) routes() {
	b.mux = http.NewServeMux()
	p := b.cfg.Prefix
	b.mux.HandleFunc("POST "+p+"/webhook", b.serveWebhook)
	b.mux.Handle("GET "+p+"/install", b.cfg.App.InstallHandler())
	b.mux.Handle("GET "+p+"/oauth/callback", b.cfg.App.CallbackHandler())
	b.mux.HandleFunc("GET "+p+"/connect", b.serveConnect)
	b.mux.HandleFunc("POST "+p+"/connect", b.serveConnect)
	b.mux.HandleFunc("GET "+p+"/connect/return", b.serveConnectReturn)
	b.mux.HandleFunc("GET "+p+"/live", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "live") })
	b.mux.HandleFunc("GET "+p+"/ready", b.serveReady)
}

// ServeHTTP serves the bridge's routes. Mount it at the prefix: mux.Handle("/hubspot/", b).
func (b *Bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

func (b *Bridge) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	_, err := b.channelID(ctx)
	if err == nil {
		_, err = b.store.Recall(ctx, b.channelName()) // the id may be known without the store
	}
	switch {
	case errors.Is(err, errNotRegistered):
		http.Error(w, "not ready: the channel is not registered yet", http.StatusServiceUnavailable)
	case err != nil && !errors.Is(err, ErrNotFound):
		http.Error(w, "not ready: the store is out of reach", http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ready")
	}
}

const readyTimeout = 2 * time.Second

// errNotRegistered is what callers get until the channel's id is known.
var errNotRegistered = errors.New("bridge: the channel is not registered yet; is Run running?")

// channelID returns the channel's id, as configured, as registered, or as remembered from an earlier run.
func (b *Bridge) channelID(ctx context.Context) (channels.ID, error) {
	if id, ok := b.channel.Load().(channels.ID); ok {
		return id, nil
	}
	value, err := b.store.Recall(ctx, b.channelName())
	if errors.Is(err, ErrNotFound) {
		return "", errNotRegistered
	}
	if err != nil {
		return "", err
	}
	b.channel.Store(channels.ID(value))
	return channels.ID(value), nil
}

func (b *Bridge) channelName() string { return "channel of " + b.url("/webhook") }

// poke makes a running bridge look for work at once.
func (b *Bridge) poke() { signal(b.wake) }

// accountsChanged makes a running bridge look at once which accounts want to be listened to.
func (b *Bridge) accountsChanged() { signal(b.changed) }

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
