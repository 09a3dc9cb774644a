package stores

import (
	"context"
	"database/sql"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
)

func TestSQLStore(t *testing.T) {
	bridgetest.RunStore(t, func(t *testing.T) bridge.Store { return openStore(t, newDatabase(t)) })
}

func TestSQLTokenStore(t *testing.T) {
	bridgetest.RunTokenStore(t, func(t *testing.T) oauth.TokenStore { return openStore(t, newDatabase(t)) })
}

// database names the files of a store.
type database struct{ file, keys string }

func newDatabase(t *testing.T) database {
	dir := t.TempDir()
	return database{dir + "/bridge.db", dir + "/bridge.keys"}
}

// openDB opens the database as a program would; options are those of the driver, such as "_pragma=synchronous(OFF)".
func openDB(t *testing.T, d database, options string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+d.file+"?"+options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func openOn(ctx context.Context, db *sql.DB, d database, opts ...sqlstore.Option) (*sqlstore.Store, error) {
	keys, err := sqlstore.KeyFile(d.keys)
	if err != nil {
		return nil, err
	}
	return sqlstore.Open(ctx, db, sqlstore.SQLite, keys, opts...)
}

// openStore opens a store that is closed at the end of the test.
func openStore(t *testing.T, d database, opts ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	s, err := openOn(t.Context(), openDB(t, d, ""), d, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
