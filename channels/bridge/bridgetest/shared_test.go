package bridgetest_test

import (
	"context"
	"maps"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
)

func TestShared(t *testing.T) { runShared(t, "") }

func runShared(t *testing.T, mistake string) {
	bridgetest.RunShared(t, func(_ *testing.T, n int) []bridge.Store {
		s := &shared{
			Store: memstore.New(), mistake: mistake, joined: map[channels.ID]bridge.Node{}, nodes: map[bridge.Node]channels.ID{},
			work: map[int64]sharedWork{}, held: map[sharedName]bridge.Node{},
		}
		var out []bridge.Store
		for range n {
			out = append(out, s)
		}
		return out
	})
}

// shared lets several nodes work on a store that knows one at a time. It can make a mistake, by the name it has in
// sharedMistakes. How many lanes of a portal a node may hold it does not know.
type shared struct {
	*memstore.Store
	mistake string

	mu     sync.Mutex
	joined map[channels.ID]bridge.Node // the node that the store knows
	last   bridge.Node
	nodes  map[bridge.Node]channels.ID // those that live
	work   map[int64]sharedWork        // what is under way, by Seq
	held   map[sharedName]bridge.Node
}

type sharedWork struct {
	node bridge.Node
	item *bridge.Item
	due  time.Time
}

type sharedName struct {
	channel channels.ID
	name    string
}

func (s *shared) Join(ctx context.Context, channel channels.ID) (bridge.Node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.joined[channel]; !ok {
		node, err := s.Store.Join(ctx, channel)
		if err != nil {
			return 0, err
		}
		s.joined[channel] = node
	}
	s.last++
	s.nodes[s.last] = channel
	return s.last, nil
}

func (s *shared) Renew(_ context.Context, node bridge.Node) (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.nodes[node]; !ok {
		return 0, bridge.ErrLeaseLost
	}
	return time.Minute, nil
}

func (s *shared) Leave(ctx context.Context, node bridge.Node) error { return s.ExpireNode(ctx, node) }

func (s *shared) ExpireNode(ctx context.Context, node bridge.Node) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.nodes, node)
	if s.mistake != "the dead keep their names" {
		maps.DeleteFunc(s.held, func(_ sharedName, holder bridge.Node) bool { return holder == node })
	}
	if s.mistake == "the dead keep their work" {
		return nil
	}
	for seq, w := range s.work {
		if w.node != node {
			continue
		}
		delete(s.work, seq)
		if err := s.giveBack(ctx, w, false); err != nil {
			return err
		}
	}
	return nil
}

func (s *shared) giveBack(ctx context.Context, w sharedWork, free bool) error {
	_, err := s.Store.Finish(ctx, s.joined[w.item.Channel], w.item, &bridge.Outcome{Verdict: bridge.Retry, At: w.due, Free: free})
	return err
}

func (s *shared) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, want bridge.Wanted) (*bridge.Claimed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nodes[node] != channel {
		return nil, bridge.ErrLeaseLost
	}
	due, err := s.Store.Claim(ctx, s.joined[channel], channel, now, bridge.Wanted{Limit: math.MaxInt, After: want.After})
	if err != nil {
		return nil, err
	}
	out := &bridge.Claimed{Next: due.Next}
	for _, it := range due.Items {
		w := sharedWork{node, it, now}
		if len(out.Items) < want.Limit && s.may(w) {
			s.work[it.Seq] = w
			out.Items = append(out.Items, it)
		} else if err := s.giveBack(ctx, w, true); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// may: no other node has work of the portal that calls HubSpot.
func (s *shared) may(w sharedWork) bool {
	if s.mistake == "portals are everybody's" {
		return true
	}
	calls := func(it *bridge.Item) bool { return it.Kind.CallsHubSpot() || s.mistake == "sending takes the portal" }
	for _, other := range s.work {
		if other.node != w.node && other.item.Channel == w.item.Channel && other.item.Portal == w.item.Portal && calls(other.item) && calls(w.item) {
			return false
		}
	}
	return true
}

func (s *shared) own(node bridge.Node, it *bridge.Item) error {
	if w, ok := s.work[it.Seq]; !ok || w.node != node || w.item.Claims != it.Claims {
		return bridge.ErrLeaseLost
	}
	return nil
}

func (s *shared) Checkpoint(ctx context.Context, node bridge.Node, it *bridge.Item, progress []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.own(node, it); err != nil {
		return err
	}
	return s.Store.Checkpoint(ctx, s.joined[it.Channel], it, progress)
}

func (s *shared) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.own(node, it); err != nil {
		return nil, err
	}
	then, err := s.Store.Finish(ctx, s.joined[it.Channel], it, o)
	if err != nil {
		return nil, err
	}
	if s.mistake != "portals are kept" {
		delete(s.work, it.Seq)
	}
	if then == nil {
		return nil, nil
	}
	w := sharedWork{node, then, then.Accepted}
	if !s.may(w) && s.mistake != "then takes any portal" {
		return nil, s.giveBack(ctx, w, true)
	}
	s.work[then.Seq] = w
	return then, nil
}

func (s *shared) Hold(_ context.Context, node bridge.Node, name string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	channel, ok := s.nodes[node]
	if !ok {
		return false, bridge.ErrLeaseLost
	}
	key := sharedName{channel, name}
	if holder, taken := s.held[key]; taken && s.mistake != "names are everybody's" {
		return holder == node, nil
	}
	s.held[key] = node
	return true, nil
}

func (s *shared) Release(_ context.Context, node bridge.Node, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.held, func(key sharedName, holder bridge.Node) bool {
		return key.name == name && (holder == node || s.mistake == "anybody may release")
	})
	return nil
}

// sharedMistakes are noticed by the rules named.
var sharedMistakes = map[string][]string{
	"portals are everybody's":   {"portal/is one node's at a time", "portal/is kept as long as there is work under way"},
	"portals are kept":          {"portal/is given back"},
	"sending takes the portal":  {"portal/agents' messages are everybody's"},
	"then takes any portal":     {"portal/what a node goes on with"},
	"the dead keep their work":  {"shared/the dead are buried", "portal/of a node that dies", "portal/of a node that leaves"},
	"the dead keep their names": {"shared hold/ends with the node"},
	"names are everybody's":     {"shared hold/is exclusive"},
	"anybody may release":       {"shared hold/is exclusive", "shared hold/ends with the node"},
}
