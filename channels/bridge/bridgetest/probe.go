package bridgetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

const (
	channel   channels.ID = "1001"
	elsewhere channels.ID = "1002" // another channel in the same store
	portal    int64       = 24681012
)

// start is the time at which every test begins, precise to what stores must keep.
var start = time.Date(2026, time.March, 1, 12, 0, 0, 123456000, time.UTC)

// hostile are strings that services have used as ids, or might: no column type or index may stumble over them.
var hostile = map[string]string{
	"with NUL":     "a\x00b",
	"not UTF-8":    "\xff\xfe\xfd",
	"only NUL":     "\x00",
	"10 KB":        strings.Repeat("0123456789", 1024),
	"quotes":       `'"; DROP TABLE items; --`,
	"emoji":        "👩🏽‍🚀",
	"space at end": "a ",
	"upper case":   "A",
	"lower case":   "a",
}

// probe is a store under test of one rule, with a node that has joined and a clock that stands still.
type probe struct {
	t     *testing.T
	ctx   context.Context
	store bridge.Store
	why   string
	node  bridge.Node
	now   time.Time
	count int // of outcomes stored by finished
}

func newProbe(t *testing.T, store bridge.Store, why string) *probe {
	p := &probe{t: t, ctx: t.Context(), store: store, why: why, now: start}
	p.join()
	return p
}

func (p *probe) fatalf(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf(format+"\nThe rule: %s", append(args, p.why)...)
}

func (p *probe) ok(what string, err error) {
	p.t.Helper()
	if err != nil {
		p.fatalf("%s failed: %v", what, err)
	}
}

func (p *probe) fails(what string, err, want error) {
	p.t.Helper()
	if !errors.Is(err, want) {
		p.fatalf("%s: got error %v, want %v", what, err, want)
	}
}

func (p *probe) equal(what string, got, want any) {
	p.t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		p.fatalf("%s differs (-want +got):\n%s", what, diff)
	}
}

// join makes p.node the node that runs, the one before having died.
func (p *probe) join() {
	p.t.Helper()
	p.ok("ExpireNode", expire(p.ctx, p.store, p.node))
	node, err := p.store.Join(p.ctx, channel)
	p.ok("Join", err)
	p.node = node
}

// expire ends a node's time in a store in which nodes live beside each other.
func expire(ctx context.Context, store bridge.Store, node bridge.Node) error {
	if s, ok := store.(interface {
		ExpireNode(context.Context, bridge.Node) error
	}); ok {
		return s.ExpireNode(ctx, node)
	}
	return nil
}

// work is an item whose payload is its key, so that claimed work can be told apart.
func work(key, lane string) *bridge.NewItem {
	return &bridge.NewItem{
		Key: key, Kind: bridge.KindIncoming, Channel: channel, Portal: portal, Lane: lane, Payload: []byte(key),
		At: start, Deadline: start.Add(24 * time.Hour),
	}
}

// ordered is work with a place in its lane.
func ordered(key, lane string, order int64) *bridge.NewItem {
	it := work(key, lane)
	it.Order = order
	return it
}

// timeless is work that may not be accepted.
func timeless(key, lane string) *bridge.NewItem {
	it := work(key, lane)
	it.At = time.Time{}
	return it
}

// sent is work that does not call HubSpot.
func sent(key, lane string) *bridge.NewItem { return kind(bridge.KindOutgoing, work(key, lane)) }

func kind(k bridge.Kind, it *bridge.NewItem) *bridge.NewItem {
	it.Kind = k
	return it
}

// of makes it another portal's work.
func of(portal int64, it *bridge.NewItem) *bridge.NewItem {
	it.Portal = portal
	return it
}

// later is work that is not due at once.
func later(it *bridge.NewItem, wait time.Duration) *bridge.NewItem {
	it.Due = start.Add(wait)
	return it
}

// answers accepts items and compares what became of them.
func (p *probe) answers(want []bridge.Acceptance, items ...*bridge.NewItem) {
	p.t.Helper()
	got, err := p.store.Accept(p.ctx, items...)
	p.ok("Accept", err)
	p.equal("the answer of Accept", got, want)
}

// accept stores items that are all new.
func (p *probe) accept(items ...*bridge.NewItem) {
	p.t.Helper()
	p.answers(make([]bridge.Acceptance, len(items)), items...)
}

func (p *probe) claim(limit int) *bridge.Claimed {
	p.t.Helper()
	return p.claimAs(bridge.Wanted{Limit: limit})
}

func (p *probe) claimAs(want bridge.Wanted) *bridge.Claimed {
	p.t.Helper()
	claimed, err := p.store.Claim(p.ctx, p.node, channel, p.now, want)
	p.ok("Claim", err)
	return claimed
}

// claims claims all that is due, compares it by its payloads, and returns it in the order wanted.
func (p *probe) claims(want ...string) []*bridge.Item {
	p.t.Helper()
	items := p.claim(100).Items
	p.equal("what is claimed", sorted(payloads(items)), sorted(want))
	slices.SortFunc(items, func(a, b *bridge.Item) int {
		return slices.Index(want, string(a.Payload)) - slices.Index(want, string(b.Payload))
	})
	return items
}

// one claims all that is due, which must be one item.
func (p *probe) one(want string) *bridge.Item {
	p.t.Helper()
	return p.claims(want)[0]
}

func payloads(items []*bridge.Item) []string {
	var out []string
	for _, it := range items {
		out = append(out, string(it.Payload))
	}
	return out
}

func portalsOf(items []*bridge.Item) []int64 {
	var out []int64
	for _, it := range items {
		out = append(out, it.Portal)
	}
	return out
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func (p *probe) finish(it *bridge.Item, o *bridge.Outcome) {
	p.t.Helper()
	_, err := p.store.Finish(p.ctx, p.node, it, o)
	p.ok("Finish", err)
}

func (p *probe) done(it *bridge.Item) {
	p.t.Helper()
	p.finish(it, &bridge.Outcome{Verdict: bridge.Done, At: p.now})
}

func (p *probe) retry(it *bridge.Item, wait time.Duration) {
	p.t.Helper()
	p.finish(it, &bridge.Outcome{Verdict: bridge.Retry, At: p.now.Add(wait)})
}

func (p *probe) bury(it *bridge.Item, reason string) {
	p.t.Helper()
	p.finish(it, &bridge.Outcome{Verdict: bridge.Bury, At: p.now, Reason: reason})
}

func (p *probe) buried() []*bridge.BuriedItem {
	p.t.Helper()
	items, err := p.store.Buried(p.ctx, channel, 0, 1000)
	p.ok("Buried", err)
	return items
}

// isBuried compares all that is buried by its payloads, in the order of acceptance.
func (p *probe) isBuried(want ...string) {
	p.t.Helper()
	var got []string
	for _, it := range p.buried() {
		got = append(got, string(it.Payload))
	}
	p.equal("what is buried", got, want)
}
