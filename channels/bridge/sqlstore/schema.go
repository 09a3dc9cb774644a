package sqlstore

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// migrations are applied in order, each once; "@" stands for the table prefix. What is released is never edited.
//
// Payloads, names and ids from outside are BLOBs and keys are digests, because they may hold any bytes of any length.
// Times are microseconds since 1970.
var migrations = [][]string{{
	`CREATE TABLE @items (
		seq INTEGER PRIMARY KEY AUTOINCREMENT,
		channel TEXT NOT NULL,
		portal INTEGER NOT NULL,
		lane BLOB NOT NULL,
		lane_name BLOB NOT NULL,
		kind TEXT NOT NULL,
		calls_hubspot INTEGER NOT NULL,
		item_key BLOB NOT NULL,
		ord INTEGER NOT NULL,
		payload BLOB NOT NULL,
		progress BLOB,
		attempt INTEGER NOT NULL DEFAULT 0, -- claims that have ended and count as attempts
		claims INTEGER NOT NULL DEFAULT 0, -- claims that have ended
		accepted_at INTEGER NOT NULL,
		due INTEGER NOT NULL,
		deadline INTEGER NOT NULL,
		buried_at INTEGER NOT NULL DEFAULT 0,
		reason BLOB,
		files INTEGER NOT NULL
	)`,
	`CREATE INDEX @items_lane ON @items (lane, ord, seq) WHERE buried_at = 0`,
	`CREATE INDEX @items_buried ON @items (buried_at) WHERE buried_at > 0`,
	// One row for every lane that has work, so that a claim looks at heads only, however much waits behind them. Rows lie in
	// the order in which they came, which is about that in which they are claimed: to claim changes few pages.
	`CREATE TABLE @lanes (
		lane BLOB PRIMARY KEY,
		channel TEXT NOT NULL,
		portal INTEGER NOT NULL,
		calls_hubspot INTEGER NOT NULL,
		owner INTEGER NOT NULL DEFAULT 0,
		claimed INTEGER NOT NULL DEFAULT 0,
		ord INTEGER NOT NULL,
		due INTEGER NOT NULL
	)`,
	// Of all lanes, also those that are claimed: there are few of them, and so to claim one changes no index, in PostgreSQL
	// as long as there is room beside the row.
	`CREATE INDEX @lanes_due ON @lanes (channel, portal, calls_hubspot, due)`,
	`CREATE TABLE @seen (
		item_key BLOB PRIMARY KEY,
		content BLOB NOT NULL,
		at INTEGER NOT NULL
	) WITHOUT ROWID`,
	`CREATE TABLE @nodes (
		node INTEGER PRIMARY KEY AUTOINCREMENT,
		channel TEXT NOT NULL,
		alive_until INTEGER NOT NULL
	)`,
	`CREATE TABLE @portals (
		channel TEXT NOT NULL,
		portal INTEGER NOT NULL,
		paused_until INTEGER NOT NULL DEFAULT 0,
		reason BLOB,
		owner INTEGER NOT NULL DEFAULT 0,
		PRIMARY KEY (channel, portal)
	)`,
	`CREATE INDEX @portals_owner ON @portals (owner) WHERE owner <> 0`,
	`CREATE TABLE @holds (
		name BLOB PRIMARY KEY,
		node INTEGER NOT NULL
	) WITHOUT ROWID`,
	`CREATE TABLE @accounts (
		row INTEGER PRIMARY KEY AUTOINCREMENT,
		channel TEXT NOT NULL,
		portal INTEGER NOT NULL,
		id TEXT NOT NULL,
		identifier BLOB NOT NULL,
		identifier_type TEXT NOT NULL,
		identifier_value BLOB NOT NULL,
		inbox TEXT NOT NULL,
		name BLOB NOT NULL,
		active INTEGER NOT NULL,
		authorized INTEGER NOT NULL,
		archived INTEGER NOT NULL,
		changed_at INTEGER NOT NULL,
		credentials BLOB
	)`,
	`CREATE UNIQUE INDEX @accounts_id ON @accounts (channel, id) WHERE id <> ''`,
	`CREATE UNIQUE INDEX @accounts_pending ON @accounts (channel, portal, identifier) WHERE id = ''`,
	`CREATE INDEX @accounts_identifier ON @accounts (channel, identifier)`,
	`CREATE INDEX @accounts_portal ON @accounts (channel, portal)`,
	// Without indexes by person and age, see inParts.
	`CREATE TABLE @links (
		seq INTEGER PRIMARY KEY AUTOINCREMENT,
		service BLOB NOT NULL UNIQUE,
		hubspot BLOB NOT NULL,
		channel TEXT NOT NULL,
		account TEXT NOT NULL,
		service_id BLOB NOT NULL,
		portal INTEGER NOT NULL,
		hubspot_id TEXT NOT NULL,
		direction TEXT NOT NULL,
		person BLOB,
		at INTEGER NOT NULL
	)`,
	`CREATE INDEX @links_hubspot ON @links (hubspot)`,
	`CREATE TABLE @people (
		person BLOB PRIMARY KEY,
		threads BLOB,
		last_incoming INTEGER NOT NULL DEFAULT 0,
		at INTEGER NOT NULL
	) WITHOUT ROWID`,
	`CREATE INDEX @people_at ON @people (at)`,
	`CREATE TABLE @files (
		id TEXT PRIMARY KEY,
		item INTEGER NOT NULL DEFAULT 0,
		at INTEGER NOT NULL
	)`,
	`CREATE INDEX @files_item ON @files (item)`,
	`CREATE TABLE @chunks (
		id TEXT NOT NULL,
		n INTEGER NOT NULL,
		data BLOB NOT NULL,
		PRIMARY KEY (id, n)
	)`,
	`CREATE TABLE @installs (
		client TEXT NOT NULL,
		portal INTEGER NOT NULL,
		revision INTEGER NOT NULL,
		gone INTEGER NOT NULL,
		sealed BLOB NOT NULL,
		PRIMARY KEY (client, portal)
	)`,
	`CREATE TABLE @refreshes (
		client TEXT NOT NULL,
		portal INTEGER NOT NULL,
		holder TEXT NOT NULL,
		until INTEGER NOT NULL,
		PRIMARY KEY (client, portal)
	)`,
	`CREATE TABLE @values (
		name TEXT PRIMARY KEY,
		value BLOB NOT NULL
	)`,
}}

