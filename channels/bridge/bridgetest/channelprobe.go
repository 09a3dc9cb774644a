package bridgetest

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/oauth"
)

// channelProbe is a channel under test of one rule, with the bridge that it works for.
type channelProbe struct {
	t       *testing.T
	ctx     context.Context
	why     string
	label   string // of the goroutines of this test
	o       *ChannelOptions
	channel bridge.Channel
	gate    *gate
	hubspot *standIn
	store   *forgetful
	bridge  *bridge.Bridge
	log     journal
	soon    time.Duration // what should happen soon has this time
	written int           // messages by the agent
	last    func()        // is called when all that the channel has started has ended
}

func newChannelProbe(t *testing.T, ch bridge.Channel, label, why string, o *ChannelOptions) *channelProbe {
	p := &channelProbe{t: t, ctx: t.Context(), why: why, label: label, o: o.unlabelled(label), soon: o.Patience, channel: ch, gate: &gate{Channel: ch}}
	p.hubspot = newStandIn(p.gate)
	p.store = &forgetful{Store: memstore.New(), ended: map[string]ending{}}
	client := &http.Client{Transport: p.hubspot}
	api := []channels.Option{channels.WithHTTPClient(client), channels.WithRetry(channels.RetryPolicy{MaxAttempts: 1}), channels.WithRateLimit(0, 0)}
	app := &oauth.App{ClientID: appID, ClientSecret: appSecret, BaseURL: hubspotURL, HTTPClient: client, Tokens: p.store}
	var err error
	p.bridge, err = bridge.New(p.gate, bridge.Config{
		API: api, App: app, Store: p.store, PublicURL: publicURL, ChannelID: channel,
		Definition: o.Definition, SendTimeout: 2 * p.soon, Workers: manyAtOnce, MaxPerPortal: manyAtOnce, Logger: p.log.logger(),
	})
	p.ok("bridge.New", err)
	token := &oauth2.Token{AccessToken: "token", RefreshToken: "refresh", Expiry: time.Now().Add(24 * time.Hour)}
	p.ok("SaveInstall", p.store.SaveInstall(p.ctx, &oauth.Install{ClientID: appID, PortalID: portal, Token: token}))
	_, err = p.store.SaveAccount(p.ctx, p.account())
	p.ok("SaveAccount", err)
	return p
}

// account returns a copy of the account under test.
func (p *channelProbe) account() *bridge.Account { return cloneAccount(&p.o.Account) }

func cloneAccount(a *bridge.Account) *bridge.Account {
	own := *a
	own.Credentials = slices.Clone(a.Credentials)
	return &own
}

func (p *channelProbe) fatalf(format string, args ...any) {
	p.t.Helper()
	log := p.log.String()
	if log != "" {
		log = "\nWhat the bridge logged:\n" + log
	}
	p.t.Fatalf(format+"%s\nThe rule: %s.", append(args, log, p.why)...)
}

func (p *channelProbe) ok(what string, err error) {
	p.t.Helper()
	if err != nil {
		p.fatalf("%s failed: %v", what, err)
	}
}

func (p *channelProbe) equal(what string, got, want any) {
	p.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		p.fatalf("%s: (-want +got):\n%s", what, diff)
	}
}

// letter is what an agent writes.
type letter struct {
	id      string // made up if empty
	thread  string // defaults to one for all
	to      []channels.DeliveryIdentifier
	text    string
	rich    string
	files   []*file
	unknown bool // HubSpot does not say who the agent is
}

// post has the agent write, and the bridge take it in. It returns the message's id.
func (p *channelProbe) post(l letter) string {
	p.t.Helper()
	p.written++
	if l.id == "" {
		l.id = fmt.Sprintf("message-%d", p.written)
	}
	if l.thread == "" {
		l.thread = "thread"
	}
	if l.to == nil {
		l.to = p.o.Customers[:1]
	}
	p.hubspot.keep(l.files)
	if status := p.hubspot.tell(p.bridge, event(&p.o.Account, &l, p.written)); status != http.StatusOK {
		p.fatalf("the bridge answered a webhook with %d", status)
	}
	return l.id
}

// work has the bridge do what is due.
func (p *channelProbe) work() {
	p.t.Helper()
	var err error
	p.call("Send (whose context ends after "+(2*p.soon).String()+")", 3*p.soon, func() { err = p.bridge.Drain(p.ctx) })
	p.ok("Drain", err)
	if crash := p.gate.crash(); crash != "" {
		p.fatalf("Send panicked: %s", crash)
	}
}

// send has the agent write, and returns what became of it.
func (p *channelProbe) send(l letter) *fate {
	p.t.Helper()
	id := p.post(l)
	p.work()
	return p.fate(id)
}

// again has the bridge send a message once more, as it does when it is due again or after a crash.
func (p *channelProbe) again(id string) *fate {
	p.t.Helper()
	p.store.skipPause()
	p.work()
	return p.fate(id)
}

// call calls the channel, and fails the test if that takes too long or panics.
func (p *channelProbe) call(what string, limit time.Duration, f func()) {
	p.t.Helper()
	done := make(chan string, 1)
	go func() { done <- caught(f) }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case crash := <-done:
		if crash != "" {
			p.fatalf("%s panicked: %s", what, crash)
		}
	case <-timer.C:
		p.fatalf("%s had not returned after %v", what, limit)
	}
}

// caught calls f and returns its panic, with the stack, empty if there was none.
func caught(f func()) (crash string) {
	defer func() {
		if r := recover(); r != nil {
			crash = fmt.Sprintf("%v\n%s", r, debug.Stack())
		}
	}()
	f()
	return ""
}

// eventually reports whether something becomes so soon.
func (p *channelProbe) eventually(so func() bool) bool {
	for end := time.Now().Add(p.soon); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// sent checks that the agent sees a message as sent.
func (p *channelProbe) sent(f *fate) {
	p.t.Helper()
	if f.status != "SENT" {
		p.fatalf("the message is not SENT: %s", f)
	}
}

// rejected checks that the agent reads why a message was not sent.
func (p *channelProbe) rejected(f *fate) {
	p.t.Helper()
	if f.status != "FAILED" {
		p.fatalf("the message was not rejected, as by bridge.Reject: %s", f)
	}
	p.sentence("the reason that the agent reads", f.reason)
}

// kept checks that a message is sent again later on.
func (p *channelProbe) kept(f *fate) {
	p.t.Helper()
	if f.verdict != bridge.Retry || f.disconnected {
		p.fatalf("the message is not sent again: %s", f)
	}
}

// sentence checks what people read.
func (p *channelProbe) sentence(what, s string) {
	p.t.Helper()
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	switch {
	case !utf8.ValidString(s) || unicode.IsLower(first) || !unicode.Is(unicode.Sentence_Terminal, last):
		p.fatalf("%s is %q, which is no sentence: it begins with a capital letter and ends with a full stop", what, s)
	case slices.ContainsFunc([]rune(s), unicode.IsControl):
		p.fatalf("%s is %q, which has line breaks or other control characters", what, s)
	}
}
