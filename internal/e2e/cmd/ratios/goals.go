package main

import (
	"maps"
	"math"
	"slices"
	"strings"
)

const (
	floor     = "_Floor"
	oneCommit = "_OneCommit"
)

// goal is what a benchmark should reach.
type goal struct {
	name    string // of the benchmark, with its package
	what    string // is measured
	unit    string
	against string  // the suffix of the benchmark to compare with; "" if the figure itself counts
	rate    bool    // compare how much is done in a time, not how long it takes
	limit   float64 // 0 if there is none
	atLeast bool    // the limit is the least, not the most
	form    form
}

// goals are in the order of the table.
var goals = []goal{
	{name: "webhook.Verify", what: "webhook.Verify: time", unit: "ns/op", against: floor, limit: 1, form: times},
	{name: "webhook.Verify", what: "webhook.Verify: allocations", unit: "allocs/op", limit: 3, form: plain},
	{name: "webhook.Handler", what: "webhook.Handler: time", unit: "ns/op", against: floor, limit: 1.15, form: times},
	{name: "messages.Publish", what: "messages.Publish: time", unit: "ns/op", against: floor, limit: 1.1, form: times},
	{name: "messages.Publish", what: "messages.Publish: bytes", unit: "B/op", against: floor, limit: 1.1, form: times},
	{name: "messages.Publish", what: "messages.Publish: allocations", unit: "allocs/op", against: floor, limit: 1.1, form: times},
	relayed("relay.RelaySQLite", "Agents' messages, SQLite"),
	inBatches("relay.RelaySQLite", "Agents' messages, SQLite"),
	relayed("relay.ReceiveSQLite", "Customers' messages, SQLite"),
	relayed("relay.RelayPostgres", "Agents' messages, PostgreSQL"),
	inBatches("relay.RelayPostgres", "Agents' messages, PostgreSQL"),
	relayed("relay.ReceivePostgres", "Customers' messages, PostgreSQL"),
	claim("claims.ClaimSQLite/lanes", "Claim, SQLite: many lanes"),
	claim("claims.ClaimSQLite/waiting-head", "Claim, SQLite: behind a waiting head"),
	claim("claims.ClaimSQLite/paused-portal", "Claim, SQLite: in a paused portal"),
	claim("claims.ClaimSQLite/not-due", "Claim, SQLite: not yet due"),
	claim("claims.ClaimPostgres/lanes", "Claim, PostgreSQL: many lanes"),
	claim("claims.ClaimPostgres/waiting-head", "Claim, PostgreSQL: behind a waiting head"),
	claim("claims.ClaimPostgres/paused-portal", "Claim, PostgreSQL: in a paused portal"),
	claim("claims.ClaimPostgres/not-due", "Claim, PostgreSQL: not yet due"),
	{name: "fairness.Fairness", what: "A single message beside busy and hanging portals: median", unit: "ratio", limit: 2, form: times},
	{name: "fairness.Fairness", what: "A single message beside busy and hanging portals: 95th percentile", unit: "p95-ratio", limit: 2, form: times},
	{name: "goodput.GoodputTwoNodes/steady", what: "Allowed calls used, two nodes", unit: "used", limit: 0.97, atLeast: true, form: percent},
	{name: "goodput.GoodputTwoNodes/steady", what: "Calls answered 429, two nodes", unit: "refused", limit: 0.03, form: percent},
	{name: "goodput.GoodputTwoNodes/restarts", what: "Calls answered 429, two nodes that restart", unit: "refused", limit: 0.03, form: percent},
	{name: "idle.IdlePortals", what: "Memory of an idle portal", unit: "bytes/portal", limit: 2048, form: size},
}

// relayed is the part of its floor's rate that a relay should reach.
func relayed(name, what string) goal {
	return goal{name: name, what: what + ": rate", unit: "ns/op", against: floor, rate: true, limit: 0.5, atLeast: true, form: percent}
}

// inBatches is how much faster than with a commit for each message a relay should be.
func inBatches(name, what string) goal {
	return goal{name: name, what: what + ": rate against a commit for each", unit: "ns/op", against: oneCommit, rate: true, limit: 5, atLeast: true, form: times}
}

// claim is how much slower a claim may be with a million queued than with a thousand.
func claim(name, what string) goal {
	return goal{name: name, what: what, unit: "ratio", limit: 1.5, form: times}
}

// row is a goal and what was measured.
type row struct {
	goal
	value float64
}

// compare returns a row for each goal whose benchmark ran, and one for each pair without a goal.
func compare(r results) []row {
	var rows []row
	known := map[string]bool{}
	for _, g := range goals {
		known[g.name] = true
		if value, ok := g.measure(r); ok {
			rows = append(rows, row{g, value})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r)) {
		if known[name] || strings.HasSuffix(name, floor) {
			continue
		}
		g := goal{name: name, what: name + ": time", unit: "ns/op", against: floor, form: times}
		if value, ok := g.measure(r); ok {
			rows = append(rows, row{g, value})
		}
	}
	return rows
}

func (g goal) measure(r results) (value float64, ok bool) {
	value, ok = r.median(g.name, g.unit)
	if !ok || g.against == "" {
		return value, ok
	}
	other, ok := r.median(g.name+g.against, g.unit)
	switch {
	case !ok:
		return 0, false
	case g.rate:
		value, other = other, value
	}
	if other == 0 {
		return 0, false
	}
	return value / other, true
}

// met reports whether the goal is reached.
func (r row) met() bool { return r.strain() <= 1 }

// strain is how much of what the goal allows is taken up: above 1 it is missed.
func (r row) strain() float64 {
	switch {
	case r.limit == 0:
		return 0
	case !r.atLeast:
		return r.value / r.limit
	case r.value == 0:
		return math.Inf(1)
	}
	return r.limit / r.value
}
