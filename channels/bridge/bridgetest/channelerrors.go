package bridgetest

import (
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

var blockedRules = []channelRule{
	{
		name: "errors/customer who cannot be reached",
		why: "what fails for good is answered with bridge.Reject and a sentence that tells the agent why; after any other error the " +
			"agent learns nothing for a day, and the conversation is blocked",
		test: func(p *channelProbe) {
			p.rejected(p.send(letter{text: "Hello", to: []channels.DeliveryIdentifier{p.o.Blocked}}))
		},
	}, {
		name: "errors/customer who cannot be reached, for the others",
		why:  "one customer's refusal is nobody else's",
		test: func(p *channelProbe) {
			p.send(letter{text: "Hello", thread: "blocked", to: []channels.DeliveryIdentifier{p.o.Blocked}})
			p.sent(p.send(letter{text: "Hello"}))
		},
	},
}

var downRules = []channelRule{
	{
		name: "errors/service is down",
		why:  "a service that fails comes back, and the message is kept until then; bridge.Reject and bridge.Disconnected are for what stays as it is",
		test: func(p *channelProbe) {
			up := p.o.Down(p.t, p.o.Customers[0])
			f := p.send(letter{text: "Hello"})
			up()
			p.kept(f)
		},
	}, {
		name: "errors/service is back",
		why:  "an error must leave nothing behind that spoils the next Send",
		test: func(p *channelProbe) {
			up := p.o.Down(p.t, p.o.Customers[0])
			f := p.send(letter{text: "Hello"})
			up()
			p.kept(f)
			p.sentAgain(f.id)
			p.arrived("Hello")
		},
	},
}

var throttleRules = []channelRule{
	{
		name: "errors/service is throttled",
		why: "bridge.RetryAfter has the message wait as long as the service asks for, without a worker being held up; asking again " +
			"earlier makes services refuse for longer",
		test: func(p *channelProbe) {
			wait := p.o.Throttle(p.t)
			if wait < 10*time.Second {
				p.fatalf("ChannelOptions.Throttle returned %v; it has to be at least 10s", wait)
			}
			f := p.send(letter{text: "Hello"})
			p.kept(f)
			if f.wait < wait-2*time.Second || f.wait > 2*wait {
				p.fatalf("the service asked to wait %v, but %s", wait, f)
			}
		},
	},
}

var revokeRules = []channelRule{
	{
		name: "errors/credentials are revoked",
		why: "after bridge.Disconnected an admin is asked to connect the account again, and its messages wait; after any other error " +
			"each is tried for a day, and lost",
		test: func(p *channelProbe) {
			p.o.Revoke(p.t)
			f := p.send(letter{text: "Hello"})
			if !f.disconnected {
				p.fatalf("the account is not disconnected, as by bridge.Disconnected: %s", f)
			}
		},
	},
}
