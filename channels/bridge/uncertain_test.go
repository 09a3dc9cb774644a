package bridge_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// dyingStore is a store whose process can die: nothing that it does afterwards is stored.
type dyingStore struct {
	*memstore.Store
	dead        atomic.Bool
	checkpoints atomic.Int32
}

var errKilled = errors.New("killed")

func (s *dyingStore) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	if s.dead.Load() {
		return nil, errKilled
	}
	return s.Store.Finish(ctx, node, it, o)
}

func (s *dyingStore) Checkpoint(ctx context.Context, node bridge.Node, it *bridge.Item, progress []byte) error {
	if s.dead.Load() {
		return errKilled
	}
	s.checkpoints.Add(1)
	return s.Store.Checkpoint(ctx, node, it, progress)
}

// A process that dies while it publishes cannot save that it did, so it has saved that it was going to: when it comes back
// after HubSpot may have forgotten the message, the message is not published again.
func TestNoRepetitionAfterACrash(t *testing.T) {
	for name, arrived := range map[string]bool{"the call had arrived": true, "it had not": false} {
		t.Run(name, func(t *testing.T) {
			store := &dyingStore{Store: memstore.New()}
			bubble(t, func(t *testing.T, b *bench) {
				b.store = store.Store
				fault := hubspottest.Fault{Operation: "message.publish", Nth: 1, Delay: time.Second, Reset: hubspottest.ResetBefore}
				if arrived {
					fault.Reset = hubspottest.ResetAfter
				}
				b.hubspot.Inject(fault)
				b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
				store.dead.Store(true)
				later(10 * time.Second)
				b.stop()
				store.dead.Store(false)
				later(25 * time.Hour)
				b.run()
				later(time.Minute)
				if got := len(b.hubspot.Journal("message.publish")); got != 1 {
					t.Errorf("published %d times, want once", got)
				}
				if got := b.buried(); len(got) != 1 || !strings.HasPrefix(got[0], "incoming: HubSpot may or may not have it") {
					t.Errorf("buried: %q", got)
				}
			}, func(c *bridge.Config) { c.Store = store })
		})
	}
}

// What HubSpot surely has not got may be published as late as HoldFor allows.
func TestHubSpotDownForLongerThanTheWindow(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Status: 503})
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		later(48 * time.Hour)
		b.stop()
		later(48 * time.Hour)
		b.hubspot.ClearFaults()
		b.run()
		later(10 * time.Minute)
		if diff := cmp.Diff([]string{"Ada: one"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s; buried: %q", diff, b.buried())
		}
	})
}

// That a later call surely did not arrive says nothing about the first one.
func TestUncertainStaysUncertain(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: 502})
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Status: 503})
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		later(25 * time.Hour)
		b.hubspot.ClearFaults()
		later(time.Hour)
		if got := b.buried(); len(got) != 1 || !strings.HasPrefix(got[0], "incoming: HubSpot may or may not have it") {
			t.Errorf("buried: %q", got)
		}
	})
}

// All this costs no write where nothing goes wrong: the one that freezes the message says it as well.
func TestOneCheckpointForEachMessage(t *testing.T) {
	store := &dyingStore{Store: memstore.New()}
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		if got := store.checkpoints.Load(); got != 1 {
			t.Errorf("%d checkpoints, want 1", got)
		}
		b.reply("Hello")
		if got := store.checkpoints.Load(); got != 1 {
			t.Errorf("%d checkpoints after a reply, want no more", got)
		}
	}, func(c *bridge.Config) { c.Store = store })
}
