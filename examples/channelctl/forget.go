package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/customchannels/customchannels-go/channels"
)

func forget() *command {
	return &command{
		name: "forget", args: "ACCOUNT PERSON", short: "Erase a person from the bridge's store", needs: bridgeStore,
		long: `
  channelctl forget phone:+14155550123 phone:+14155550199

ACCOUNT and PERSON are addresses, with ` + addressForms + ` before them. In
every portal that has the account, the person's messages that wait or are buried are
deleted, with files, and what is remembered of the conversation. HubSpot and the
messaging service keep what they have. There is no way back. It asks first.`,
		setup: func(fs *flag.FlagSet) action {
			yes := fs.Bool("yes", false, "do not ask")
			return func(ctx context.Context, s *session) error {
				var addresses [2]channels.DeliveryIdentifier
				for i, arg := range s.args {
					address, err := parseAddress(arg)
					if err != nil {
						return usagef("forget: %v", err)
					}
					addresses[i] = address
				}
				if err := s.canAsk(*yes, "forget"); err != nil {
					return err
				}
				if !*yes {
					question := fmt.Sprintf("Erase %s at %s for good?", addressText(addresses[1]), addressText(addresses[0]))
					if err := s.confirm(ctx, question); err != nil {
						return err
					}
				}
				n, err := s.operator.Forget(ctx, addresses[0], addresses[1])
				if err != nil {
					return err
				}
				return s.one(map[string]int{"messages": n}, field{"Erased", fmt.Sprintf("%d messages", n)})
			}
		},
	}
}
