package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

// tryToken finds out under which name introspection takes a token.
func (p *probe) tryToken(ctx context.Context) {
	const knob = "IntrospectByKind"
	token, err := p.access.source.Token(ctx)
	if err != nil {
		p.note(knob, nil, "no token: %s", said(err))
		return
	}
	if info, err := p.introspect(ctx, token.AccessToken, "token"); err == nil && info.Active {
		p.note(knob, new(false), "the property token is read")
		return
	}
	switch info, err := p.introspect(ctx, token.AccessToken, "access_token"); {
	case err != nil:
		p.note(knob, nil, "neither token nor access_token is read: %s", said(err))
	case info.Active:
		p.note(knob, new(true), "the property access_token is read, and token is not")
	default:
		p.note(knob, nil, "neither token nor access_token alone is read")
	}
}

// asDeveloper replaces a client's token by the developer key, so that any call of registration can be made.
type asDeveloper struct {
	base http.RoundTripper
	key  channels.DeveloperKey
}

// RoundTrip implements [http.RoundTripper].
func (d asDeveloper) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Del("Authorization")
	q := req.URL.Query()
	q.Set("hapikey", d.key.Key)
	q.Set("appId", strconv.FormatInt(d.key.AppID, 10))
	req.URL.RawQuery = q.Encode()
	return d.base.RoundTrip(req)
}

func (p *probe) developer() (*channels.Client, error) {
	key, err := p.s.developerKey()
	if err != nil {
		return nil, err
	}
	return channels.NewClient(channels.StaticToken("the developer key"),
		append(p.options(), channels.WithHTTPClient(&http.Client{Transport: asDeveloper{p.clock, key}, Timeout: attemptTimeout}))...)
}

const probeDescription = "Made by channelctl doctor -probe. It can be archived."

// tryChannel registers a channel that nobody uses, and finds out what updates do to it.
func (p *probe) tryChannel(ctx context.Context) {
	const first = "IdentifierThreading"
	developer, err := p.developer()
	if err != nil {
		p.note(first, nil, "%s", said(err))
		return
	}
	made, err := p.registry.Ensure(ctx, &channels.Registration{
		Name: p.name, Description: probeDescription,
		Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque}, RichText: []channels.RichTextFeature{channels.Bold},
		},
	}, &channels.EnsureOptions{AdoptByName: true}) // it waits until the channel can be seen, which a plain Create does not
	refusal, refused := errors.AsType[*channels.Error](err)
	exists := !refused || refusal.StatusCode >= http.StatusInternalServerError
	p.undo = append(p.undo, cleaner{"channel " + strconv.Quote(p.name), func(ctx context.Context) error {
		return p.archiveChannel(ctx, exists)
	}})
	if err != nil {
		p.note(first, nil, "no channel to try it on: %s", said(err))
		return
	}
	switch model := made.Capabilities.ThreadingModel; model {
	case "":
		p.note(first, nil, "HubSpot does not show which model a channel without one has")
	default:
		p.note(first, new(model == channels.ByDeliveryIdentifier), "a channel without a model gets %s", model)
	}
	p.tryUpdate(ctx, developer, made.ID, "CapabilitiesMerge", map[string]any{"capabilities": map[string]any{"allowMultipleRecipients": true}},
		func(r *channels.Registration) (bool, string) {
			if slices.Contains(r.Capabilities.RichText, channels.Bold) {
				return true, "an update of one capability leaves the others"
			}
			return false, "an update of one capability drops the others"
		})
	p.tryUpdate(ctx, developer, made.ID, "NullClears", map[string]any{"channelDescription": nil},
		func(r *channels.Registration) (bool, string) {
			if r.Description == "" {
				return true, "null empties a description"
			}
			return false, "null leaves a description"
		})
	p.tryBearer(ctx, p.client.ChannelPath(made.ID))
}

// tryUpdate changes the channel and looks at what has become of it.
func (p *probe) tryUpdate(ctx context.Context, developer *channels.Client, id channels.ID, knob string, update any,
	read func(*channels.Registration) (bool, string)) {
	err := developer.Call(ctx, http.MethodPatch, developer.ChannelPath(id), update, nil, channels.Idempotent())
	var r *channels.Registration
	if err == nil {
		r, err = p.registry.Get(ctx, id)
	}
	if err != nil {
		p.note(knob, nil, "%s", said(err))
		return
	}
	on, answer := read(r)
	p.note(knob, &on, "%s", answer)
}

// tryBearer changes the channel with a portal's token in place of the developer key.
func (p *probe) tryBearer(ctx context.Context, path string) {
	const knob = "BearerRegistration"
	var err error
	for _, query := range []string{"", "?appId=" + p.s.env(envAppID)} {
		err = p.client.Call(ctx, http.MethodPatch, path+query, map[string]string{"channelDescription": probeDescription}, nil, channels.Idempotent())
		if err == nil {
			p.note(knob, new(true), "a portal's token changes a channel, called with the query %q", query)
			return
		}
	}
	if refusal, ok := errors.AsType[*channels.Error](err); ok && (refusal.StatusCode == http.StatusUnauthorized || refusal.StatusCode == http.StatusForbidden) {
		p.note(knob, new(false), "a portal's token is refused: %s", said(err))
		return
	}
	p.note(knob, nil, "%s", said(err))
}

// archiveChannel removes the channel of the probe. It is looked for by its name, as the answer to its creation may be lost,
// and again if it should exist: HubSpot does not show a new channel at once.
func (p *probe) archiveChannel(ctx context.Context, exists bool) error {
	for {
		for r, err := range p.registry.All(ctx, nil) {
			if err != nil {
				return err
			}
			if r.Name == p.name {
				return p.registry.Archive(ctx, r.ID)
			}
		}
		if !exists {
			return nil
		}
		select {
		case <-time.After(5 * time.Second):
		case <-ctx.Done():
			return errors.New("HubSpot does not show it")
		}
	}
}

// tryPages asks for more than a page may have. The simulator has no knob for it.
func (p *probe) tryPages(ctx context.Context) {
	for _, err := range p.registry.All(ctx, &channels.ListOptions{Limit: 1000}) {
		p.notePage("channels", err)
		break
	}
	opts := &channels.AccountListOptions{ListOptions: channels.ListOptions{Limit: 1000}}
	for _, err := range p.client.Accounts().All(ctx, p.channelID, opts) {
		p.notePage("accounts", err)
		break
	}
}

func (p *probe) notePage(what string, err error) {
	if err != nil {
		p.note("", nil, "pages of 1000 %s: %s", what, said(err))
		return
	}
	p.note("", nil, "pages of 1000 %s: accepted", what)
}
