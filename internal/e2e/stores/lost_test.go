package stores

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

// lossy is a database whose answer to a commit can be lost.
type lossy struct {
	driver.Connector
	lose *atomic.Bool
}

func (l lossy) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := l.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return lossyConn{c.(*stdlib.Conn), l.lose}, nil
}

type lossyConn struct {
	*stdlib.Conn
	lose *atomic.Bool
}

func (c lossyConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st, err := c.Conn.PrepareContext(ctx, query)
	if err != nil || query != "COMMIT" {
		return st, err
	}
	return lossyCommit{st.(*stdlib.Stmt), c}, nil
}

type lossyCommit struct {
	*stdlib.Stmt
	conn lossyConn
}

func (s lossyCommit) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	res, err := s.Stmt.ExecContext(ctx, args)
	if s.conn.lose.CompareAndSwap(true, false) {
		return nil, errors.Join(errLost, s.conn.Close())
	}
	return res, err
}

var errLost = errors.New("the answer was lost")

// A node that does not know what it has claimed would hold it for as long as it lives.
func TestPostgresLostAnswers(t *testing.T) {
	url := postgres(t)
	keys, err := sqlstore.KeyFile(t.TempDir() + "/bridge.keys")
	must(t, err)
	var lose atomic.Bool
	connector, err := stdlib.GetDefaultDriver().(*stdlib.Driver).OpenConnector(url)
	must(t, err)
	db := sql.OpenDB(lossy{connector, &lose})
	t.Cleanup(func() { _ = db.Close() })
	s, err := sqlstore.Open(t.Context(), db, sqlstore.PostgreSQL, keys)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	node := mustJoin(t, s)
	mustAccept(t, s, storedWork("a"), storedWork("b"))
	known := mustClaim(t, s, node, 1)[0]

	lose.Store(true)
	_, err = s.Claim(t.Context(), node, storeChannel, known.Accepted, bridge.Wanted{Limit: 10})
	if !errors.Is(err, errLost) {
		t.Fatalf("Claim returned %v, want that its answer was lost", err)
	}
	again := mustClaim(t, s, node, 10)
	if len(again) != 1 || again[0].Attempt != 2 {
		t.Fatalf("after a lost claim %v was claimed, want the one item for a second time", again)
	}

	then := storedWork("then")
	then.Lane = "of its own"
	done := &bridge.Outcome{At: known.Accepted, Then: then}
	lose.Store(true)
	if _, err := s.Finish(t.Context(), node, known, done); !errors.Is(err, errLost) {
		t.Fatalf("Finish returned %v, want that its answer was lost", err)
	}
	if _, err := s.Finish(t.Context(), node, known, done); !errors.Is(err, bridge.ErrLeaseLost) {
		t.Fatalf("Finish returned %v the second time, want ErrLeaseLost", err)
	}
	if next := mustClaim(t, s, node, 10); len(next) != 1 || string(next[0].Payload) != string(then.Payload) {
		t.Fatalf("after a lost Finish %v was claimed, want what follows from it", next)
	}
	mustFinish(t, s, node, again[0], &bridge.Outcome{At: known.Accepted}) // it was in hand all the time
}
