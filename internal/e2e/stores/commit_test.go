package stores

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

// commits is a database in which each commit takes a while, as on a real disk, is counted, and can be made to fail.
type commits struct {
	driver.Connector
	count *atomic.Int32
	fail  *atomic.Bool
}

func (c commits) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return commitConn{conn.(*stdlib.Conn), c}, nil
}

type commitConn struct {
	*stdlib.Conn
	of commits
}

func (c commitConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st, err := c.Conn.PrepareContext(ctx, query)
	if err != nil || query != "COMMIT" {
		return st, err
	}
	return commitStmt{st.(*stdlib.Stmt), c.of}, nil
}

type commitStmt struct {
	*stdlib.Stmt
	of commits
}

var errNoCommit = errors.New("the commit failed")

func (s commitStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.of.count.Add(1)
	if s.of.fail.Load() {
		return nil, errNoCommit
	}
	time.Sleep(50 * time.Millisecond)
	return s.Stmt.ExecContext(ctx, args)
}

func openCommits(t *testing.T) (s *sqlstore.Store, count *atomic.Int32, fail *atomic.Bool) {
	t.Helper()
	keys, err := sqlstore.KeyFile(t.TempDir() + "/bridge.keys")
	must(t, err)
	connector, err := stdlib.GetDefaultDriver().(*stdlib.Driver).OpenConnector(postgres(t))
	must(t, err)
	count, fail = new(atomic.Int32), new(atomic.Bool)
	db := sql.OpenDB(commits{connector, count, fail})
	t.Cleanup(func() { _ = db.Close() })
	s, err = sqlstore.Open(t.Context(), db, sqlstore.PostgreSQL, keys)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s, count, fail
}

// What is accepted while a commit is under way shares the next one: under load a webhook is answered after two commits.
func TestPostgresGroupCommit(t *testing.T) {
	s, count, _ := openCommits(t)
	before := count.Load()
	var wg sync.WaitGroup
	for n := range 100 {
		wg.Go(func() {
			if _, err := s.Accept(t.Context(), storedWork(fmt.Sprint("work ", n))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := count.Load() - before; got > 10 {
		t.Errorf("100 items that came at the same time took %d commits, want a few", got)
	}
}

// No caller of a commit that failed is told that its work is stored.
func TestPostgresCommitFails(t *testing.T) {
	s, _, fail := openCommits(t)
	fail.Store(true)
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			if _, err := s.Accept(t.Context(), storedWork(fmt.Sprint("work ", n))); !errors.Is(err, errNoCommit) {
				t.Errorf("Accept returned %v, want that the commit failed", err)
			}
		})
	}
	wg.Wait()
	fail.Store(false)
	how, err := s.Accept(t.Context(), storedWork("work 0"))
	must(t, err)
	if how[0] != bridge.Accepted {
		t.Errorf("what was not committed is %v when it comes again, want it accepted", how[0])
	}
}

// A full store refuses what is new, has stored nothing of it, and has room again when something is gone.
func TestSQLiteLimit(t *testing.T) {
	s := openStore(t, newDatabase(t), sqlstore.WithLimit(2, 0))
	mustAccept(t, s, storedWork("a"), storedWork("b"))
	if _, err := s.Accept(t.Context(), storedWork("c")); !errors.Is(err, bridge.ErrFull) {
		t.Fatalf("Accept by a full store returned %v, want ErrFull", err)
	}
	node := mustJoin(t, s)
	done := mustClaim(t, s, node, 1)[0]
	mustFinish(t, s, node, done, &bridge.Outcome{At: done.Accepted})
	time.Sleep(6 * time.Second) // that is how late room is noticed
	how, err := s.Accept(t.Context(), storedWork("c"))
	must(t, err)
	if how[0] != bridge.Accepted {
		t.Errorf("what was refused is %v when it comes again, want it accepted", how[0])
	}
}
