package bridge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/messages/richtext"
)

// incomingProgress is how far the publishing of a message has come.
type incomingProgress struct {
	Files []uploaded `json:"files,omitempty"` // one for each of the work's media that is settled

	// Draft is the body as it is published, frozen before the first attempt so that every attempt is the same.
	Draft *messages.Draft `json:"draft,omitempty"`

	// UncertainSince is when the first call may have been made that HubSpot may have carried out. It is saved before the
	// call, since nothing can be saved if the process dies during it, and taken back with an answer that says no.
	UncertainSince time.Time `json:"uncertainSince,omitzero"`
}

// publishing is one attempt to publish a customer's message.
type publishing struct {
	*node
	it       *Item
	work     incomingWork
	progress incomingProgress
	account  *Account
	portal   *portal
	first    bool // none of the attempts before may have arrived
}

func (n *node) publish(ctx context.Context, it *Item) *Outcome {
	p := &publishing{node: n, it: it}
	if err := json.Unmarshal(it.Payload, &p.work); err != nil {
		return &Outcome{Verdict: Bury, At: n.now(), Reason: "unreadable: " + err.Error()}
	}
	if it.Progress != nil {
		if err := json.Unmarshal(it.Progress, &p.progress); err != nil {
			return &Outcome{Verdict: Bury, At: n.now(), Reason: "unreadable: " + err.Error()}
		}
	}
	var err error
	if p.portal, err = n.portal(it.Portal); err != nil {
		return n.again(it, err)
	}
	if o := p.findAccount(ctx); o != nil {
		return o
	}
	if o := p.upload(ctx); o != nil {
		return o
	}
	if o := p.prepare(ctx); o != nil {
		return o
	}
	return p.send(ctx)
}

// prepare freezes what every attempt sends, and saves that a call is going to be made.
func (p *publishing) prepare(ctx context.Context) *Outcome {
	p.first = p.progress.UncertainSince.IsZero()
	if !p.first {
		return nil
	}
	if p.progress.Draft == nil {
		if err := p.freeze(ctx); err != nil {
			return p.again(p.it, err)
		}
	}
	p.progress.Draft.AccountID = p.account.ID // the address may have been connected anew
	p.progress.UncertainSince = p.now()
	return p.checkpoint(ctx)
}

// findAccount sets the account to publish to. A message may be older than the account: while it is being connected, and
// while it is switched off, its messages wait.
func (p *publishing) findAccount(ctx context.Context) *Outcome {
	found, err := p.accounts(ctx)
	if err != nil {
		return p.again(p.it, err)
	}
	if len(found) > 0 && found[len(found)-1].ID == "" {
		// The event that tells the new account's id may be late or lost.
		if _, err := p.refreshAccounts(ctx, p.it.Portal); err != nil {
			return p.failed(ctx, p.it, err)
		}
		if found, err = p.accounts(ctx); err != nil {
			return p.again(p.it, err)
		}
	}
	for _, a := range found {
		if a.ID != "" && a.Active && a.Authorized {
			p.account = a
		}
	}
	now := p.now()
	switch {
	case p.account != nil:
		return nil
	case now.After(p.it.Deadline):
		return &Outcome{Verdict: Bury, At: now, Reason: "the account was not connected, or switched off, for too long"}
	case len(found) == 0:
		return &Outcome{Verdict: Bury, At: now, Reason: "account deleted"}
	}
	return p.waiting(p.it, "the account is not active")
}

