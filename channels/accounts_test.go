package channels_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
)

const (
	accountsRoot = "/base/conversations/custom-channels/2026-09/918273/channel-accounts"
	connected    = `{"id":5550001,"channelId":"918273","inboxId":481939,"name":"Acme EU shop","active":true,"authorized":true,"archived":false,
		"createdAt":"2026-10-01T09:15:30.123Z","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"shop-eu"}}`
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func rawMap(key, value string) map[string]json.RawMessage {
	return map[string]json.RawMessage{key: json.RawMessage(value)}
}

func shop() *channels.Account {
	return &channels.Account{
		ID: "5550001", ChannelID: "918273", InboxID: "481939", Name: "Acme EU shop", Active: true, Authorized: true,
		CreatedAt: time.Date(2026, 10, 1, 9, 15, 30, 123e6, time.UTC), DeliveryIdentifier: channels.Opaque("shop-eu"),
	}
}

func TestAccountOperations(t *testing.T) {
	t.Parallel()
	server := play(reply(201, connected))
	accounts := newClient(t, server).Accounts()
	ctx := t.Context()
	address := channels.Opaque("shop-eu")

	got, err := accounts.Create(ctx, "918273", &channels.NewAccount{InboxID: "481939", Name: "Acme EU shop", DeliveryIdentifier: address})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shop(), got); diff != "" {
		t.Error(diff)
	}
	if _, err := accounts.Create(ctx, "918273", &channels.NewAccount{InboxID: "481939", Name: "n", Unauthorized: true}); err != nil {
		t.Error(err)
	}
	if _, err := accounts.Get(ctx, "918273", "5550001"); err != nil {
		t.Error(err)
	}
	if _, err := accounts.GetArchived(ctx, "918273", "5550001"); err != nil {
		t.Error(err)
	}
	if _, err := accounts.Update(ctx, "918273", "5550001", &channels.AccountUpdate{Authorized: new(false)}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([][3]string{
		{"POST", accountsRoot, `{"inboxId":"481939","name":"Acme EU shop","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"shop-eu"},"authorized":true}`},
		{"POST", accountsRoot, `{"inboxId":"481939","name":"n","authorized":false}`},
		{"GET", accountsRoot + "/5550001", ""},
		{"GET", accountsRoot + "/5550001?archived=true", ""},
		{"PATCH", accountsRoot + "/5550001", `{"authorized":false}`},
	}, lines(server)); diff != "" {
		t.Error(diff)
	}
}

func TestNewAccountIsChecked(t *testing.T) {
	t.Parallel()
	server := play(reply(201, connected))
	for name, account := range map[string]*channels.NewAccount{
		"no inbox":      {Name: "n"},
		"no name":       {InboxID: "1"},
		"wrong address": {InboxID: "1", Name: "n", DeliveryIdentifier: channels.Phone("0123")},
	} {
		if _, err := newClient(t, server).Accounts().Create(t.Context(), "918273", account); !errors.Is(err, channels.ErrInvalid) {
			t.Errorf("%s: Create = %v, want an error that matches ErrInvalid", name, err)
		}
	}
	if n := len(server.seen()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestAccountThatIsThereAlready(t *testing.T) {
	t.Parallel()
	account := &channels.NewAccount{InboxID: "481939", Name: "n", DeliveryIdentifier: channels.Opaque("shop-eu")}
	other := strings.ReplaceAll(connected, "shop-eu", "shop-us")
	for _, tt := range []struct {
		name    string
		account *channels.NewAccount
		lookUp  answer
		found   bool
	}{
		{name: "in this portal", account: account, lookUp: reply(200, `{"results":[`+other+`,`+connected+`]}`), found: true},
		{name: "in another portal", account: account, lookUp: reply(200, `{"results":[]}`)},
		{name: "filter not applied", account: account, lookUp: reply(200, `{"results":[`+other+`]}`)},
		{name: "look-up fails", account: account, lookUp: reply(403, `{}`)},
		{name: "no address", account: &channels.NewAccount{InboxID: "1", Name: "n"}, lookUp: reply(200, `{"results":[`+connected+`]}`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := newClient(t, play(reply(409, `{"category":"CONFLICT"}`), tt.lookUp)).Accounts().Create(t.Context(), "918273", tt.account)
			if tt.found {
				if diff := cmp.Diff(shop(), got); err != nil || diff != "" {
					t.Errorf("Create = %v\n%s", err, diff)
				}
			} else if !errors.Is(err, channels.ErrConflict) || got != nil {
				t.Errorf("Create = %+v, %v, want the conflict", got, err)
			}
		})
	}
}

func TestAccountCreationIsRetriedOnlyWithAnAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(breakAfter(errReset), reply(409, `{}`), reply(200, `{"results":[`+connected+`]}`))
		got, err := newClient(t, server).Accounts().Create(t.Context(), "918273",
			&channels.NewAccount{InboxID: "1", Name: "n", DeliveryIdentifier: channels.Opaque("shop-eu")})
		if err != nil || got.ID != "5550001" {
			t.Errorf("Create = %+v, %v, want the account that the first attempt made", got, err)
		}
		server = play(breakAfter(errReset))
		_, err = newClient(t, server).Accounts().Create(t.Context(), "918273", &channels.NewAccount{InboxID: "1", Name: "n"})
		if err == nil || len(server.seen()) != 1 || !channels.MayHaveArrived(err) {
			t.Errorf("Create without address = %v after %d requests, want 1", err, len(server.seen()))
		}
	})
}

