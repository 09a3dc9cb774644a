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
