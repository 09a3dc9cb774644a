package claims

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

func openSQLite(tb testing.TB) *sqlstore.Store {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(tb.TempDir(), "claims.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return open(tb, db, sqlstore.SQLite)
}

func open(tb testing.TB, db *sql.DB, dialect sqlstore.Dialect) *sqlstore.Store {
	keys, err := sqlstore.KeyFile(filepath.Join(tb.TempDir(), "keys"))
	if err != nil {
		tb.Fatal(err)
	}
	s, err := sqlstore.Open(tb.Context(), db, dialect, keys)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// analyze does what the server would do by itself soon after the rows came.
func analyze(tb testing.TB, url string) {
	if _, err := pgtest.Open(tb, url).ExecContext(tb.Context(), "VACUUM ANALYZE"); err != nil {
		tb.Fatal(err)
	}
}
