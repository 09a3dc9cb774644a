package hubspottest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestAccounts(t *testing.T) {
	b := newInstalled(t, hubspottest.Config{})
	channel := b.chatChannel(nil)
	accounts := channelBase + "/" + channel + "/channel-accounts"
	made := b.want(b.call("POST", accounts, object{
		"inboxId": b.inboxID(), "name": "EU shop", "authorized": true, "deliveryIdentifier": opaque("shop-eu"),
	}), http.StatusCreated)
	id := made.text("id")
	diff(t, "created", object{
		"id": id, "channelId": channel, "inboxId": b.inboxID(), "name": "EU shop", "active": true, "authorized": true,
		"archived": false, "createdAt": made.text("createdAt"), "deliveryIdentifier": opaque("shop-eu"),
	}, made.body)

	again := b.want(b.call("POST", accounts, with(made.body, object{"name": "Copy"})), http.StatusConflict)
	if again.text("category") != "CONFLICT" {
		t.Errorf("got %v", again)
	}
	changed := b.want(b.call("PATCH", accounts+"/"+id, object{"name": "Europe", "authorized": false}), http.StatusOK)
	diff(t, "changed", with(made.body, object{"name": "Europe", "authorized": false}), changed.body)
	diff(t, "read", changed.body, b.call("GET", accounts+"/"+id, nil).body)

	b.account(channel, "shop-us")
	found := b.call("GET", accounts+"?"+url.Values{
		"deliveryIdentifierType": {"CHANNEL_SPECIFIC_OPAQUE_ID"}, "deliveryIdentifierValue": {"shop-eu", "other"},
	}.Encode(), nil)
	diff(t, "found by address", object{"total": 1.0, "results": []any{changed.body}}, found.body)

	if err := b.DeleteAccount(id); err != nil {
		t.Fatal(err)
	}
	b.want(b.call("GET", accounts+"/"+id, nil), http.StatusNotFound)
	archived := b.want(b.call("GET", accounts+"/"+id+"?archived=true", nil), http.StatusOK)
	if archived.body["archived"] != true || archived.text("archivedAt") == "" {
		t.Errorf("got %v", archived)
	}
	if got := b.call("GET", accounts+"?archived=true", nil).body["total"]; got != 1.0 {
		t.Errorf("%v archived accounts are listed", got)
	}
	b.account(channel, "shop-eu") // its address is free again
}

func TestAccountRefusals(t *testing.T) {
	b := newInstalled(t, hubspottest.Config{})
	accounts := channelBase + "/" + b.chatChannel(nil) + "/channel-accounts"
	valid := object{"inboxId": b.inboxID(), "name": "x", "authorized": true, "deliveryIdentifier": opaque("x")}
	identifier := func(kind, value string) object {
		return with(valid, object{"deliveryIdentifier": object{"type": kind, "value": value}})
	}
	for _, tt := range []struct {
		name   string
		path   string
		body   object
		status int
		says   string
	}{
		{"number for an id", accounts, with(valid, object{"inboxId": 1}), 400, "inboxId must be a string"},
		{"bare identifier", accounts, with(valid, object{"deliveryIdentifier": "x"}), 400, "deliveryIdentifier"},
		{"no authorized", accounts, with(valid, object{"authorized": nil}), 400, "authorized"},
		{"no name", accounts, with(valid, object{"name": ""}), 400, "name"},
		{"unknown inbox", accounts, with(valid, object{"inboxId": "1"}), 404, "inbox"},
		{"unknown type", accounts, identifier("EMAIL", "a@b.test"), 400, "must be one of"},
		{"blank address", accounts, identifier("CHANNEL_SPECIFIC_OPAQUE_ID", " "), 400, "must not be blank"},
		{"bad e-mail", accounts, identifier("HS_EMAIL_ADDRESS", "Ada <a@b.test>"), 400, "e-mail"},
		{"bad phone", accounts, identifier("HS_PHONE_NUMBER", "0170 1234"), 400, "phone"},
		{"unknown channel", channelBase + "/1/channel-accounts", valid, 404, "custom channel"},
		{"channel that is no number", channelBase + "/x/channel-accounts", valid, 400, "channelId must be a number"},
		{"channel beyond 32 bits", channelBase + "/4294967296/channel-accounts", valid, 400, "channelId must be a number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.call("POST", tt.path, tt.body)
			if a.status != tt.status || !strings.Contains(a.text("message"), tt.says) {
				t.Errorf("got %v, want %d with %q", a, tt.status, tt.says)
			}
		})
	}
	b.want(b.call("POST", accounts, identifier("HS_PHONE_NUMBER", "+14155550123")), http.StatusCreated)
	b.want(b.call("POST", accounts, identifier("HS_EMAIL_ADDRESS", "a@b.test")), http.StatusCreated)
}

func TestPortalsAreApart(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	s.say("m1", "Hi")
	message := s.Messages(s.Threads()[0].ID)[0]
	thread := message.ThreadID
	if err := s.AddPortal(otherPortal, "Other Inc"); err != nil {
		t.Fatal(err)
	}
	s.token = s.install(otherPortal, allScopes...)
	one := channelBase + "/" + s.channel
	for _, path := range []string{
		one + "/channel-accounts/" + s.account, one + "/messages/" + message.ID, helpers + "/threads/" + thread,
		helpers + "/threads/" + thread + "/messages", helpers + "/actors/" + message.Senders[0].ActorID,
	} {
		s.want(s.call("GET", path, nil), http.StatusNotFound)
	}
	s.want(s.publish(draft(s.account, "m2", "Hi")), http.StatusNotFound)
	if got := s.call("GET", one+"/channel-accounts", nil).body["total"]; got != 0.0 {
		t.Errorf("the other portal sees %v accounts", got)
	}
	s.bench.account(s.channel, "shop") // the same address may be used there
}
