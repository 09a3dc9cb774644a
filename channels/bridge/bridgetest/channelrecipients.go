package bridgetest

import (
	"slices"

	"github.com/customchannels/customchannels-go/channels"
)

var recipientRules = []channelRule{
	{
		name: "recipients/all",
		why:  "the channel declares several recipients: Send is called once for all of them, and To is only the first",
		test: func(p *channelProbe) {
			p.sent(p.send(letter{text: "Hello", to: p.o.Customers[:3]}))
			p.reachedOnce(p.o.Customers[:3]...)
		},
	}, {
		name: "recipients/again after a crash",
		why:  "who was reached is kept by Outgoing.Delivered, even through a crash; " + whyOnce,
		test: func(p *channelProbe) {
			stop := p.store.dieAfterSend()
			f := p.send(letter{text: "Hello", to: p.o.Customers[:3]})
			stop()
			p.sentAgain(f.id)
			p.reachedOnce(p.o.Customers[:3]...)
		},
	},
}

var resumeRules = []channelRule{
	{
		name: "recipients/goes on where it ended",
		why: "one recipient who cannot be reached at the moment must not be forgotten, and the others must not get the message twice: " +
			"Outgoing.Delivered notes who has it, WasDelivered tells",
		test: func(p *channelProbe) {
			up := p.o.Down(p.t, p.o.Customers[1])
			f := p.send(letter{text: "Hello", to: p.o.Customers[:3]})
			up()
			p.kept(f)
			p.sentAgain(f.id)
			p.reachedOnce(p.o.Customers[:3]...)
		},
	},
}

// reachedOnce checks that each of several people has got one message, as far as that can be seen.
func (p *channelProbe) reachedOnce(people ...channels.DeliveryIdentifier) {
	p.t.Helper()
	if p.o.Delivered == nil {
		return
	}
	var got, want []string
	for _, d := range p.o.Delivered(p.t) {
		got = append(got, d.To)
	}
	for _, to := range people {
		want = append(want, to.Value)
	}
	slices.Sort(got)
	slices.Sort(want)
	p.equal("who has got the message", got, want)
}
