package main

import (
	"context"
	"flag"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

func inboxCommands() []*command { return []*command{inboxesList()} }

func inboxesList() *command {
	return &command{
		name: "inboxes list", short: "List the portal's inboxes and help desks", needs: portalToken,
		setup: func(*flag.FlagSet) action {
			return func(ctx context.Context, s *session) error {
				return list(s, s.client.Inboxes().All(ctx, nil), "The portal has no inboxes.", "ID NAME TYPE CREATED",
					func(i *channels.Inbox) []string {
						kind := strings.ToLower(strings.ReplaceAll(string(i.Type), "_", " "))
						return []string{string(i.ID), i.Name, kind, when(i.CreatedAt)}
					})
			}
		},
	}
}
