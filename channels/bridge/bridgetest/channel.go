package bridgetest

import (
	"slices"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// ChannelOptions say how a channel is tested. The Definition decides which rules apply. All other fields may be left out, and
// those that are functions are a messaging service that obeys the test, such as an httptest.Server which the channel under test
// is connected to: each adds the rules that cannot be tested without it. Functions are about the channel that was opened last;
// goroutines that they start are not taken for the channel's.
type ChannelOptions struct {
	// Definition is that of [bridge.Config]. Text, and whatever else its capabilities declare, is sent through the channel;
	// without AllowOutgoingMessages nothing is. Required.
	Definition bridge.Definition

	// Account is the connected account, with the Identifier and the Credentials that the service knows. Defaults to made-up
	// ones, as do the account's ids.
	Account bridge.Account

	// Customers are people whom the service reaches. Defaults to made-up addresses of the first type in the Definition. Give
	// three of your own if the service has to know them.
	Customers []channels.DeliveryIdentifier

	// Delivered returns all that the service has taken so far, oldest first; where it gets to know that later than Send does, it
	// waits. With it the tests see whether a message that Send has reported as sent arrived, whole, with its files, in order,
	// and only once however often Send is called.
	Delivered func(t *testing.T) []Delivery

	// Links says that customers get the address of a file, its [bridge.OutgoingMedia.URL], and not the file. The tests then
	// look for the address in what was Delivered, and do not expect that Send opens the file.
	Links bool

	// Blocked is a customer to whom the service delivers nothing for good, such as one who has blocked the account. With it
	// the tests see that Send answers with [bridge.Reject] and a sentence for the agent.
	Blocked channels.DeliveryIdentifier

	// Down has the service fail for the customer to, or for all, until up is called. With it the tests see that messages are
	// kept until the service is back, and that nobody gets one twice.
	Down func(t *testing.T, to channels.DeliveryIdentifier) (up func())

	// Stall has the service not answer until resume is called. With it the tests see that Send returns when its context ends.
	Stall func(t *testing.T) (resume func())

	// Throttle has the service refuse what is sent for some time, and returns for how long it tells its callers to wait: at
	// least 10 seconds, since pauses of a second are the bridge's own. With it the tests see that Send answers with
	// [bridge.RetryAfter].
	Throttle func(t *testing.T) time.Duration

	// Revoke has the service refuse the account's credentials. With it the tests see that Send answers with
	// [bridge.Disconnected].
	Revoke func(t *testing.T)

	// Values are what an admin enters into the form of a [bridge.Connector] to connect an account. With it the tests see that
	// an account is connected, and the same one when it is connected again.
	Values map[string]string

	// WrongValues are entries that cannot connect an account, such as a token that the service does not know. With it the
	// tests see that the admin reads why.
	WrongValues []map[string]string

	// Write has a customer write text to the account. With it the tests see that a [bridge.Listener] hands over what
	// arrives, in order, and again where it could not be stored.
	Write func(t *testing.T, text string)

	// Ref is a [bridge.Media.Ref] that a [bridge.MediaOpener] can open. With it the tests see that it can do so again and
	// again.
	Ref string

	// Patience is how long the tests wait for what should happen soon, such as that Send returns when its context has ended.
	// A Send may take twice as long. Defaults to 5 seconds.
	Patience time.Duration
}

// Delivery is a message, or a part of one, as the messaging service has taken it.
type Delivery struct {
	To    string   // the value of the customer's address
	Text  string   // as the customer reads it, without marks for formatting; empty if there is none
	Files [][]byte // their contents; none with Links
}

// channelRule is something that the bridge expects of a channel.
type channelRule struct {
	name string
	why  string // what goes wrong otherwise; part of every failure
	test func(*channelProbe)
}

// RunChannel tests that a channel does what the bridge expects of a [bridge.Channel], each rule in a subtest of its own. open
// returns a channel that knows nothing of those before, and has what it opened closed by t.Cleanup; it is called once to see
// what the channel can do, and for every subtest. What the first call opens stays until RunChannel ends, so a service that
// needs an address of its own, such as a server on a fixed port, is best started before RunChannel. What Revoke and the like have
// done to it is put back by their t.Cleanup then.
//
// The channel works for a real bridge, which gets its messages from a HubSpot that exists in memory only. Run the tests with
// the race detector: it sees when a channel uses a message after Send has returned, or shares what it should lock.
func RunChannel(t *testing.T, open func(t *testing.T) bridge.Channel, o ChannelOptions) {
	t.Helper()
	if err := o.setDefaults(); err != nil {
		t.Fatalf("ChannelOptions.Definition: %v\nIt is what HubSpot gets to know of the channel, and what the tests follow.", err)
	}
	ch := open(t)
	if problem := brokenChain(ch); problem != "" {
		t.Fatalf("%s\nThe bridge looks for the channel's abilities in what Unwrap returns.", problem)
	}
	rules := channelRules(ch, &o)
	if len(rules) == 0 {
		t.Fatal("There is nothing to test: the Definition does not allow outgoing messages, and the channel has no other ability.")
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { runChannelRule(t, r, open, &o) })
	}
}

func runChannelRule(t *testing.T, r channelRule, open func(t *testing.T) bridge.Channel, o *ChannelOptions) {
	var p *channelProbe
	t.Cleanup(func() { // the first to be registered is the last to be called
		if p != nil && p.last != nil {
			p.last()
		}
	})
	label := traceGoroutines(t, o.Patience)
	defer clearLabel() // what a t.Cleanup starts is not the channel's
	p = newChannelProbe(t, open(t), label, r.why, o)
	r.test(p)
}

// channelRules are the rules for what a channel declares, can do, and can be seen doing.
func channelRules(ch bridge.Channel, o *ChannelOptions) []channelRule {
	var rules []channelRule
	add := func(apply bool, more ...channelRule) {
		if apply {
			rules = append(rules, more...)
		}
	}
	c := &o.Definition.Capabilities
	sends, seen := c.AllowOutgoingMessages, o.Delivered != nil
	files := sends && slices.Contains(c.OutgoingAttachmentTypes, channels.OutgoingFile)
	several := sends && c.AllowMultipleRecipients
	add(sends, slices.Concat(sendRules, receiptRules, textRules)...)
	add(sends && seen, deliveredRules...)
	add(sends && o.Stall != nil, stallRules...)
	add(sends && !o.Blocked.IsZero(), blockedRules...)
	add(sends && o.Down != nil, downRules...)
	add(sends && o.Throttle != nil, throttleRules...)
	add(sends && o.Revoke != nil, revokeRules...)
	add(files, slices.Concat(fileTypeRules(c), fileRules)...)
	add(files && !o.Links, fileReadRules...)
	add(files && c.MaxFileCount > 1, fileCountRules...)
	add(sends && len(c.RichText) > 0, richTextRules...)
	add(files && c.AllowInlineImages, inlineImageRules...)
	add(several, recipientRules...)
	add(several && o.Down != nil && seen, resumeRules...)
	add(has[bridge.Connector](ch), formRules...)
	add(has[bridge.Connector](ch) && o.Values != nil, connectRules...)
	add(has[bridge.Connector](ch) && len(o.WrongValues) > 0, refuseRules...)
	add(has[bridge.AccountWatcher](ch), watcherRules...)
	add(has[bridge.MediaOpener](ch), openerRules...)
	add(has[bridge.MediaOpener](ch) && o.Ref != "", refRules...)
	add(has[bridge.Listener](ch), listenerRules...)
	add(has[bridge.Listener](ch) && o.Write != nil, writeRules...)
	return rules
}
