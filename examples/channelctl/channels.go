package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

func channelCommands() []*command {
	return []*command{
		channelsList(), channelsGet(), channelsCreate(), channelsEnsure(), channelsUpdate(), channelsArchive(),
	}
}

func channelsList() *command {
	return &command{
		name: "channels list", short: "List the app's channels", needs: developerKey,
		setup: func(*flag.FlagSet) action {
			return func(ctx context.Context, s *session) error {
				return list(s, s.registry.All(ctx, nil), "The app has no channels.", "ID NAME CREATED WEBHOOK",
					func(r *channels.Registration) []string {
						return []string{string(r.ID), r.Name, when(r.CreatedAt), r.WebhookURL}
					})
			}
		},
	}
}

func channelsGet() *command {
	return &command{
		name: "channels get", args: "CHANNEL", short: "Show a channel", needs: developerKey,
		long: `
With -json it prints what the other commands take as -f, so that a channel can be
copied, kept in version control or edited.`,
		setup: func(*flag.FlagSet) action {
			return func(ctx context.Context, s *session) error {
				r, err := s.registry.Get(ctx, s.channel())
				if err != nil {
					return err
				}
				return s.one(r, channelFields(r)...)
			}
		},
	}
}

func channelsCreate() *command {
	return &command{
		name: "channels create", short: "Register a new channel", needs: developerKey,
		long: `
Each call makes one more channel. "channels ensure" does not, if the channel is
there already.
` + definitionHelp,
		setup: func(fs *flag.FlagSet) action {
			d := newDefinition(fs)
			return func(ctx context.Context, s *session) error {
				r, err := d.registration(ctx, s, false)
				if err != nil {
					return err
				}
				r, err = s.registry.Create(ctx, r)
				if err != nil {
					return unsure(err, `see "channelctl channels list"`)
				}
				return s.one(r, channelFields(r)...)
			}
		},
	}
}

// ensured is the JSON that "channels ensure" prints.
type ensured struct {
	Channel    *channels.Registration   `json:"channel"`
	Created    bool                     `json:"created"`
	Changed    []string                 `json:"changed"`
	Duplicates []*channels.Registration `json:"duplicates"`
}

func channelsEnsure() *command {
	return &command{
		name: "channels ensure", short: "Create a channel, or bring it up to date", needs: developerKey,
		long: `
Finds the channel by its webhook URL, creates it if there is none, and changes
what is not as wanted. Texts that are not mentioned stay; capabilities are one unit,
and those that are not mentioned are switched off. Calling it again does no harm. It
waits up to a minute until HubSpot lists a new channel.
` + definitionHelp,
		setup: func(fs *flag.FlagSet) action {
			d := newDefinition(fs)
			o := &channels.EnsureOptions{}
			fs.StringVar((*string)(&o.ID), "id", "", "the `channel` to bring up to date, whatever its webhook URL is")
			fs.BoolVar(&o.AdoptByName, "adopt-by-name", false, "take over a channel of the same name if none has the webhook URL")
			return func(ctx context.Context, s *session) error {
				want, err := d.registration(ctx, s, true)
				if err != nil {
					return err
				}
				if want.WebhookURL == "" && o.ID == "" && !o.AdoptByName {
					return usagef("channels ensure: to find the channel again it needs a webhook URL, -id or -adopt-by-name")
				}
				e, err := s.registry.Ensure(ctx, want, o)
				if err != nil {
					return unsure(err, "call it again, which does no harm")
				}
				return s.printEnsured(e)
			}
		},
	}
}

func (s *session) printEnsured(e *channels.Ensured) error {
	if s.json {
		return s.printJSON(&ensured{
			e.Registration, e.Created, append([]string{}, e.Changed...), append([]*channels.Registration{}, e.Duplicates...),
		})
	}
	outcome := "was as wanted"
	switch {
	case e.Created:
		outcome = "created"
	case len(e.Changed) > 0:
		outcome = "changed " + joined(e.Changed)
	}
	fields := append([]field{{"Outcome", outcome}}, channelFields(e.Registration)...)
	for _, d := range e.Duplicates {
		fields = append(fields, field{"Duplicate", fmt.Sprintf("%s, same webhook URL, left alone", d.ID)})
	}
	return s.one(nil, fields...)
}

