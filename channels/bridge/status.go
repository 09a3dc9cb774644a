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

// statusItem is the work of telling HubSpot a message's state. Each message has a lane of its own, so that its states
// arrive in order and none waits for another conversation's.
func (b *Bridge) statusItem(channel channels.ID, portal int64, id messages.ID, s messages.StatusType, reason string) *NewItem {
	now := b.now()
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

// reportWork is the payload of a KindReport item.
type reportWork struct {
	Account channels.AccountID  `json:"account"`
	Receipt string              `json:"receipt"`
	Status  messages.StatusType `json:"status"`
	Reason  string              `json:"reason,omitempty"`
}

// Report tells HubSpot what became of a message after Send: [messages.StatusRead] when the customer has read it, or
// [messages.StatusFailed] with a reason that the agent reads. account is the connected account's address and receiptID
// the [Receipt.ID] that Send returned, or one of its Parts. It returns nil when the report is stored; a service that is
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
		return b.statusItem(channel, a.Portal, l.HubSpotID, w.Status, w.Reason), nil
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
		return &Outcome{Verdict: Done, At: now, Then: n.statusItem(n.channel, it.Portal, l.HubSpotID, w.Status, w.Reason)}
	case !errors.Is(err, ErrNotFound):
		return n.again(it, err)
	case now.After(it.Deadline):
		n.log.Warn("a report for a receipt that never came was dropped", "portal", it.Portal, "account", w.Account)
		return &Outcome{Verdict: Done, At: now}
	}
	return &Outcome{Verdict: Retry, At: now.Add(backoff(it.Attempt, time.Second, time.Minute)), Reason: "the receipt is not known yet"}
}

// tellStatus reports a message's state to HubSpot.
func (n *node) tellStatus(ctx context.Context, it *Item) *Outcome {
	var w statusWork
	if err := json.Unmarshal(it.Payload, &w); err != nil {
		return &Outcome{Verdict: Bury, At: n.now(), Reason: "unreadable: " + err.Error()}
	}
	p, err := n.portal(it.Portal)
	if err != nil {
		return n.again(it, err)
	}
	_, err = p.messages.SetStatus(ctx, n.channel, w.Message, w.Status, w.Reason, once()...)
	if err == nil {
		return &Outcome{Verdict: Done, At: n.now()}
	}
	var answer *channels.Error
	if errors.As(err, &answer) {
		switch answer.StatusCode {
		case http.StatusBadRequest, http.StatusConflict, http.StatusForbidden:
			return &Outcome{Verdict: Bury, At: n.now(), Reason: "HubSpot refused the status " + string(w.Status) + ": " + err.Error()}
		case http.StatusNotFound:
			if n.now().Sub(it.Accepted) > notFoundFor {
				return &Outcome{Verdict: Bury, At: n.now(), Reason: "HubSpot does not know the message: " + err.Error()}
			}
			return n.again(it, err)
		}
	}
	return n.failed(ctx, it, err)
}
