package main

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

// checkStore looks at the bridge's database and its keys.
func (e *examination) checkStore(ctx context.Context) {
	o := &e.s.store
	if o.dsn == "" || o.keys == "" {
		e.warn("store", "add both, if the bridge has a database", "not checked without -store or %s, and -keys or %s", envStore, envKeys)
		return
	}
	usable := e.checkKeysFile(o.keys)
	if !isPostgres(o.dsn) {
		e.checkStoreFile(strings.TrimPrefix(o.dsn, "sqlite:"))
	}
	before, err := e.checkDatabase(ctx)
	if err != nil {
		e.problem("store", "look at the name of the database, and at whether this user may use it", "it cannot be opened: %v", err)
		return
	}
	if !usable {
		return
	}
	if e.store, e.close, err = o.openStore(ctx); err != nil {
		e.close = func() {}
		e.problem("store", "follow the cause; the bridge meets it as well", "it cannot be used: %v", err)
		return
	}
	e.channelID = o.channel
	e.ok("store", "opens; the keys belong to it")
	e.checkSchema(ctx, before)
	e.checkWork(ctx)
}

// checkKeysFile looks at who may read the keys. It returns false where the store would not take them.
func (e *examination) checkKeysFile(path string) bool {
	const check = "keys file"
	mode, found := sharedMode(path)
	if mode != 0 {
		e.problem(check, "chmod 600 "+path+", and consider its keys known", "others may open it (mode %#o), so bridges do not take it", mode)
		return false
	}
	if found {
		e.ok(check, "only its owner may open it")
	}
	return true // opening the store tells what is wrong with one that was not found
}

// checkStoreFile looks at who may read the messages.
func (e *examination) checkStoreFile(path string) {
	const check = "store file"
	mode, found := sharedMode(path)
	folder, err := os.Stat(filepath.Dir(path))
	switch {
	case !found:
	case mode != 0 && err == nil && folder.Mode().Perm()&0o011 != 0:
		e.warn(check, "chmod 600 "+path+"*", "others may open it (mode %#o), and read messages in it", mode)
	default:
		e.ok(check, "only its owner may open it")
	}
}

// sharedMode is the mode of a file that others than its owner may open, or 0.
func sharedMode(path string) (mode os.FileMode, found bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	if mode = info.Mode().Perm(); runtime.GOOS == "windows" || mode&0o077 == 0 {
		return 0, true
	}
	return mode, true
}

// checkDatabase looks at the settings that decide what a crash costs, before the store makes its own. It returns the version
// of the tables.
func (e *examination) checkDatabase(ctx context.Context) (version int, err error) {
	db, dialect, err := e.s.store.openDatabase(ctx)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	settings := map[string]string{}
	if dialect == sqlstore.SQLite {
		var mode string
		if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
			return 0, err
		}
		settings["journal_mode"] = mode
	} else if err := postgresSettings(ctx, db, settings); err != nil {
		return 0, err
	}
	e.checkDurability(dialect, settings)
	return schemaVersion(ctx, db), nil
}

func postgresSettings(ctx context.Context, db *sql.DB, settings map[string]string) error {
	rows, err := db.QueryContext(ctx, `SELECT name, setting FROM pg_settings WHERE name IN `+
		`('synchronous_commit', 'synchronous_standby_names', 'fsync', 'full_page_writes')`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, setting string
		if err := rows.Scan(&name, &setting); err != nil {
			return err
		}
		settings[name] = setting
	}
	return rows.Err()
}

// checkDurability judges what the database does about crashes.
func (e *examination) checkDurability(dialect sqlstore.Dialect, settings map[string]string) {
	const check = "durability"
	before := len(e.findings)
	is := func(name, value string) bool { return settings[name] == value }
	if dialect == sqlstore.SQLite {
		if is("journal_mode", "wal") {
			// synchronous is a setting of each connection: the store makes and checks it as it opens.
			e.ok(check, "SQLite: journal_mode wal, synchronous FULL on every connection of the store")
		} else {
			e.warn(check, "let no other program set it; the bridge sets wal when it starts", "SQLite: journal_mode is %s", settings["journal_mode"])
		}
		return
	}
	if is("synchronous_commit", "off") {
		e.problem(check, "ALTER ROLE or ALTER DATABASE ... SET synchronous_commit = on", "synchronous_commit is off: a crash loses messages that were acknowledged")
	}
	if is("synchronous_commit", "local") && settings["synchronous_standby_names"] != "" {
		e.warn(check, "set synchronous_commit = on", "synchronous_commit is local: when the standby takes over, messages that were acknowledged may be missing")
	}
	if is("fsync", "off") {
		e.problem(check, "set fsync = on in postgresql.conf", "fsync is off: a crash of the machine loses the database")
	}
	if is("full_page_writes", "off") {
		e.warn(check, "set full_page_writes = on, unless the file system never tears pages", "full_page_writes is off: a crash of the machine can damage tables")
	}
	if len(e.findings) == before {
		e.ok(check, "PostgreSQL: synchronous_commit %s, fsync on", settings["synchronous_commit"])
	}
}

// schemaVersion is the version of the tables, 0 if there are none.
func schemaVersion(ctx context.Context, db *sql.DB) (version int) {
	_ = db.QueryRowContext(ctx, `SELECT value FROM cc_schema WHERE name = 'schema version'`).Scan(&version)
	return version
}

func (e *examination) checkSchema(ctx context.Context, before int) {
	const check = "schema"
	db, _, err := e.s.store.openDatabase(ctx)
	if err != nil {
		e.problem(check, "try again", "the database is gone: %v", err)
		return
	}
	defer db.Close()
	if now := schemaVersion(ctx, db); now != before {
		e.warn(check, "update the bridge to the version of channelctl", "brought from version %d to %d just now", before, now)
	} else {
		e.ok(check, "version %d", now)
	}
}

// lateWork is how long work may wait before something must be wrong.
const lateWork = 15 * time.Minute

// checkWork looks at what waits, what is buried and which portals are paused.
func (e *examination) checkWork(ctx context.Context) {
	const check = "work"
	op, err := bridge.NewOperator(e.store, e.channelID)
	if err != nil {
		e.problem(check, "name the channel with -channel", "%v", err)
		return
	}
	all, err := op.Stats(ctx)
	if err != nil {
		e.problem(check, "try again", "the store does not tell: %v", err)
		return
	}
	before, waiting, buried := len(e.findings), 0, 0
	var oldest time.Duration
	for _, p := range all.Portals {
		for _, w := range p.Work {
			waiting, buried, oldest = waiting+w.Waiting, buried+w.Buried, max(oldest, w.Oldest)
		}
		if p.Pause != nil {
			e.warn(check, fmt.Sprintf("remove the cause; then: channelctl portals resume %d", p.Portal),
				"portal %d is paused until %s: %s", p.Portal, until(p.Pause.Until), cmp.Or(p.Pause.Reason, "no reason is noted"))
		}
	}
	if buried > 0 {
		e.warn(check, `see "channelctl buried list"; then retry or drop them`, "%s set aside for good", count(buried, "message"))
	}
	if oldest >= lateWork {
		e.warn(check, `see that the bridge runs, its log, and "channelctl stats"`, "%d wait, the oldest for %v", waiting, oldest.Truncate(time.Second))
	}
	if len(e.findings) == before {
		e.ok(check, "%d wait, nothing is buried", waiting)
	}
}
