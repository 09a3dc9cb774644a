package channels

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// EnsureOptions say how [Registry.Ensure] finds the channel. The zero value finds it by its webhook URL.
type EnsureOptions struct {
	// ID is the channel that an earlier Ensure returned, if the caller has kept it. A channel that is found by it is
	// brought up to date even where its webhook URL is another one.
	ID ID
	// AdoptByName takes over a channel of the same name if there is none with the webhook URL. Use it with care: run from
	// a developer's machine, it would turn production's webhook there.
	AdoptByName bool
	// WaitVisible bounds the wait for a channel just created to appear in HubSpot's lists; until then, accounts cannot be
	// connected. Negative means no wait. Defaults to 1 minute.
	WaitVisible time.Duration
}

// Ensured is what [Registry.Ensure] found or made.
type Ensured struct {
	*Registration
	// Created says that the channel was not there before.
	Created bool
	// Changed names the fields that were not as wanted and have been updated, by their JSON names; capabilities as
	// "capabilities.richText".
	Changed []string
	// Duplicates are the other channels with the same webhook URL, oldest first. They are left alone.
	Duplicates []*Registration
}

// Ensure makes sure that HubSpot knows the channel want: it finds the channel by opts.ID, else by its webhook URL, else
// (only with AdoptByName) by its name, and updates what differs; or it creates the channel and waits until it is visible.
// Fields that are empty in want are left as they are. Ensure never archives anything.
//
// If several processes ensure the same webhook URL at the same time, more than one may create a channel. All of them then
// return the oldest one, and the others as Duplicates.
func (g *Registry) Ensure(ctx context.Context, want *Registration, opts *EnsureOptions) (*Ensured, error) {
	if err := want.Validate(); err != nil {
		return nil, err
	}
	o := EnsureOptions{}
	if opts != nil {
		o = *opts
	}
	if want.WebhookURL == "" && o.ID == "" && !o.AdoptByName {
		return nil, invalidf("Ensure needs a webhook URL, an id or AdoptByName to find the channel again")
	}
	found, err := g.find(ctx, want, o)
	if err != nil {
		return nil, err
	}
	if found.Registration == nil {
		if found, err = g.createVisible(ctx, want, o); err != nil {
			return nil, err
		}
	}
	update, changed := difference(found.Registration, want)
	if len(changed) == 0 {
		return found, nil
	}
	updated, err := g.Update(ctx, found.ID, update)
	if err != nil {
		return nil, fmt.Errorf("updating channel %s: %w", found.ID, err)
	}
	found.Registration, found.Changed = updated, changed
	return found, nil
}

// find looks for the channel. The Registration of what it returns is nil if there is none.
func (g *Registry) find(ctx context.Context, want *Registration, o EnsureOptions) (*Ensured, error) {
	var known *Registration
	var same, named []*Registration
	for r, err := range g.All(ctx, nil) {
		if err != nil {
			return nil, fmt.Errorf("looking for the channel: %w", err)
		}
		if o.ID != "" && r.ID == o.ID {
			known = r
		}
		if want.WebhookURL != "" && r.WebhookURL == want.WebhookURL {
			same = append(same, r)
		}
		if r.Name == want.Name {
			named = append(named, r)
		}
	}
	if known == nil && o.ID != "" {
		// A list may lag behind; the channel's own record does not.
		r, err := g.Get(ctx, o.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		known = r
	}
	candidates := same
	if len(candidates) == 0 && o.AdoptByName {
		candidates = named
	}
	return choose(known, candidates), nil
}

// choose returns the known channel, or else the oldest candidate, and the rest as duplicates.
func choose(known *Registration, candidates []*Registration) *Ensured {
	slices.SortFunc(candidates, older)
	e := &Ensured{Registration: known}
	if known == nil && len(candidates) > 0 {
		e.Registration = candidates[0]
	}
	for _, r := range candidates {
		if r.ID != e.ID {
			e.Duplicates = append(e.Duplicates, r)
		}
	}
	return e
}

// older orders channels by age, with ids for the same instant, so that all processes agree.
func older(a, b *Registration) int {
	if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
		return c
	}
	m, errA := strconv.ParseUint(string(a.ID), 10, 64)
	n, errB := strconv.ParseUint(string(b.ID), 10, 64)
	if errA == nil && errB == nil {
		return cmp.Compare(m, n)
	}
	return cmp.Compare(a.ID, b.ID)
}

