package bridge_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// revoked is a Send whose service takes good credentials only, and its time.
func revoked(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
	if string(m.Account.Credentials) != "good" {
		time.Sleep(time.Second)
		return nil, bridge.Disconnected("The bot's token was revoked.", errors.New("401"))
	}
	return nil, nil
}

// authorized is what HubSpot shows of the account's credentials.
func (b *bench) authorized() bool { return b.hubspot.Accounts()[0].Authorized }

// A disconnected account holds its messages, both ways and whatever HubSpot's state, until it has new credentials.
func TestDisconnected(t *testing.T) {
	for name, restore := range map[string]func(*testing.T, *bench){
		"Authorize": func(t *testing.T, b *bench) {
			if err := b.bridge.Authorize(t.Context(), channels.AccountID(b.hubspot.Accounts()[0].ID), []byte("good")); err != nil {
				t.Fatal(err)
			}
		},
		"connected again": func(t *testing.T, b *bench) {
			b.hubspot.Inject(hubspottest.Fault{Operation: "account.connect", Status: 409})
			b.reconnect("good")
		},
		"Connect": func(t *testing.T, b *bench) {
			b.connect("good")
		},
	} {
		t.Run(name, func(t *testing.T) {
			watched(t, func(t *testing.T, b *bench, w *watcher) {
				b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
				w.news()
				b.channel.send = revoked
				b.reply("one")
				b.reply("two")
				later(2 * time.Second)
				if b.authorized() {
					t.Error("HubSpot takes the account for authorized")
				}
				b.receive(&bridge.Incoming{ID: "2", Text: "Hello?", FromName: "Ada"})
				later(23 * time.Hour)
				if diff := cmp.Diff([]string{"Ada: Hi", "agent: one (SENDING)", "agent: two (SENDING)"}, b.shown()); diff != "" {
					t.Errorf("while disconnected (-want +got):\n%s", diff)
				}
				if b.channel.tries != 1 {
					t.Errorf("Send was called %d times without credentials, want once", b.channel.tries)
				}
				restore(t, b)
				later(2 * time.Minute)
				if !b.authorized() {
					t.Error("HubSpot takes the account for not authorized")
				}
				if diff := cmp.Diff([]string{"one", "two"}, b.channel.texts()); diff != "" {
					t.Errorf("sent after the return (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"Ada: Hi", "agent: one (SENT)", "agent: two (SENT)", "Ada: Hello?"}, b.shown(), ignoreOrder); diff != "" {
					t.Errorf("after the return (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"disconnected Shop", "reconnected Shop"}, slices.Compact(w.news())); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// What waits for too long is FAILED with the channel's reason.
func TestDisconnectedForTooLong(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.channel.send = revoked
		b.reply("one")
		b.reply("two")
		later(26 * time.Hour)
		want := []string{"Ada: Hi", "agent: one (FAILED: The bot's token was revoked.)", "agent: two (FAILED: The bot's token was revoked.)"}
		if diff := cmp.Diff(want, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		if got := b.buried(); len(got) != 2 {
			t.Errorf("buried: %q, want both", got)
		}
	})
}

// HubSpot learns of it when it can be reached, also after a stop.
func TestDisconnectedWhileHubSpotIsDown(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.hubspot.Inject(hubspottest.Fault{Operation: "account.update", Status: 503})
		b.channel.send = revoked
		b.reply("one")
		later(time.Hour)
		if b.channel.tries != 1 {
			t.Errorf("Send was called %d times, want once", b.channel.tries)
		}
		b.stop()
		b.hubspot.ClearFaults()
		b.run()
		later(10 * time.Minute)
		if b.authorized() {
			t.Error("HubSpot takes the account for authorized")
		}
	})
}

// An account that is connected again before HubSpot has heard that it was disconnected ends as connected.
func TestConnectedAgainWhileHubSpotIsDown(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.hubspot.Inject(hubspottest.Fault{Operation: "account.update", Status: 503})
		b.channel.send = revoked
		b.reply("one")
		later(time.Hour)
		b.connect("good")
		b.hubspot.ClearFaults()
		later(10 * time.Minute)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: one (SENT)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		if a, err := b.bridge.Account(t.Context(), shop); err != nil || !a.Authorized || !b.authorized() {
			t.Errorf("the account is %v, %v; HubSpot takes it for authorized: %v", a, err, b.authorized())
		}
	})
}

// A Send that began with old credentials says nothing about the new ones.
func TestDisconnectedByOldCredentials(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		id := channels.AccountID(b.hubspot.Accounts()[0].ID)
		b.channel.send = func(ctx context.Context, try int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if try == 1 {
				if err := b.bridge.Authorize(ctx, id, []byte("good")); err != nil {
					t.Error(err)
				}
				return nil, bridge.Disconnected("The bot's token was revoked.", nil)
			}
			return nil, nil
		}
		b.reply("one")
		later(time.Minute)
		if a, err := b.bridge.Account(t.Context(), shop); err != nil || !a.Authorized || !b.authorized() {
			t.Errorf("the account is %v (authorized: %v), %v; HubSpot has %v", a, a.Authorized, err, b.authorized())
		}
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: one (SENT)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

func TestAuthorizeUnknownAccount(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		if err := b.bridge.Authorize(t.Context(), "1", nil); !errors.Is(err, bridge.ErrUnknownAccount) {
			t.Errorf("Authorize = %v, want ErrUnknownAccount", err)
		}
	})
}

// connect connects the shop's address without the popup.
func (b *bench) connect(credentials string) *bridge.Account {
	b.t.Helper()
	a, err := b.bridge.Connect(b.t.Context(), &bridge.ConnectRequest{PortalID: portal, InboxID: channels.InboxID(b.hubspot.Accounts()[0].InboxID)},
		&bridge.Connection{Name: "Shop", DeliveryIdentifier: shop, Credentials: []byte(credentials)})
	if err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
	return a
}

func TestConnectWithoutPopup(t *testing.T) {
	watched(t, func(t *testing.T, b *bench, w *watcher) {
		w.news()
		r := &bridge.ConnectRequest{PortalID: portal, InboxID: channels.InboxID(b.hubspot.Accounts()[0].InboxID)}
		c := &bridge.Connection{Name: "Kiosk", DeliveryIdentifier: channels.Opaque("kiosk"), Credentials: []byte("s3cret")}
		var ids []channels.AccountID
		for range 2 { // the second time it is there
			a, err := b.bridge.Connect(t.Context(), r, c)
			if err != nil {
				t.Fatal(err)
			}
			if a.ID == "" || a.Name != "Kiosk" || a.Portal != portal || string(a.Credentials) != "s3cret" || !a.Active || !a.Authorized {
				t.Errorf("Connect = %v with credentials %q", a, a.Credentials)
			}
			ids = append(ids, a.ID)
		}
		if ids[0] != ids[1] {
			t.Errorf("connected as %q, want the same account twice", ids)
		}
		if diff := cmp.Diff([]string{"created Kiosk"}, w.news()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if err := b.bridge.Receive(t.Context(), &bridge.Incoming{ID: "1", Text: "Hi", From: ada, To: c.DeliveryIdentifier}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := b.shown(); len(got) != 1 {
			t.Errorf("the agent sees %q, want the message to the new account", got)
		}
	})
}

// A message may come as soon as the address is known, before HubSpot has answered.
func TestMessageWhileConnecting(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		kiosk := channels.Opaque("kiosk")
		b.hubspot.Inject(hubspottest.Fault{Operation: "account.create", Delay: 10 * time.Second})
		done := make(chan error)
		go func() {
			_, err := b.bridge.Connect(t.Context(), &bridge.ConnectRequest{PortalID: portal, InboxID: channels.InboxID(b.hubspot.Accounts()[0].InboxID)},
				&bridge.Connection{Name: "Kiosk", DeliveryIdentifier: kiosk})
			done <- err
		}()
		later(time.Second)
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada", To: kiosk})
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		if diff := cmp.Diff([]string{"Ada: Hi"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

func TestConnectErrors(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		kiosk := channels.Opaque("kiosk")
		inbox := channels.InboxID(b.hubspot.Accounts()[0].InboxID)
		for name, test := range map[string]struct {
			r    bridge.ConnectRequest
			c    bridge.Connection
			want error
		}{
			"no portal":     {bridge.ConnectRequest{InboxID: inbox}, bridge.Connection{Name: "Kiosk", DeliveryIdentifier: kiosk}, bridge.ErrInvalid},
			"no inbox":      {bridge.ConnectRequest{PortalID: portal}, bridge.Connection{Name: "Kiosk", DeliveryIdentifier: kiosk}, bridge.ErrInvalid},
			"no name":       {bridge.ConnectRequest{PortalID: portal, InboxID: inbox}, bridge.Connection{DeliveryIdentifier: kiosk}, bridge.ErrInvalid},
			"no address":    {bridge.ConnectRequest{PortalID: portal, InboxID: inbox}, bridge.Connection{Name: "Kiosk"}, bridge.ErrInvalid},
			"unknown inbox": {bridge.ConnectRequest{PortalID: portal, InboxID: "1"}, bridge.Connection{Name: "Kiosk", DeliveryIdentifier: kiosk}, channels.ErrNotFound},
		} {
			if _, err := b.bridge.Connect(t.Context(), &test.r, &test.c); !errors.Is(err, test.want) {
				t.Errorf("%s: Connect = %v, want %v", name, err, test.want)
			}
		}
		if a, err := b.bridge.Account(t.Context(), kiosk); !errors.Is(err, bridge.ErrUnknownAccount) {
			t.Errorf("Account = %v, %v; want ErrUnknownAccount for what HubSpot refused", a, err)
		}
	})
}
