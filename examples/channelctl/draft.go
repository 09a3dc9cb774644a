package main

import (
	"context"
	"crypto/rand"
	"flag"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// draft is what the command line says of a message.
type draft struct {
	file     string
	fromName string
	changes  []func(*messages.Draft)
}

func newDraft(fs *flag.FlagSet) *draft {
	d := &draft{}
	fs.StringVar(&d.file, "f", "", "the message's `file`; - is standard input")
	d.text(fs, "account", "`id` of the account that got the message (required)",
		func(m *messages.Draft, s string) { m.AccountID = channels.AccountID(s) })
	d.text(fs, "thread", "the app's own `name` for the conversation, unless HubSpot makes the threads",
		func(m *messages.Draft, s string) { m.Thread = s })
	d.text(fs, "idempotency-id", "`id` that no other message of the account has; random by default",
		func(m *messages.Draft, s string) { m.IdempotencyID = s })
	d.text(fs, "text", "plain `text`", func(m *messages.Draft, s string) { m.Text = s })
	d.text(fs, "rich-text", "the same text as `HTML`", func(m *messages.Draft, s string) { m.RichText = s })
	d.text(fs, "file", "`id` of an uploaded file to attach; can be repeated",
		func(m *messages.Draft, s string) {
			m.Attachments = append(m.Attachments, messages.File(messages.FileID(s), messages.UsageOther))
		})
	d.address(fs, "from", "`address` of the customer, as phone:+14155550123 (required)",
		func(m *messages.Draft, p messages.Participant) { m.Senders = []messages.Participant{p} })
	fs.StringVar(&d.fromName, "from-name", "", "`name` of the customer")
	d.address(fs, "to", "`address` that was written to, usually the account's",
		func(m *messages.Draft, p messages.Participant) { m.Recipients = []messages.Participant{p} })
	return d
}

func (d *draft) text(fs *flag.FlagSet, name, usage string, set func(*messages.Draft, string)) {
	fs.Func(name, usage, func(s string) error {
		d.changes = append(d.changes, func(m *messages.Draft) { set(m, s) })
		return nil
	})
}

func (d *draft) address(fs *flag.FlagSet, name, usage string, set func(*messages.Draft, messages.Participant)) {
	fs.Func(name, usage, func(s string) error {
		address, err := parseAddress(s)
		d.changes = append(d.changes, func(m *messages.Draft) { set(m, messages.Participant{DeliveryIdentifier: address}) })
		return err
	})
}

func (d *draft) read(ctx context.Context, s *session) (*messages.Draft, error) {
	m := &messages.Draft{}
	if d.file != "" {
		if err := s.readJSON(ctx, d.file, m); err != nil {
			return nil, err
		}
	}
	for _, change := range d.changes {
		change(m)
	}
	if d.fromName != "" && len(m.Senders) > 0 {
		m.Senders[0].Name = d.fromName
	}
	if m.IdempotencyID == "" {
		m.IdempotencyID = rand.Text() // known here, so that an error can name it
	}
	if err := m.Validate(); err != nil {
		return nil, usagef("%v", err)
	}
	return m, nil
}
