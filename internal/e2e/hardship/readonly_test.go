package hardship

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// Opening a database that is of no use says so at once.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		dialect sqlstore.Dialect
		prepare func(t *testing.T) *sql.DB // nil: not possible here
		want    string
	}{
		{"SQLite, mode=ro", sqlstore.SQLite, func(t *testing.T) *sql.DB {
			return openSQLite(t, usedFile(t, t.TempDir()), "mode=ro")
		}, "attempt to write a readonly database (8)"},
		{"SQLite, immutable", sqlstore.SQLite, func(t *testing.T) *sql.DB {
			return openSQLite(t, usedFile(t, t.TempDir()), "immutable=1")
		}, `SQLite answered journal_mode = "delete" where "wal" is needed`},
		{"SQLite, file system", sqlstore.SQLite, func(t *testing.T) *sql.DB {
			dir := t.TempDir()
			if !smallDisk(t, dir, "size=4m") {
				return nil
			}
			file := usedFile(t, dir)
			must(t, syscall.Mount("none", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
			return openSQLite(t, file, "")
		}, "unable to open database file (14)"},
		{"SQLite, no such directory", sqlstore.SQLite, func(t *testing.T) *sql.DB {
			return openSQLite(t, filepath.Join(t.TempDir(), "missing", "bridge.db"), "")
		}, "unable to open database file"},
		{"SQLite, no database", sqlstore.SQLite, func(t *testing.T) *sql.DB {
			file := sqliteFile(t)
			must(t, os.WriteFile(file, []byte(strings.Repeat("no database ", 1000)), 0o600))
			return openSQLite(t, file, "")
		}, "file is not a database (26)"},
		{"PostgreSQL", sqlstore.PostgreSQL, func(t *testing.T) *sql.DB {
			url := pgtest.New(t)
			readOnly(t, url, true)
			return pgtest.Open(t, url)
		}, "PostgreSQL's default_transaction_read_only is on, with which nothing could be written"},
		{"PostgreSQL, synchronous_commit", sqlstore.PostgreSQL, func(t *testing.T) *sql.DB {
			url := pgtest.New(t)
			execAll(t, url, fmt.Sprintf("ALTER DATABASE %s SET synchronous_commit = off", databaseName(url)))
			return pgtest.Open(t, url)
		}, "PostgreSQL's synchronous_commit is off, with which a crash of the server would lose messages that were acknowledged"},
		{"PostgreSQL, no server", sqlstore.PostgreSQL, func(t *testing.T) *sql.DB {
			return pgtest.Open(t, "postgres://postgres@/postgres?host="+t.TempDir())
		}, "no such file or directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			db := test.prepare(t)
			if db == nil {
				return
			}
			store, err := openWithNewKeys(t, db, test.dialect)
			if err == nil {
				_ = store.Close()
				t.Fatal("it was opened")
			}
			t.Log(err)
			if !strings.HasPrefix(err.Error(), "sqlstore: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %q, want it to say %q", err, test.want)
			}
		})
	}
}

func openWithNewKeys(t *testing.T, db *sql.DB, dialect sqlstore.Dialect) (*sqlstore.Store, error) {
	t.Helper()
	keys, err := sqlstore.KeyFile(filepath.Join(t.TempDir(), "bridge.keys"))
	must(t, err)
	return sqlstore.Open(t.Context(), db, dialect, keys)
}

// usedFile is a database that a bridge has used before.
func usedFile(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "bridge.db")
	db := openSQLite(t, file, "")
	store, err := openWithNewKeys(t, db, sqlstore.SQLite)
	must(t, err)
	must(t, store.Close())
	must(t, db.Close())
	return file
}

// readOnly switches writing to a PostgreSQL database off or on, for sessions that begin later, and ends the others.
func readOnly(t *testing.T, url string, on bool) {
	t.Helper()
	setReadOnly(t, url, on)
	execAll(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
}

func setReadOnly(t *testing.T, url string, on bool) {
	t.Helper()
	execAll(t, url, "SET default_transaction_read_only = off",
		fmt.Sprintf("ALTER DATABASE %s SET default_transaction_read_only = %t", databaseName(url), on))
}

func databaseName(url string) string {
	return strings.TrimPrefix(strings.Split(url, "?")[0], "postgres://postgres@/")
}

// execAll runs statements in a session of their own.
func execAll(t *testing.T, url string, statements ...string) {
	t.Helper()
	db := pgtest.Open(t, url)
	conn, err := db.Conn(t.Context())
	must(t, err)
	for _, s := range statements {
		_, err := conn.ExecContext(t.Context(), s)
		must(t, err)
	}
	must(t, conn.Close())
	must(t, db.Close())
}

// A database that becomes read-only while a bridge runs on it is found writable again, whether the sessions that saw it
// read-only have ended or not.
func TestPostgresBecomesReadOnly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		undo func(t *testing.T, url string)
	}{
		{"all sessions end", func(t *testing.T, url string) { readOnly(t, url, false) }},
		{"sessions go on", func(t *testing.T, url string) { setReadOnly(t, url, false) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.New(t)
			db := pgtest.Open(t, url)
			w := newWorld(t, db, sqlstore.PostgreSQL)
			w.begin("ana", "ben")
			readOnly(t, url, true)
			const want = "bridge: not stored: sqlstore: PostgreSQL's default_transaction_read_only is on, with which nothing could be written"
			until(t, "the bridge to notice", func() string {
				// What it says first is that its connections were closed.
				if got := errorText(w.write(t.Context(), "ana", "while it is read-only")); got != want {
					return fmt.Sprintf("Receive returned %q, want %q", got, want)
				}
				return ""
			})
			w.reply("ben", "while it is read-only")
			until(t, "HubSpot to be told to come again", func() string {
				if w.refusals() == 0 {
					return "no webhook was answered 503"
				}
				return ""
			})
			test.undo(t, url)
			w.insist("ana", "when it can be written again")
			w.delivered()
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}
