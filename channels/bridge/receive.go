package bridge

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// incomingWork is the payload of a KindIncoming item: the customer's message as it was received.
type incomingWork struct {
	ID        string                      `json:"id"`
	From      channels.DeliveryIdentifier `json:"from"`
	FromName  string                      `json:"fromName,omitempty"`
	To        channels.DeliveryIdentifier `json:"to"`
	Account   channels.AccountID          `json:"account,omitempty"`
	Thread    string                      `json:"thread,omitempty"`
	Text      string                      `json:"text,omitempty"`
	RichText  string                      `json:"richText,omitempty"`
	Media     []spooled                   `json:"media,omitempty"`
	Attached  messages.Attachments        `json:"attached,omitempty"`
	InReplyTo string                      `json:"inReplyTo,omitempty"`
	Time      time.Time                   `json:"time"`
	ContactID int64                       `json:"contactId,omitempty"`
}

// Echo is what [Trace] tells of an incoming message whose ID is the receipt of a Send: the service has echoed an agent's
// message, and it was dropped. No [Store] answers it.
const Echo Acceptance = -1

// Receive takes a customer's message in. When it returns nil the message is stored, and the bridge publishes it to
// HubSpot however long that takes; on any other error it is not, so let the service send it again, unless
// the error is [Permanent]. [ErrUnknownAccount] and [ErrAmbiguousAccount] last until somebody connects an account, or you set
// Incoming.AccountID. A message that was received before is not published again, and Receive returns nil; so
// it does for the service's echo of what [Channel.Send] sent, which is dropped.
//
// Call it in the order in which the customer wrote. Run need not be running.
func (b *Bridge) Receive(ctx context.Context, m *Incoming) error {
	channel, err := b.channelID(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(validateIncoming(m), b.validateMedia(m.Media)); err != nil {
		return err
	}
	account, err := b.recipient(ctx, channel, m)
	if err != nil {
		return err
	}
	if m.From == account.Identifier {
		return ErrOwnMessage
	}
	l, err := b.store.LinkByService(ctx, channel, account.ID, m.ID)
	switch {
	case err == nil && l.Direction == messages.DirectionOutgoing:
		b.cfg.Trace.accepted([]*NewItem{{Kind: KindIncoming, Portal: account.Portal}}, []Acceptance{Echo})
		return nil
	case err != nil && !errors.Is(err, ErrNotFound):
		return fmt.Errorf("bridge: not stored: %w", err)
	}
	work := &incomingWork{
		ID: m.ID, From: m.From, FromName: m.FromName, To: account.Identifier, Account: m.AccountID, Thread: m.Thread,
		Text: m.Text, RichText: m.RichText, Attached: m.Attachments, InReplyTo: m.InReplyTo, Time: m.Time, ContactID: m.ContactID,
	}
	def(&work.Time, b.now())
	for i := range m.Media {
		file, err := b.spool(ctx, &m.Media[i])
		if err != nil {
			return fmt.Errorf("bridge: file %q: %w", m.Media[i].Name, err)
		}
		work.Media = append(work.Media, *file)
	}
	return b.acceptIncoming(ctx, channel, account, work)
}

func (b *Bridge) acceptIncoming(ctx context.Context, channel channels.ID, account *Account, work *incomingWork) error {
	now := b.now()
	conversation := work.Thread
	if conversation == "" || b.cfg.Definition.Capabilities.ThreadingModel == channels.ByDeliveryIdentifier {
		conversation = work.From.String()
	}
	item := &NewItem{
		Key:      fmt.Sprintf("incoming/%d/%s/%s", account.Portal, account.Identifier, work.ID),
		Kind:     KindIncoming,
		Channel:  channel,
		Portal:   account.Portal,
		Lane:     fmt.Sprintf("incoming/%d/%s/%s", account.Portal, account.Identifier, conversation),
		Payload:  marshal(work),
		Content:  work.content(),
		At:       now,
		Deadline: now.Add(b.cfg.HoldFor),
	}
	for _, f := range work.Media {
		if f.ID != "" {
			item.Media = append(item.Media, f.ID)
		}
	}
	got, err := b.store.Accept(ctx, item)
	if err != nil {
		return fmt.Errorf("bridge: not stored: %w", err)
	}
	b.cfg.Trace.accepted([]*NewItem{item}, got)
	if got[0] == Conflict {
		b.log.Warn("a message with a known ID and other content was dropped", "portal", account.Portal, "account", account.ID)
		return ErrConflict
	}
	b.poke()
	return nil
}

// content is what makes two messages with the same ID the same message: not when they arrived, how they were kept, or which
// of the accounts that had the address one after the other got them.
func (w incomingWork) content() []byte {
	w.Time, w.Account = time.Time{}, ""
	w.Media = append([]spooled(nil), w.Media...)
	for i := range w.Media {
		w.Media[i].ID = ""
	}
	return marshal(w)
}

func validateIncoming(m *Incoming) error {
	switch {
	case m.ID == "":
		return fmt.Errorf("%w: the ID is empty; without it repetitions cannot be recognised", ErrInvalid)
	case m.Text == "" && m.RichText == "" && len(m.Media) == 0 && len(m.Attachments) == 0:
		return fmt.Errorf("%w: there is neither text nor media", ErrInvalid)
	case slices.ContainsFunc(m.Attachments, func(a messages.Attachment) bool { _, file := a.(*messages.FileAttachment); return file }):
		return fmt.Errorf("%w: files go into Media, not into Attachments", ErrInvalid)
	case m.To.IsZero() && m.AccountID == "":
		return fmt.Errorf("%w: To or AccountID is required", ErrInvalid)
	}
	if err := m.From.Validate(); err != nil {
		return fmt.Errorf("%w: From: %w", ErrInvalid, err)
	}
	draft := &messages.Draft{AccountID: "checked later", Senders: []messages.Participant{{DeliveryIdentifier: m.From}}, Text: " ",
		Timestamp: m.Time, Attachments: m.Attachments}
	if err := draft.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

// recipient finds the account that a message was written to.
func (b *Bridge) recipient(ctx context.Context, channel channels.ID, m *Incoming) (*Account, error) {
	if m.AccountID != "" {
		a, err := b.store.Account(ctx, channel, m.AccountID)
		if err == nil && a.Archived {
			a, err = b.successor(ctx, a)
		}
		if errors.Is(err, ErrNotFound) || err == nil && a == nil {
			return nil, ErrUnknownAccount
		}
		return a, err
	}
	found, err := b.store.recentAccounts(ctx, channel, m.To)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrUnknownAccount
	}
	for _, a := range found[1:] {
		if a.Portal != found[0].Portal {
			return nil, ErrAmbiguousAccount
		}
	}
	return found[len(found)-1], nil // the one connected last
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// marshal encodes the bridge's own payloads, which consist of strings, numbers and times only.
func marshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("bridge: %T does not marshal: %v", v, err))
	}
	return data
}
