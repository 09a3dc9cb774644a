package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/webhook"
)

// delivery is one attempt to send an agent's message to the messaging service.
type delivery struct {
	*node
	it      *Item
	event   *webhook.OutgoingMessage
	account *Account
	portal  *portal
	steps   *steps
	thread  string   // what Send is told
	missing []string // files that the customer does not get, each with the reason, for the agent
}

func (n *node) deliver(ctx context.Context, it *Item) *Outcome {
	d := &delivery{node: n, it: it}
	var err error
	if d.event = n.parsed.take(it.Payload); d.event == nil {
		if d.event, err = parseMessage(it.Payload); err != nil {
			return &Outcome{Verdict: Bury, At: n.now(), Reason: "unreadable: " + err.Error()}
		}
	}
	d.steps, err = loadSteps(it.Progress, func(progress []byte) error { return n.store.Checkpoint(ctx, n.id, it, progress) })
	if err != nil {
		return &Outcome{Verdict: Bury, At: n.now(), Reason: "unreadable: " + err.Error()}
	}
	if d.portal, err = n.portal(it.Portal); err != nil {
		return n.again(it, err)
	}
	if o := d.findAccount(ctx); o != nil {
		return o
	}
	m, err := d.compose(ctx)
	var rejected *rejection
	if err != nil && !errors.As(err, &rejected) {
		return n.failed(ctx, it, err)
	}
	if err != nil {
		return d.ended(ctx, nil, err)
	}
	if !n.life.holds() {
		return nil
	}
	receipt, err := n.send(ctx, m)
	unsaved := d.steps.close()
	o := d.ended(ctx, receipt, err)
	if o.Verdict == Retry {
		o.Progress = unsaved
	}
	return o
}

// parseMessage decodes the agent's message that a webhook told of.
func parseMessage(payload []byte) (*webhook.OutgoingMessage, error) {
	events, err := webhook.Parse(payload)
	if err != nil {
		return nil, err
	}
	if len(events) == 1 {
		if e, ok := events[0].(*webhook.OutgoingMessage); ok {
			return e, nil
		}
	}
	return nil, errors.New("not a message")
}

// send calls the channel. A panic is an error like any other: what was recorded before it is kept.
func (n *node) send(ctx context.Context, m *Outgoing) (receipt *Receipt, err error) {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.SendTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			n.log.Error("panic in Send", "panic", p, "stack", string(debug.Stack()))
			receipt, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	return n.impl.Send(ctx, m)
}

// findAccount sets the account that the agent answered from, asking HubSpot for one that is not known yet.
func (d *delivery) findAccount(ctx context.Context) *Outcome {
	id := d.event.Message.AccountID
	a, err := d.store.recentAccount(ctx, d.channel, id)
	if errors.Is(err, ErrNotFound) {
		err := d.refreshAccount(ctx, d.it.Portal, id)
		if errors.Is(err, channels.ErrNotFound) && d.now().Sub(d.it.Accepted) > notFoundFor {
			return d.dead("The channel account is not known to HubSpot.", "account unknown")
		}
		if err != nil {
			return d.failed(ctx, d.it, err)
		}
	}
	if a == nil {
		a, err = d.store.Account(ctx, d.channel, id)
	}
	if err == nil && a.Archived {
		a, err = d.successor(ctx, a)
	}
	switch {
	case err != nil:
		return d.again(d.it, err)
	case a == nil:
		return d.dead("The channel account has been deleted.", "account deleted")
	}
	d.account = a
	if !a.Authorized {
		return d.hold(ctx)
	}
	return nil
}

// successor returns the account that the portal has connected at the address of a deleted one, nil if there is none.
func (b *Bridge) successor(ctx context.Context, deleted *Account) (*Account, error) {
	at := *deleted
	at.Archived = false
	return b.connected(ctx, &at)
}

// hold has the message wait for the account's credentials, as long as it has time.
func (d *delivery) hold(ctx context.Context) *Outcome {
	if d.now().After(d.it.Deadline) {
		reason, err := d.disconnectedReason(ctx, d.account)
		if err != nil {
			return d.waiting(d.it, err.Error())
		}
		reason = cmp.Or(reason, noReason)
		return d.dead(reason, "the account was disconnected for too long: "+reason)
	}
	return d.waiting(d.it, "the account is disconnected")
}

// disconnected is the outcome of a Send that found the account's credentials refused.
func (d *delivery) disconnected(ctx context.Context, gone *disconnection) *Outcome {
	d.disconnect(ctx, d.account, gone)
	if d.now().After(d.it.Deadline) {
		return d.dead(cmp.Or(gone.reason, noReason), gone.Error())
	}
	return d.again(d.it, gone)
}