const schemaVersion = "schema version"

// migrate brings the tables up to date, within the caller's transaction.
func migrate(c *session) error {
	if c.engine.shared {
		// Two nodes may start at once.
		if err := c.run(`SELECT pg_advisory_xact_lock(hashtext(?1))`, c.engine.rewrite.Replace("@schema")); err != nil {
			return err
		}
	}
	if err := c.define(`CREATE TABLE IF NOT EXISTS @schema (name TEXT PRIMARY KEY, value INTEGER NOT NULL)`); err != nil {
		return err
	}
	var version int
	err := c.get(`SELECT value FROM @schema WHERE name = ?1`, []any{schemaVersion}, &version)
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return err
	}
	if version > len(migrations) {
		return errors.New("sqlstore: the database was written by a newer version of this package (schema " +
			strconv.Itoa(version) + ", this one knows " + strconv.Itoa(len(migrations)) + "); update the program")
	}
	for _, statements := range migrations[version:] {
		for _, statement := range statements {
			if err := c.define(statement); err != nil {
				return err
			}
		}
	}
	return c.run(`INSERT INTO @schema (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		schemaVersion, len(migrations))
}

// define runs a statement that is needed once and not worth preparing.
func (c *session) define(statement string) error {
	if _, err := c.conn.ExecContext(c.ctx, c.engine.rewrite.Replace(statement)); err != nil {
		return fmt.Errorf("sqlstore: create tables: %w", err)
	}
	return nil
}
