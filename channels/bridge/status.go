package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// reportFor is how long HubSpot is told, and how long a report waits for the receipt that it is about.
const reportFor = 24 * time.Hour

// statusWork is the payload of a KindStatus item.
type statusWork struct {
	Message messages.ID         `json:"message"`
	Status  messages.StatusType `json:"status"`
	Reason  string              `json:"reason,omitempty"`
}

// reportedWork is the payload of a KindStatus item that the messaging service has reported.
type reportedWork struct {
	statusWork
	Account channels.AccountID `json:"account,omitempty"` // empty in what the bridge itself says
}

func (b *Bridge) statusItem(channel channels.ID, portal int64, id messages.ID, s messages.StatusType, reason string) *NewItem {
	return statusItem(b.now(), channel, portal, id, s, reason)
}

// reportedItem is the work of telling HubSpot what the messaging service has reported. Of each receipt every state counts
// once.
func (b *Bridge) reportedItem(l *Link, w *reportWork) *NewItem {
	it := b.statusItem(l.Channel, l.Portal, l.HubSpotID, w.Status, w.Reason)
	it.Key += "/" + w.Receipt
	it.Payload = marshal(reportedWork{statusWork{l.HubSpotID, w.Status, w.Reason}, w.Account})
	return it
}

// reportWork is the payload of a KindReport item.
type reportWork struct {
	Account channels.AccountID  `json:"account"`
	Receipt string              `json:"receipt"`
	Status  messages.StatusType `json:"status"`
	Reason  string              `json:"reason,omitempty"`
}

// Report tells HubSpot what became of a message after Send: [messages.StatusRead] when the customer has read it, or
// [messages.StatusFailed] with a reason that the agent reads. account is the connected account's address and receiptID
// the [Receipt.ID] that Send returned, or one of its Parts. A message of several parts is READ when the last of them has
// been read, and FAILED as soon as one has; after that it stays what it is. It returns nil when the report is stored; a service that is
// quicker than its own answer to Send may report a receipt before the bridge knows it.
func (b *Bridge) Report(ctx context.Context, account channels.DeliveryIdentifier, receiptID string, status messages.StatusType, reason string) error {
	channel, err := b.channelID(ctx)
	if err != nil {
		return err
	}
	found, err := b.store.FindAccounts(ctx, channel, account)
	if err != nil {
		return err
	}
	return b.report(ctx, found, receiptID, status, reason)
}

// report takes in a report about a receipt of one of several accounts.
func (b *Bridge) report(ctx context.Context, accounts []*Account, receiptID string, status messages.StatusType, reason string) error {
	switch {
	case status != messages.StatusRead && status != messages.StatusFailed:
		return fmt.Errorf("%w: status %q cannot be reported; the bridge itself reports SENT", ErrInvalid, status)
	case receiptID == "":
		return fmt.Errorf("%w: the receipt's ID is empty", ErrInvalid)
	case len(accounts) == 0:
		return ErrUnknownAccount
	}
	var items []*NewItem
	for _, a := range accounts {
		item, err := b.reportItem(ctx, a.Channel, a, reportWork{a.ID, receiptID, status, reason})
		if err != nil {
			return err
		}
		if item.Kind == KindStatus {
			items = []*NewItem{item} // the receipt is this account's: no other can be meant
			break
		}
		items = append(items, item)
	}
	how, err := b.store.Accept(ctx, items...)
	if err != nil {
		return fmt.Errorf("bridge: not stored: %w", err)
	}
	b.cfg.Trace.accepted(items, how)
	b.poke()
	return nil
}

func (b *Bridge) reportItem(ctx context.Context, channel channels.ID, a *Account, w reportWork) (*NewItem, error) {
	l, err := b.store.LinkByService(ctx, channel, a.ID, w.Receipt)
	if err == nil {
		return b.reportedItem(l, &w), nil
	}
	if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	now := b.now()
	key := fmt.Sprintf("report/%s/%s", a.ID, w.Receipt)
	return &NewItem{
		Key: key + "/" + string(w.Status), Kind: KindReport, Channel: channel, Portal: a.Portal, Lane: key,
		Payload: marshal(w), Content: []byte(w.Status), At: now, Deadline: now.Add(reportFor),
	}, nil
}

// resolveReport waits for the receipt that a report is about, and turns the report into a status.
func (n *node) resolveReport(ctx context.Context, it *Item) *Outcome {
	now := n.now()
	var w reportWork
	if err := json.Unmarshal(it.Payload, &w); err != nil {
		return &Outcome{Verdict: Bury, At: now, Reason: "unreadable: " + err.Error()}
	}
	l, err := n.store.LinkByService(ctx, n.channel, w.Account, w.Receipt)
	switch {
	case err == nil:
		return &Outcome{Verdict: Done, At: now, Then: n.reportedItem(l, &w)}
	case !errors.Is(err, ErrNotFound):
		return n.again(it, err)
	case now.After(it.Deadline):
		n.log.Warn("a report for a receipt that never came was dropped", "portal", it.Portal, "account", w.Account)
		return &Outcome{Verdict: Done, At: now}
	}
	return &Outcome{Verdict: Retry, At: now.Add(backoff(it.Attempt, time.Second, time.Minute)), Reason: "the receipt is not known yet"}
}

// tellStatus reports a message's state to HubSpot, unless it has been told what is final, or waits for other parts.
func (n *node) tellStatus(ctx context.Context, it *Item) *Outcome {
	var w reportedWork
	if err := json.Unmarshal(it.Payload, &w); err != nil {
		return &Outcome{Verdict: Bury, At: n.now(), Reason: "unreadable: " + err.Error()}
	}
	var notes []Link
	if w.Account != "" {
		before, err := n.state(ctx, n.channel, w.Account, w.Message)
		if err != nil {
			return n.again(it, err)
		}
		next, tell := before.after(w.Status)
		notes = []Link{stateNote(n.channel, w.Account, it.Portal, w.Message, next)}
		if !tell {
			return &Outcome{Verdict: Done, At: n.now(), Links: notes}
		}
	}
	p, err := n.portal(it.Portal)
	if err != nil {
		return n.again(it, err)
	}
	if _, err = p.messages.SetStatus(ctx, n.channel, w.Message, w.Status, w.Reason, once()...); err != nil {
		return n.untold(ctx, it, w.Status, err)
	}
	return &Outcome{Verdict: Done, At: n.now(), Links: notes}
}

// untold is the outcome of a status that HubSpot has not taken.
func (n *node) untold(ctx context.Context, it *Item, s messages.StatusType, err error) *Outcome {
	var answer *channels.Error
	if errors.As(err, &answer) {
		switch answer.StatusCode {
		case http.StatusBadRequest, http.StatusConflict, http.StatusForbidden:
			return &Outcome{Verdict: Bury, At: n.now(), Reason: "HubSpot refused the status " + string(s) + ": " + err.Error()}
		case http.StatusNotFound:
			if n.now().Sub(it.Accepted) > notFoundFor {
				return &Outcome{Verdict: Bury, At: n.now(), Reason: "HubSpot does not know the message: " + err.Error()}
			}
			return n.again(it, err)
		}
	}
	return n.failed(ctx, it, err)
}
