package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

// registerPatiently registers the channel, however long HubSpot is out of reach, unless ctx ends. It fails if another process
// uses a store that serves one only.
func (b *Bridge) registerPatiently(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		err := b.register(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrStoreInUse):
			return err
		}
		b.log.Error("cannot register the channel; trying again", "error", err, "attempt", attempt)
		if !sleep(ctx, backoff(attempt, time.Second, time.Minute)) {
			return nil
		}
	}
}

// register makes HubSpot know the channel as the Definition says.
func (b *Bridge) register(ctx context.Context) error {
	if b.cfg.Registry == nil {
		return nil
	}
	id, err := b.channelID(ctx)
	if errors.Is(err, errNotRegistered) {
		return b.registerFirst(ctx)
	}
	if err != nil {
		return err
	}
	return b.ensure(ctx, id)
}

// registerFirst registers a channel that has no id yet, on one node at a time: two that start together would register it
// twice.
func (b *Bridge) registerFirst(ctx context.Context) (err error) {
	node, err := b.store.Join(ctx, channels.ID("registration of "+b.url("/webhook")))
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
		defer cancel()
		err = errors.Join(err, b.store.Leave(ctx, node))
	}()
	lives, err := b.store.Renew(ctx, node)
	if err != nil {
		return err
	}
	if lives > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, lives-lifeMargin)
		defer cancel()
	}
	for {
		held, err := b.store.Hold(ctx, node, "register")
		if err != nil {
			return err
		}
		if held {
			break
		}
		if !sleep(ctx, storeRetry) {
			return ctx.Err()
		}
	}
	id, err := b.channelID(ctx)
	if errors.Is(err, errNotRegistered) {
		id, err = b.channelElsewhere(ctx)
	}
	if err != nil {
		return err
	}
	return b.ensure(ctx, id)
}

// ownName is what the store knows the channel by when the bridge has moved to another address.
func (b *Bridge) ownName() string {
	return fmt.Sprintf("channel of app %s: %s", b.cfg.App.ClientID, b.cfg.Definition.Name)
}

// channelElsewhere returns the id of the channel that the bridge had at another address, empty if there is none. Only the
// bridge's own store says so: that a channel has the same name does not mean that it is this bridge's.
func (b *Bridge) channelElsewhere(ctx context.Context) (channels.ID, error) {
	id, err := b.store.Recall(ctx, b.ownName())
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return channels.ID(id), err
}

// ensure registers the channel, or brings its registration up to date, and remembers its id.
func (b *Bridge) ensure(ctx context.Context, id channels.ID) error {
	def := b.cfg.Definition
	ensured, err := b.cfg.Registry.Ensure(ctx, &channels.Registration{
		ID: id, Name: def.Name, Description: def.Description, LogoURL: def.LogoURL, Capabilities: def.Capabilities,
		WebhookURL: b.url("/webhook"), ConnectURL: b.url("/connect"),
	}, &channels.EnsureOptions{ID: id}) // by the id it is found also if somebody has changed its webhook URL
	if err != nil {
		return fmt.Errorf("bridge: register the channel: %w", err)
	}
	if ensured.Created {
		b.log.Info("the channel was registered", "channel", ensured.Registration.ID, "webhook", b.url("/webhook"))
		b.warnOfNamesakes(ctx, ensured.Registration.ID)
	}
	if slices.Contains(ensured.Changed, "webhookUrl") {
		b.log.Info("the channel had another webhook URL; HubSpot may take some minutes to use the new one", "channel", ensured.Registration.ID, "webhook", b.url("/webhook"))
	}
	if n := len(ensured.Duplicates); n > 0 {
		b.log.Warn("the channel is registered more than once; archive the others", "channel", ensured.Registration.ID, "others", n)
	}
	for _, name := range []string{b.channelName(), b.ownName()} {
		if err := b.store.Remember(ctx, name, string(ensured.Registration.ID)); err != nil {
			return err
		}
	}
	b.channel.Store(ensured.Registration.ID)
	return nil
}

// warnOfNamesakes tells of channels with the name of one that is new. It may be new only because the bridge has moved to
// another address and a new store; to take over the old one without being asked would turn production's webhook to a
// developer's machine.
func (b *Bridge) warnOfNamesakes(ctx context.Context, id channels.ID) {
	for r, err := range b.cfg.Registry.All(ctx, nil) {
		if err != nil {
			b.log.Debug("cannot look for channels of the same name", "error", err)
			return
		}
		if r.ID != id && r.Name == b.cfg.Definition.Name {
			b.log.Warn("there are two channels of this name now; if the bridge has moved to another PublicURL and Store, set ChannelID to the other one, "+
				"whose accounts then go on here, and archive the new one", "new", id, "other", r.ID, "webhook of the other", r.WebhookURL)
		}
	}
}
