package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

const definitionHelp = `
The channel is described by flags, by a file, or by a file that flags overrule. The
file has HubSpot's field names; unknown ones are refused:

  {
    "name": "Acme SMS",
    "channelDescription": "Text messages",
    "channelLogoUrl": "https://app.example.com/logo.png",
    "webhookUrl": "https://app.example.com/hubspot/webhook",
    "channelAccountConnectionRedirectUrl": "https://app.example.com/hubspot/connect",
    "capabilities": {
      "deliveryIdentifierTypes": ["HS_PHONE_NUMBER"],
      "threadingModel": "DELIVERY_IDENTIFIER",
      "richText": [],
      "allowOutgoingMessages": true,
      "outgoingAttachmentTypes": ["FILE"],
      "maxFileAttachmentCount": 3,
      "maxFileAttachmentSizeBytes": 5000000,
      "maxTotalFileAttachmentSizeBytes": 10000000
    }
  }

Its id and createdAt, which "channels get -json" prints, are ignored.`

// definition is what the command line says of a channel.
type definition struct {
	file         string
	unknown      bool // capabilities are let through
	text         channels.RegistrationUpdate
	capabilities []func(*channels.Capabilities)
}

func newDefinition(fs *flag.FlagSet) *definition {
	d := &definition{}
	fs.StringVar(&d.file, "f", "", "the definition's `file`; - is standard input")
	fs.BoolVar(&d.unknown, "unknown", false, "also send capabilities of the file that this program does not know")
	stringVar(fs, &d.text.Name, "name", "`name` that admins see")
	stringVar(fs, &d.text.Description, "description", "`text` below the name")
	stringVar(fs, &d.text.LogoURL, "logo", "`URL` of the picture beside the name")
	stringVar(fs, &d.text.WebhookURL, "webhook", "`URL` that gets the channel's events")
	stringVar(fs, &d.text.ConnectURL, "connect", "`URL` of the page on which admins connect accounts")
	d.capability(fs.Func, "types", "`types` of addresses, of email, phone, shortcode, opaque: -types email,phone",
		func(s string) (func(*channels.Capabilities), error) {
			types, err := parseTypes(s)
			return func(c *channels.Capabilities) { c.DeliveryIdentifierTypes = types }, err
		})
	d.capability(fs.Func, "threading", "threading `model`: INTEGRATION_THREAD_ID or DELIVERY_IDENTIFIER",
		func(s string) (func(*channels.Capabilities), error) {
			return func(c *channels.Capabilities) { c.ThreadingModel = channels.ThreadingModel(s) }, nil
		})
	d.capability(fs.Func, "rich-text", "`features` of HubSpot's composer: -rich-text BOLD,ITALIC",
		func(s string) (func(*channels.Capabilities), error) {
			var features []channels.RichTextFeature
			for name := range strings.SplitSeq(s, ",") {
				if name = strings.TrimSpace(name); name != "" {
					features = append(features, channels.RichTextFeature(name))
				}
			}
			return func(c *channels.Capabilities) { c.RichText = features }, nil
		})
	d.allow(fs, "outgoing", "agents can answer; -outgoing=false: they cannot",
		func(c *channels.Capabilities, b bool) { c.AllowOutgoingMessages = b })
	d.allow(fs, "start", "agents can write first; -start=false: they cannot",
		func(c *channels.Capabilities, b bool) { c.AllowConversationStart = b })
	return d
}

// capability declares a flag that changes capabilities, once those to be changed are known.
func (d *definition) capability(declare func(string, string, func(string) error), name, usage string,
	read func(string) (func(*channels.Capabilities), error)) {
	declare(name, usage, func(s string) error {
		change, err := read(s)
		d.capabilities = append(d.capabilities, change)
		return err
	})
}

func (d *definition) allow(fs *flag.FlagSet, name, usage string, set func(*channels.Capabilities, bool)) {
	d.capability(fs.BoolFunc, name, usage, func(s string) (func(*channels.Capabilities), error) {
		b, err := parseBool(s)
		return func(c *channels.Capabilities) { set(c, b) }, err
	})
}

// read returns what the file says, overruled by the flags, but for those of capabilities.
func (d *definition) read(ctx context.Context, s *session) (*channels.RegistrationUpdate, error) {
	u := &channels.RegistrationUpdate{}
	if d.file != "" {
		if err := s.readJSON(ctx, d.file, u, "id", "createdAt"); err != nil {
			return nil, err
		}
	}
	if u.Capabilities != nil && len(u.Capabilities.Extra) > 0 && !d.unknown {
		return nil, fmt.Errorf("%s: unknown or of the wrong type: capabilities.%s; correct it, or add -unknown to send it as it is",
			d.file, strings.Join(slices.Sorted(maps.Keys(u.Capabilities.Extra)), ", capabilities."))
	}
	for _, f := range []struct{ dst, flag **string }{
		{&u.Name, &d.text.Name}, {&u.Description, &d.text.Description}, {&u.LogoURL, &d.text.LogoURL},
		{&u.WebhookURL, &d.text.WebhookURL}, {&u.ConnectURL, &d.text.ConnectURL},
	} {
		if *f.flag != nil {
			*f.dst = *f.flag
		}
	}
	return u, nil
}

// registration returns the whole definition of a channel. Capabilities are whole or not there: those that it does not
// mention would be switched off where the channel has them, so with mustHaveThem it has to mention some.
func (d *definition) registration(ctx context.Context, s *session, mustHaveThem bool) (*channels.Registration, error) {
	u, err := d.read(ctx, s)
	if err != nil {
		return nil, err
	}
	if mustHaveThem && u.Capabilities == nil && len(d.capabilities) == 0 {
		return nil, usagef(`the definition has no capabilities; a file with "capabilities": {} says that the channel is to have none`)
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	r := &channels.Registration{
		Name: text(u.Name), Description: text(u.Description), LogoURL: text(u.LogoURL),
		WebhookURL: text(u.WebhookURL), ConnectURL: text(u.ConnectURL),
	}
	if u.Capabilities != nil {
		r.Capabilities = *u.Capabilities
	}
	for _, change := range d.capabilities {
		change(&r.Capabilities)
	}
	if err := r.Validate(); err != nil {
		return nil, usagef("%v", err)
	}
	return r, nil
}

// update returns what is to be changed of the channel that s is about.
func (d *definition) update(ctx context.Context, s *session) (*channels.RegistrationUpdate, error) {
	u, err := d.read(ctx, s)
	if err != nil {
		return nil, err
	}
	if u.Capabilities == nil && len(d.capabilities) > 0 {
		r, err := s.registry.Get(ctx, s.channel())
		if err != nil {
			return nil, err
		}
		u.Capabilities = &r.Capabilities
	}
	for _, change := range d.capabilities {
		change(u.Capabilities)
	}
	if *u == (channels.RegistrationUpdate{}) {
		return nil, usagef("channels update: nothing to change; see channelctl channels update -h")
	}
	if u.Capabilities != nil {
		if err := u.Capabilities.Validate(); err != nil {
			return nil, usagef("%v", err)
		}
	}
	return u, nil
}
