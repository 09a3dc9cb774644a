// Package sqlstore keeps a bridge's queue, its mappings and its OAuth tokens in a SQL database, so that nothing that was
// accepted is lost when the process dies, and nothing is done twice that was recorded as done.
//
// It imports no driver. Open the database with yours and hand it over:
//
//	db, err := sql.Open("sqlite", "file:bridge.db") // modernc.org/sqlite; or mattn/go-sqlite3
//	keys, err := sqlstore.KeyFile("bridge.keys")
//	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite, keys)
//
// A SQLite file serves one process that runs a bridge at a time; tools may open it beside. On one PostgreSQL any number of
// processes run the same bridge as one, and what a dead one held is taken over by the others. Tokens and the credentials of
// accounts are sealed with the keys (AES-256-GCM), which are kept in a file of their own.
//
// # More than one process
//
// On PostgreSQL start as many processes as you need, behind one load balancer. Each renews a row every few seconds; when
// it has not done so for 15 seconds the others take over what it held. A conversation is worked on by one process at a time, and so
// is what calls HubSpot for one portal, so that its rate limit is kept. The database's clock decides, so the processes' may
// differ. Several bridges, with channels of their own, may share a database, and its tables may stand beside your own
// ([WithPrefix]). For more than one database can do, give each portal to one of several: they share nothing.
//
// What is waited for is looked for once a second, and at once in the process that accepted it. Commits serve all callers
// that wait for one at the same time, so many small calls cost little more than one.
//
// # When the database is away
//
// Webhooks are answered 503 then, so that HubSpot repeats them, and Receive returns an error, so that the service does. Both
// go on by themselves when it is back. [WithLimit] refuses new work in the same way before a disk is full.
//
// # Changing keys
//
// The key file has one key on each line: an id, a space, and 32 random bytes in base64. The first key seals, all of them
// open. To change keys, which can be done while everything runs:
//
//  1. Add a line with a new key at the end of the file ("openssl rand -base64 32" makes its bytes), and restart every
//     process: now all of them can open what the new key will seal.
//  2. Move that line to the top, and restart every process again: now the new key seals.
//  3. Call [Store.Rewrap] in any of them until it returns 0: now nothing is sealed with the old keys.
//  4. Take the old keys out of the file, but keep them as long as you keep backups of the database from before.
//
// If there is one process only, [RotateKeyFile] does the first two steps.
//
// [Open] refuses keys that do not belong to the database. If those are lost, so are the tokens and credentials that they
// sealed, but nothing else. Delete the row "key check" of the table cc_values to have the database take new keys, then
// have the app installed and the accounts connected again; until then, calls that need what is lost fail.
package sqlstore
