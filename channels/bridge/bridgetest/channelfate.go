package bridgetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
)

// fate is what became of an agent's message after a Send.
type fate struct {
	id           string
	passage      *passage
	verdict      bridge.Verdict
	wait         time.Duration // until it is sent again
	status       string        // what the agent sees; empty if nothing yet
	reason       string        // what the agent reads
	disconnected bool          // the account waits for other credentials
}

func (p *channelProbe) fate(id string) *fate {
	p.t.Helper()
	f := &fate{id: id, passage: p.gate.last(id)}
	if f.passage == nil {
		p.fatalf("the bridge did not call Send for message %s", id)
	}
	end := p.store.ending(id)
	f.verdict, f.wait = end.verdict, end.wait
	f.status, f.reason = p.hubspot.status(id)
	a, err := p.store.Account(p.ctx, channel, p.o.Account.ID)
	p.ok("Account", err)
	f.disconnected = !a.Authorized
	return f
}

// String says it for failures.
func (f *fate) String() string {
	switch {
	case f.disconnected:
		return fmt.Sprintf("the account is disconnected, since Send returned the error: %v", f.passage.err)
	case f.status != "":
		return fmt.Sprintf("the agent sees %s %q; Send returned the error: %v", f.status, f.reason, f.passage.err)
	}
	return fmt.Sprintf("it is sent again after %v, since Send returned the error: %v", f.wait.Round(time.Millisecond), f.passage.err)
}

// forgetful is a store that can lose what a process knew when it died, and that need not wait.
type forgetful struct {
	*memstore.Store

	mu    sync.Mutex
	crash bool              // the ends of Sends are lost
	hurry bool              // what waits is due
	ended map[string]ending // by the ids of messages
}

// ending is how the last Send of a message ended for the bridge.
type ending struct {
	verdict bridge.Verdict
	wait    time.Duration
}

// dieAfterSend has the process die after each Send from now on, until the function it returns is called.
func (s *forgetful) dieAfterSend() (stop func()) {
	s.set(&s.crash, true)
	return func() { s.set(&s.crash, false) }
}

// skipPause makes what is to be sent again due, once.
func (s *forgetful) skipPause() { s.set(&s.hurry, true) }

func (s *forgetful) set(field *bool, value bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*field = value
}

func (s *forgetful) ending(id string) ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended[id]
}

// Claim looks a day ahead after skipPause.
func (s *forgetful) Claim(ctx context.Context, node bridge.Node, channel channels.ID, now time.Time, want bridge.Wanted) (*bridge.Claimed, error) {
	s.mu.Lock()
	if s.hurry {
		now = now.Add(23 * time.Hour)
	}
	s.hurry = false
	s.mu.Unlock()
	return s.Store.Claim(ctx, node, channel, now, want)
}

// Finish stores nothing of a Send in a process that dies. Another process finds the message as if it was under way.
func (s *forgetful) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	if it.Kind != bridge.KindOutgoing {
		return s.Store.Finish(ctx, node, it, o)
	}
	s.mu.Lock()
	s.ended[messageID(it.Payload)] = ending{o.Verdict, time.Until(o.At)}
	crash := s.crash
	s.mu.Unlock()
	if crash {
		return nil, bridge.ErrLeaseLost
	}
	return s.Store.Finish(ctx, node, it, o)
}

// messageID is the id of the message in a webhook.
func messageID(event []byte) string {
	var e struct {
		Message struct {
			ID string `json:"id"`
		} `json:"message"`
	}
	if json.Unmarshal(event, &e) != nil {
		return ""
	}
	return e.Message.ID
}
