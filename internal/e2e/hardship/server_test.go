package hardship

import (
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// server is a PostgreSQL that a test stops and starts.
type server struct {
	t        *testing.T
	bin, dir string
	as       *syscall.SysProcAttr
	url      string
	cmd      *exec.Cmd
}

// newServer starts a server with an empty database. PostgreSQL refuses to run as root.
func newServer(t *testing.T) *server {
	t.Helper()
	pgtest.New(t) // decides what happens where there is no PostgreSQL
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		t.Fatal("this test starts and stops a PostgreSQL of its own, which is not installed")
	}
	dir, err := os.MkdirTemp("", "pg-") // a socket's path must be short
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{t: t, bin: filepath.Dir(found[len(found)-1]), dir: dir, as: &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT}}
	if os.Getuid() == 0 {
		s.as.Credential = postgresUser(t)
	}
	s.own(dir)
	out, err := s.command("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	s.url = "postgres://postgres@/postgres?host=" + url.QueryEscape(dir)
	s.start()
	t.Cleanup(func() { s.stop(fast) })
	return s
}

func postgresUser(t *testing.T) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("postgres")
	must(t, err)
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	must(t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	must(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// own gives a file to the user that the server runs as.
func (s *server) own(path string) {
	s.t.Helper()
	if c := s.as.Credential; c != nil {
		must(s.t, os.Chown(path, int(c.Uid), int(c.Gid)))
	}
}

func (s *server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.as
	return cmd
}

// start returns when the server answers.
func (s *server) start() {
	s.t.Helper()
	s.cmd = s.command("postgres", "-D", "data", "-c", "listen_addresses=", "-k", s.dir)
	must(s.t, s.cmd.Start())
	db := pgtest.Open(s.t, s.url)
	until(s.t, "PostgreSQL to start", func() string {
		if err := db.PingContext(s.t.Context()); err != nil {
			return err.Error()
		}
		return ""
	})
}

// The ways to stop a server: fast ends all sessions, immediate is as good as a crash.
const (
	fast      = syscall.SIGINT
	immediate = syscall.SIGQUIT
)

func (s *server) stop(how syscall.Signal) {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	must(s.t, s.cmd.Process.Signal(how))
	_ = s.cmd.Wait() // the exit status depends on how it was stopped
	s.cmd = nil
}