func (p *publishing) accounts(ctx context.Context) ([]*Account, error) {
	if p.work.Account != "" {
		a, err := p.store.recentAccount(ctx, p.channel, p.work.Account)
		if err == nil && !a.Archived {
			return []*Account{a}, nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	all, err := p.store.recentAccounts(ctx, p.channel, p.work.To)
	var own []*Account
	for _, a := range all {
		if a.Portal == p.it.Portal {
			own = append(own, a)
		}
	}
	return own, err
}

func (p *publishing) checkpoint(ctx context.Context) *Outcome {
	if err := p.store.Checkpoint(ctx, p.id, p.it, marshal(p.progress)); err != nil {
		return p.again(p.it, err)
	}
	return nil
}

// freeze makes the body that every attempt sends, apart from the account.
func (p *publishing) freeze(ctx context.Context) error {
	w, a := &p.work, p.account
	thread, answer, err := p.thread(ctx)
	if err != nil {
		return err
	}
	d := &messages.Draft{
		Direction: messages.DirectionIncoming, AccountID: a.ID, Thread: thread, IdempotencyID: p.idempotencyID(),
		Text: w.Text, RichText: richtext.Sanitize(w.RichText, p.cfg.Definition.Capabilities.RichText), Timestamp: w.Time, ContactID: w.ContactID, InReplyTo: answer,
		Senders:    []messages.Participant{{Name: w.FromName, DeliveryIdentifier: w.From}},
		Recipients: []messages.Participant{{Name: a.Name, DeliveryIdentifier: a.Identifier}},
	}
	if d.Text == "" {
		d.Text = richtext.Parse(w.RichText).PlainText()
	}
	for i, f := range p.progress.Files {
		if f.Problem == "" {
			d.Attachments = append(d.Attachments, messages.File(f.ID, cmp.Or(w.Media[i].Usage, f.Usage)))
			continue
		}
		d.Attachments = append(d.Attachments, messages.UnsupportedContent())
		note := fmt.Sprintf("[%s could not be passed on: %s.]", cmp.Or(w.Media[i].Name, "A file"), f.Problem)
		if d.RichText != "" {
			d.RichText += "<p>" + html.EscapeString(note) + "</p>"
		}
		if d.Text != "" {
			note = d.Text + "\n" + note
		}
		d.Text = note
	}
	d.Attachments = append(d.Attachments, w.Attached...)
	if d.Text == "" {
		d.Text = " " // HubSpot wants a text even where a file is all there is to say
	}
	if w.InReplyTo != "" {
		l, err := p.store.LinkByService(ctx, p.channel, a.ID, w.InReplyTo)
		if err == nil {
			d.InReplyTo = l.HubSpotID
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	p.progress.Draft = d
	return nil
}

// idempotencyID is the same for the same message, however often and by whichever process it is published.
func (p *publishing) idempotencyID() string {
	sum := sha256.Sum256(marshal([]string{string(p.channel), fmt.Sprint(p.it.Portal), p.work.To.String(), p.work.ID}))
	return hex.EncodeToString(sum[:16])
}

func (p *publishing) person() *Person {
	return &Person{Channel: p.channel, Portal: p.it.Portal, Account: p.work.To, Identifier: p.work.From}
}

func (p *publishing) send(ctx context.Context) *Outcome {
	if !p.life.holds() {
		return nil // the uploads took long
	}
	if p.pastWindow() {
		return &Outcome{Verdict: Bury, At: p.now(), Reason: "HubSpot may or may not have it, and would not recognise it any more"}
	}
	m, err := p.portal.messages.Publish(ctx, p.channel, p.progress.Draft, once()...)
	switch {
	case err == nil:
		return p.published(m.ID)
	case errors.Is(err, channels.ErrConflict):
		return p.published("") // published by an attempt whose answer was lost
	case mayHaveArrived(err):
		return p.unanswered(err)
	}
	o := p.unpublished(ctx, err)
	if p.first && o.Verdict == Retry {
		p.progress.UncertainSince = time.Time{}
		o.Progress = marshal(p.progress)
	}
	return o
}

// mayHaveArrived reports whether HubSpot may have carried a call out that failed.
func mayHaveArrived(err error) bool {
	var answer *channels.Error
	if errors.As(err, &answer) {
		return answer.StatusCode >= 500 && answer.StatusCode != http.StatusServiceUnavailable
	}
	return !neverArrived(err)
}

// unpublished is the outcome of a call that HubSpot has surely not carried out.
func (p *publishing) unpublished(ctx context.Context, err error) *Outcome {
	var answer *channels.Error
	if !errors.As(err, &answer) {
		return p.failed(ctx, p.it, err)
	}
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return p.refused(ctx, err)
	case http.StatusNotFound:
		return p.notFound(ctx, err)
	}
	return p.failed(ctx, p.it, err)
}

func (p *publishing) published(id messages.ID) *Outcome {
	o := &Outcome{Verdict: Done, At: p.now(), Person: p.person()}
	o.Person.LastIncoming = p.work.Time
	if d := p.progress.Draft; d.Thread != "" {
		o.Person.ThreadIDs = []string{d.Thread}
	}
	if d := p.progress.Draft; d.InReplyTo != "" && p.work.InReplyTo == "" {
		o.Links = append(o.Links, p.joined(d.Thread))
	}
	if id != "" {
		o.Links = append(o.Links, Link{Channel: p.channel, Account: p.account.ID, Portal: p.it.Portal, ServiceID: p.work.ID,
			HubSpotID: id, Direction: messages.DirectionIncoming})
	}
	return o
}

// refused is the outcome of a call that HubSpot found wrong. An account that was switched off just now is a reason to
// wait, and HubSpot's answer does not tell it from others. Of one that was just switched on
// again, HubSpot may hear later than the customer writes.
func (p *publishing) refused(ctx context.Context, err error) *Outcome {
	if refresh := p.refreshAccount(ctx, p.it.Portal, p.account.ID); refresh != nil && !errors.Is(refresh, channels.ErrNotFound) {
		return p.failed(ctx, p.it, refresh)
	}
	if a, lookup := p.store.Account(ctx, p.channel, p.account.ID); lookup == nil && !a.Archived && !(a.Active && a.Authorized) {
		return p.waiting(p.it, "the account is not active")
	}
	if p.store.backLately(p.channel, p.account.ID) {
		return p.again(p.it, err)
	}
	return &Outcome{Verdict: Bury, At: p.now(), Reason: "HubSpot refused: " + err.Error()}
}

const notFoundFor = 10 * time.Minute // a new channel or account is not visible everywhere at once

func (p *publishing) notFound(ctx context.Context, err error) *Outcome {
	refresh := p.refreshAccount(ctx, p.it.Portal, p.account.ID)
	if refresh != nil && !errors.Is(refresh, channels.ErrNotFound) {
		return p.failed(ctx, p.it, refresh)
	}
	a, lookup := p.store.Account(ctx, p.channel, p.account.ID)
	gone := lookup == nil && a.Archived
	if gone || p.now().Sub(p.it.Accepted) > notFoundFor {
		return &Outcome{Verdict: Bury, At: p.now(), Reason: "HubSpot does not know the account or the channel: " + err.Error()}
	}
	return p.again(p.it, err)
}

// unanswered is the outcome of a call that HubSpot may have carried out. It is repeated as long as HubSpot recognises
// repetitions: a message too few can be seen and sent by an operator, a message too many cannot be taken back.
func (p *publishing) unanswered(err error) *Outcome {
	if p.pastWindow() {
		return &Outcome{Verdict: Bury, At: p.now(), Reason: "HubSpot may or may not have it: " + err.Error()}
	}
	return p.again(p.it, err)
}

// pastWindow reports whether publishing again could make a second message.
func (p *publishing) pastWindow() bool {
	since := p.progress.UncertainSince
	return !since.IsZero() && p.now().Sub(since) > p.cfg.IdempotencyWindow
}
