package bridgetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// manyAtOnce is how many conversations are worked on at the same time.
const manyAtOnce = 8

var sendRules = []channelRule{
	{
		name: "send/text",
		why:  "a plain text to a customer whom the service reaches is what every channel is for",
		test: func(p *channelProbe) { p.sent(p.send(letter{text: "Hello, how can I help you?"})) },
	}, {
		name: "send/agent without a name",
		why:  "HubSpot does not always tell who an agent is, and that must not stop the message",
		test: func(p *channelProbe) { p.sent(p.send(letter{text: "Hello", unknown: true})) },
	}, {
		name: "send/again after a crash",
		why: "where the process died before the bridge had stored that Send was done, it calls Send again, with the same ID and a " +
			"higher Attempt; an error would have the agent see a message as FAILED that has arrived",
		test: func(p *channelProbe) {
			stop := p.store.dieAfterSend()
			f := p.send(letter{text: "Hello"})
			stop()
			p.sentAgain(f.id)
		},
	}, {
		name: "send/many conversations at once",
		why:  "the bridge calls Send for many conversations at the same time, so what they share must be locked",
		test: testAtOnce,
	}, {
		name: "send/nothing of the message is used later",
		why: "the bridge goes on to use what it handed to Send; whatever is needed later, such as the credentials, has to be copied " +
			"(the test has overwritten all of it once Send had returned)",
		test: testNothingKept,
	}, {
		name: "send/context that has ended",
		why:  "Send has to begin nothing then, and return ctx.Err() or an error that wraps it: the message is sent later, by another node perhaps",
		test: testEndedSend,
	},
}

// sentAgain has a message sent a second time.
func (p *channelProbe) sentAgain(id string) {
	p.t.Helper()
	again := p.again(id)
	p.equal("Attempt of the second Send", again.passage.attempt, 2)
	p.sent(again)
}

func testAtOnce(p *channelProbe) {
	var ids []string
	for n := range manyAtOnce {
		to := p.o.Customers[n%len(p.o.Customers)]
		ids = append(ids, p.post(letter{thread: fmt.Sprint("thread-", n), text: fmt.Sprint("Hello ", n), to: []channels.DeliveryIdentifier{to}}))
	}
	var came atomic.Int64
	all := make(chan struct{})
	p.gate.onEnter(func(ctx context.Context, _ *bridge.Outgoing) context.Context {
		if came.Add(1) == manyAtOnce {
			close(all)
		}
		select {
		case <-all:
		case <-ctx.Done():
		}
		return ctx
	})
	p.work()
	for _, id := range ids {
		p.sent(p.fate(id))
	}
}

func testNothingKept(p *channelProbe) {
	before := len(goroutines(p.label))
	first := p.send(letter{text: "Hello"})
	p.sent(first)
	p.eventually(func() bool { return len(goroutines(p.label)) <= before }) // what Send has started may have it all
	want := &bridge.Outgoing{Account: p.account(), Recipients: slices.Clone(first.passage.message.Recipients)}
	want.Attempt, want.CreatedAt, want.To.Type = first.passage.attempt, first.passage.message.CreatedAt, first.passage.message.To.Type
	spoil(want)
	p.equal("what stands in the message after Send has returned", summary(first.passage.message), summary(want))
	p.sent(p.send(letter{text: "Hello again", thread: "another"}))
	if p.o.Delivered != nil {
		for _, d := range p.o.Delivered(p.t) {
			if strings.Contains(d.Text+d.To, spoiled) {
				p.fatalf("the service got what stood in a message after its Send had returned: %q to %s", d.Text, d.To)
			}
		}
	}
}

// summary is what spoil changes.
func summary(m *bridge.Outgoing) []string {
	s := []string{m.ID, m.Thread, m.Text, m.RichText, m.InReplyTo, m.From.ID, m.From.Name, m.To.Value, m.Account.Name, string(m.Account.Credentials)}
	for _, r := range m.Recipients {
		s = append(s, r.Name, r.DeliveryIdentifier.Value)
	}
	return s
}

func testEndedSend(p *channelProbe) {
	p.gate.onEnter(func(ctx context.Context, _ *bridge.Outgoing) context.Context {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return ended
	})
	f := p.send(letter{text: "Hello"})
	if !errors.Is(f.passage.err, context.Canceled) {
		p.fatalf("Send returned the error %v, which is not context.Canceled and does not wrap it", f.passage.err)
	}
	p.kept(f)
	if p.o.Delivered != nil {
		if got := p.o.Delivered(p.t); len(got) > 0 {
			p.fatalf("the service got %q", got[0].Text)
		}
	}
}

var stallRules = []channelRule{
	{
		name: "send/context that ends meanwhile",
		why:  "the bridge waits for Send when it stops and when a service does not answer; ctx is how it says that it is enough",
		test: func(p *channelProbe) {
			resume := p.o.Stall(p.t)
			defer resume()
			ctx, cancel := context.WithCancel(p.ctx)
			defer cancel()
			p.gate.onEnter(func(context.Context, *bridge.Outgoing) context.Context { return ctx })
			id := p.post(letter{text: "Hello"})
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = p.bridge.Drain(p.ctx)
			}()
			if !p.eventually(func() bool { return p.gate.inside.Load() > 0 }) {
				p.fatalf("the bridge did not call Send")
			}
			cancel()
			select {
			case <-done:
			case <-time.After(p.soon):
				p.fatalf("Send had not returned %v after its context had ended", p.soon)
			}
			f := p.fate(id)
			if !errors.Is(f.passage.err, context.Canceled) {
				p.fatalf("Send returned the error %v, which is not context.Canceled and does not wrap it", f.passage.err)
			}
			p.kept(f)
		},
	},
}

var receiptRules = []channelRule{
	{
		name: "receipt/names one message",
		why: "reports of what was read and answers by customers are found by the receipt's ID; an ID that two messages share " +
			"or that is lost in the store leads to the wrong one",
		test: func(p *channelProbe) {
			seen := map[string]string{}
			for n, text := range []string{"Hello", "Hello", strings.Repeat("A long text. ", 800)} {
				thread := fmt.Sprint("thread-", n)
				f := p.send(letter{text: text, thread: thread, to: p.o.Customers[n : n+1]})
				p.sent(f)
				for _, id := range p.receiptIDs(f.passage.receipt) {
					if other, ok := seen[id]; ok && other != f.id {
						p.fatalf("two messages have the receipt %q", id)
					}
					seen[id] = f.id
				}
			}
		},
	},
}

func (p *channelProbe) receiptIDs(r *bridge.Receipt) []string {
	p.t.Helper()
	if r == nil {
		return nil
	}
	if r.ID == "" && len(r.Parts) > 0 {
		p.fatalf("the receipt has Parts %q but no ID; the ID is that of the first", r.Parts)
	}
	if !utf8.ValidString(r.Thread) {
		p.fatalf("the receipt's Thread %q is not valid UTF-8", r.Thread)
	}
	var ids []string
	if r.ID != "" {
		ids = append(ids, r.ID)
	}
	for _, id := range append(ids, r.Parts...) {
		if strings.TrimSpace(id) == "" || !utf8.ValidString(id) {
			p.fatalf("the receipt's id %q is blank or not valid UTF-8", id)
		}
	}
	return append(ids, r.Parts...)
}
