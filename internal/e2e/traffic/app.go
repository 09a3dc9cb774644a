package traffic

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/oauth"
)

// The app as HubSpot knows it.
const (
	ClientID = "app"
	Secret   = "client secret"
	Channel  = "918273"
	AppURL   = "http://app.test"
)

// token is what the access token of a portal begins with; its number follows.
const token = "access-"

// Token is the app's access token in a portal.
func Token(portal int64) string { return fmt.Sprint(token, portal) }

// Store is what the app keeps everything in.
type Store interface {
	bridge.Store
	oauth.TokenStore
}

// Install gives the app a token in a portal that lasts an hour, and an account with the portal's number as its id.
func Install(ctx context.Context, store Store, portal int64) error {
	err := store.SaveInstall(ctx, &oauth.Install{ClientID: ClientID, PortalID: portal, InstalledAt: time.Now(),
		Token: &oauth2.Token{AccessToken: Token(portal), RefreshToken: "refresh", Expiry: time.Now().Add(time.Hour)}})
	if err != nil {
		return err
	}
	_, err = store.SaveAccount(ctx, &bridge.Account{Channel: Channel, Portal: portal, ID: channels.AccountID(fmt.Sprint(portal)),
		InboxID: "1", Name: "Shop", Identifier: Shop(portal), Active: true, Authorized: true})
	return err
}

// Shop is the address of a portal's account.
func Shop(portal int64) channels.DeliveryIdentifier {
	return channels.Opaque(fmt.Sprint("shop-", portal))
}

// Config is a bridge between a HubSpot and a store, without a limit on its calls.
func Config(hubspot string, client *http.Client, store Store) bridge.Config {
	return bridge.Config{
		App:       &oauth.App{ClientID: ClientID, ClientSecret: Secret, BaseURL: hubspot, HTTPClient: client, Tokens: store},
		API:       []channels.Option{channels.WithRateLimit(0, 0), channels.WithHTTPClient(client)},
		Store:     store,
		ChannelID: Channel,
		PublicURL: AppURL,
	}
}

// Client keeps its connections, so many to a host.
func Client(connections int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
}

// Local is a transport without a network, which leads every request to a handler.
type Local struct{ http.Handler }

// RoundTrip implements [http.RoundTripper].
func (l Local) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.RequestURI = r.URL.RequestURI()
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}
