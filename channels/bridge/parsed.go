package bridge

import (
	"bytes"
	"hash/maphash"
	"sync/atomic"

	"github.com/customchannels/customchannels-go/webhook"
)

// parsedMessages keeps agents' messages from their arrival to their delivery, which is soon as a rule: to parse one costs
// more than anything else that is done for it. What is not found, for it waited behind many others or came to another
// process, is parsed again. What is never asked for, such as a repetition, is kept until another takes its place, or for an hour.
type parsedMessages [1024]atomic.Pointer[webhook.OutgoingMessage]

// maxParsed bounds how long a body is of which messages are kept, in bytes.
const maxParsed = 16 << 10

var parsedSeed = maphash.MakeSeed()

func (p *parsedMessages) place(raw []byte) *atomic.Pointer[webhook.OutgoingMessage] {
	return &p[maphash.Bytes(parsedSeed, raw)%uint64(len(p))]
}

// keep keeps a message, in the place of one that has not been taken.
func (p *parsedMessages) keep(e *webhook.OutgoingMessage) { p.place(e.Head.Raw).Store(e) }

// forget lets go of all messages.
func (p *parsedMessages) forget() {
	for i := range p {
		p[i].Store(nil)
	}
}

// take returns the message that was parsed from the same bytes, or nil. It belongs to the caller: nobody gets it again.
func (p *parsedMessages) take(raw []byte) *webhook.OutgoingMessage {
	place := p.place(raw)
	e := place.Load()
	if e == nil || !bytes.Equal(e.Head.Raw, raw) || !place.CompareAndSwap(e, nil) {
		return nil
	}
	return e
}
