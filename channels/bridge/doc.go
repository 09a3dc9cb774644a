// Package bridge joins a messaging service to HubSpot's inbox: implement [Channel], whose one method sends a message to
// the service, and hand it to [New]. The bridge registers the custom channel, has the app installed and accounts
// connected, takes HubSpot's webhooks in, delivers agents' replies in order with retries, reports SENT, FAILED and READ,
// and publishes what customers write, with files.
//
// Everything that was accepted is in a [Store] before the sender is told so. Which store decides what survives:
// [github.com/customchannels/customchannels-go/channels/bridge/sqlstore] keeps the queue in SQLite or PostgreSQL,
// [github.com/customchannels/customchannels-go/channels/bridge/memstore] in memory, for tests.
//
// # What to read first
//
// The index of this package is long, but each reader needs a part of it.
//
// Who joins a service writes a [Channel], whose Send gets an [Outgoing] and answers with a [Receipt], or with an error
// made by [Reject], [RetryAfter] or [Disconnected]. What customers write goes into [Bridge.Receive] as an [Incoming], with
// files as [Media]; [Permanent] tells which of its errors to answer with "do not send this again". What the service tells
// later of an agent's message goes into [Bridge.Report]. The program makes a [Bridge] with [New] and a [Config], mounts it
// as a handler and calls [Bridge.Run].
//
// A Channel may have further abilities. The bridge looks for their interfaces in the value given to [New], and in what its
// method Unwrap() Channel returns, if it has one:
//
//   - [Connector]: admins connect accounts in HubSpot's settings, by a [ConnectForm], by a page of the service ([Visit]),
//     or in several steps ([Ask]). [Bridge.Connect] does it from a page of your own.
//   - [AccountWatcher]: learn that an account is connected, switched off, moved, deleted.
//   - [Listener]: fetch messages, or keep a connection open, in place of being called by the service. One for each account,
//     on one of the nodes.
//   - [MediaOpener]: open customers' files when they are published, in place of storing them with the message.
//
// Who operates a bridge needs [Operator], for what waits, what was set aside and why, which portals are paused, and to
// erase a person; [Trace], for metrics; and of Config the times and limits. The example channelctl has the Operator's
// methods as commands.
//
// Who writes a store implements [Store]. [Item], [NewItem], [Outcome], [Link], [Person], [Claimed], [Wanted], [Depth],
// [Node] and [Kind] are for stores.
//
// Package [github.com/customchannels/customchannels-go/channels/bridge/bridgetest] tests both: RunChannel a Channel against
// a real bridge, RunStore a Store.
//
// # How a message travels
//
// An agent's reply reaches the webhook route, is stored, and only then acknowledged; HubSpot repeats what was not. A
// worker calls [Channel.Send] for one message of a conversation at a time, in order, until it is sent or rejected, or has
// failed for [Config.DeliverFor]. The receipt and the work of telling HubSpot are stored in one transaction, and HubSpot is
// told again until it has heard it, for 24 hours. A later [Bridge.Report] turns SENT into READ or FAILED; from there nothing
// changes any more.
//
// A customer's message comes through [Bridge.Receive], which returns once it is stored. A worker uploads its files, each
// once, and publishes it under an id by which HubSpot recognises repetitions, so that it appears once. It waits for a
// HubSpot that is down for [Config.HoldFor]. Where HubSpot may have taken it already, it is not repeated beyond
// [Config.IdempotencyWindow].
//
// What can never be delivered is buried: kept aside for 30 days with the reason, where it blocks nothing, until an
// [Operator] puts it back or drops it. Of an agent's message that was buried the agent reads FAILED.
//
// A conversation waits for its own messages only. Portals have turns, and none has more than [Config.MaxPerPortal] of the
// workers, so a busy one does not hold up the others.
//
// # Accounts: what happens when
//
// The bridge reads an account anew from HubSpot whenever HubSpot says that something has happened to it, after an install,
// and once a day. So an event that was lost, doubled or late does no harm.
//
//	connected            it gets messages at once, also those that came while it was being connected
//	switched off         customers' messages wait for up to HoldFor, then they are buried; agents' go on; no Listen
//	switched on          what waits goes on
//	deleted              what waits is buried, "account deleted", and agents read FAILED; Receive answers
//	                     ErrUnknownAccount; its credentials are removed
//	connected again      a new account with the same address: what waits for the old one goes there
//	moved                to another inbox or help desk: messages go on as before
//	disconnected         Send, Listen or Open returned Disconnected: HubSpot is told (authorized: false); messages of
//	                     both sides wait, agents' for up to DeliverFor, customers' for up to HoldFor; no Listen
//	authorized again     an admin has connected it again, or Bridge.Authorize was called: what waits goes on
//	app uninstalled      HubSpot is not called any more: customers' messages and statuses wait for the next install,
//	                     customers' for up to HoldFor, then they are buried; agents' messages that have arrived are
//	                     sent, without their files
//	app installed again  what waits goes on, and the accounts are read anew
//
// An [AccountWatcher] is told of each change of an account, before it takes effect. HubSpot is not known to push an
// uninstall: the bridge learns of it when HubSpot refuses to refresh the portal's token.
//
// An agent may start a conversation if the capabilities say AllowConversationStart. Send sees it as any other message, with
// a zero [Outgoing.LastIncoming] if the customer has not written in the last 30 days. By the same field a service that
// allows answers only for some hours after a customer's message can Reject what comes too late.
//
// With AllowMultipleRecipients one message may have several. Send is called once for all [Outgoing.Recipients]; what it
// records with [Outgoing.Delivered] is known to the next attempt, and an agent reads who was missed. The same serves a
// long text that goes out in pieces.
//
// # When credentials end
//
// A service that takes an account's credentials no more is not asked again and again: return [Disconnected]. The account
// is switched off in HubSpot, messages of both sides wait, and they go on when an admin connects the account again or
// you call [Bridge.Authorize].
//
// # Middleware around the handler
//
// A [Bridge] is an http.Handler for the routes below [Config.Prefix]. It may stand behind a router and its middleware, if
// they keep to this:
//
//   - Do not read or change the body of POST /webhook. The signature covers every byte.
//   - Do not change the path. The signature covers the URL that HubSpot calls, which is [Config.PublicURL] and the path and
//     query as they came in. Where a proxy in front strips a path, PublicURL has it; where the program itself has another
//     path, it belongs into Prefix.
//   - Do not ask for a login or a session. HubSpot signs its webhooks, and admins come from HubSpot. The same goes for
//     tokens against forms of other sites: the connect page has its own.
//   - Do not log queries. Those of /connect and /oauth/callback hold tokens and codes.
//   - Do not answer for it: a 2xx before the bridge has answered loses messages when the process dies. HubSpot wants an
//     answer within five seconds; the bridge answers after one commit.
//
// The example mount is such a program.
//
// # A connection that is kept open
//
// Over many protocols one connection of an account carries both ways. Listen then keeps it, and Send uses the same one: hold it
// in the Channel, by the account's credentials, where whoever comes first makes it. Send is called without a Listen too: of an
// account that is switched off in HubSpot, and on the other nodes, as only one of them has the Listen. A service that takes one
// connection from an account at a time is therefore best served by one process.
//
// [Incoming.ID] may be made up where the service has no ids, once for each message. What the service gives out only once,
// Listen hands to [Inbox.Receive] until that returns nil or a [Permanent] error; what is left when Listen is stopped, the
// Channel keeps for the next. A crash loses it, as the service does not have it any more.
//
// # Threads
//
// [Incoming.Thread] and [Receipt.Thread] are the service's names of a conversation, and [Outgoing.Thread] gives them back.
// A conversation that an agent begins has none yet: give it with the Receipt, if the service has more than one conversation
// with a customer. Under the threading model DELIVERY_IDENTIFIER there is one for each customer, and names are only kept
// for Send. What HubSpot does with a message to a closed or archived conversation is its choice, and not documented.
//
// # Media
//
// Customers' files come as [Media]: with a Body, which is stored before Receive returns, or with a Ref, which a
// [MediaOpener] opens when the message is published and which goes straight to HubSpot. What is larger than
// [Config.MaxIncomingBytes], or refused by HubSpot, does not hold the message up: it is published with a note in its place.
//
// Agents' files come as [OutgoingMedia], to be read or to be fetched by URL, within the limits of the capabilities. Pictures
// in the text are among them. The URL is good for about an hour: as a link in a chat it soon leads nowhere, so give customers
// the file itself if the service can carry it. A file that cannot be had does not hold the text up: the customer gets the
// text, and the agent reads FAILED and what is missing. With sqlstore no file is ever whole in memory.
//
// # What has no place in HubSpot
//
// Reactions, typing, deletions and edits of messages are not relayed. Hand an edit to Receive as a new message with an ID
// of its own if agents should see it. That an agent types, has read a message, assigns or closes a conversation, or writes
// a comment is not told to custom channels.
//
// What the account's owner writes with the service's own app is refused with [ErrOwnMessage]: HubSpot does not say what it
// does with messages of agents that an app publishes. Package messages can publish them.
package bridge
