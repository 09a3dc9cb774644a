package hardship

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// disk is what a database lies on, and how to leave no room on it and make room again.
type disk struct {
	fill, free func()
	says       string // what an error says, among other things
}

// A disk that is full keeps what it has, takes nothing new, and is found to have room again without a restart.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	t.Run("SQLite, no page left", func(t *testing.T) {
		t.Parallel()
		file := sqliteFile(t)
		db := openSQLite(t, file, "_pragma=max_page_count(600)&_pragma=busy_timeout(10000)")
		w := newWorld(t, db, sqlstore.SQLite)
		_, err := db.ExecContext(t.Context(), "CREATE TABLE ballast (data BLOB)")
		must(t, err)
		diskFull(t, w, disk{
			fill: func() {
				for size := 1 << 16; size > 100; {
					if _, err := db.ExecContext(t.Context(), "INSERT INTO ballast VALUES (zeroblob(?1))", size); err != nil {
						size /= 2
					}
				}
			},
			free: func() {
				_, err := db.ExecContext(t.Context(), "DELETE FROM ballast")
				must(t, err)
			},
			says: "database or disk is full (13)",
		})
	})
	t.Run("SQLite, no space left", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if !smallDisk(t, dir, "size=2m") {
			return
		}
		w := newWorld(t, openSQLite(t, filepath.Join(dir, "bridge.db"), ""), sqlstore.SQLite)
		diskFull(t, w, ballast(t, dir, "database or disk is full (13)"))
	})
	t.Run("PostgreSQL, no space left", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		dir := filepath.Join(s.dir, "small")
		must(t, os.Mkdir(dir, 0o700))
		if !smallDisk(t, dir, "size=20m") {
			return
		}
		s.own(dir)
		admin := pgtest.Open(t, s.url)
		for _, q := range []string{"CREATE TABLESPACE small LOCATION '" + dir + "'", "CREATE DATABASE bridge TABLESPACE small"} {
			_, err := admin.ExecContext(t.Context(), q)
			must(t, err)
		}
		w := newWorld(t, pgtest.Open(t, strings.Replace(s.url, "/postgres?", "/bridge?", 1)), sqlstore.PostgreSQL)
		diskFull(t, w, ballast(t, dir, "No space left on device (SQLSTATE 53100)"))
	})
}

// smallDisk mounts a file system in memory. That takes rights that not everyone who runs the tests has.
func smallDisk(t *testing.T, dir, options string) bool {
	t.Helper()
	err := syscall.Mount("none", dir, "tmpfs", 0, options)
	if errors.Is(err, syscall.EPERM) {
		t.Log("not tested with a small disk: mounting one is not permitted")
		return false
	}
	must(t, err)
	t.Cleanup(func() { must(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return true
}

// ballast fills a disk with a file.
func ballast(t *testing.T, dir, says string) disk {
	file := filepath.Join(dir, "ballast")
	return disk{
		says: says,
		fill: func() {
			f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
			must(t, err)
			defer f.Close()
			for size := 1 << 16; size > 0; {
				if _, err := f.Write(make([]byte, size)); err != nil {
					size /= 2
				}
			}
		},
		free: func() { must(t, os.Remove(file)) },
	}
}

func diskFull(t *testing.T, w *world, d disk) {
	w.begin("ana", "ben")
	big := strings.Repeat("x", 10_000)
	var err error
	for i := 1; err == nil; i++ { // there may be room in what the database has taken from the disk before
		d.fill()
		err = w.write(t.Context(), "ana", fmt.Sprintf("%d while it fills %s", i, big))
	}
	if !strings.HasPrefix(err.Error(), "bridge: not stored: sqlstore: ") || !strings.Contains(err.Error(), d.says) {
		t.Errorf("Receive returned %q, want it to say %q", err, d.says)
	}
	for i := 1; w.refusals() == 0; i++ {
		d.fill()
		w.reply("ben", fmt.Sprintf("%d while it fills %s", i, big))
		until(t, "the webhook to be answered", func() string {
			if w.hubspot.PendingWebhooks() > 0 && w.refusals() == 0 {
				return "it is not"
			}
			return ""
		})
	}
	w.logged("webhook not stored; HubSpot will send it again")
	d.free()
	w.insist("ana", "when there is room again")
	w.reply("ana", "when there is room again")
	w.delivered()
}
