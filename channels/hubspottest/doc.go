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
// At / the server has a page on which agents read and write, and under
// /simulator/ the data of that page, the journal of all requests, and a stream
// of events. The page is open to whoever reaches the server: keep it on a
// loopback address or a private network.
//
// # What is simulated, and where it is known from
//
// Documented means HubSpot's documentation or its OpenAPI files, observed
// means seen by others who ran against the real HubSpot, unknown means that
// neither says; a field of [Readings] or [Config] then plays the other
// reading. The default is the reading that asks most of a client.
//
//	behaviour                                     source       other reading
//	--------------------------------------------  -----------  -------------------------
//	13 custom-channel operations, paths of v3,
//	  2026-03 and 2026-09                         documented
//	registration by hapikey and appId             documented
//	registration without hapikey: 401             unknown
//	bearer token, scopes of each operation        documented
//	missing scope: 403 MISSING_SCOPES             observed
//	expired token: 401 with "expire time"         observed
//	another portal's account, message, file: 404  unknown
//	access tokens live 30 minutes                 documented
//	each refresh gives a new refresh token        unknown      Readings.RefreshTokenStays
//	the old one works until the new one is used   unknown      Readings.RefreshTokenEnds
//	codes: once, 2 minutes                        documented   (duration unknown)
//	refresh answers without hub_id and scopes     observed     Readings.FullRefresh
//	JSON at the token endpoints: 415              observed
//	OAuth errors: error, status, message          documented
//	the app is installed by its token exchange    documented
//	revoking keeps access tokens alive            documented
//	uninstalling sends nothing, tokens: 401       unknown
//	an app uninstalls itself                      observed
//	invalid capability: 400 with subCategory      observed
//	capabilities of an update replace             unknown      Readings.CapabilitiesMerge
//	null in an update leaves the field            unknown
//	no threadingModel: INTEGRATION_THREAD_ID      unknown
//	a new channel is invisible for a while        observed     Config.ChannelVisibleAfter
//	archived channels: 404 everywhere             unknown
//	page length 20, at most 100                   unknown
//	second account for one address: 409           observed
//	second staging PATCH for one token: 409       observed
//	popup parameters, account made at the end     documented
//	no event for accounts made by API             unknown      Readings.AccountsAnnounced
//	every change of an account: one UPDATED       documented   (which changes: unknown)
//	deleting an account: PURGED, archived         documented
//	schema's required fields are required         documented   Readings.OptionalFields
//	empty text: 400                               unknown      Readings.EmptyText
//	e-mail, E.164, non-blank identifiers          documented
//	unknown fields are ignored                    observed
//	duplicate idempotency id: 409                 unknown      Readings.DuplicateReturnsFirst
//	idempotency ids never expire                  unknown
//	both threading models                         documented
//	a message to a closed thread opens it         unknown      Readings.ClosedThreadStartsNew
//	publishing to a switched-off account: 400     unknown
//	OUTGOING messages come back as webhooks       unknown      Readings.OutgoingSilent
//	any status report stands, the last one wins   unknown
//	status reports on incoming messages: 400      unknown
//	message ids are UUIDs, thread ids numbers     observed
//	webhooks: one object per request              observed
//	agents have no name in webhooks               observed
//	status is the string "SENT" in webhooks       documented   Readings.StatusObject
//	address is a bare string in account events    documented   Readings.IdentifierObject
//	files in webhooks have only an id             unknown      Readings.AttachmentURLs
//	v3 signature, with v1 beside it               observed     Readings.SignatureV2
//	retries: after 5 s, any 3xx, 4xx, 5xx,
//	  ten attempts in 24 hours                    documented   Config.RetryDelays
//	retries repeat the first signature            unknown      Readings.RetriesSignedAnew
//	first attempts of a thread are in order,
//	  retries and other threads overtake          unknown
//	at most 10 webhooks at a time per portal      documented   (for other webhooks)
//	110 calls in 10 s per portal, headers, 429    documented   Config.RateLimit
//	429 without category and Retry-After          observed
//	several reasons hide in errors[]              observed
//	upload: file name, options, one folder        documented
//	file names without extension, -1 appended     observed
//	a private file's url: 404; signed-url opens   documented
//	hidden files need files.ui_hidden.read        documented
//	downloads are application/octet-stream        observed
//	Conversations API refuses actors E-…          observed
//
// Not simulated yet: comments, assignment, contacts, starting a conversation,
// importing files by URL, general webhooks, OAuth v1.
//
// # The journal
//
// [Server.Journal] and GET /simulator/journal list the requests, with these
// operations:
//
//	oauth.authorize oauth.decision oauth.token oauth.introspect oauth.revoke
//	app.uninstall
//	channel.create channel.list channel.get channel.update channel.archive
//	account.connect (the app's PATCH of the staging token)
//	account.connected (the browser at the popup's redirectUrl)
//	account.create account.list account.get account.update
//	message.publish message.get message.status
//	inbox.list inbox.get actor.get actor.batch
//	thread.list thread.get thread.update thread.archive
//	thread.messages thread.message thread.send
//	file.upload file.get file.signed_url file.download
//	webhook.delivery unknown
package hubspottest
