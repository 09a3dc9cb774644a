package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
)

// A service that echoes what was sent through it does not make the agent's message the customer's.
func TestEcho(t *testing.T) {
	var seen []string
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.reply("Hello")
		seen = nil
		b.receive(&bridge.Incoming{ID: "receipt-Hello", Text: "Hello", FromName: "Shop"})
		if diff := cmp.Diff([]string{"incoming -1"}, seen); diff != "" {
			t.Errorf("traced (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: Hello (SENT)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	}, func(c *bridge.Config) {
		c.Trace = &bridge.Trace{Accepted: func(kind bridge.Kind, _ int64, how bridge.Acceptance) {
			seen = append(seen, fmt.Sprintf("%s %d", kind, how))
		}}
	})
}

// blindStore can lose sight of its links.
type blindStore struct {
	*memstore.Store
	blind atomic.Bool
}

func (s *blindStore) LinkByService(ctx context.Context, channel channels.ID, account channels.AccountID, id string) (*bridge.Link, error) {
	if s.blind.Load() {
		return nil, errors.New("disk error")
	}
	return s.Store.LinkByService(ctx, channel, account, id)
}

// As long as it is not known whether a message is an echo, the service keeps it.
func TestEchoCannotBeTold(t *testing.T) {
	store := &blindStore{Store: memstore.New()}
	bubble(t, func(t *testing.T, b *bench) {
		store.blind.Store(true)
		if err := b.bridge.Receive(t.Context(), &bridge.Incoming{ID: "1", Text: "Hi", From: ada, To: shop}); err == nil {
			t.Error("Receive returned nil")
		}
	}, func(c *bridge.Config) { c.Store = store })
}
