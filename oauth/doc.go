// Package oauth installs a HubSpot app in portals and keeps it connected.
//
// An [App] is a struct of settings. Mount its two handlers, and hand an admin the link to the first:
//
//	app := &oauth.App{
//		ClientID:     os.Getenv("HUBSPOT_CLIENT_ID"),
//		ClientSecret: os.Getenv("HUBSPOT_CLIENT_SECRET"),
//		RedirectURL:  "https://app.example.com/oauth/callback",
//		Tokens:       store, // such as sqlstore, or memstore for tests
//	}
//	http.Handle("/install", app.InstallHandler())
//	http.Handle("/oauth/callback", app.CallbackHandler())
//
// From then on the portal's tokens are there for the asking:
//
//	token, err := app.Portal(24681012).Token(ctx) // or hand the Portal to channels.NewClient
//	client := app.Portal(24681012).Client()       // an *http.Client for the rest of HubSpot's API
//
// # Tokens
//
// HubSpot's access tokens live for 30 minutes. A token is refreshed when it is asked for within five minutes of its
// expiry, so portals that are idle cost nothing but the memory of one token. However many callers need it, there is one
// refresh per portal at a time: in a process always, and among all that share a store if it is a [RefreshLocker], as
// sqlstore is. Meanwhile the others go on with the token that they have, or wait if it is no longer valid. The result is
// stored before anyone gets it, and only over the install that it was made from, so nodes cannot undo each other's
// work, nor that of a re-install.
//
// # When it fails
//
// Failures that pass (an unreachable HubSpot, a 429, a 5xx) are not noticed as long as the last token is valid.
// If HubSpot says that the refresh token which is stored is no longer good, the app was uninstalled: the install is
// marked as gone, its tokens are dropped, OnUninstall is called, and every call fails with [ErrUninstalled] until an
// admin installs the app again. Refusals of the app itself, such as for a wrong client secret, match [ErrClient] and
// never do that.
//
// A process that dies during a refresh holds up the others for half a minute at most. Then one of them asks HubSpot
// again, with the refresh token that is stored. HubSpot does not say whether it ends refresh tokens when they are used.
// If it does so at once, one whose successor died with the process is refused, and the app has to be installed again.
//
// # Safety
//
// A state is bound to the browser that began the install, by a cookie which is encrypted under a key made from the
// client secret. Tokens and secrets appear in no error, log or page, and the types of this package print without them.
// Storing tokens safely is the task of the [TokenStore].
package oauth