func channelsUpdate() *command {
	return &command{
		name: "channels update", args: "CHANNEL", short: "Change a channel", needs: developerKey,
		long: `
What neither the file nor a flag mentions stays as it is. Capabilities are one
unit: those of a file replace the channel's, and flags change single ones of the
file's or, without a file, of the channel's.
` + definitionHelp,
		setup: func(fs *flag.FlagSet) action {
			d := newDefinition(fs)
			return func(ctx context.Context, s *session) error {
				u, err := d.update(ctx, s)
				if err != nil {
					return err
				}
				r, err := s.registry.Update(ctx, s.channel(), u)
				if err != nil {
					return err
				}
				return s.one(r, channelFields(r)...)
			}
		},
	}
}

func channelsArchive() *command {
	return &command{
		name: "channels archive", args: "CHANNEL", short: "Remove a channel from all portals", needs: developerKey,
		long: `
HubSpot documents no way back, and not what becomes of the channel's accounts and
conversations. It asks first.`,
		setup: func(fs *flag.FlagSet) action {
			yes := fs.Bool("yes", false, "do not ask")
			return func(ctx context.Context, s *session) error {
				if err := s.canAsk(*yes, "channels archive"); err != nil {
					return err
				}
				r, err := s.registry.Get(ctx, s.channel())
				if err != nil {
					return err
				}
				if !*yes {
					if err := s.confirm(ctx, fmt.Sprintf("Remove channel %s, %q, from all portals for good?", r.ID, r.Name)); err != nil {
						return err
					}
				}
				// Not found: it was there just now, so an attempt whose answer was lost has removed it.
				if err := s.registry.Archive(ctx, r.ID); err != nil && !errors.Is(err, channels.ErrNotFound) {
					return err
				}
				return s.one(r, field{"Archived", fmt.Sprintf("%s, %q", r.ID, r.Name)})
			}
		},
	}
}

// channelFields are what is told about a channel.
func channelFields(r *channels.Registration) []field {
	c := &r.Capabilities
	types := make([]string, len(c.DeliveryIdentifierTypes))
	for i, t := range c.DeliveryIdentifierTypes {
		types[i] = typeText(t)
	}
	fields := []field{
		{"ID", string(r.ID)},
		{"Name", r.Name},
		{"Description", r.Description},
		{"Logo", r.LogoURL},
		{"Webhook", r.WebhookURL},
		{"Connect page", r.ConnectURL},
		{"Created", when(r.CreatedAt)},
		{"Addresses", joined(types)},
		{"Threads", string(c.ThreadingModel)},
		{"Agents can", agentsCan(c)},
		{"Formatting", joined(c.RichText)},
		{"Attachments", attachments(c)},
	}
	if len(c.Extra) > 0 {
		fields = append(fields, field{"Others", joined(slices.Sorted(maps.Keys(c.Extra)))})
	}
	return fields
}

func agentsCan(c *channels.Capabilities) string {
	var can []string
	for _, a := range []struct {
		allowed bool
		what    string
	}{
		{c.AllowOutgoingMessages, "answer"},
		{c.AllowConversationStart, "write first"},
		{c.AllowMultipleRecipients, "write to several at once"},
		{c.AllowInlineImages, "insert images"},
	} {
		if a.allowed {
			can = append(can, a.what)
		}
	}
	if can == nil {
		return "only read"
	}
	return strings.Join(can, ", ")
}

func attachments(c *channels.Capabilities) string {
	text := joined(c.OutgoingAttachmentTypes)
	if slices.Contains(c.OutgoingAttachmentTypes, channels.OutgoingFile) {
		text += fmt.Sprintf("; %d files of %s, together %s", c.MaxFileCount, size(c.MaxFileBytes), size(c.MaxTotalFileBytes))
	}
	if len(c.AllowedFileMIMETypes) > 0 {
		text += "; " + joined(c.AllowedFileMIMETypes)
	}
	return text
}
