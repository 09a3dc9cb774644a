package bridgetest_test

import (
	"cmp"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
)

// Every rule that is named with a mistake must fail for a store that makes it. A failing test needs a process of its own.
func TestMistakesAreNoticed(t *testing.T) {
	for _, m := range mistakes {
		for _, rule := range m.rules {
			t.Run(m.name+"/"+rule, func(t *testing.T) { isNoticed(t, "TestMistake", m.name, rule) })
		}
	}
	for name, rules := range sharedMistakes {
		for _, rule := range rules {
			t.Run(name+"/"+rule, func(t *testing.T) { isNoticed(t, "TestSharedMistake", name, rule) })
		}
	}
}

const mistakeVar = "BRIDGETEST_MISTAKE"

func isNoticed(t *testing.T, test, mistake, rule string) {
	rule = strings.ReplaceAll(rule, " ", "_")
	pattern := "^" + test + "$/^" + strings.ReplaceAll(regexp.QuoteMeta(rule), "/", "$/^") + "$"
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern)
	cmd.Env = append(os.Environ(), mistakeVar+"="+mistake)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--- FAIL: "+test+"/"+rule) {
		t.Errorf("the mistake was not noticed: %v\n%s", err, out)
	}
	if strings.Contains(string(out), "panic:") {
		t.Errorf("the suite panicked:\n%s", out)
	}
}

// TestMistake does something only in a process that TestMistakesAreNoticed started.
func TestMistake(t *testing.T) {
	for _, m := range mistakes {
		if m.name == os.Getenv(mistakeVar) {
			bridgetest.RunStore(t, func(*testing.T) bridge.Store { return m.store(memstore.New()) })
		}
	}
}

// TestSharedMistake does something only in a process that TestMistakesAreNoticed started.
func TestSharedMistake(t *testing.T) {
	if mistake := os.Getenv(mistakeVar); mistake != "" {
		runShared(t, mistake)
	}
}

