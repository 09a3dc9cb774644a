package oauth_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
)

func Example() {
	hub := newHubSpot() // stands in for HubSpot
	app := &oauth.App{
		ClientID:     clientID,
		ClientSecret: clientSecret,
		RedirectURL:  "https://app.example.com/oauth/callback",
		Tokens:       new(store), // sqlstore, or memstore for tests
		HTTPClient:   &http.Client{Transport: hub},
		Now:          func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) },
		OnInstall: func(_ context.Context, in *oauth.Install) error {
			fmt.Println("installed in portal", in.PortalID)
			return nil
		},
	}
	mux := http.NewServeMux()
	mux.Handle("/install", app.InstallHandler())
	mux.Handle("/oauth/callback", app.CallbackHandler())

	admin := newBrowser(app)
	admin.mux = mux
	consent, err := admin.open("https://app.example.com/install").Location()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(consent.Host + consent.Path)
	admin.open("https://app.example.com/oauth/callback?code=code-1&state=" + consent.Query().Get("state"))

	token, err := app.Portal(24681012).Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("token until", token.Expiry)
	// Output:
	// app.hubspot.com/oauth/authorize
	// installed in portal 24681012
	// token until 2026-11-24 12:30:00 +0000 UTC
}
