package bridge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// A conversation has a name of the service, one or more integration thread ids in HubSpot, and HubSpot's own id. They are
// the same where the customer wrote first: the bridge publishes under the service's name. An agent's first message has an
// id that HubSpot made, or none, and the service makes up its name while it is sent ([Receipt.Thread]). What belongs
// together then is kept in notes.
const (
	noteThread = "thread" // service's name -> integration thread id, and back
	noteChat   = "chat"   // service's name -> HubSpot's id of a thread without an integration thread id, and back
	noteReply  = "reply"  // the value of a noteThread: the agent's message that has to be answered to join the thread
)

// threadKey is the value by which the service's name of a thread is found.
func threadKey(account channels.AccountID, id string) string { return string(account) + "/" + id }

// threadName returns the service's name of the event's conversation, else the id that HubSpot has for it.
func (d *delivery) threadName(ctx context.Context) (string, error) {
	id := cmp.Or(d.integrationID(), string(d.event.Message.ThreadID))
	l, err := d.store.LinkByHubSpot(ctx, d.channel, noteValue(noteThread, threadKey(d.account.ID, id)))
	if errors.Is(err, ErrNotFound) {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	_, name, _ := strings.Cut(l.ServiceID, "/")
	return name, nil
}

// integrationID is the id under which HubSpot knows the conversation from us, empty if it has none.
func (d *delivery) integrationID() string {
	if len(d.event.ThreadIDs) == 0 {
		return ""
	}
	return d.event.ThreadIDs[0]
}

// rememberThread saves with the outcome of a Send how the conversation is called on both sides.
func (d *delivery) rememberThread(o *Outcome, receipt *Receipt) {
	var given string
	if receipt != nil {
		given = receipt.Thread
	}
	add := func(kind, name string, value messages.ID) {
		o.Links = append(o.Links, Link{Channel: d.channel, Account: d.account.ID, Portal: d.it.Portal, ServiceID: noteName(kind, name), HubSpotID: value})
	}
	if id := d.integrationID(); id != "" {
		o.Person.ThreadIDs = d.event.ThreadIDs
		if given != "" && given != id && storable(id) {
			add(noteThread, given, noteValue(noteThread, threadKey(d.account.ID, id)))
		}
		return
	}
	if given != "" {
		add(noteChat, given, noteValue(noteThread, threadKey(d.account.ID, string(d.event.Message.ThreadID))))
	}
	if d.integrationThreads() {
		name := cmp.Or(given, d.thread)
		o.Person.ThreadIDs = []string{name}
		add(noteThread, name, noteValue(noteReply, string(d.event.Message.ID)))
	}
}

// storable reports whether HubSpot's id can be part of a link's HubSpotID, which is text with an index.
func storable(id string) bool {
	return len(id) < 1000 && utf8.ValidString(id) && !strings.Contains(id, "\x00")
}

// thread is where to publish to: the service's name for the conversation, else the id that was used with this person last,
// else one made of the two addresses, or what HubSpot calls it. HubSpot makes its own id where it does the threading. answer
// is the message to answer where that is the only way into the conversation.
func (p *publishing) thread(ctx context.Context) (id string, answer messages.ID, err error) {
	if p.work.Thread != "" && p.integrationThreads() {
		return p.threadCalled(ctx, p.work.Thread)
	}
	known, err := p.store.Person(ctx, p.person())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", "", err
	}
	switch {
	case known != nil && len(known.ThreadIDs) > 0 && p.integrationThreads():
		return p.threadCalled(ctx, known.ThreadIDs[0])
	case known != nil && len(known.ThreadIDs) > 0:
		return known.ThreadIDs[0], "", nil
	case !p.integrationThreads():
		return "", "", nil
	}
	sum := sha256.Sum256(marshal([]string{fmt.Sprint(p.it.Portal), p.work.To.String(), p.work.From.String()}))
	return hex.EncodeToString(sum[:16]), "", nil
}

func (p *publishing) threadCalled(ctx context.Context, name string) (id string, answer messages.ID, err error) {
	l, err := p.store.LinkByService(ctx, p.channel, p.account.ID, noteName(noteThread, name))
	if errors.Is(err, ErrNotFound) {
		return name, "", nil
	}
	if err != nil {
		return "", "", err
	}
	switch kind, value, _ := strings.Cut(string(l.HubSpotID), "/"); kind {
	case noteThread:
		if _, id, ok := strings.Cut(value, "/"); ok {
			return id, "", nil
		}
	case noteReply:
		return name, messages.ID(value), nil
	}
	return name, "", nil
}

// joined is the note that a conversation is known to HubSpot by its name from now on.
func (p *publishing) joined(name string) Link {
	return note(p.channel, p.account.ID, p.it.Portal, noteThread, name, "")
}

func (b *Bridge) integrationThreads() bool {
	return b.cfg.Definition.Capabilities.ThreadingModel != channels.ByDeliveryIdentifier
}
