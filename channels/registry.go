package channels

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/internal/rest"
)

// Registry registers an app's custom channels with HubSpot. A registration holds for all portals and is made with the
// developer key, not with a portal's token. A Registry is safe for concurrent use.
type Registry struct {
	rest *rest.Client
	root string
}

// NewRegistry returns the registry of the app that key belongs to.
func NewRegistry(key DeveloperKey, opts ...Option) (*Registry, error) {
	if err := key.validate(); err != nil {
		return nil, err
	}
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	return &Registry{s.newREST(key.authorizer()), s.version.channelsRoot()}, nil
}

// Registration is HubSpot's record of a custom channel ("Channel" in its API reference).
type Registration struct {
	// ID is given by HubSpot.
	ID ID `json:"id"`
	// Name is shown to admins who connect the channel. Names need not be unique. Required.
	Name string `json:"name"`
	// Description is shown below the name.
	Description string `json:"channelDescription"`
	// LogoURL is the picture beside the name.
	LogoURL string `json:"channelLogoUrl"`
	// WebhookURL gets the channel's events from all portals. It may have a query, which HubSpot signs too.
	WebhookURL string `json:"webhookUrl"`
	// ConnectURL is the page that HubSpot opens in a popup when an admin connects the channel
	// (channelAccountConnectionRedirectUrl).
	ConnectURL string `json:"channelAccountConnectionRedirectUrl"`
	// Capabilities say what the channel can carry.
	Capabilities Capabilities `json:"capabilities"`
	// CreatedAt is given by HubSpot.
	CreatedAt time.Time `json:"createdAt"`
}

// Validate returns an error that says what HubSpot would refuse of r, or nil. The error matches [ErrInvalid].
func (r *Registration) Validate() error {
	if strings.TrimSpace(r.Name) == "" {
		return invalidf("a channel needs a name")
	}
	for name, raw := range map[string]string{"webhook": r.WebhookURL, "connect": r.ConnectURL, "logo": r.LogoURL} {
		if raw == "" {
			continue
		}
		if u, err := url.Parse(raw); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return invalidf("the channel's %s URL %q is not an absolute http or https URL", name, raw)
		}
	}
	return r.Capabilities.Validate()
}

// RegistrationUpdate changes a registration. Fields that are nil stay as they are.
type RegistrationUpdate struct {
	Name        *string `json:"name,omitempty"`
	Description *string `json:"channelDescription,omitempty"`
	LogoURL     *string `json:"channelLogoUrl,omitempty"`
	WebhookURL  *string `json:"webhookUrl,omitempty"`
	ConnectURL  *string `json:"channelAccountConnectionRedirectUrl,omitempty"`
	// Capabilities are sent with every key that the SDK knows: change a copy of what HubSpot has, or of a definition.
	Capabilities *Capabilities `json:"capabilities,omitempty"`
}

// ListOptions order and page a list. The zero value, like nil, lists everything; further pages are asked for as the list
// is read.
type ListOptions struct {
	Limit int      `url:"limit,omitempty"` // results per page; defaults to HubSpot's page length
	Sort  []string `url:"sort,omitempty"`  // names of properties to sort by
	After string   `url:"after,omitempty"` // the cursor to begin at; defaults to the first page
}

// Create registers a channel and returns it as HubSpot keeps it. ID and CreatedAt of r are not sent. Calling it twice
// makes two channels; see [Registry.Ensure].
func (g *Registry) Create(ctx context.Context, r *Registration) (*Registration, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return send[Registration](ctx, g.rest, http.MethodPost, g.root, newChannel{
		r.Name, r.Description, r.LogoURL, r.WebhookURL, r.ConnectURL, r.Capabilities,
	})
}

// newChannel is the body of a create call.
type newChannel struct {
	Name         string       `json:"name"`
	Description  string       `json:"channelDescription,omitempty"`
	LogoURL      string       `json:"channelLogoUrl,omitempty"`
	WebhookURL   string       `json:"webhookUrl,omitempty"`
	ConnectURL   string       `json:"channelAccountConnectionRedirectUrl,omitempty"`
	Capabilities Capabilities `json:"capabilities"`
}

// Get returns one channel, or an error that matches [ErrNotFound].
func (g *Registry) Get(ctx context.Context, id ID) (*Registration, error) {
	return get[Registration](ctx, g.rest, joinPath(g.root, string(id)))
}

// All lists the app's channels; opts may be nil. ctx holds for all pages. The list ends at the first error.
func (g *Registry) All(ctx context.Context, opts *ListOptions) iter.Seq2[*Registration, error] {
	return all[Registration](ctx, g.rest, g.root, opts)
}

// Update changes the fields of a channel that are set in u.
func (g *Registry) Update(ctx context.Context, id ID, u *RegistrationUpdate) (*Registration, error) {
	if u.Capabilities != nil {
		if err := u.Capabilities.Validate(); err != nil {
			return nil, err
		}
	}
	return send[Registration](ctx, g.rest, http.MethodPatch, joinPath(g.root, string(id)), u, Idempotent())
}

// Archive removes a channel. What becomes of its accounts and threads is not documented, nor is a way back.
func (g *Registry) Archive(ctx context.Context, id ID) error {
	return do(ctx, g.rest, http.MethodDelete, joinPath(g.root, string(id)), nil, nil)
}
