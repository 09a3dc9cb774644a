package bridge_test

import (
	"errors"
	"testing"
	"time"

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
