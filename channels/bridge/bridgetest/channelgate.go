package bridgetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// gate stands between the bridge and the channel under test, and sees what passes.
type gate struct {
	bridge.Channel

	mu     sync.Mutex
	enter  func(context.Context, *bridge.Outgoing) context.Context // called before Send, for the context that it gets
	passed []*passage
	inside atomic.Int64 // Sends under way
}

// passage is one Send.
type passage struct {
	id      string
	attempt int
	message *bridge.Outgoing // what Send got, with other values since it has returned
	receipt *bridge.Receipt
	err     error
	crash   string // a panic
}

// Unwrap has the bridge find the channel's abilities.
func (g *gate) Unwrap() bridge.Channel { return g.Channel }

// Send hands on a copy, which is made worthless afterwards: the bridge's own is still needed.
func (g *gate) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	p := &passage{id: m.ID, attempt: m.Attempt, message: cloneOutgoing(m)}
	g.mu.Lock()
	enter := g.enter
	g.mu.Unlock()
	if enter != nil {
		ctx = enter(ctx, p.message)
	}
	g.inside.Add(1)
	p.crash = caught(func() { p.receipt, p.err = g.Channel.Send(ctx, p.message) })
	g.inside.Add(-1)
	spoil(p.message)
	if p.crash != "" {
		p.err = errors.New("Send panicked")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passed = append(g.passed, p)
	return p.receipt, p.err
}

func (g *gate) onEnter(enter func(context.Context, *bridge.Outgoing) context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.enter = enter
}

// last returns how a message passed last.
func (g *gate) last(id string) *passage {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range slices.Backward(g.passed) {
		if p.id == id {
			return p
		}
	}
	return nil
}

func (g *gate) all() []*passage {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.passed)
}

func (g *gate) crash() string {
	for _, p := range g.all() {
		if p.crash != "" {
			return p.crash
		}
	}
	return ""
}

func cloneOutgoing(m *bridge.Outgoing) *bridge.Outgoing {
	own := *m
	own.Account = cloneAccount(m.Account)
	own.Recipients = slices.Clone(m.Recipients)
	own.Media = nil
	for _, f := range m.Media {
		file := *f
		own.Media = append(own.Media, &file)
	}
	return &own
}

// spoiled is what a channel finds that looks at a message after Send has returned.
const spoiled = "This was read after Send had returned."

// spoil makes everything in a message worthless. What the race detector sees it write, a channel may not touch any more.
func spoil(m *bridge.Outgoing) {
	m.ID, m.Thread, m.Text, m.RichText, m.InReplyTo = spoiled, spoiled, spoiled, spoiled, spoiled
	m.From = bridge.Agent{ID: spoiled, Name: spoiled, AvatarURL: spoiled}
	m.To.Value = spoiled
	m.Account.Name, m.Account.Identifier.Value = spoiled, spoiled
	for i := range m.Account.Credentials {
		m.Account.Credentials[i] = '*'
	}
	for i := range m.Recipients {
		m.Recipients[i].Name, m.Recipients[i].DeliveryIdentifier.Value = spoiled, spoiled
	}
	for _, f := range m.Media {
		f.Name, f.Type, f.InlineURL = spoiled, spoiled, spoiled
	}
}
