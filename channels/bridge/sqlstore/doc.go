// Package sqlstore keeps a bridge's queue, its mappings and its OAuth tokens in a SQL database, so that nothing that was
// accepted is lost when the process dies, and nothing is done twice that was recorded as done.
//
// It imports no driver. Open the database with yours and hand it over:
//
//	db, err := sql.Open("sqlite", "file:bridge.db") // modernc.org/sqlite; or mattn/go-sqlite3
//	keys, err := sqlstore.KeyFile("bridge.keys")
//	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite, keys)
//
// A SQLite file serves one process that runs a bridge at a time; tools may open it beside. Tokens and the credentials of
// accounts are sealed with the keys (AES-256-GCM), which are kept in a file of their own.
package sqlstore
