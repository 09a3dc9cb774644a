// Package pgtest gives tests databases on a real PostgreSQL.
package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// server is started for the first test of the process that needs it.
var server struct {
	once sync.Once
	url  string
	err  error
	stop func()
}

var databases atomic.Int64

// New returns the URL of a new, empty database, which is dropped at the end of the test: on the server that
// TEST_POSTGRES_URL names, else on one of the machine's own binaries. Where there is neither the test skips; not in CI,
// which installs them. A package that uses it calls [Stop] in its TestMain.
func New(t testing.TB) string {
	t.Helper()
	server.once.Do(func() {
		if server.url = os.Getenv("TEST_POSTGRES_URL"); server.url == "" {
			server.url, server.stop, server.err = start()
		}
	})
	if server.err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(server.err)
		}
		t.Skip(server.err)
	}
	db := Open(t, server.url)
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), databases.Add(1))
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server.url)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	t.Cleanup(func() {
		if _, err := db.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return u.String()
}

// Open opens a database, and closes it at the end of the test.
func Open(t testing.TB, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Dump returns what pg_dump writes of a database.
func Dump(t testing.TB, url string) []byte {
	t.Helper()
	program, err := exec.LookPath("pg_dump")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, "--dbname", url).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	return out
}

// Stop ends the server that New has started, if it has.
func Stop() {
	if server.stop != nil {
		server.stop()
	}
}

// start runs a server of its own in a temporary directory. PostgreSQL refuses to run as root.
func start() (address string, stop func(), err error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return "", nil, fmt.Errorf("PostgreSQL is not installed, and TEST_POSTGRES_URL is not set")
	}
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "pg-")
	if err != nil {
		return "", nil, err
	}
	as := &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return "", nil, err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return "", nil, err
		}
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	as.Pdeathsig = syscall.SIGINT // a killed test leaves no server behind
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = dir, as
		return cmd
	}
	data := filepath.Join(dir, "data")
	if out, err := run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	postgres := run("postgres", "-D", data, "-c", "listen_addresses=", "-k", dir, "-c", "max_connections=200")
	postgres.Stderr = os.Stderr
	if os.Getenv("PG_LOG") == "" {
		postgres.Stderr = nil
	}
	if err := postgres.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = postgres.Process.Signal(syscall.SIGINT)
		_ = postgres.Wait()
		_ = os.RemoveAll(dir)
	}
	address = "postgres://postgres@/postgres?host=" + url.QueryEscape(dir)
	if err := await(address); err != nil {
		stop()
		return "", nil, err
	}
	return address, stop, nil
}

func await(address string) error {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer db.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err = db.PingContext(context.Background()); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
