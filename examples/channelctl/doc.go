// Command channelctl operates HubSpot's custom channels from a terminal: it registers channels, connects accounts to
// inboxes, publishes messages and reports their status. On the database of a bridge it shows what waits and why messages
// were set aside, and puts them back.
//
//	channelctl channels list
//	channelctl channels get CHANNEL
//	channelctl channels create [flags]
//	channelctl channels ensure [flags]
//	channelctl channels update [flags] CHANNEL
//	channelctl channels archive [-yes] CHANNEL
//
//	channelctl accounts list [flags] CHANNEL
//	channelctl accounts get [-archived] CHANNEL ACCOUNT
//	channelctl accounts create [flags] CHANNEL
//	channelctl accounts update [flags] CHANNEL ACCOUNT
//	channelctl staging update [flags] CHANNEL ACCOUNT_TOKEN
//
//	channelctl messages publish [flags] CHANNEL
//	channelctl messages get CHANNEL MESSAGE
//	channelctl messages status [-reason SENTENCE] CHANNEL MESSAGE STATUS
//
//	channelctl inboxes list
//
//	channelctl buried list [-payload] [flags]
//	channelctl buried retry [-all [-portal PORTAL] [-kind KIND]] [ID...]
//	channelctl buried drop [-yes] [-all [-portal PORTAL] [-kind KIND]] [ID...]
//	channelctl portals list
//	channelctl portals pause [-for DURATION] [-reason SENTENCE] PORTAL
//	channelctl portals resume PORTAL
//	channelctl stats
//	channelctl forget [-yes] ACCOUNT PERSON
//
//	channelctl doctor [flags]
//	channelctl doctor -probe -portal PORTAL -account ACCOUNT -yes
//
// Flags may stand before and after the arguments. With -h a command tells all about itself.
//
// # Credentials
//
// Credentials are read from the environment only, since the arguments of a process are open to everyone on the machine:
//
//	HUBSPOT_APP_ID         the app's numeric id                        for "channels"
//	HUBSPOT_DEVELOPER_KEY  the developer API key of its account,       for "channels"
//	                       from HubSpot's page Development, Keys
//	HUBSPOT_ACCESS_TOKEN   an OAuth access token of a portal that      for all else of HubSpot
//	                       has installed the app; it lives 30 minutes
//	HUBSPOT_BASE_URL       a server in place of https://api.hubapi.com
//
// To try it without a HubSpot account, start the simulator and set the variables that it prints; the access token is what
// its OAuth flow yields:
//
//	go run ./examples/quickstart -hubspot-only
//
// # A channel from nothing
//
// Keep the definition of the channel in a file with HubSpot's field names ("channels create -h" shows one) and let ensure
// make HubSpot agree with it, as often as you like:
//
//	channelctl channels ensure -f channel.json
//	channelctl inboxes list
//	channelctl accounts create 918273 -inbox 481939 -name "Support line" -address phone:+14155550123
//	channelctl messages publish 918273 -account 5550001 -from phone:+14155550199 -to phone:+14155550123 -text Hello
//
// An address has its kind before it: email:, phone:, shortcode: or opaque:.
//
// # A bridge's database
//
// The commands from "buried" on do not call HubSpot. They work on the database that a bridge keeps its work in, a SQLite
// file or PostgreSQL, while the bridge is running, which notices within a second, or not:
//
//	channelctl stats -store ~/quickstart/bridge.db -keys ~/quickstart/bridge.keys
//	export BRIDGE_STORE=postgres://support@db.example.com/bridge BRIDGE_KEYS=/etc/bridge.keys
//	channelctl buried list
//	channelctl buried retry -all -kind incoming
//
// A password has no place in -store, but in BRIDGE_STORE, PGPASSWORD or a PGPASSFILE. What people wrote is shown by
// "buried list -payload" only. Use the version of channelctl that belongs to the bridge's: it brings the database's tables
// up to date as the bridge does.
//
// # When something does not work
//
// Give doctor the environment that the bridge has, and the store if there is one. It prints a line for each check: ok,
// warning or problem, the cause, and what to do.
//
//	export HUBSPOT_APP_ID HUBSPOT_DEVELOPER_KEY HUBSPOT_CLIENT_ID HUBSPOT_CLIENT_SECRET PUBLIC_URL
//	channelctl doctor -store ~/quickstart/bridge.db -keys ~/quickstart/bridge.keys
//
// It looks at who may read the keys, at the settings that decide what a crash costs, at what waits, is buried or paused; at
// the app's credentials and the clock; at the channel's URLs and capabilities; at the public address, which has to take a
// webhook that it signs and refuse one with a wrong signature; and in each portal at scopes and accounts. It changes nothing
// at HubSpot.
//
// With -probe it tries, in a portal for tests, what HubSpot's documentation leaves open, and prints the answers as
// Readings of package hubspottest, so that the simulator can behave as HubSpot does. It says first what it is going to do, and
// removes what it has made. The conversations can only be archived if the app has the scope conversations.write. Two
// readings need an agent's message, whose id is given with -message.
//
// # Output
//
// Results go to standard output as a table, times in UTC, or with -json as HubSpot's own JSON, and what is of the bridge
// only as JSON in the same style; lists are arrays. With
// -version the calls go to another version of HubSpot's API: 2026-09 (the default), 2026-03 or v3. With -v each request
// is logged on standard error, without credentials and content.
//
// The exit status is 0 for success, 1 for an error and 2 for a command line that cannot be understood. Either failure is
// explained on one line of standard error. If HubSpot may have done what was asked although the call failed, that line
// says so, and how to find out.
package main
