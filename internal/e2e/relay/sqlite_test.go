package relay

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	_ "modernc.org/sqlite"
)

func openSQLite(tb testing.TB) *sql.DB {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(tb.TempDir(), "relay.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// sqliteLedger writes through one connection: SQLite has one writer at a time.
type sqliteLedger struct {
	mu   sync.Mutex
	conn *sql.Conn

	insertItem, deleteItem     *sql.Stmt
	insertKey, insertLink      *sql.Stmt
	insertStatus, deleteStatus *sql.Stmt
}

func newSQLiteLedger(tb testing.TB) *sqliteLedger {
	ctx := tb.Context()
	conn, err := openSQLite(tb).Conn(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	for _, query := range []string{
		"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
		"CREATE TABLE items (id TEXT PRIMARY KEY, payload BLOB) WITHOUT ROWID",
		"CREATE TABLE keys (id TEXT PRIMARY KEY) WITHOUT ROWID",
		"CREATE TABLE statuses (id TEXT PRIMARY KEY) WITHOUT ROWID",
		"CREATE TABLE links (id TEXT PRIMARY KEY, hubspot TEXT) WITHOUT ROWID",
	} {
		if _, err := conn.ExecContext(ctx, query); err != nil {
			tb.Fatal(err)
		}
	}
	l := &sqliteLedger{conn: conn}
	for query, stmt := range map[string]**sql.Stmt{
		"INSERT INTO items VALUES (?1, ?2)":  &l.insertItem,
		"DELETE FROM items WHERE id = ?1":    &l.deleteItem,
		"INSERT INTO keys VALUES (?1)":       &l.insertKey,
		"INSERT INTO links VALUES (?1, ?2)":  &l.insertLink,
		"INSERT INTO statuses VALUES (?1)":   &l.insertStatus,
		"DELETE FROM statuses WHERE id = ?1": &l.deleteStatus,
	} {
		if *stmt, err = conn.PrepareContext(ctx, query); err != nil {
			tb.Fatal(err)
		}
	}
	return l
}

func (l *sqliteLedger) commit(ctx context.Context, changes []*change) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, c := range changes {
		if err := l.apply(ctx, c); err != nil {
			_, rollback := l.conn.ExecContext(ctx, "ROLLBACK")
			return errors.Join(err, rollback)
		}
	}
	_, err := l.conn.ExecContext(ctx, "COMMIT")
	return err
}

func (l *sqliteLedger) apply(ctx context.Context, c *change) error {
	exec := func(stmt *sql.Stmt, args ...any) error {
		_, err := stmt.ExecContext(ctx, args...)
		return err
	}
	switch c.step {
	case accepted:
		return errors.Join(exec(l.insertItem, c.id, c.value), exec(l.insertKey, c.id))
	case sent:
		return errors.Join(exec(l.deleteItem, c.id), exec(l.insertStatus, c.id))
	case reported:
		return exec(l.deleteStatus, c.id)
	default: // published
		return errors.Join(exec(l.deleteItem, c.id), exec(l.insertLink, c.id, string(c.value)))
	}
}

func (l *sqliteLedger) close() error { return l.conn.Close() }
