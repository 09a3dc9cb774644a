// Package mattn runs the store's conformance suites on github.com/mattn/go-sqlite3, which is SQLite compiled from C.
// It is a package of its own since a program links one SQLite.
package mattn

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
)

func TestStore(t *testing.T) {
	bridgetest.RunStore(t, func(t *testing.T) bridge.Store { return open(t) })
}

func TestTokenStore(t *testing.T) {
	bridgetest.RunTokenStore(t, func(t *testing.T) oauth.TokenStore { return open(t) })
}

// open opens a store on a new file.
func open(t *testing.T) *sqlstore.Store {
	t.Helper()
	return openFile(t, filepath.Join(t.TempDir(), "bridge.db"))
}

// openFile opens a store that is closed at the end of the test.
func openFile(t *testing.T, file string) *sqlstore.Store {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	keys, err := sqlstore.KeyFile(file + ".keys")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite, keys)
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

// What the driver says of a lock that another process has must be understood as that.
func TestOneBridge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bridge.db")
	first, second := openFile(t, file), openFile(t, file)
	node, err := first.Join(t.Context(), "1001")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Join(t.Context(), "1001"); !errors.Is(err, bridge.ErrStoreInUse) {
		t.Errorf("a second Join got %v, want ErrStoreInUse", err)
	}
	if err := first.Leave(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Join(t.Context(), "1001"); err != nil {
		t.Errorf("Join after the other has left: %v", err)
	}
}
