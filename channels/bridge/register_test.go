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

// A bridge that has moved to another address goes on with its channel if its store knows it, or if it is told its id. Else it
// cannot know whether the channel at the old address is its own: it registers another one, and says so.
func TestMovedToAnotherAddress(t *testing.T) {
	var own bridge.Config
	bubble(t, func(t *testing.T, b *bench) {
		old := b.hubspot.Channels()[0].ID
		start := func(url string, store bridge.Store, id channels.ID) (log string) {
			t.Helper()
			cfg, said := own, &logged{}
			cfg.Store, cfg.PublicURL, cfg.ChannelID = store, url, id
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
		at := func(url, log string, want int) {
			t.Helper()
			all := b.hubspot.Channels()
			if len(all) != want || all[0].ID != old || all[0].WebhookURL != url+"/hubspot/webhook" {
				t.Errorf("want %d channels, and the old one at %s: %+v; the log says:\n%s", want, url, all, log)
			}
		}
		b.stop()
		log := start("https://tunnel.example.com", b.store, "")
		at("https://tunnel.example.com", log, 1)
		if !strings.Contains(log, "another webhook URL") {
			t.Errorf("the move is not in the log:\n%s", log)
		}
		log = start("https://new.example.com", memstore.New(), "")
		at("https://tunnel.example.com", log, 2)
		if !strings.Contains(log, "other="+old) || !strings.Contains(log, "set ChannelID") {
			t.Errorf("the other channel is not in the log:\n%s", log)
		}
		log = start("https://new.example.com", memstore.New(), channels.ID(old))
		at("https://new.example.com", log, 2)
	}, func(c *bridge.Config) { own = *c })
}
