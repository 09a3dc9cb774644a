package hardship

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

const goodKey = "k1 MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="

// A key file that cannot be right is refused, with the file's name and what to do, and never with what is in it.
func TestKeyFileRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, content string
		mode          os.FileMode
		want          string
	}{
		{"empty", "", 0o600, "seal: key file FILE: "},
		{"garbage", "\x00\x01\x02 secret-looking garbage\n", 0o600, "seal: key file FILE, line 1: "},
		{"cut short", goodKey[:20] + "\n", 0o600, "seal: key file FILE"},
		{"no id", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=\n", 0o600, "seal: key file FILE, line 1: want a key id and a base64 secret"},
		{"twice the same id", goodKey + "\n" + goodKey + "\n", 0o600, "seal: key file FILE"},
		{"open to others", goodKey + "\n", 0o644, "seal: key file FILE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "bridge.keys")
			must(t, os.WriteFile(file, []byte(test.content), test.mode))
			_, err := sqlstore.KeyFile(file)
			text := strings.ReplaceAll(errorText(err), file, "FILE")
			t.Log(text)
			if !strings.HasPrefix(text, test.want) {
				t.Errorf("the error is %q, want it to begin with %q", text, test.want)
			}
			if strings.Contains(text, "garbage") || strings.Contains(text, "MTIz") {
				t.Error("the error quotes what is in the file")
			}
			after, err := os.ReadFile(file)
			must(t, err)
			if string(after) != test.content {
				t.Error("the file was changed")
			}
		})
	}
}

// A database that does not fit the program is left as it is.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		dialect sqlstore.Dialect
		open    func(t *testing.T) *sql.DB
	}{
		{"SQLite", sqlstore.SQLite, func(t *testing.T) *sql.DB { return openSQLite(t, sqliteFile(t), "") }},
		{"PostgreSQL", sqlstore.PostgreSQL, func(t *testing.T) *sql.DB { return pgtest.Open(t, pgtest.New(t)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			db := test.open(t)
			store, err := openWithNewKeys(t, db, test.dialect)
			must(t, err)
			must(t, store.Close())

			_, err = openWithNewKeys(t, db, test.dialect)
			t.Log(err)
			if want := "sqlstore: the key file does not belong to this database; use the file it was created with: "; !strings.HasPrefix(errorText(err), want) {
				t.Errorf("with other keys the error is %q, want it to begin with %q", errorText(err), want)
			}
			_, err = db.ExecContext(t.Context(), "UPDATE cc_schema SET value = 1000")
			must(t, err)
			_, err = openWithNewKeys(t, db, test.dialect)
			t.Log(err)
			want := "sqlstore: the database was written by a newer version of this package (schema 1000, this one knows "
			if text := errorText(err); !strings.HasPrefix(text, want) || !strings.HasSuffix(text, "; update the program") {
				t.Errorf("with a newer schema the error is %q, want it to begin with %q", text, want)
			}
			var version int
			must(t, db.QueryRowContext(t.Context(), "SELECT value FROM cc_schema").Scan(&version))
			if version != 1000 {
				t.Errorf("the schema's version was changed to %d", version)
			}
		})
	}
}

// A second bridge on a SQLite file ends at once, and the first one does not notice.
func TestSQLiteSecondBridge(t *testing.T) {
	t.Parallel()
	file := sqliteFile(t)
	w := newWorld(t, openSQLite(t, file, ""), sqlstore.SQLite)
	w.begin("ana")
	second, err := w.setup.newBridge(w.service, w.setup.openStore(t, openSQLite(t, file, ""), sqlstore.SQLite), slog.New(slog.DiscardHandler))
	must(t, err)
	err = second.Run(t.Context())
	t.Log(err)
	want := "bridge: another process is already running a bridge on this store; stop it first (" + file + ")"
	if !errors.Is(err, bridge.ErrStoreInUse) || err.Error() != want {
		t.Errorf("the second bridge ended with %q, want %q", errorText(err), want)
	}
	w.insist("ana", "after the second bridge")
	w.reply("ana", "after the second bridge")
	w.delivered()

	must(t, w.stop())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- second.Run(ctx) }()
	w.insist("ana", "to the second bridge")
	w.reply("ana", "by the second bridge")
	w.delivered()
	cancel()
	must(t, <-done)
}
