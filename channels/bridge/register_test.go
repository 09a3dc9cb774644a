package bridge_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/oauth"
)

// A bridge that has moved to another address cannot know whether the channel at the old one is its own. It says so, and goes on
// with that channel if it is told its id.
func TestMovedToAnotherAddress(t *testing.T) {
	var own bridge.Config
	bubble(t, func(t *testing.T, b *bench) {
		old := b.hubspot.Channels()[0].ID
		start := func(id channels.ID) (log string) {
			t.Helper()
			cfg, said := own, &logged{}
			cfg.Store, cfg.PublicURL, cfg.ChannelID = memstore.New(), "https://new.example.com", id
			cfg.App = &oauth.App{ClientID: b.app.ClientID, ClientSecret: b.app.ClientSecret, BaseURL: hsURL, HTTPClient: b.app.HTTPClient, Tokens: b.store}
			said.into(&cfg)
			br, err := bridge.New(b.channel, cfg)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- br.Run(ctx) }()
			later(2 * time.Minute) // a new channel is not seen at once
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
			return said.text()
		}
		log := start("")
		if n := len(b.hubspot.Channels()); n != 2 || !strings.Contains(log, "other="+old) || !strings.Contains(log, "set ChannelID") {
			t.Errorf("%d channels, and the log says:\n%s", n, log)
		}
		log = start(channels.ID(old))
		if got := b.hubspot.Channels()[0]; len(b.hubspot.Channels()) != 2 || got.ID != old || got.WebhookURL != "https://new.example.com/hubspot/webhook" {
			t.Errorf("with its id: %+v, and the log says:\n%s", got, log)
		}
	}, func(c *bridge.Config) { own = *c })
}
