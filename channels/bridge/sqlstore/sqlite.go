package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Settings made on a *sql.DB reach one connection of its pool only, so the store holds connections of its own.
var sqliteSettings = []struct{ pragma, want string }{
	{"busy_timeout = 2000", "2000"}, // a webhook may wait twice, for the batch before its own too, and HubSpot waits 5 seconds
	{"journal_mode = WAL", "wal"},
	{"synchronous = FULL", "2"}, // drivers differ in their default, and NORMAL loses commits at a power cut
	{"foreign_keys = ON", "1"},
	// Most pages change again and again before they are written back, so it pays to do that rarely.
	{"wal_autocheckpoint = 8000", "8000"},
	{"cache_size = -8192", "-8192"}, // KiB
}

func prepareSQLiteWriter(ctx context.Context, conn *sql.Conn) error {
	file, err := sqliteFile(ctx, conn)
	if err != nil {
		return err
	}
	if file == "" {
		return fmt.Errorf("sqlstore: the SQLite database must be a file: in-memory ones are private to a connection (use memstore)")
	}
	for _, set := range sqliteSettings {
		if err := execPatiently(ctx, conn, "PRAGMA "+set.pragma); err != nil {
			return fmt.Errorf("sqlstore: PRAGMA %s: %w", set.pragma, err)
		}
		name, _, _ := strings.Cut(set.pragma, " ")
		var got string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&got); err != nil {
			return fmt.Errorf("sqlstore: PRAGMA %s: %w", name, err)
		}
		if got != set.want {
			return fmt.Errorf("sqlstore: SQLite answered %s = %q where %q is needed for durability; is the file on a network share, or opened read-only?", name, got, set.want)
		}
	}
	return nil
}

// execPatiently tries for a few seconds: SQLite does not wait where another process switches the same new file to WAL,
// whatever busy_timeout says.
func execPatiently(ctx context.Context, conn *sql.Conn, query string) error {
	for attempt := 1; ; attempt++ {
		_, err := conn.ExecContext(ctx, query)
		if err == nil || !busy(err) || attempt == 200 {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// busy reports whether another connection holds a lock. Drivers differ in their error types, but all quote SQLite.
func busy(err error) bool {
	msg := err.Error()
	return strings.Contains(msg, "locked") || strings.Contains(msg, "busy") || strings.Contains(msg, "BUSY")
}

func prepareSQLiteReader(ctx context.Context, conn *sql.Conn) error {
	for _, pragma := range []string{"busy_timeout = 2000", "query_only = ON"} {
		if _, err := conn.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return fmt.Errorf("sqlstore: PRAGMA %s: %w", pragma, err)
		}
	}
	return nil
}

func sqliteFile(ctx context.Context, conn *sql.Conn) (string, error) {
	var seq int
	var name, file string
	err := conn.QueryRowContext(ctx, "PRAGMA database_list").Scan(&seq, &name, &file)
	if err != nil {
		return "", fmt.Errorf("sqlstore: is this a SQLite database? %w", err)
	}
	return file, nil
}

// lockFile takes the lock that lets one bridge run on a file. It is an open write transaction on a second database beside
// the first: the operating system ends it with the process, whatever ends the process, and tools may open the first.
func lockFile(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	if err := lockConn(ctx, conn); err != nil {
		_ = unlockConn(conn)
		return nil, err
	}
	return conn, nil
}

func lockConn(ctx context.Context, conn *sql.Conn) error {
	file, err := sqliteFile(ctx, conn)
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "ATTACH DATABASE ?1 AS bridge_lock", file+".lock"); err != nil {
		return fmt.Errorf("sqlstore: the lock file beside the database: %w", err)
	}
	for _, query := range []string{
		"PRAGMA busy_timeout = 0",
		"BEGIN",
		"CREATE TABLE IF NOT EXISTS bridge_lock.holder (since INTEGER)",
		"DELETE FROM bridge_lock.holder",
	} {
		if _, err := conn.ExecContext(ctx, query); err != nil {
			if busy(err) {
				return fmt.Errorf("%w (%s)", bridge.ErrStoreInUse, file)
			}
			return fmt.Errorf("sqlstore: the lock file beside the database: %w", err)
		}
	}
	return nil
}

func unlockConn(conn *sql.Conn) error {
	ctx := context.Background()
	_, _ = conn.ExecContext(ctx, "ROLLBACK") // fails where no transaction was begun
	_, _ = conn.ExecContext(ctx, "DETACH DATABASE bridge_lock")
	_, _ = conn.ExecContext(ctx, "PRAGMA busy_timeout = 2000")
	return conn.Close()
}

// explainSQLite says what to do about the errors of a file that cannot be written. Drivers differ in their error types, but
// all quote SQLite.
func explainSQLite(err error) error {
	switch msg := err.Error(); {
	case strings.Contains(msg, "readonly database"):
		return fmt.Errorf("sqlstore: the SQLite database is read-only; open it for writing, and let this user write to the file and its folder: %w", err)
	case strings.Contains(msg, "unable to open database file"):
		return fmt.Errorf("sqlstore: the SQLite database cannot be opened; does its folder exist, and may this user write to it? %w", err)
	}
	return err
}
