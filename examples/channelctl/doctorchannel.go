package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

// publicURL is where HubSpot reaches the bridge, or empty.
func (e *examination) publicURL() string { return strings.TrimSuffix(e.s.env(envPublic), "/") }

// route is the public URL of a route of the bridge.
func (e *examination) route(name string) string { return e.publicURL() + e.prefix + name }

// checkChannel compares what HubSpot knows of the channel with what the bridge has.
func (e *examination) checkChannel(context.Context) {
	const check = "channel"
	if e.registry == nil {
		e.warn(check, "correct the developer key first", "not checked without a developer key that HubSpot takes")
		return
	}
	r := e.findChannel()
	if r == nil {
		start := "start the bridge, which registers it, wait two minutes, and see \"channelctl channels list\""
		switch {
		case e.channelID != "":
			e.problem(check, start, "the app has no channel %s; it may have been archived", e.channelID)
		case len(e.channels) == 0:
			e.problem(check, start, "the app has none")
		default:
			e.problem(check, "name it with -channel, or "+start, "none of the app's %d has the webhook URL %s", len(e.channels), e.route("/webhook"))
		}
		return
	}
	e.channelID = r.ID
	e.ok(check, "%s, %q", r.ID, r.Name)
	e.checkURL("webhook URL", r.WebhookURL, e.route("/webhook"), "-webhook", "HubSpot sends no agent's message")
	e.checkURL("connect URL", r.ConnectURL, e.route("/connect"), "-connect", "no admin can connect an account in HubSpot's settings")
	for _, other := range e.channels {
		if other.ID != r.ID && r.WebhookURL != "" && other.WebhookURL == r.WebhookURL {
			e.warn("duplicates", fmt.Sprintf("if nobody uses it: channelctl channels archive %s", other.ID),
				"channel %s, %q, has the same webhook URL, and admins see both", other.ID, other.Name)
		}
	}
	e.checkCapabilities(r)
}

// findChannel is the channel that was named, or that the store knows, or that has the webhook URL, or the only one.
func (e *examination) findChannel() *channels.Registration {
	for _, r := range e.channels {
		if e.channelID == "" && e.publicURL() != "" && r.WebhookURL == e.route("/webhook") || e.channelID != "" && r.ID == e.channelID {
			return r
		}
	}
	if e.channelID == "" && len(e.channels) == 1 {
		return e.channels[0]
	}
	return nil
}

func (e *examination) checkURL(check, registered, want, flag, loss string) {
	update := fmt.Sprintf("channelctl channels update %s %s %s", e.channelID, flag, want)
	switch {
	case registered == "" && e.publicURL() == "":
		e.problem(check, fmt.Sprintf("set %s and start the bridge, which registers it", envPublic), "none is registered, so %s", loss)
	case registered == "":
		e.problem(check, "start the bridge, which registers it, or "+update, "none is registered, so %s", loss)
	case e.publicURL() == "":
		e.warn(check, "set it as the bridge has it", "%s; not compared without %s", registered, envPublic)
	case registered != want:
		e.problem(check, fmt.Sprintf("correct %s or -prefix here, or start the bridge with them, which corrects it, or %s", envPublic, update),
			"HubSpot calls %s, not %s", registered, want)
	default:
		e.ok(check, "%s", registered)
	}
}

// checkCapabilities looks for capabilities that make no sense together, though HubSpot accepts them.
func (e *examination) checkCapabilities(r *channels.Registration) {
	const check = "capabilities"
	advice := func(what string) string {
		return fmt.Sprintf("%s in the bridge's Definition, or see \"channelctl channels update -h\"", what)
	}
	c, before := &r.Capabilities, len(e.findings)
	if err := c.Validate(); err != nil {
		e.problem(check, advice("correct them"), "%s", strings.TrimPrefix(err.Error(), "channels: "))
	}
	if len(c.DeliveryIdentifierTypes) == 0 {
		e.warn(check, advice("set deliveryIdentifierTypes"), "no type of address is declared")
	}
	if c.ThreadingModel == "" {
		e.warn(check, advice("set threadingModel"), "no threading model is declared, and HubSpot does not document its choice")
	}
	if !c.AllowOutgoingMessages {
		e.warn(check, advice("set allowOutgoingMessages"), "agents can only read")
	}
	if len(c.Extra) > 0 {
		e.warn(check, "update channelctl, or correct their names", "not known here: %s", joined(slices.Sorted(maps.Keys(c.Extra))))
	}
	if len(e.findings) == before {
		e.ok(check, "agents can %s", agentsCan(c))
	}
}
