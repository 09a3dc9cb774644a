package main

import (
	"strings"
	"testing"
)

func TestAccountCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.installAndConnect()
	w.expect("inboxes list", w.run("inboxes", "list"), result{Out: `
ID      NAME       TYPE       CREATED
480001  Inbox      inbox      2026-10-01 08:00:00 UTC
480002  Help desk  help desk  2026-10-01 08:00:00 UTC
`})
	w.expect("list", w.run("accounts", "list", "918000"), result{Out: `
ID       NAME          ADDRESS             INBOX   STATE      CREATED
5550000  Support line  phone:+14155550123  480001  connected  2026-10-01 08:00:00 UTC
`})
	w.expect("list of one address", w.run("accounts", "list", "918000", "-address", "phone:+1 415 555 0100"), result{
		Err: "There are no such accounts in the portal.\n",
	})
	fields := `
ID       5550000
Name     Support line
Address  phone:+14155550123
Channel  918000
Inbox    480001
State    connected
Created  2026-10-01 08:00:00 UTC
`
	w.expect("get", w.run("accounts", "get", "918000", "5550000"), result{Out: fields})
	w.expect("get as JSON", w.run("accounts", "get", "918000", "5550000", "-json"), result{Out: `
{
  "id": "5550000",
  "channelId": "918000",
  "inboxId": "480001",
  "name": "Support line",
  "active": true,
  "authorized": true,
  "archived": false,
  "createdAt": "2026-10-01T08:00:00Z",
  "deliveryIdentifier": {
    "type": "HS_PHONE_NUMBER",
    "value": "+14155550123"
  }
}
`})
	again := w.run("accounts", "create", "918000", "-inbox", "480002", "-name", "Line 2", "-address", "phone:+14155550123")
	w.expect("create of one that is there", again,
		result{Out: fields, Err: "The address was connected before; this is the account as it is.\n"})
	update := w.run("accounts", "update", "918000", "5550000", "-name", "Old line", "-authorized=false")
	w.expect("update", update, result{
		Out: strings.NewReplacer("Support", "Old", "connected", "not authorized").Replace(fields),
	})

	created := w.must("accounts", "create", "918000", "-inbox", "480002", "-name", "Desk", "-address", "phone:+14155550124",
		"-unauthorized")
	w.ids = append(w.ids, w.hs.Accounts()[1].ID, "5550001")
	w.expect("create", result{Out: strings.ReplaceAll(created, w.hs.Accounts()[1].ID, "5550001")}, result{Out: `
ID       5550001
Name     Desk
Address  phone:+14155550124
Channel  918000
Inbox    480002
State    not authorized
Created  2026-10-01 08:00:00 UTC
`})
	if err := w.hs.SetAccountActive(w.hs.Accounts()[0].ID, false); err != nil {
		t.Fatal(err)
	}
	off := w.must("accounts", "get", "918000", "5550000")
	if !strings.Contains(off, "\nState    switched off in HubSpot, not authorized\n") {
		t.Errorf("get of an account that is switched off printed\n%s", off)
	}
	if err := w.hs.DeleteAccount(w.hs.Accounts()[1].ID); err != nil {
		t.Fatal(err)
	}
	w.expect("list of archived ones", w.run("accounts", "list", "918000", "-archived"), result{Out: `
ID       NAME  ADDRESS             INBOX   STATE     CREATED
5550001  Desk  phone:+14155550124  480002  archived  2026-10-01 08:00:00 UTC
`})
	archived := w.must("accounts", "get", "918000", "5550001", "-archived")
	if !strings.HasSuffix(archived, "\nArchived  2026-10-01 08:00:00 UTC\n") {
		t.Errorf("get -archived printed\n%s", archived)
	}
}

func TestStagingCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("channels", "create", "-name", "Acme", "-connect", w.app.URL+"/connect")
	channel := w.hs.Channels()[0].ID
	w.ids = []string{channel, "918000"}
	var got result
	w.connect = func(token string) {
		got = w.run("staging", "update", "-name", "Support line", "-address", "opaque:shop-42", "--", channel, token)
	}
	account, err := w.hs.InstallAndConnect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if account.Name != "Support line" {
		t.Errorf("the account is called %q", account.Name)
	}
	w.expect("staging update", got, result{Out: `
Name     Support line
Address  opaque:shop-42
Channel  918000
Inbox    480001
Admin    user 2620022
Started  2026-10-01 08:00:00 UTC
`})
}
