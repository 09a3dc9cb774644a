package bridge

import "time"

// Trace observes a bridge, for metrics and traces. Its functions are called while work waits for them, so they must be
// quick, from many goroutines at the same time. Any may be nil. None is told what people write, or their addresses.
type Trace struct {
	// Accepted is called when work has arrived and is stored: a customer's message, a webhook, a report.
	// how is Duplicate or Conflict where it had arrived before, and was not stored again, and Echo for a message of the account itself.
	Accepted func(kind Kind, portal int64, how Acceptance)

	// Ended is called when an attempt has ended and its outcome is stored.
	Ended func(a Attempt)

	// Paused is called when the work of a portal that calls HubSpot is held back: until then, or until the app is installed
	// again.
	Paused func(portal int64, until time.Time, reason string)
}

// Attempt is one attempt to do a piece of work.
type Attempt struct {
	Kind    Kind
	Portal  int64
	Number  int           // 1 for the first
	Verdict Verdict       // Done also where the message was rejected: telling the agent is work of its own
	Took    time.Duration // from the claim to the stored outcome
	Age     time.Duration // since the work was accepted
}

func (t *Trace) accepted(items []*NewItem, how []Acceptance) {
	if t == nil || t.Accepted == nil {
		return
	}
	for i, it := range items {
		t.Accepted(it.Kind, it.Portal, how[i])
	}
}

func (t *Trace) ended(it *Item, o *Outcome, begun, now time.Time) {
	if t == nil || t.Ended == nil {
		return
	}
	t.Ended(Attempt{
		Kind: it.Kind, Portal: it.Portal, Number: it.Attempt, Verdict: o.Verdict, Took: now.Sub(begun), Age: now.Sub(it.Accepted),
	})
}

func (t *Trace) paused(portal int64, until time.Time, reason string) {
	if t != nil && t.Paused != nil {
		t.Paused(portal, until, reason)
	}
}
