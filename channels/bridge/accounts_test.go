package bridge_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// A 404 need not mean that an account is gone, since a new one is not visible everywhere at once; only HubSpot's word
// that it was deleted ends it, and its credentials.
func TestAccountNotVisibleForAMoment(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		account, err := b.bridge.Account(t.Context(), shop)
		if err != nil {
			t.Fatal(err)
		}
		account.Credentials = []byte("s3cret")
		if _, err := b.store.SaveAccount(t.Context(), account); err != nil {
			t.Fatal(err)
		}
		b.hubspot.Inject(hubspottest.Fault{Operation: "account.get", Status: 404})
		if err := b.hubspot.RenameAccount(string(account.ID), "Corner shop"); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		b.hubspot.ClearFaults()
		later(10 * time.Minute)
		got, err := b.bridge.Account(t.Context(), shop)
		if err != nil {
			t.Fatalf("the account is lost: %v", err)
		}
		if got.Name != "Corner shop" || string(got.Credentials) != "s3cret" {
			t.Errorf("the account is %v with credentials %q", got, got.Credentials)
		}

		if err := b.hubspot.DeleteAccount(string(account.ID)); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		if got, err := b.bridge.Account(t.Context(), shop); !errors.Is(err, bridge.ErrUnknownAccount) {
			t.Errorf("Account = %v, %v after the account was deleted, want ErrUnknownAccount", got, err)
		}
	})
}

// What waits while an account is deleted and its address connected anew goes to the new account.
func TestReconnectedAddress(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		before := b.hubspot.Accounts()[0].ID
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Status: 503})
		b.receive(&bridge.Incoming{ID: "2", Text: "two", FromName: "Ada"})
		if err := b.hubspot.DeleteAccount(before); err != nil {
			t.Fatal(err)
		}
		if _, err := b.hubspot.InstallAndConnect(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.hubspot.ClearFaults()
		later(10 * time.Minute)
		var texts []string
		for _, thread := range b.hubspot.Threads() {
			for _, m := range b.hubspot.Messages(thread.ID) {
				if m.AccountID != before {
					texts = append(texts, m.Text)
				}
			}
		}
		if len(texts) != 1 || texts[0] != "two" {
			t.Errorf("the new account has got %q, want what waited; buried: %q", texts, b.buried())
		}
	})
}

// A switched-off account takes nothing from customers for as long as HoldFor; what agents have written still goes out.
func TestDisabledAccount(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if m.Attempt < 8 {
				return nil, errors.New("down")
			}
			return nil, nil
		}
		b.reply("Hello")
		if err := b.hubspot.SetAccountActive(b.hubspot.Accounts()[0].ID, false); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		b.receive(&bridge.Incoming{ID: "2", Text: "two", FromName: "Ada"})
		later(7*24*time.Hour - time.Minute)
		if got := b.buried(); got != nil {
			t.Errorf("buried within HoldFor: %q", got)
		}
		later(10 * time.Minute)
		if diff := cmp.Diff([]string{"incoming: the account was not connected, or switched off, for too long"}, b.buried()); diff != "" {
			t.Errorf("buried (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"Ada: one", "agent: Hello (SENT)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// HubSpot refuses a message before its webhook has told why. That is no reason to bury it.
func TestMessageMeetsAccountSwitchedOff(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.Inject(hubspottest.Fault{Operation: "account.get", Status: 503})
		id := b.hubspot.Accounts()[0].ID
		if err := b.hubspot.SetAccountActive(id, false); err != nil {
			t.Fatal(err)
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		later(time.Minute)
		if got := len(b.hubspot.Journal("message.publish")); got == 0 {
			t.Error("the message has not met the switched-off account")
		}
		b.hubspot.ClearFaults()
		later(time.Hour)
		if err := b.hubspot.SetAccountActive(id, true); err != nil {
			t.Fatal(err)
		}
		later(10 * time.Minute)
		if diff := cmp.Diff([]string{"Ada: one"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s; buried: %q", diff, b.buried())
		}
	})
}

// What waits for a deleted account is buried, and agents read why.
func TestPurgedAccount(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Status: 503})
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) { return nil, errors.New("down") }
		b.receive(&bridge.Incoming{ID: "2", Text: "two", FromName: "Ada"})
		b.reply("Hello")
		if err := b.hubspot.DeleteAccount(b.hubspot.Accounts()[0].ID); err != nil {
			t.Fatal(err)
		}
		later(10 * time.Minute)
		if diff := cmp.Diff([]string{"incoming: account deleted", "outgoing: account deleted"}, b.buried(), ignoreOrder); diff != "" {
			t.Errorf("buried (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"Ada: one", "agent: Hello (FAILED: The channel account has been deleted.)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// That HubSpot has deleted an account counts at once, also where it does not know the account at all any more.
func TestPurgedAccountIsUnknown(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) { return nil, errors.New("down") }
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		b.reply("Hello")
		b.hubspot.Inject(hubspottest.Fault{Operation: "account.get", Status: 404})
		if err := b.hubspot.DeleteAccount(b.hubspot.Accounts()[0].ID); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		if diff := cmp.Diff([]string{"outgoing: account deleted"}, b.buried()); diff != "" {
			t.Errorf("buried (-want +got):\n%s", diff)
		}
	})
}

