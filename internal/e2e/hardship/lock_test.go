package hardship

import (
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

// Another program that writes to the SQLite file for longer than anyone waits for it holds the bridge up, and no more.
func TestSQLiteLocked(t *testing.T) {
	t.Parallel()
	file := sqliteFile(t)
	w := newWorld(t, openSQLite(t, file, ""), sqlstore.SQLite)
	w.begin("ana", "ben")
	other, err := openSQLite(t, file, "_pragma=busy_timeout(10000)").Conn(t.Context())
	must(t, err)
	defer other.Close()
	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	must(t, err)

	w.reply("ben", "while it is locked")
	err = w.write(t.Context(), "ana", "while it is locked")
	t.Log("Receive: ", err)
	if want := "bridge: not stored: sqlstore: database is locked (5) (SQLITE_BUSY)"; errorText(err) != want {
		t.Errorf("Receive returned %q, want %q", errorText(err), want)
	}
	w.logged("webhook not stored; HubSpot will send it again")
	_, err = other.ExecContext(t.Context(), "ROLLBACK")
	must(t, err)
	w.insist("ana", "when it is free")
	w.delivered()
}
