package bridge_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// leasedStore notes when its node gave the last sign of life.
type leasedStore struct {
	bridge.Store
	mu   sync.Mutex
	last time.Time
	left bool
}

func (s *leasedStore) Renew(context.Context, bridge.Node) (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left {
		return 0, bridge.ErrLeaseLost
	}
	s.last = time.Now()
	return 15 * time.Second, nil
}

func (s *leasedStore) Join(ctx context.Context, c channels.ID) (bridge.Node, error) {
	s.mu.Lock()
	s.left = false
	s.mu.Unlock()
	return s.Store.Join(ctx, c)
}

func (s *leasedStore) Leave(ctx context.Context, n bridge.Node) error {
	s.mu.Lock()
	s.left = true
	s.mu.Unlock()
	return s.Store.Leave(ctx, n)
}

func (s *leasedStore) age() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.last)
}

// What a node that stops is still at must not be taken over by others.
func TestStopKeepsTheNodeAlive(t *testing.T) {
	store := &leasedStore{}
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		b.channel.send = func(ctx context.Context, _ int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
			select {
			case <-time.After(25 * time.Second):
			case <-ctx.Done():
				t.Error("Send was cut off before its time")
			}
			if age := store.age(); age > 15*time.Second {
				t.Errorf("Send ends %v after the node's last sign of life: another node has sent the message by then", age)
			}
			return nil, nil
		}
		b.reply("one")
		b.stop()
		if store.left == false {
			t.Error("the node did not leave")
		}
	}, func(c *bridge.Config) { store.Store, c.Store, c.StopTimeout = c.Store, store, 28*time.Second })
}

// slowListener takes its time to end.
type slowListener struct{ *recorder }

func (slowListener) Listen(ctx context.Context, _ *bridge.Account, _ bridge.Inbox) error {
	<-ctx.Done()
	time.Sleep(20 * time.Second)
	return nil
}

func TestStopTimeoutBesideListen(t *testing.T) {
	bubbleOf(t, func(r *recorder) bridge.Channel { return slowListener{r} }, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		var begun time.Time
		var cut time.Duration
		b.channel.send = func(ctx context.Context, try int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
			<-ctx.Done()
			cut = time.Since(begun)
			return nil, ctx.Err()
		}
		b.reply("one")
		begun = time.Now()
		b.stop()
		if cut != 3*time.Second {
			t.Errorf("Send was cut off after %v, want the 3 s of StopTimeout", cut)
		}
	})
}
