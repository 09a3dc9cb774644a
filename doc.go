// Package customchannels is the map of an SDK that joins a messaging service to HubSpot's Conversations Inbox as a custom
// channel. It holds no code; these packages do:
//
//   - [github.com/customchannels/customchannels-go/channels/bridge] is the runtime. Implement its interface Channel, one
//     method that sends a message to your service, mount its handler, call Run. Start here.
//   - [github.com/customchannels/customchannels-go/channels/bridge/sqlstore] and
//     [github.com/customchannels/customchannels-go/channels/bridge/memstore] keep what the bridge has accepted.
//   - [github.com/customchannels/customchannels-go/channels] is HubSpot's REST API around a channel: registration,
//     accounts, inboxes, actors.
//   - [github.com/customchannels/customchannels-go/messages] publishes messages, sets their status, moves files.
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
// # Versions
//
// The module follows semantic versioning. Before v1 a minor version may change the API, and the changelog says how to
// follow. HubSpot's API version is an option with a default, now 2026-09; a new default comes with a minor version.
package customchannels