// createVisible creates the channel and lists until it is there. Another process may have done the same.
func (g *Registry) createVisible(ctx context.Context, want *Registration, o EnsureOptions) (*Ensured, error) {
	created, err := g.Create(ctx, want)
	if err != nil {
		return nil, fmt.Errorf("creating the channel: %w", err)
	}
	if o.WaitVisible < 0 {
		return &Ensured{Registration: created, Created: true}, nil
	}
	limit := time.Now().Add(cmp.Or(o.WaitVisible, time.Minute))
	for pause := time.Second; ; pause = min(2*pause, 8*time.Second) {
		var seen *Registration
		var same []*Registration
		for r, err := range g.All(ctx, nil) {
			if err != nil {
				return nil, fmt.Errorf("waiting for the new channel %s: %w", created.ID, err)
			}
			if r.ID == created.ID {
				seen = r
			}
			if r.ID == created.ID || want.WebhookURL != "" && r.WebhookURL == want.WebhookURL {
				same = append(same, r)
			}
		}
		if seen != nil {
			e := choose(nil, same)
			e.Created = e.ID == created.ID
			return e, nil
		}
		if time.Now().Add(pause).After(limit) {
			return nil, fmt.Errorf("channels: channel %s was created but is not visible yet: call Ensure again with its id", created.ID)
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, fmt.Errorf("waiting for the new channel %s: %w", created.ID, err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// difference returns the update that turns have into want, and the names of the fields it changes.
func difference(have, want *Registration) (*RegistrationUpdate, []string) {
	u := &RegistrationUpdate{}
	var changed []string
	text := func(name, have, want string, dst **string) {
		if want != "" && want != have {
			*dst = &want
			changed = append(changed, name)
		}
	}
	text("name", have.Name, want.Name, &u.Name)
	text("channelDescription", have.Description, want.Description, &u.Description)
	text("channelLogoUrl", have.LogoURL, want.LogoURL, &u.LogoURL)
	text("webhookUrl", have.WebhookURL, want.WebhookURL, &u.WebhookURL)
	text("channelAccountConnectionRedirectUrl", have.ConnectURL, want.ConnectURL, &u.ConnectURL)
	if keys := have.Capabilities.difference(&want.Capabilities); len(keys) > 0 {
		u.Capabilities = want.Capabilities.with(have.Capabilities.Extra)
		for _, key := range keys {
			changed = append(changed, "capabilities."+key)
		}
	}
	return u, changed
}

// with returns c with those extra capabilities of another that it does not set itself: they are kept, not dropped.
func (c Capabilities) with(extra map[string]json.RawMessage) *Capabilities {
	merged := maps.Clone(extra)
	if merged == nil {
		merged = map[string]json.RawMessage{}
	}
	maps.Copy(merged, c.Extra)
	for _, key := range capabilityKeys {
		if _, own := c.Extra[key]; !own {
			delete(merged, key)
		}
	}
	c.Extra = merged
	return &c
}

// difference returns the keys in which HubSpot's capabilities c are not as wanted. What HubSpot leaves out has its
// default, and the order of lists means nothing.
func (c *Capabilities) difference(want *Capabilities) []string {
	have, wanted := c.members(), want.members()
	var keys []string
	for key, value := range wanted {
		if !reflect.DeepEqual(have[key], value) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// members returns the capabilities by key, with sorted lists.
func (c *Capabilities) members() map[string]any {
	data, err := json.Marshal(c)
	if err != nil {
		return nil
	}
	var members map[string]any
	if json.Unmarshal(data, &members) != nil {
		return nil
	}
	for _, value := range members {
		if list, ok := value.([]any); ok {
			slices.SortFunc(list, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	return members
}
