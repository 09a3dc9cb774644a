// Package bridgetest tests implementations of [bridge.Channel], [bridge.Store] and [oauth.TokenStore].
//
// # Channels
//
// A channel that works in a demonstration still meets crashes, services that are down, texts that nobody has thought of and
// files that break off. [RunChannel] has it work for a real bridge and tests what the bridge expects of it, each rule in a
// subtest whose failure says what goes wrong otherwise:
//
//	func TestChannel(t *testing.T) {
//		open := func(t *testing.T) bridge.Channel { return openMine(t) }
//		bridgetest.RunChannel(t, open, bridgetest.ChannelOptions{Definition: definition})
//	}
//
// With the Definition alone it sees no more than what Send and the other methods return. The more the [ChannelOptions] can do
// with the messaging service, or with what stands in for it, the more is tested: Delivered alone adds that nothing is lost, cut
// off or delivered twice.
//
// # Stores
//
// A bridge loses, doubles or reorders messages when its store errs, and most such errors show only after a crash or
// under load. So run these tests on every store that you write:
//
//	func TestStore(t *testing.T) {
//		bridgetest.RunStore(t, func(t *testing.T) bridge.Store { return openMine(t) })
//	}
package bridgetest

import (
	"slices"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// rule is one promise that a store makes.
type rule struct {
	name string
	why  string // why the bridge relies on it; part of every failure
	test func(*probe)
}

// RunStore tests that a store keeps the contract of [bridge.Store], each rule in a subtest of its own. open returns an
// empty store and has what it opened closed by t.Cleanup; it is called for every subtest.
//
// A store in which nodes live beside each other until their time is over needs, for the tests, a method
// ExpireNode(context.Context, bridge.Node) error that ends a node's time; in others a Join ends the life of the node before.
//
// Which rules need time to pass is told to the store through its arguments. Only spooled media have the age that
// [time.Now] gives them.
func RunStore(t *testing.T, open func(t *testing.T) bridge.Store) {
	t.Helper()
	rules := slices.Concat(acceptRules, laneRules, turnRules, pauseRules, outcomeRules, thenRules, nodeRules,
		holdRules, operatorRules, forgetRules, accountRules, mappingRules,
		mediaRules, sweepRules, concurrencyRules, contextRules)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { r.test(newProbe(t, open(t), r.why)) })
	}
	t.Run("model", func(t *testing.T) { runModel(t, open) })
}