func TestAccountListFilters(t *testing.T) {
	t.Parallel()
	server := play(reply(200, `{"results":[`+connected+`,`+strings.ReplaceAll(connected, "shop-eu", "not asked for")+`]}`))
	opts := &channels.AccountListOptions{
		ListOptions: channels.ListOptions{Limit: 50}, Archived: true,
		DeliveryIdentifiers: []channels.DeliveryIdentifier{channels.Opaque("shop-eu"), channels.Phone("+14155550123")},
	}
	var got []*channels.Account
	for a, err := range newClient(t, server).Accounts().All(t.Context(), "918273", opts) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	if diff := cmp.Diff([]*channels.Account{shop()}, got); diff != "" {
		t.Error(diff)
	}
	want := accountsRoot + "?archived=true&deliveryIdentifierType=CHANNEL_SPECIFIC_OPAQUE_ID&deliveryIdentifierType=HS_PHONE_NUMBER" +
		"&deliveryIdentifierValue=shop-eu&deliveryIdentifierValue=%2B14155550123&limit=50"
	if got := server.seen()[0].URL; got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
}

func TestStagingToken(t *testing.T) {
	t.Parallel()
	server := play(reply(200, `{"accountToken":"tok/1","createdAt":"2026-10-01T09:15:30Z","genericChannelId":918273,"inboxId":481939,"userId":"2620022",
		"accountName":"Acme","deliveryIdentifier":{"type":"HS_EMAIL_ADDRESS","value":"a@example.test"}}`))
	c := newClient(t, server)
	got, err := c.UpdateStagingToken(t.Context(), "918273", "tok/1", &channels.StagedAccount{Name: "Acme", DeliveryIdentifier: channels.Email("A@example.test")})
	if err != nil {
		t.Fatal(err)
	}
	want := &channels.StagingToken{
		Token: "tok/1", ChannelID: "918273", InboxID: "481939", UserID: 2620022, Name: "Acme",
		DeliveryIdentifier: channels.Email("a@example.test"), CreatedAt: time.Date(2026, 10, 1, 9, 15, 30, 0, time.UTC),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][3]string{{"PATCH", "/base/conversations/custom-channels/2026-09/918273/channel-account-staging-tokens/tok%2F1",
		`{"accountName":"Acme","deliveryIdentifier":{"type":"HS_EMAIL_ADDRESS","value":"a@example.test"}}`}}, lines(server)); diff != "" {
		t.Error(diff)
	}
	for name, staged := range map[string]*channels.StagedAccount{
		"no name": {DeliveryIdentifier: channels.Opaque("x")}, "no address": {Name: "n"},
	} {
		if _, err := c.UpdateStagingToken(t.Context(), "918273", "tok", staged); !errors.Is(err, channels.ErrInvalid) {
			t.Errorf("%s: %v, want an error that matches ErrInvalid", name, err)
		}
	}
	if _, err := c.UpdateStagingToken(t.Context(), "918273", "", &channels.StagedAccount{Name: "n", DeliveryIdentifier: channels.Opaque("x")}); err == nil {
		t.Error("an empty account token: want an error")
	}
}

func TestInboxesAndActors(t *testing.T) {
	t.Parallel()
	const root = "/base/conversations/v3/conversations"
	desk := `{"id":481939,"name":"Help","type":"HELP_DESK","archived":false,"createdAt":"2026-10-01T09:15:30Z","updatedAt":"2026-10-01T09:15:30Z"}`
	server := play(
		reply(200, `{"total":1,"results":[`+desk+`]}`), reply(200, desk),
		reply(200, `{"id":"A-1","type":"AGENT","name":"Robin","email":"r@example.test","avatar":"https://a.example.test"}`),
		reply(200, `{"status":"COMPLETE","results":[{"id":"A-1","type":"AGENT","name":"Robin"},null,{"id":"V-2","type":"VISITOR"}]}`),
	)
	c := newClient(t, server)
	ctx := t.Context()
	at := time.Date(2026, 10, 1, 9, 15, 30, 0, time.UTC)
	want := &channels.Inbox{ID: "481939", Name: "Help", Type: channels.TypeHelpDesk, CreatedAt: at, UpdatedAt: at}
	for inbox, err := range c.Inboxes().All(ctx, &channels.ListOptions{Limit: 1}) {
		if diff := cmp.Diff(want, inbox); err != nil || diff != "" {
			t.Errorf("All: %v\n%s", err, diff)
		}
	}
	if inbox, err := c.Inboxes().Get(ctx, "481939"); err != nil || inbox.ID != want.ID {
		t.Errorf("Get = %+v, %v", inbox, err)
	}
	actor, err := c.Actors().Get(ctx, "A-1")
	if diff := cmp.Diff(&channels.Actor{ID: "A-1", Type: channels.ActorAgent, Name: "Robin", Email: "r@example.test", Avatar: "https://a.example.test"}, actor); err != nil || diff != "" {
		t.Errorf("Get: %v\n%s", err, diff)
	}
	actors, err := c.Actors().GetAll(ctx, []string{"A-1", "V-2", "X-9"})
	if err != nil || len(actors) != 2 || actors["A-1"].Name != "Robin" || actors["V-2"].Type != channels.ActorVisitor {
		t.Errorf("GetAll = %v, %v", actors, err)
	}
	if none, err := c.Actors().GetAll(ctx, nil); err != nil || len(none) != 0 {
		t.Errorf("GetAll of nobody = %v, %v", none, err)
	}
	if diff := cmp.Diff([][3]string{
		{"GET", root + "/inboxes?limit=1", ""},
		{"GET", root + "/inboxes/481939", ""},
		{"GET", root + "/actors/A-1", ""},
		{"POST", root + "/actors/batch/read", `{"inputs":["A-1","V-2","X-9"]}`},
	}, lines(server)); diff != "" {
		t.Error(diff)
	}
}