var mistakes = []struct {
	name  string
	rules []string
	store func(*memstore.Store) bridge.Store
}{
	{"turns begin anew", []string{"turns/after the last one", "turns/every portal gets its own", "model"}, asked(func(w *bridge.Wanted) { w.After = 0 })},
	{"one id is skipped", []string{"turns/after the last one", "turns/any id"}, asked(func(w *bridge.Wanted) { w.After++ })},
	{"no bound for a portal", []string{"turns/no more of a portal than it may hold", "turns/what is held back hides nothing", "model"},
		asked(func(w *bridge.Wanted) { w.PerPortal = 0 })},
	{"held is not counted", []string{"turns/no more of a portal than it may hold", "model"}, asked(func(w *bridge.Wanted) { w.Held = nil })},
	{"longest due first of all", []string{"turns/one lane of each portal per round", "model"}, answered(func(c *bridge.Claimed, _ bridge.Wanted) {
		slices.SortFunc(c.Items, func(a, b *bridge.Item) int { return cmp.Compare(a.Seq, b.Seq) })
	})},
	{"last due first", []string{"turns/longest due first within a portal", "claim/longest due first"}, func(s *memstore.Store) bridge.Store { return lastFirst{s} }},
	{"next is set too often", []string{"claim/next", "model"}, answered(func(c *bridge.Claimed, _ bridge.Wanted) { c.Next = cmp.Or(c.Next, farAway) })},
	{"next is late", []string{"claim/next", "pause/next is its end", "forget/looks for the head", "model"}, answered(func(c *bridge.Claimed, _ bridge.Wanted) {
		if !c.Next.IsZero() {
			c.Next = c.Next.Add(time.Millisecond)
		}
	})},
	{"next is missing", []string{"claim/next", "turns/a portal that is full is not woken up for"}, answered(func(c *bridge.Claimed, _ bridge.Wanted) { c.Next = time.Time{} })},
	{"a pause stops all", []string{"pause/holds back what calls HubSpot", "turns/a paused portal still sends", "model"}, func(s *memstore.Store) bridge.Store { return pausesAll{s} }},

	{"then always waits", []string{"then/is claimed at once", "then/after every verdict", "model"}, finished(func(_ *bridge.Outcome, then *bridge.Item) *bridge.Item { return nil })},
	{"then is given out without a claim", []string{"then/waits where its lane has other work", "then/respects a pause", "then/is buried", "then/known already"},
		finished(func(o *bridge.Outcome, then *bridge.Item) *bridge.Item {
			if then == nil && o.Then != nil {
				then = &bridge.Item{Payload: o.Then.Payload}
			}
			return then
		})},
	{"then at the time of the retry", []string{"then/is not done before it is due"}, outcome(func(o *bridge.Outcome) {
		if o.Then != nil {
			o.Then = &bridge.NewItem{
				Key: o.Then.Key, Kind: o.Then.Kind, Channel: o.Then.Channel, Portal: o.Then.Portal, Lane: o.Then.Lane, Payload: o.Then.Payload,
				At: o.At, Due: o.Then.Due,
			}
		}
	})},
	{"keys are made up", []string{"follow/without a key", "concurrent/no lane is claimed twice"}, outcome(func(o *bridge.Outcome) {
		for _, f := range append(o.Follow, o.Then) {
			if f != nil {
				f.Key = cmp.Or(f.Key, "none")
			}
		}
	})},
	{"progress is left out", []string{"checkpoint/with a retry", "model"}, outcome(func(o *bridge.Outcome) { o.Progress = nil })},
	{"progress is cleared", []string{"checkpoint/is kept", "checkpoint/with a retry"}, outcome(func(o *bridge.Outcome) {
		if o.Progress == nil {
			o.Progress = []byte{}
		}
	})},
	{"links are nobody's", []string{"forget/the person and their links", "model"}, outcome(func(o *bridge.Outcome) {
		if len(o.Links) > 0 {
			o.Person = nil
		}
	})},

	{"attempts with one number are one", []string{"claim/counts claims", "model"}, func(s *memstore.Store) bridge.Store {
		return &sameAttempt{s, map[int64]*bridge.Item{}}
	}},
	{"the last pause counts", []string{"pause/the longest counts", "pauses/the one that counts", "model"}, func(s *memstore.Store) bridge.Store { return lastPause{s} }},
	{"pauses have no end", []string{"pauses/list", "model"}, func(s *memstore.Store) bridge.Store { return oldPauses{s} }},
	{"anybody may hold", []string{"hold/ends with the node", "model"}, func(s *memstore.Store) bridge.Store { return anyHolder{s} }},
	{"depths without the buried", []string{"depths/counts"}, func(s *memstore.Store) bridge.Store { return shallow{s} }},
	{"the page is not heeded", []string{"buried/pages"}, func(s *memstore.Store) bridge.Store { return onePage{s} }},
	{"retry keeps the deadline", []string{"retry/begins anew"}, func(s *memstore.Store) bridge.Store { return oldDeadline{s} }},
	{"retry accepts anew", []string{"retry/begins anew", "retry/its files stay"}, func(s *memstore.Store) bridge.Store { return acceptsAnew{s} }},
	{"drop leaves it", []string{"drop/for good", "drop/only what is buried", "concurrent/one operator wins", "model"}, func(s *memstore.Store) bridge.Store { return keeps{s} }},
	{"every number is buried", []string{"retry/only what is buried", "concurrent/one operator wins"}, func(s *memstore.Store) bridge.Store { return pretends{s} }},
	{"forget takes all", []string{"forget/items that match", "model"}, forgets(func(*bridge.Item) (bool, bool) { return true, true })},
	{"forget takes no items", []string{"forget/items that match", "forget/with its files"}, forgets(func(*bridge.Item) (bool, bool) { return false, true })},
	{"forget leaves what is under way", []string{"forget/frees the lane of what is under way", "forget/items that match"},
		forgets(func(it *bridge.Item) (bool, bool) { return false, it.Attempt > 0 })},
	{"forget is of all portals", []string{"forget/items that match", "forget/the person and their links"}, func(s *memstore.Store) bridge.Store { return allPortals{s} }},
	{"a context is not heeded", []string{"context/ended before the call"}, func(s *memstore.Store) bridge.Store { return deaf{s} }},
}

var farAway = time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)
