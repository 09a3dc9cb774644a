package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/customchannels/customchannels-go/messages"
)

func messageCommands() []*command {
	return []*command{messagesPublish(), messagesGet(), messagesStatus()}
}

func messagesPublish() *command {
	return &command{
		name: "messages publish", args: "CHANNEL", short: "Put a customer's message into the inbox", needs: portalToken,
		long: `
  channelctl messages publish 918273 -account 5550001 -thread chat-1 \
    -from phone:+14155550123 -from-name Ada -text "Where is my order?"

HubSpot keeps one message for each idempotency id. If it is not known whether a
message has arrived, publish it again with the id that the error names.

A file has HubSpot's field names, and room for what has no flag: other attachments,
a contact, the time. Flags overrule it.`,
		setup: func(fs *flag.FlagSet) action {
			d := newDraft(fs)
			return func(ctx context.Context, s *session) error {
				draft, err := d.read(ctx, s)
				if err != nil {
					return err
				}
				m, err := s.messages.Publish(ctx, s.channel(), draft)
				if err != nil {
					return unsure(err, "publish it again with -idempotency-id "+draft.IdempotencyID)
				}
				return s.one(m, messageFields(m)...)
			}
		},
	}
}

func messagesGet() *command {
	return &command{
		name: "messages get", args: "CHANNEL MESSAGE", short: "Show a message", needs: portalToken,
		setup: func(*flag.FlagSet) action {
			return func(ctx context.Context, s *session) error {
				m, err := s.messages.Get(ctx, s.channel(), messages.ID(s.args[1]))
				if err != nil {
					return err
				}
				return s.one(m, messageFields(m)...)
			}
		},
	}
}

func messagesStatus() *command {
	return &command{
		name: "messages status", args: "CHANNEL MESSAGE STATUS", short: "Report what became of an agent's message", needs: portalToken,
		long: `
STATUS is SENT, READ or FAILED.`,
		setup: func(fs *flag.FlagSet) action {
			reason := fs.String("reason", "", "`sentence` that tells the agent why it FAILED")
			return func(ctx context.Context, s *session) error {
				status := messages.StatusType(strings.ToUpper(s.args[2]))
				switch status {
				case messages.StatusSent, messages.StatusRead, messages.StatusFailed:
				default:
					return usagef("messages status: %q is not SENT, READ or FAILED", s.args[2])
				}
				if *reason != "" && status != messages.StatusFailed {
					return usagef("messages status: only FAILED has a -reason")
				}
				m, err := s.messages.SetStatus(ctx, s.channel(), messages.ID(s.args[1]), status, *reason)
				if err != nil {
					return err
				}
				return s.one(m, messageFields(m)...)
			}
		},
	}
}

func messageFields(m *messages.Message) []field {
	fields := []field{
		{"ID", string(m.ID)},
		{"Thread", string(m.ThreadID)},
		{"Account", string(m.AccountID)},
		{"Direction", strings.ToLower(string(m.Direction))},
		{"From", participants(m.Senders)},
		{"To", participants(m.Recipients)},
		{"Text", m.Text},
		{"Created", when(m.CreatedAt)},
	}
	if m.RichText != "" {
		fields = append(fields, field{"Rich text", m.RichText})
	}
	for _, a := range m.Attachments {
		fields = append(fields, field{"Attachment", attachment(a)})
	}
	if m.Status.IsZero() {
		return fields
	}
	status := string(m.Status.Type)
	if m.Status.Reason != "" {
		status += ": " + m.Status.Reason
	}
	return append(fields, field{"Status", status})
}

func participants(ps []messages.Participant) string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = strings.TrimSpace(p.Name + " " + addressText(p.DeliveryIdentifier))
		if texts[i] == "" {
			texts[i] = p.ActorID
		}
	}
	return strings.Join(texts, ", ")
}

func attachment(a messages.Attachment) string {
	switch a := a.(type) {
	case *messages.FileAttachment:
		return strings.TrimSpace(fmt.Sprintf("file %s %s %s", a.ID, a.Name, a.URL))
	case *messages.UnknownAttachment:
		return string(a.Type)
	}
	return strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", a), "*messages."), "Attachment")
}
