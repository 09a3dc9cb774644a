package oauthtest

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// database tells a process how to open a store.
type database struct {
	Dialect sqlstore.Dialect
	Driver  string
	URL     string
	KeyFile string
	file    string // of SQLite
}

// onEach runs a test on an empty database of each kind.
func onEach(t *testing.T, test func(*testing.T, database)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "bridge.db")
		test(t, database{sqlstore.SQLite, "sqlite", "file:" + file, newKeyFile(t), file})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		test(t, database{sqlstore.PostgreSQL, "pgx", pgtest.New(t), newKeyFile(t), ""})
	})
}

func newKeyFile(t *testing.T) string { return filepath.Join(t.TempDir(), "bridge.keys") }

// open opens the store as a process of its own would.
func (d database) open(ctx context.Context) (*sqlstore.Store, func() error, error) {
	keys, err := sqlstore.KeyFile(d.KeyFile)
	if err != nil {
		return nil, nil, err
	}
	db, err := sql.Open(d.Driver, d.URL)
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlstore.Open(ctx, db, d.Dialect, keys)
	if err != nil {
		_ = db.Close()
		return nil, nil, err
	}
	return store, func() error {
		defer db.Close()
		return store.Close()
	}, nil
}

// store opens the store until the end of the test.
func (d database) store(t *testing.T) *sqlstore.Store {
	t.Helper()
	store, done, err := d.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := done(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// db opens the database itself until the end of the test.
func (d database) db(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.Driver, d.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
