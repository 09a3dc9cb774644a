// Package hubspottest is HubSpot in a box: a server with everything of HubSpot
// that an app around a custom channel talks to, for developing and testing
// without a HubSpot account. It is made in the spirit of net/http/httptest and
// imports nothing of the SDK that it tests.
//
//	hs := hubspottest.New(hubspottest.Config{})
//	if err := hs.Start(); err != nil { ... }
//	defer hs.Close()
//	// Point the app at hs.URL(), with hs.ClientID(), hs.ClientSecret(),
//	// hs.AppID() and hs.DeveloperKey(). Then be the admin and the agent:
//	hs.SetInstallURL(app.URL + "/hubspot/install")
//	account, err := hs.InstallAndConnect(ctx)
//	reply, err := hs.Reply(hs.Threads()[0].ID, hubspottest.Reply{Text: "Hello"})
//
// For an http.Server of your own use the Server as its handler and call
// [Server.Run], which delivers the webhooks. For tests inside testing/synctest
// use [Server.Transport] and Run. [Server.Persist] keeps everything across
// restarts.
//
// At / the server has a page on which admins, agents and developers work, and
// under /simulator/ the data of that page, the journal of all requests, and a
// stream of events. The page is open to whoever reaches the server: keep it on
// a loopback address or a private network.
//
// # The people
//
// An admin installs the app ([Server.Install], [Server.InstallFromMarketplace])
// and removes it behind its back ([Server.Uninstall]), connects accounts
// ([Server.BeginConnection]), and edits them: [Server.RenameAccount],
// [Server.SetAccountActive], [Server.MoveAccount], [Server.SetRouting],
// [Server.DeleteAccount]. A portal's people are its [Server.Users], and its
// CRM has [Server.Contacts].
//
// An agent finds conversations ([Server.Search]), reads them
// ([Server.Messages], [Server.History]), answers ([Server.Reply]), starts new
// ones ([Server.StartConversation]), and comments, assigns and closes them.
//
// A developer sends webhooks once more ([Server.ReplayWebhook]), moves the
// clock ([Server.Advance]), plays failures ([Server.Inject]), and turns knobs
// ([Server.SetReadings], [Knobs]). Failures and knobs last until the process
// ends.
//
// # Over HTTP
//
// What the page does, scripts in any language can do too: bodies and answers are
// JSON, but for messages, which are forms. ?portal= and ?user= say where and who
// one is; without them that is the first portal, and its super-admin.
//
//	GET    /simulator/api/state                   portals, users, inboxes, channels, accounts
//	POST   /simulator/api/install, DELETE         the app, in the portal
//	POST   /simulator/api/connect                 installs the app if need be, and connects an account by its popup
//	POST   /simulator/api/connections             {channelId, inboxId}: the popupUrl, for a browser
//	PATCH  /simulator/api/accounts/ID             {name}, {active}, {inboxId}
//	DELETE /simulator/api/accounts/ID
//	GET    /simulator/api/threads                 ?text= &status= &channelId=
//	GET    /simulator/api/threads/ID              with the messages
//	POST   /simulator/api/threads/ID/reply        a form: text, richText, files
//	POST   /simulator/api/threads                 a form: accountId, toType, toValue, text
//	POST   /simulator/api/faults, DELETE          {operation, nth, status, ...}: see [Fault]
//	POST   /simulator/api/clock                   {advanceSeconds}
//	GET    /simulator/journal, DELETE             all requests and webhooks
//
// # What is simulated, and where it is known from
//
// Documented means HubSpot's documentation or its OpenAPI files, observed
// means seen by others who ran against the real HubSpot, unknown means that
// neither says. The last column names the field of [Readings], or of [Config],
// that plays the other reading. The default is the reading that asks most of
// a client, except where [Knob].Harder is set.
//
//	behaviour                                     source       other reading
//	--------------------------------------------  -----------  -------------------------
//	Registration
//	13 custom-channel operations, paths of v3,
//	  2026-03 and 2026-09                         documented
//	registration by hapikey and appId             documented   BearerRegistration
//	registration without hapikey: 401             unknown
//	invalid capability: 400 with subCategory      observed
//	capabilities of an update replace             unknown      CapabilitiesMerge
//	null in an update leaves the field            unknown      NullClears
//	no threadingModel: INTEGRATION_THREAD_ID      unknown      IdentifierThreading
//	a new channel is invisible for a while        observed     Config.ChannelVisibleAfter
//	archived channels: 404 everywhere             unknown
//	accounts of an archived channel stay          unknown      ChannelDeletePurges
//	page length 20, at most 100                   unknown
//
//	OAuth
//	bearer token, scopes of each operation        documented
//	missing scope: 403 MISSING_SCOPES             observed
//	optional scopes are granted                   unknown
//	expired token: 401 with "expire time"         observed
//	another portal's account, message, file: 404  unknown
//	access tokens live 30 minutes                 documented
//	each refresh gives a new refresh token        unknown      RefreshTokenStays,
//	                                                           RefreshTokenOmitted
//	the old one works until the new one is used   unknown      RefreshTokenEnds
//	codes: once, 2 minutes                        documented   (duration unknown)
//	an exchange answers with hub_id and scopes    observed     ExchangeWithoutHub
//	a refresh answers without them                observed     FullRefresh
//	expires_in is a number                        documented   ExpiresInText
//	introspection reads token                     documented   IntrospectByKind
//	v1: no portal in the answers, tokens in paths documented
//	JSON at the token endpoints: 415              observed
//	OAuth errors: error, status, message          documented
//	the app is installed by its token exchange    documented
//	marketplace installs: code and returnUrl, or
//	  step=authorize and step=finalize            documented
//	revoking keeps access tokens alive            documented
//	uninstalling sends nothing, tokens: 401       unknown
//	accounts stay authorized then                 unknown      UninstallDeauthorizes
//	an app uninstalls itself                      observed
//
//	Accounts
//	second account for one address: 409           observed
//	second staging PATCH for one token: 409       observed
//	account tokens work until used                unknown      StagingTokensEnd
//	popup parameters, account made at the end     documented
//	no userId among them                          unknown      PopupUser
//	no event for accounts made by API             unknown      AccountsAnnounced
//	every change of an account: one UPDATED       documented   (which changes: unknown)
//	moving to the help desk is one                unknown      MoveSilent
//	conversations stay where they are then        unknown
//	deleting an account: PURGED, archived         documented   DeletedErased
//	address is a bare string in account events    documented   IdentifierObject
//	routing: properties, users and teams, or
//	  the contact's owner                         documented
//	users take turns; away, without a seat: not   unknown
//	an owner who is away: users and teams of
//	  the routing; none: nobody                   unknown
//
//	Messages from customers
//	schema's required fields are required         documented   OptionalFields
//	empty text: 400                               unknown      EmptyText
//	no limit of the text's length                 unknown      LongTextRefused
//	e-mail, E.164, non-blank identifiers          documented   (short codes: unknown)
//	identifier types that the channel does not
//	  declare are accepted                        observed
//	kinds of attachments and their fields         documented
//	unknown fields are ignored                    observed
//	senderActorId is ignored                      unknown
//	duplicate idempotency id: 409                 unknown      DuplicateReturnsFirst
//	idempotency ids never expire                  unknown      IdempotencyEnds
//	both threading models                         documented
//	a message to a closed thread opens it         unknown      ClosedThreadStartsNew
//	a message to an archived thread: a new one    unknown      ArchivedThreadOpens
//	publishing to an account that is off or not
//	  authorized: 400                             unknown
//	e-mail and phone find or make a contact       documented
//	other visitors are no contacts                observed
//	associateWithContactId, preResolvedContacts   documented
//	the former wins                               unknown      PreResolvedFirst
//	unknown contact ids are taken as given        unknown      UnknownContactRefused
//	OUTGOING messages are accepted                documented   OutgoingRefused
//	OUTGOING messages come back as webhooks       unknown      OutgoingSilent
//
//	Messages from agents
//	files within the declared capabilities        documented
//	pictures in the text are no attachments       observed
//	they stand behind a login: 307 without a
//	  token, 302 with one                         observed     InlineImagesPublic
//	the editor's markup                           observed
//	starting a conversation needs
//	  allowConversationStart                      documented
//	its channelIntegrationThreadIds is empty      unknown      StartedThreadNamed
//	the app's own id makes another thread         unknown      StartedThreadJoins
//	the same after a change of the channel        unknown      StartedThreadNamed
//	built-in e-mail sends no webhook              documented
//	comments send no webhook                      documented
//	any status report stands, the last one wins   unknown      StatusForward
//	status reports on incoming messages: 400      unknown
//	every message can be read                     unknown      AgentMessagesHidden
//	message ids are UUIDs, thread ids numbers     observed
//
//	Webhooks
//	one object per request                        observed
//	agents have no name                           observed
//	agents' quick replies and inReplyToId         documented
//	status is the string "SENT"                   documented   StatusObject
//	files have only an id                         unknown      AttachmentURLs
//	UTF-8                                         observed     EscapedBodies
//	a change of webhookUrl holds at once          unknown      WebhookURLLate
//	v3 signature, with v1 beside it               observed     SignatureV2,
//	                                                           SignatureV3Only
//	an app has 5 s to answer                      documented   ShortTimeout
//	any 3xx, 4xx, 5xx is retried                  documented   ClientErrorsEnd
//	ten attempts in 24 hours                      documented   Config.RetryDelays
//	retries repeat the first signature            unknown      RetriesSignedAnew
//	first attempts of a thread are in order       unknown      Unordered
//	retries and other threads overtake            unknown
//	at most 10 webhooks at a time per portal      documented   (for other webhooks)
//	the app's own webhooks: arrays of
//	  conversation events, numbers for portals    documented
//
//	Limits and errors
//	110 calls in 10 s per portal, headers, 429    documented   Config.RateLimit
//	429 without category and Retry-After          observed
//	several reasons hide in errors[]              observed
//	other forms of errors                         observed     Fault.Form
//	bodies over 1 MiB, files over 256 MiB: 413    unknown
//
//	Files
//	upload: file name, options, one folder        documented
//	import by URL, at work at the first question  documented   (how long: unknown)
//	file names without extension, -1 appended     observed
//	ids of file records are strings               documented   NumericFileIDs
//	a private file's url: 404; signed-url opens   documented
//	signed URLs live an hour, then 403            unknown
//	hidden files need files.ui_hidden.read        documented
//	downloads are application/octet-stream        observed
//
//	Conversations API
//	inboxes, actors, channels, accounts, threads,
//	  assignee, messages, comments                documented
//	it refuses actors E-…                         observed
//	comments of an app are the app's              observed
//	history beside the messages                   documented
//
// Not simulated: the Webhooks Journal, searching, changing and
// deleting files, what uploads and imports do about duplicates and expiry,
// calls, and the CRM's own API.
//
// # The journal
//
// [Server.Journal] and GET /simulator/journal list the requests, with these
// operations, which are those of [Fault] too:
//
//	oauth.authorize oauth.decision oauth.token oauth.introspect oauth.revoke
//	marketplace.begin marketplace.signed_in marketplace.decision
//	marketplace.done app.uninstall
//	channel.create channel.list channel.get channel.update channel.archive
//	account.connect (the app's PATCH of the staging token)
//	account.connected (the browser at the popup's redirectUrl)
//	account.create account.list account.get account.update
//	message.publish message.get message.status
//	inbox.list inbox.get actor.get actor.batch
//	conversations.channels conversations.channel
//	conversations.accounts conversations.account
//	thread.list thread.get thread.update thread.archive
//	thread.assign thread.unassign
//	thread.messages thread.message thread.original thread.send
//	file.upload file.import file.import_status
//	file.get file.signed_url file.download file.redirect
//	login library.page library.preview
//	webhook.delivery (to a channel) webhook.app (to the app) unknown
package hubspottest
