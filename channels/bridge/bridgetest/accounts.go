package bridgetest

import (
	"fmt"
	"slices"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

var (
	service  = channels.Phone("+4930123456") // the address of an account
	customer = channels.Email("ana@example.com")
)

func anAccount(id channels.AccountID) bridge.Account {
	return bridge.Account{
		Channel: channel, Portal: portal, ID: id, InboxID: "7", Name: "Support", Identifier: service, Active: true, Authorized: true,
	}
}

// connecting is an account that HubSpot has not given an id yet.
func connecting(credentials string) bridge.Account {
	a := anAccount("")
	a.Credentials = []byte(credentials)
	return a
}

var accountRules = []rule{
	{
		name: "account/saved",
		why:  "the bridge asks the store, not HubSpot, which account a message is for",
		test: func(p *probe) {
			a := anAccount("1")
			a.Credentials = []byte("secret\x00\xff")
			p.saves(a, nil)
			p.accountIs("1", a)
			p.accountsAre(service, a)
			_, err := p.store.Account(p.ctx, channel, "2")
			p.fails("Account of an unknown id", err, bridge.ErrNotFound)
			_, err = p.store.Account(p.ctx, elsewhere, "1")
			p.fails("Account of another channel", err, bridge.ErrNotFound)
			p.accountsAre(customer)
		},
	}, {
		name: "account/all of the channel",
		why:  "what serves accounts by itself has to find them all, whatever their address",
		test: func(p *probe) {
			var want []bridge.Account
			for i, address := range []channels.DeliveryIdentifier{channels.Opaque("z"), service, customer, channels.Opaque("a")} {
				a := anAccount(channels.AccountID(fmt.Sprint(9 - i)))
				a.Identifier, a.Portal, a.Archived = address, int64(5-i), i == 1
				p.saves(a, nil)
				if !a.Archived {
					want = append(want, a)
				}
			}
			foreign := anAccount("1")
			foreign.Channel = elsewhere
			p.saves(foreign, nil)
			again := want[0]
			again.Name = "renamed"
			p.saves(again, &want[0])
			want[0] = again
			got, err := p.store.Accounts(p.ctx, channel, 0)
			p.ok("Accounts", err)
			p.sameAccounts("all accounts", got, want)
			got, err = p.store.Accounts(p.ctx, channel, 3)
			p.ok("Accounts", err)
			p.sameAccounts("the accounts of a portal", got, want[1:2])
			got, err = p.store.Accounts(p.ctx, channel, 4)
			p.ok("Accounts", err)
			p.sameAccounts("the accounts of a portal that has deleted its own", got, nil)
		},
	}, {
		name: "account/type is part of the address",
		why:  "the same characters can be a short code and an opaque id",
		test: func(p *probe) {
			a, b := anAccount("1"), anAccount("2")
			a.Identifier, b.Identifier = channels.ShortCode("12345"), channels.Opaque("12345")
			p.saves(a, nil)
			p.saves(b, nil)
			p.accountsAre(a.Identifier, a)
			p.accountsAre(b.Identifier, b)
		},
	}, {
		name: "account/pending takes its id",
		why:  "the credentials are stored before HubSpot creates the account, and the id comes with an event, perhaps much later",
		test: func(p *probe) {
			pending := connecting("secret")
			p.saves(pending, nil)
			p.accountsAre(service, pending)
			_, err := p.store.Account(p.ctx, channel, "")
			p.fails("Account without an id", err, bridge.ErrNotFound)

			known := anAccount("1")
			known.Name = "as HubSpot says"
			p.saves(known, &pending)
			known.Credentials = pending.Credentials
			p.accountIs("1", known)
			p.accountsAre(service, known)
		},
	}, {
		name: "account/pending is saved again",
		why:  "an admin who tries again, perhaps with other credentials, connects one account",
		test: func(p *probe) {
			p.saves(connecting("first"), nil)
			second := connecting("second")
			second.InboxID = "8"
			first := connecting("first")
			p.saves(second, &first)
			p.accountsAre(service, second)
		},
	}, {
		name: "account/pending of another portal is another",
		why:  "two portals that connect the same address must not get each other's credentials",
		test: func(p *probe) {
			theirs := connecting("theirs")
			theirs.Portal = 2
			p.saves(theirs, nil)
			p.saves(connecting("ours"), nil)
			known := anAccount("1")
			ours := connecting("ours")
			p.saves(known, &ours)
			known.Credentials = []byte("ours")
			p.accountsAre(service, theirs, known)
		},
	}, {
		name: "account/reconnected",
		why:  "connecting again brings new credentials; what HubSpot said of the account is still true",
		test: func(p *probe) {
			known := anAccount("1")
			known.Active, known.Credentials = false, []byte("old")
			p.saves(known, nil)
			again := connecting("new")
			again.Name, again.InboxID = "typed anew", "8"
			p.saves(again, &known)
			now := known
			now.Credentials = []byte("new")
			p.accountIs("1", now)
			p.accountsAre(service, now)
		},
	}, {
		name: "account/reconnected under a new id",
		why:  "HubSpot may tell of the new account before the deletion of the old; the credentials are the new one's",
		test: func(p *probe) {
			old := anAccount("1")
			p.saves(old, nil)
			p.saves(connecting("new"), &old)
			p.saves(anAccount("2"), nil)
			known := anAccount("2")
			known.Credentials = []byte("new")
			p.accountIs("2", known)
			old.Credentials = []byte("new")
			p.accountsAre(service, old, known) // the newest is last

			later := known
			later.Credentials = []byte("newer")
			p.saves(connecting("newer"), &known)
			p.accountsAre(service, old, later)
		},
	}, {
		name: "account/deleted one is not the pending one",
		why:  "the late event of an account's deletion must not take the credentials of the one that is being connected",
		test: func(p *probe) {
			pending := connecting("secret")
			p.saves(pending, nil)
			deleted := anAccount("1")
			deleted.Archived = true
			p.saves(deleted, nil)
			p.accountsAre(service, pending)
			p.accountIs("1", deleted)
		},
	}, {
		name: "account/credentials are kept",
		why:  "HubSpot does not know them, so what it says of an account comes without",
		test: func(p *probe) {
			a := anAccount("1")
			a.Credentials = []byte("secret")
			p.saves(a, nil)
			said := anAccount("1")
			said.Active, said.Name, said.InboxID, said.Identifier = false, "renamed", "8", channels.Phone("+4930999999")
			p.saves(said, &a)
			said.Credentials = a.Credentials
			p.accountIs("1", said)
			p.accountsAre(said.Identifier, said)
			p.accountsAre(service)
		},
	}, {
		name: "account/archived is not found by its address",
		why:  "a deleted account gets no messages, but what HubSpot still tells of it must find it",
		test: func(p *probe) {
			a := anAccount("1")
			a.Credentials = []byte("secret")
			p.saves(a, nil)
			deleted := a
			deleted.Archived, deleted.Credentials = true, nil
			p.saves(deleted, &a)
			p.accountsAre(service)
			p.accountIs("1", deleted) // and its credentials are gone

			pending := connecting("new")
			p.saves(pending, nil) // a new account, not the deleted one
			p.accountsAre(service, pending)
		},
	}, {
		name: "account/two portals, one address",
		why:  "the bridge must see that it cannot tell whose message it is",
		test: func(p *probe) {
			a, b, c := anAccount("1"), anAccount("2"), anAccount("3")
			b.Portal = 2
			c.Channel = elsewhere
			for _, one := range []bridge.Account{a, b, c} {
				p.saves(one, nil)
			}
			p.accountsAre(service, a, b)
		},
	}, {
		name: "account/any bytes",
		why:  "names and opaque addresses come from outside",
		test: func(p *probe) {
			for _, s := range hostile {
				a := connecting(s)
				a.Name, a.Identifier = s, channels.DeliveryIdentifier{Type: channels.TypeOpaque, Value: s}
				p.saves(a, nil)
			}
			for _, s := range hostile {
				a := connecting(s)
				a.Name, a.Identifier = s, channels.DeliveryIdentifier{Type: channels.TypeOpaque, Value: s}
				p.accountsAre(a.Identifier, a)
			}
		},
	}, {
		name: "account/is a copy",
		why:  "what a caller does with its memory must not change the store",
		test: func(p *probe) {
			a := anAccount("1")
			a.Credentials = []byte("secret")
			p.saves(a, nil)
			a.Credentials[0] = 'x'
			got, err := p.store.Account(p.ctx, channel, "1")
			p.ok("Account", err)
			got.Credentials[1], got.Name = 'x', "x"
			a.Credentials = []byte("secret")
			p.accountIs("1", a)
		},
	},
}

// shown is an account with all that is compared, since the type itself hides its credentials.
type shown struct {
	bridge.Account
	Secret string
}

func show(a *bridge.Account) *shown {
	if a == nil {
		return nil
	}
	s := &shown{*a, string(a.Credentials)}
	s.Credentials = nil
	return s
}

func (p *probe) saves(a bridge.Account, want *bridge.Account) {
	p.t.Helper()
	a.Credentials = slices.Clone(a.Credentials)
	old, err := p.store.SaveAccount(p.ctx, &a)
	p.ok("SaveAccount", err)
	p.equal("what SaveAccount found", show(old), show(want))
}

func (p *probe) accountIs(id channels.AccountID, want bridge.Account) {
	p.t.Helper()
	got, err := p.store.Account(p.ctx, channel, id)
	p.ok("Account", err)
	p.equal("the account", show(got), show(&want))
}

// accountsAre compares the accounts at an address, in the order of their connection.
func (p *probe) accountsAre(address channels.DeliveryIdentifier, want ...bridge.Account) {
	p.t.Helper()
	found, err := p.store.FindAccounts(p.ctx, channel, address)
	p.ok("FindAccounts", err)
	p.sameAccounts("the accounts at the address", found, want)
}

func (p *probe) sameAccounts(what string, found []*bridge.Account, want []bridge.Account) {
	p.t.Helper()
	var got, wanted []*shown
	for _, a := range found {
		got = append(got, show(a))
	}
	for _, a := range want {
		wanted = append(wanted, show(&a))
	}
	p.equal(what, got, wanted)
}
