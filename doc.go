// Package customchannels is the map of an SDK that joins a messaging service to HubSpot's Conversations Inbox as a custom
// channel. It holds no code; these packages do:
//
//   - [github.com/customchannels/customchannels-go/channels/bridge] is the runtime. Implement its interface Channel, one
//     method that sends a message to your service, mount its handler, call Run. Start here.
//   - [github.com/customchannels/customchannels-go/channels/bridge/sqlstore] and
//     [github.com/customchannels/customchannels-go/channels/bridge/memstore] keep what the bridge has accepted: in a SQLite
//     file or PostgreSQL, or in memory.
//   - [github.com/customchannels/customchannels-go/channels/bridge/bridgetest] tests channels and stores that you write.
//   - [github.com/customchannels/customchannels-go/channels] is HubSpot's REST API around a channel: registration,
//     accounts, inboxes, actors.
//   - [github.com/customchannels/customchannels-go/messages] publishes messages, sets their status, moves files.
//   - [github.com/customchannels/customchannels-go/messages/richtext] turns HubSpot's HTML into what messaging services can
//     show, and any HTML into what HubSpot accepts.
//   - [github.com/customchannels/customchannels-go/webhook] verifies and parses what HubSpot sends.
//   - [github.com/customchannels/customchannels-go/oauth] installs the app and keeps each portal's tokens fresh.
//   - [github.com/customchannels/customchannels-go/channels/hubspottest] is HubSpot in a box, for developing and testing
//     without an account.
//
// Each part can be used alone: the webhook verifier in a server that exists, the message client in a script.
//
// To see it work, with nothing to set up:
//
//	go run ./examples/quickstart
//
// # The smallest app
//
// A channel is one method:
//
//	// Send implements bridge.Channel.
//	func (g *gateway) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
//		id, blocked, err := g.push(ctx, m.ID, m.To.Value, m.Text)
//		if blocked {
//			return nil, bridge.Reject("This number has blocked you.", err) // FAILED; the agent reads why
//		}
//		return &bridge.Receipt{ID: id}, err // nil: SENT; any other error: tried again later, in order
//	}
//
// The rest sets the bridge up:
//
//	db, err := sql.Open("sqlite", "file:bridge.db") // with the driver of your choice
//	keys, err := sqlstore.KeyFile("bridge.keys")
//	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite, keys)
//	b, err := bridge.New(&gateway{}, bridge.Config{
//		App:          &oauth.App{ClientID: clientID, ClientSecret: clientSecret, Tokens: store},
//		DeveloperKey: channels.DeveloperKey{AppID: appID, Key: developerKey},
//		Store:        store,
//		PublicURL:    "https://chat.example.com",
//		Definition: bridge.Definition{Name: "Acme SMS", Capabilities: channels.Capabilities{
//			AllowOutgoingMessages:   true,
//			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypePhone},
//			ThreadingModel:          channels.ByDeliveryIdentifier,
//		}},
//	})
//	http.Handle("/hubspot/", b) // webhook, install and connect pages
//	go http.ListenAndServe(":8080", nil)
//	err = b.Run(ctx)
//
// What customers write goes into b.Receive. The example minimal is such an app as a whole, in 60 lines.
//
// # Versions
//
// The module follows semantic versioning. Before v1 a minor version may change the API, and the changelog says how to
// follow; a patch version does not. The tables of sqlstore bring themselves up to date. HubSpot's API version is an option
// with a default, now 2026-09; a new default comes with a minor version.
package customchannels
