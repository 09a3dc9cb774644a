package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

func accountCommands() []*command {
	return []*command{accountsList(), accountsGet(), accountsCreate(), accountsUpdate(), stagingUpdate()}
}

const addressUsage = "its `address`, with " + addressForms + " before it"

func accountsList() *command {
	return &command{
		name: "accounts list", args: "CHANNEL", short: "List the portal's accounts on a channel", needs: portalToken,
		setup: func(fs *flag.FlagSet) action {
			o := &channels.AccountListOptions{}
			fs.BoolVar(&o.Archived, "archived", false, "list the archived accounts instead")
			fs.Func("address", "only the account with this `address`, as phone:+14155550123; can be repeated", func(s string) error {
				address, err := parseAddress(s)
				o.DeliveryIdentifiers = append(o.DeliveryIdentifiers, address)
				return err
			})
			return func(ctx context.Context, s *session) error {
				return list(s, s.client.Accounts().All(ctx, s.channel(), o), "There are no such accounts in the portal.",
					"ID NAME ADDRESS INBOX STATE CREATED", func(a *channels.Account) []string {
						return []string{
							string(a.ID), a.Name, addressText(a.DeliveryIdentifier), string(a.InboxID), accountState(a), when(a.CreatedAt),
						}
					})
			}
		},
	}
}

func accountsGet() *command {
	return &command{
		name: "accounts get", args: "CHANNEL ACCOUNT", short: "Show an account", needs: portalToken,
		setup: func(fs *flag.FlagSet) action {
			archived := fs.Bool("archived", false, "show an archived account")
			return func(ctx context.Context, s *session) error {
				get := s.client.Accounts().Get
				if *archived {
					get = s.client.Accounts().GetArchived
				}
				a, err := get(ctx, s.channel(), channels.AccountID(s.args[1]))
				if err != nil {
					return err
				}
				return s.one(a, accountFields(a)...)
			}
		},
	}
}

func accountsCreate() *command {
	return &command{
		name: "accounts create", args: "CHANNEL", short: "Connect an account to an inbox", needs: portalToken,
		long: `
"inboxes list" shows the inboxes. If the address is connected already, the account
is shown as it is. HubSpot has no call to delete an account: admins do that in the
settings of the inbox.`,
		setup: func(fs *flag.FlagSet) action {
			n := &channels.NewAccount{}
			fs.StringVar((*string)(&n.InboxID), "inbox", "", "`id` of the inbox or help desk (required)")
			fs.StringVar(&n.Name, "name", "", "`name` that agents see (required)")
			addressVar(fs, &n.DeliveryIdentifier, "address", addressUsage)
			fs.BoolVar(&n.Unauthorized, "unauthorized", false, "connect it switched off")
			return func(ctx context.Context, s *session) error {
				if n.InboxID == "" || n.Name == "" {
					return usagef("accounts create needs -inbox and -name")
				}
				a, err := s.client.Accounts().Create(ctx, s.channel(), n)
				if err != nil {
					return unsure(err, fmt.Sprintf(`see "channelctl accounts list %s"`, s.channel()))
				}
				if a.InboxID != n.InboxID || a.Name != n.Name || a.Authorized == n.Unauthorized {
					fmt.Fprintln(s.err, "The address was connected before; this is the account as it is.")
				}
				return s.one(a, accountFields(a)...)
			}
		},
	}
}

func accountsUpdate() *command {
	return &command{
		name: "accounts update", args: "CHANNEL ACCOUNT", short: "Rename an account, or switch it off and on",
		needs: portalToken,
		setup: func(fs *flag.FlagSet) action {
			u := &channels.AccountUpdate{}
			stringVar(fs, &u.Name, "name", "`name` that agents see")
			boolVar(fs, &u.Authorized, "authorized", "switch the account on; -authorized=false: off")
			return func(ctx context.Context, s *session) error {
				if *u == (channels.AccountUpdate{}) {
					return usagef("accounts update needs -name or -authorized")
				}
				a, err := s.client.Accounts().Update(ctx, s.channel(), channels.AccountID(s.args[1]), u)
				if err != nil {
					return err
				}
				return s.one(a, accountFields(a)...)
			}
		},
	}
}

// staged is a staging token in HubSpot's field names.
type staged struct {
	Token     string                      `json:"accountToken"`
	ChannelID channels.ID                 `json:"genericChannelId"`
	InboxID   channels.InboxID            `json:"inboxId"`
	UserID    int64                       `json:"userId"`
	Name      string                      `json:"accountName"`
	Address   channels.DeliveryIdentifier `json:"deliveryIdentifier"`
	CreatedAt time.Time                   `json:"createdAt"`
}

func stagingUpdate() *command {
	return &command{
		name: "staging update", args: "CHANNEL ACCOUNT_TOKEN", short: "Name the account that an admin is connecting",
		needs: portalToken,
		long: `
ACCOUNT_TOKEN is the parameter accountToken with which HubSpot opened the connect
page. The account comes to be when the browser goes on to the redirectUrl of the
same request.`,
		setup: func(fs *flag.FlagSet) action {
			n := &channels.StagedAccount{}
			fs.StringVar(&n.Name, "name", "", "`name` that agents see (required)")
			addressVar(fs, &n.DeliveryIdentifier, "address", addressUsage+" (required)")
			return func(ctx context.Context, s *session) error {
				if n.Name == "" || n.DeliveryIdentifier.IsZero() {
					return usagef("staging update needs -name and -address")
				}
				t, err := s.client.UpdateStagingToken(ctx, s.channel(), s.args[1], n)
				if err != nil {
					return err
				}
				return s.one(&staged{t.Token, t.ChannelID, t.InboxID, t.UserID, t.Name, t.DeliveryIdentifier, t.CreatedAt},
					field{"Name", t.Name},
					field{"Address", addressText(t.DeliveryIdentifier)},
					field{"Channel", string(t.ChannelID)},
					field{"Inbox", string(t.InboxID)},
					field{"Admin", fmt.Sprintf("user %d", t.UserID)},
					field{"Started", when(t.CreatedAt)},
				)
			}
		},
	}
}

func accountFields(a *channels.Account) []field {
	fields := []field{
		{"ID", string(a.ID)},
		{"Name", a.Name},
		{"Address", addressText(a.DeliveryIdentifier)},
		{"Channel", string(a.ChannelID)},
		{"Inbox", string(a.InboxID)},
		{"State", accountState(a)},
		{"Created", when(a.CreatedAt)},
	}
	if !a.ArchivedAt.IsZero() {
		fields = append(fields, field{"Archived", when(a.ArchivedAt)})
	}
	return fields
}

// accountState says whether messages can pass, and if not who stops them.
func accountState(a *channels.Account) string {
	switch {
	case a.Archived:
		return "archived"
	case a.Active && a.Authorized:
		return "connected"
	case a.Active:
		return "not authorized"
	case a.Authorized:
		return "switched off in HubSpot"
	}
	return "switched off in HubSpot, not authorized"
}
