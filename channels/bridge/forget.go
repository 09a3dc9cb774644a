package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/webhook"
)

// Forget erases a person who wrote to, or was written to from, an account's address, in every portal that has the
// address: their messages that wait, are under way or were buried, with files, and what is remembered of the conversation.
// It returns how many messages that were. Agents see theirs as FAILED; what is under way may arrive all the same. What only
// says that a message was read or failed is kept, as are the digests by which repetitions are recognised. HubSpot and the
// messaging service keep what they have.
//
// If it fails, some may be erased: call it again. The error matches [ErrUnknownAccount] if no account has the address
// and nothing was found.
func (o *Operator) Forget(ctx context.Context, account, person channels.DeliveryIdentifier) (n int, err error) {
	if err := errors.Join(account.Validate(), person.Validate()); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	portals, known, err := o.portalsOf(ctx, account)
	if err != nil {
		return 0, err
	}
	e := &eraser{account: normal(account), person: normal(person), own: map[channels.AccountID]bool{}}
	for _, portal := range portals {
		p := &Person{Channel: o.channel, Portal: portal, Account: account, Identifier: person}
		for more := true; more; {
			if err := o.announce(ctx, p, e); err != nil {
				return n, err
			}
			erased, err := o.store.Forget(ctx, p, e.concerns)
			n += erased
			if err != nil {
				return n, err
			}
			if more, err = e.lookUp(ctx, o); err != nil {
				return n, err
			}
			more = more || len(e.untold) > 0
		}
	}
	if !known && n == 0 {
		return 0, ErrUnknownAccount
	}
	return n, nil
}

// announce tells agents of their messages that are about to be erased. Each ends in a reported state, also if the process dies in
// between. It ends when all accounts are known that the messages name.
func (o *Operator) announce(ctx context.Context, p *Person, e *eraser) error {
	for more := true; more; {
		_, err := o.store.Forget(ctx, p, func(it *Item) bool {
			e.concerns(it)
			return false
		})
		if err != nil {
			return err
		}
		if more, err = e.lookUp(ctx, o); err != nil {
			return err
		}
	}
	var items []*NewItem
	for _, id := range e.untold {
		items = append(items, statusItem(time.Now(), o.channel, p.Portal, id, messages.StatusFailed, erasedReason))
	}
	if items == nil {
		return nil
	}
	if _, err := o.store.Accept(ctx, items...); err != nil {
		return err
	}
	e.told, e.untold = append(e.told, e.untold...), nil
	o.poke()
	return nil
}

const erasedReason = "The customer was forgotten on request; the message may not have been delivered."

// statusItem is the work of telling HubSpot a message's state. Each message has a lane of its own, so that its states
// arrive in order and none waits for another conversation's.
func statusItem(now time.Time, channel channels.ID, portal int64, id messages.ID, s messages.StatusType, reason string) *NewItem {
	return &NewItem{
		Key:      fmt.Sprintf("status/%s/%s", id, s),
		Kind:     KindStatus,
		Channel:  channel,
		Portal:   portal,
		Lane:     "status/" + string(id),
		Payload:  marshal(statusWork{id, s, reason}),
		Content:  []byte(s),
		At:       now,
		Deadline: now.Add(reportFor),
	}
}

// portalsOf returns the portals in which something of an account's address may be. known: an account has it now. Of one
// that was deleted there may be work left, so all portals with work count.
func (o *Operator) portalsOf(ctx context.Context, account channels.DeliveryIdentifier) (portals []int64, known bool, err error) {
	accounts, err := o.store.FindAccounts(ctx, o.channel, normal(account))
	if err != nil {
		return nil, false, err
	}
	depths, err := o.store.Depths(ctx, o.channel)
	if err != nil {
		return nil, false, err
	}
	for _, a := range accounts {
		portals = append(portals, a.Portal)
	}
	for _, d := range depths {
		portals = append(portals, d.Portal)
	}
	slices.Sort(portals)
	return slices.Compact(portals), len(accounts) > 0, nil
}

// eraser tells the work that concerns a person at an account.
type eraser struct {
	account, person channels.DeliveryIdentifier

	// own says of accounts whether they have the address. An agent's message names its account by id only, and the store
	// cannot be asked while it looks at messages: what is missing here is looked up after a pass, and another pass follows.
	own     map[channels.AccountID]bool
	missing []channels.AccountID

	told, untold []messages.ID // agents' messages of which they are, or have to be, told before they may be erased
}

// concerns reports whether an item may be erased.
func (e *eraser) concerns(it *Item) bool {
	switch it.Kind {
	case KindIncoming:
		var w incomingWork
		return json.Unmarshal(it.Payload, &w) == nil && normal(w.From) == e.person && normal(w.To) == e.account
	case KindOutgoing:
		events, err := webhook.Parse(it.Payload)
		return err == nil && slices.ContainsFunc(events, e.isTo)
	case KindUnread: // whoever it is from or to, it can be told by the address only
		return bytes.Contains(it.Payload, []byte(`"`+e.person.Value+`"`))
	}
	return false
}

func (e *eraser) isTo(event webhook.Event) bool {
	out, ok := event.(*webhook.OutgoingMessage)
	if !ok {
		return false
	}
	for _, r := range out.Message.Recipients {
		if normal(r.DeliveryIdentifier) != e.person {
			continue
		}
		own, known := e.own[out.Message.AccountID]
		if !known {
			e.missing = append(e.missing, out.Message.AccountID)
		}
		id := out.Message.ID
		told := slices.Contains(e.told, id)
		if own && !told && !slices.Contains(e.untold, id) { // a store may ask twice
			e.untold = append(e.untold, id)
		}
		return own && told
	}
	return false
}

// lookUp learns which of the missing accounts have the address, and reports whether another pass is needed. An account
// that nobody knows counts as one: erasing too much is better here than too little.
func (e *eraser) lookUp(ctx context.Context, o *Operator) (more bool, err error) {
	for _, id := range e.missing {
		a, err := o.store.Account(ctx, o.channel, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		e.own[id] = err != nil || a.Identifier == e.account
		more = more || e.own[id]
	}
	e.missing = nil
	return more, nil
}
