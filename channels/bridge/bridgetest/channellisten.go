package bridgetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

const whyListen = "Run waits for Listen when it stops, and when the account changes; then it calls Listen again"

var listenerRules = []channelRule{
	{
		name: "listen/returns",
		why:  whyListen,
		test: func(p *channelProbe) { p.listen()() },
	}, {
		name: "listen/again",
		why:  whyListen,
		test: func(p *channelProbe) {
			for range 3 {
				p.listen()()
			}
		},
	}, {
		name: "listen/context that has ended",
		why:  whyListen,
		test: func(p *channelProbe) {
			ctx, cancel := context.WithCancel(p.ctx)
			cancel()
			listener, _ := as[bridge.Listener](p.channel)
			p.call("Listen", p.soon, func() { _ = listener.Listen(ctx, p.account(), &inbox{probe: p}) })
		},
	},
}

var writeRules = []channelRule{
	{
		name: "listen/hands over in order",
		why:  "agents see what customers write in the order in which Inbox.Receive gets it, if its From and ID are good",
		test: func(p *channelProbe) {
			in := &inbox{probe: p}
			stop := p.listenTo(in)
			texts := []string{"One", "Two", "Three"}
			for _, text := range texts {
				p.o.Write(p.t, text)
			}
			p.gets(in, texts...)
			stop()
		},
	}, {
		name: "listen/goes on after a restart",
		why:  whyListen,
		test: func(p *channelProbe) {
			in := &inbox{probe: p}
			stop := p.listenTo(in)
			p.o.Write(p.t, "Before")
			p.gets(in, "Before")
			stop()
			stop = p.listenTo(in)
			p.o.Write(p.t, "After")
			p.gets(in, "Before", "After")
			stop()
		},
	}, {
		name: "listen/what could not be stored",
		why: "an error of Inbox.Receive means that the message is not stored: it must not count as read, and is handed over again, " +
			"by this Listen or the next",
		test: func(p *channelProbe) {
			in := &inbox{probe: p, refuse: true}
			stop := p.listenTo(in)
			p.o.Write(p.t, "Hello")
			if !p.eventually(func() bool { return in.refused() > 0 }) {
				p.fatalf("Listen did not hand over what a customer wrote")
			}
			stop()
			in.accept()
			stop = p.listenTo(in)
			p.gets(in, "Hello")
			stop()
		},
	},
}

// listen starts a Listen, and returns what stops it and sees that it ends.
func (p *channelProbe) listen() (stop func()) { return p.listenTo(&inbox{probe: p}) }

func (p *channelProbe) listenTo(in *inbox) (stop func()) {
	p.t.Helper()
	listener, _ := as[bridge.Listener](p.channel)
	ctx, cancel := context.WithCancel(p.ctx)
	done := make(chan string, 1)
	go func() { done <- caught(func() { _ = listener.Listen(ctx, p.account(), in) }) }()
	return func() {
		p.t.Helper()
		cancel()
		var crash string
		p.call("Listen, whose context has ended,", p.soon, func() { crash = <-done })
		if crash != "" {
			p.fatalf("Listen panicked: %s", crash)
		}
		if bad := in.problem(); bad != "" {
			p.fatalf("%s", bad)
		}
	}
}

// inbox hands what a Listener brings to a bridge.
type inbox struct {
	probe *channelProbe

	mu     sync.Mutex
	refuse bool // nothing can be stored
	turned int  // away
	ids    []string
	texts  []string
	bad    string // what no bridge would take
}

var errStoreDown = errors.New("the store is out of reach")

// Receive implements [bridge.Inbox].
func (in *inbox) Receive(ctx context.Context, m *bridge.Incoming) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.refuse {
		in.turned++
		return errStoreDown
	}
	addressed := *m
	addressed.AccountID = in.probe.o.Account.ID
	err := in.probe.bridge.Receive(ctx, &addressed)
	if err != nil && ctx.Err() == nil && !errors.Is(err, bridge.ErrOwnMessage) {
		in.bad = fmt.Sprintf("what Listen handed over was refused: %v", err)
	}
	if err == nil && !slices.Contains(in.ids, m.ID) { // once stored, it is known
		in.ids, in.texts = append(in.ids, m.ID), append(in.texts, m.Text)
	}
	return err
}

// Report implements [bridge.Inbox].
func (in *inbox) Report(ctx context.Context, receiptID string, status messages.StatusType, reason string) error {
	return in.probe.bridge.Report(ctx, in.probe.o.Account.Identifier, receiptID, status, reason)
}

func (in *inbox) accept() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.refuse = false
}

func (in *inbox) refused() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.turned
}

func (in *inbox) problem() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.bad
}

func (in *inbox) got() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.texts)
}

// gets waits until the inbox has texts, and no others.
func (p *channelProbe) gets(in *inbox, texts ...string) {
	p.t.Helper()
	p.eventually(func() bool { return len(in.got()) >= len(texts) || in.problem() != "" })
	if bad := in.problem(); bad != "" {
		p.fatalf("%s", bad)
	}
	got := in.got()
	same := slices.EqualFunc(got, texts, func(got, want string) bool { return strings.Contains(got, want) })
	if !same {
		p.fatalf("customers wrote %q, and Listen handed over %q", texts, got)
	}
}