// compose makes what Send gets, within what the channel's capabilities allow.
func (d *delivery) compose(ctx context.Context) (*Outgoing, error) {
	msg := &d.event.Message
	m := &Outgoing{
		ID: string(msg.ID), Attempt: d.it.Attempt, Account: d.account.clone(),
		Recipients: msg.Recipients, Text: plainText(msg), CreatedAt: msg.CreatedAt,
		From: d.portal.agent(ctx, d.author(), d.now()), steps: d.steps,
	}
	var err error
	if d.thread, err = d.threadName(ctx); err != nil {
		return nil, err
	}
	m.Thread = d.thread
	if len(msg.Recipients) > 0 {
		m.To = msg.Recipients[0].DeliveryIdentifier
	}
	m.RichText = sanitized(msg.RichText, d.cfg.Definition.Capabilities.RichText)
	person, err := d.store.Person(ctx, d.person())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if person != nil {
		m.LastIncoming = person.LastIncoming
	}
	if msg.InReplyTo != "" {
		l, err := d.store.LinkByHubSpot(ctx, d.channel, msg.InReplyTo)
		if err == nil {
			m.InReplyTo = l.ServiceID
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	if err := d.files(ctx, m); err != nil {
		return nil, err
	}
	d.quickReplies(m)
	if m.Text == "" && len(m.Media) == 0 && m.QuickReplies == nil {
		return nil, Reject(d.nothingLeft(), nil)
	}
	return m, nil
}

func (d *delivery) nothingLeft() string {
	if len(d.missing) > 0 {
		return strings.Join(d.missing, " ")
	}
	return "The message is empty, or holds only what this channel cannot carry."
}

// author is the actor whose name the customer sees.
func (d *delivery) author() string {
	for _, s := range d.event.Message.Senders {
		if s.ActorID != "" {
			return s.ActorID
		}
	}
	return d.event.Message.CreatedBy
}

func (d *delivery) person() *Person {
	p := &Person{Channel: d.channel, Portal: d.it.Portal, Account: d.account.Identifier}
	if r := d.event.Message.Recipients; len(r) > 0 {
		p.Identifier = r[0].DeliveryIdentifier
	}
	return p
}

// ended turns what Send returned into what happens next and what the agent sees.
func (d *delivery) ended(ctx context.Context, receipt *Receipt, err error) *Outcome {
	var rejected *rejection
	var later *postponement
	var gone *disconnection
	now := d.now()
	switch {
	case err == nil:
		return d.sent(receipt)
	case errors.As(err, &rejected):
		d.log.Debug("rejected by the channel", "kind", d.it.Kind, "seq", d.it.Seq, "account", d.account, "message", d.event.Message.ID, "error", err)
		return &Outcome{Verdict: Done, At: now, Then: d.failedStatus(rejected.reason)}
	case errors.As(err, &gone):
		return d.disconnected(ctx, gone)
	case errors.As(err, &later) && later.delay > 0 && now.Before(d.it.Deadline):
		at := now.Add(later.delay)
		if at.After(d.it.Deadline) {
			at = d.it.Deadline // a last try: the conversation does not wait longer
		}
		return &Outcome{Verdict: Retry, At: at, Reason: err.Error()}
	}
	d.log.Warn("a message was not sent; trying again", "seq", d.it.Seq, "portal", d.it.Portal, "attempt", d.it.Attempt, "error", err)
	o := d.again(d.it, err)
	if o.Verdict == Bury {
		o.Then = d.failedStatus(notDelivered)
	}
	return o
}

// sent is the outcome of a Send that has succeeded.
func (d *delivery) sent(receipt *Receipt) *Outcome {
	o := &Outcome{Verdict: Done, At: d.now(), Then: d.status(messages.StatusSent, "")}
	if len(d.event.Message.Recipients) > 0 {
		o.Person = d.person()
	}
	id := d.event.Message.ID
	receipts := d.steps.receipts(receipt)
	for _, r := range receipts {
		o.Links = append(o.Links, Link{Channel: d.channel, Account: d.account.ID, Portal: d.it.Portal, ServiceID: r,
			HubSpotID: id, Direction: messages.DirectionOutgoing})
	}
	if o.Person != nil {
		d.rememberThread(o, receipt)
	}
	state := func(s messageState) Link { return stateNote(d.channel, d.account.ID, d.it.Portal, id, s) }
	switch {
	case len(d.missing) > 0:
		o.Then = d.status(messages.StatusFailed, "The text was delivered, but "+strings.Join(d.missing, " "))
		o.Links = append(o.Links, state(stateFailed)) // that it is read later does not mend it
	case len(receipts) > 1:
		o.Links = append(o.Links, state(messageState(strconv.Itoa(len(receipts)))))
	}
	return o
}

// dead sets the message aside and tells the agent.
func (d *delivery) dead(agentReason, reason string) *Outcome {
	return &Outcome{Verdict: Bury, At: d.now(), Reason: reason, Then: d.failedStatus(agentReason)}
}

// failedStatus tells the agent that the message was not delivered, or not as a whole.
func (d *delivery) failedStatus(reason string) *NewItem {
	if missed := d.steps.missed(d.event.Message.Recipients); missed != "" {
		reason = strings.TrimSpace(reason + " " + missed)
	}
	return d.status(messages.StatusFailed, reason)
}

const notDelivered = "The message could not be delivered."

// buriedStatus tells the agent that a message was set aside, whatever the reason was.
func (n *node) buriedStatus(it *Item) *NewItem {
	e, err := parseMessage(it.Payload)
	if err != nil {
		return nil
	}
	return n.statusItem(n.channel, it.Portal, e.Message.ID, messages.StatusFailed, notDelivered)
}

func (d *delivery) status(s messages.StatusType, reason string) *NewItem {
	it := d.statusItem(d.channel, d.it.Portal, d.event.Message.ID, s, reason)
	it.Key = "" // the outcome that it follows from is stored once
	return it
}
