package channels_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

const simulator = "http://hubspot.example.test"

// portalToken installs the simulator's app in its portal.
func portalToken(t *testing.T, hs *hubspottest.Server) channels.StaticToken {
	t.Helper()
	browser := &http.Client{Transport: hs.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	const redirect = "http://localhost/callback"
	resp, err := browser.PostForm(simulator+"/oauth/authorize", url.Values{
		"client_id": {hs.ClientID()}, "redirect_uri": {redirect}, "state": {"s"}, "portal": {"24681012"}, "decision": {"allow"},
		"scope": {"conversations.custom_channels.read conversations.custom_channels.write conversations.read"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	resp, err = browser.PostForm(simulator+"/oauth/2026-09/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {hs.ClientID()}, "client_secret": {hs.ClientSecret()},
		"redirect_uri": {redirect}, "code": {back.Query().Get("code")},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token channels.StaticToken `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Token
}

func TestRegistryAndAccountsOfTheSimulator(t *testing.T) {
	t.Parallel()
	for _, version := range []channels.Version{channels.Version202609, channels.Version202603, channels.VersionV3} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hs := hubspottest.New(hubspottest.Config{URL: simulator})
				defer hs.Close()
				opts := []channels.Option{
					channels.WithBaseURL(simulator), channels.WithVersion(version),
					channels.WithHTTPClient(&http.Client{Transport: hs.Transport()}),
				}
				ctx := t.Context()
				registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: hs.AppID(), Key: hs.DeveloperKey()}, opts...)
				if err != nil {
					t.Fatal(err)
				}
				channel, err := registry.Create(ctx, &channels.Registration{Name: "Acme", Capabilities: wanted().Capabilities})
				if err != nil {
					t.Fatal(err)
				}
				updated, err := registry.Update(ctx, channel.ID, &channels.RegistrationUpdate{WebhookURL: new(hook)})
				if err != nil || updated.WebhookURL != hook || updated.Name != "Acme" {
					t.Errorf("Update = %+v, %v", updated, err)
				}
				ensured, err := registry.Ensure(ctx, wanted(), nil)
				if err != nil || ensured.ID != channel.ID || ensured.Created || len(ensured.Changed) > 0 {
					t.Errorf("Ensure = %+v, %v, want the channel as it is", ensured, err)
				}

				client, err := channels.NewClient(portalToken(t, hs), opts...)
				if err != nil {
					t.Fatal(err)
				}
				connectAccount(t, client, channel.ID)

				if err := registry.Archive(ctx, channel.ID); err != nil {
					t.Error(err)
				}
				if _, err := registry.Get(ctx, channel.ID); !errors.Is(err, channels.ErrNotFound) {
					t.Errorf("Get after Archive = %v, want ErrNotFound", err)
				}
			})
		})
	}
}

func connectAccount(t *testing.T, client *channels.Client, channel channels.ID) {
	t.Helper()
	ctx := t.Context()
	account := &channels.NewAccount{Name: "Shop", DeliveryIdentifier: channels.Opaque("shop")}
	for inbox, err := range client.Inboxes().All(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		account.InboxID = inbox.ID
	}
	first, err := client.Accounts().Create(ctx, channel, account)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := client.Accounts().Create(ctx, channel, account); err != nil || second.ID != first.ID {
		t.Errorf("the second Create = %+v, %v, want the first account", second, err)
	}
	renamed, err := client.Accounts().Update(ctx, channel, first.ID, &channels.AccountUpdate{Name: new("Store"), Authorized: new(false)})
	if err != nil || renamed.Name != "Store" || renamed.Authorized {
		t.Errorf("Update = %+v, %v", renamed, err)
	}
	if got, err := client.Accounts().Get(ctx, channel, first.ID); err != nil || got.Name != "Store" {
		t.Errorf("Get = %+v, %v", got, err)
	}
	found := 0
	for _, address := range []string{"shop", "elsewhere"} {
		for a, err := range client.Accounts().All(ctx, channel, &channels.AccountListOptions{
			DeliveryIdentifiers: []channels.DeliveryIdentifier{channels.Opaque(address)},
		}) {
			if err != nil || a.ID != first.ID {
				t.Errorf("All = %+v, %v", a, err)
			}
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d accounts found by their address, want 1", found)
	}
}