// What waits for an uninstalled app costs no calls, and operators see what it waits for.
func TestUninstalledPortalIsPaused(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		if err := b.hubspot.Uninstall(portal); err != nil {
			t.Fatal(err)
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		later(24 * time.Hour)
		s, err := b.operator().Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Portals) != 1 || s.Portals[0].Pause == nil || s.Portals[0].Pause.Reason != "the app is not installed in this portal" {
			t.Errorf("Stats = %+v, want the portal paused until the app is installed", s.Portals)
		}
	})
}

func TestReceiveForDeletedAccount(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		id := b.hubspot.Accounts()[0].ID
		if err := b.hubspot.DeleteAccount(id); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		m := &bridge.Incoming{ID: "1", Text: "Hi", From: ada, FromName: "Ada", AccountID: channels.AccountID(id)}
		if err := b.bridge.Receive(t.Context(), m); !errors.Is(err, bridge.ErrUnknownAccount) {
			t.Errorf("Receive = %v, want ErrUnknownAccount", err)
		}
		r := &bridge.ConnectRequest{PortalID: portal, InboxID: "480001"}
		if _, err := b.bridge.Connect(t.Context(), r, &bridge.Connection{Name: "Shop", DeliveryIdentifier: shop}); err != nil {
			t.Fatal(err)
		}
		b.receive(m) // the service may still use the old id
		if diff := cmp.Diff([]string{"Ada: Hi"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// An address that is connected again has another id and other credentials, and what waited, or is put back, goes there.
func TestReconnectedAddressSendsAgain(t *testing.T) {
	for name, buried := range map[string]bool{"waiting": false, "buried and put back": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
				before := b.hubspot.Accounts()[0].ID
				var used []string
				b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
					if string(m.Account.ID) == before {
						return nil, errors.New("down")
					}
					used = append(used, string(m.Account.ID)+" "+string(m.Account.Credentials))
					return nil, nil
				}
				b.reply("Hello")
				if err := b.hubspot.DeleteAccount(before); err != nil {
					t.Fatal(err)
				}
				if buried {
					later(10 * time.Minute)
				}
				r := &bridge.ConnectRequest{PortalID: portal, InboxID: "480001"}
				a, err := b.bridge.Connect(t.Context(), r, &bridge.Connection{Name: "Shop", DeliveryIdentifier: shop, Credentials: []byte("n3w")})
				if err != nil {
					t.Fatal(err)
				}
				if buried {
					b.retryAll()
				}
				later(10 * time.Minute)
				if diff := cmp.Diff([]string{string(a.ID) + " n3w"}, used); diff != "" {
					t.Errorf("sent with (-want +got):\n%s; buried: %q", diff, b.buried())
				}
				if got := b.shown()[1]; got != "agent: Hello (SENT)" {
					t.Errorf("the agent sees %q", got)
				}
			})
		})
	}
}

func TestMovedToTheHelpDesk(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		before, err := b.bridge.Account(t.Context(), shop)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.hubspot.MoveAccount(string(before.ID), "480002"); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		after, err := b.bridge.Account(t.Context(), shop)
		if err != nil {
			t.Fatal(err)
		}
		before.InboxID = "480002"
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the account (-want +got):\n%s", diff)
		}
	})
}

// Without the app nothing reaches HubSpot, but what agents wrote before reaches customers, or fails in time. When the app is
// back, the rest goes on, and accounts are read: nobody has told what has become of them.
func TestUninstalledAndReinstalled(t *testing.T) {
	watched(t, func(t *testing.T, b *bench, w *watcher) {
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		b.channel.send = func(_ context.Context, try int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if m.Text == "late" || m.Attempt < 5 {
				return nil, errors.New("down")
			}
			return nil, nil
		}
		b.reply("soon")
		if err := b.hubspot.Uninstall(portal); err != nil {
			t.Fatal(err)
		}
		b.receive(&bridge.Incoming{ID: "2", Text: "two", FromName: "Ada"})
		later(time.Hour)
		if diff := cmp.Diff([]string{"soon"}, b.channel.texts()); diff != "" {
			t.Errorf("sent while uninstalled (-want +got):\n%s", diff)
		}
		if err := b.hubspot.RenameAccount(b.hubspot.Accounts()[0].ID, "Store"); err != nil {
			t.Fatal(err)
		}
		later(time.Hour)
		w.news()
		if _, err := b.hubspot.InstallAndConnect(t.Context()); err != nil {
			t.Fatal(err)
		}
		later(10 * time.Minute)
		if diff := cmp.Diff([]string{"Ada: one", "agent: soon (SENT)", "Ada: two"}, b.shown()); diff != "" {
			t.Errorf("after the return (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"renamed Store"}, w.news()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

// Deadlines of agents' messages run while the app is not installed.
func TestDeadlineWhileUninstalled(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) { return nil, errors.New("down") }
		b.reply("Hello")
		if err := b.hubspot.Uninstall(portal); err != nil {
			t.Fatal(err)
		}
		later(25 * time.Hour)
		if diff := cmp.Diff([]string{"outgoing: given up after 24h0m0s: down"}, b.buried()); diff != "" {
			t.Errorf("buried (-want +got):\n%s", diff)
		}
	})
}
