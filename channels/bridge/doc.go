// Package bridge joins a messaging service to HubSpot's inbox: implement [Channel], whose one method sends a message to
// the service, and hand it to [New]. The bridge registers the custom channel, has the app installed and accounts
// connected, takes HubSpot's webhooks in, delivers agents' replies in order with retries, reports SENT, FAILED and READ,
// and publishes what customers write, with files.
//
// Everything that was accepted is in a [Store] before the sender is told so. Which store decides what survives:
// [github.com/customchannels/customchannels-go/channels/bridge/sqlstore] keeps the queue in SQLite or PostgreSQL,
// [github.com/customchannels/customchannels-go/channels/bridge/memstore] in memory, for tests.
//
// # How a message travels
//
// An agent's reply reaches the webhook route, is stored, and only then acknowledged; HubSpot repeats what was not. A
// worker calls [Channel.Send] for one message of a conversation at a time, in order, until it is sent, rejected or too
// old, and then tells HubSpot, again until that has arrived.
//
// A customer's message comes through [Bridge.Receive], which returns once it is stored. A worker uploads its files and
// publishes it under an id by which HubSpot recognises repetitions, so that it appears once.
//
// What can never be delivered is buried: kept aside with the reason, where it blocks nothing.
//
// # What a channel may do besides
//
// A [Channel] may have further abilities. The bridge looks for their interfaces in the value given to [New], and in what
// its method Unwrap() Channel returns, if it has one:
//
//   - [Connector]: admins connect accounts in HubSpot's settings. [Bridge.Connect] does it from a page of your own.
//   - [AccountWatcher]: learn that an account is connected, switched off, moved, deleted.
//   - [Listener]: fetch messages, or keep a connection open, in place of being called by the service. One for each account,
//     on one of the nodes.
//   - [MediaOpener]: open customers' files when they are published, in place of storing them with the message.
//
// # When credentials end
//
// A service that takes an account's credentials no more is not asked again and again: return [Disconnected]. The account
// is switched off in HubSpot, messages of both sides wait, and they go on when an admin connects the account again or
// you call [Bridge.Authorize].
//
// # Threads
//
// [Incoming.Thread] and [Receipt.Thread] are the service's names of a conversation, and [Outgoing.Thread] gives them back.
// A conversation that an agent begins has none yet: give it with the Receipt, if the service has more than one conversation
// with a customer. Under the threading model DELIVERY_IDENTIFIER there is one for each customer, and names are only kept
// for Send.
//
// # What has no place in HubSpot
//
// Reactions, typing, deletions and edits of messages are not relayed. Hand an edit to Receive as a new message with an ID
// of its own if agents should see it.
package bridge
