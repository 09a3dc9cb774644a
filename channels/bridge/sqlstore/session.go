package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// session is one connection with its prepared statements. One goroutine uses it at a time. A connection that breaks is
// replaced at the next use.
type session struct {
	ctx     context.Context // of the current use
	db      *sql.DB
	engine  *engine
	prepare func(context.Context, *sql.Conn) error
	conn    *sql.Conn // nil until the first use, and after a break
	stmts   map[string]*sql.Stmt
	texts   map[statement]string // with their parameters written out
}

func newSession(db *sql.DB, e *engine, prepare func(context.Context, *sql.Conn) error) *session {
	return &session{db: db, engine: e, prepare: prepare, stmts: map[string]*sql.Stmt{}, texts: map[statement]string{}}
}

// use runs fn with a working connection.
func (c *session) use(ctx context.Context, fn func(*session) error) error {
	c.ctx = ctx
	if c.conn == nil {
		if err := c.connect(ctx); err != nil {
			return &batchError{error: err}
		}
	}
	err := fn(c)
	if err != nil && !errors.Is(err, bridge.ErrNotFound) && !errors.Is(err, bridge.ErrLeaseLost) && !c.works(ctx) {
		_ = c.close()
	}
	return err
}

// works reports whether the connection can be used again. A call that was cut off by its context may have broken it.
func (c *session) works(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return c.conn.PingContext(ctx) == nil
}

func (c *session) connect(ctx context.Context) error {
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqlstore: connect: %w", err)
	}
	if err := c.prepare(ctx, conn); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // what it was refused for may last as long as the connection
		_ = conn.Close()
		return err
	}
	c.conn = conn
	return nil
}

func (c *session) close() error {
	if c.conn == nil {
		return nil
	}
	for query, st := range c.stmts {
		_ = st.Close()
		delete(c.stmts, query)
	}
	conn := c.conn
	c.conn = nil
	for _, undo := range c.engine.release {
		_, _ = conn.ExecContext(context.Background(), undo) // fails only on a connection that is no more
	}
	if err := conn.Close(); !errors.Is(err, sql.ErrConnDone) {
		return err
	}
	return nil // it broke, and the pool has dropped it already
}

// stmt prepares a query once. In queries "@name" stands for the table name with the store's prefix.
func (c *session) stmt(query string) (*sql.Stmt, error) {
	if st, ok := c.stmts[query]; ok {
		return st, nil
	}
	// The statement outlives the call, so it must not be bound to the call's context.
	st, err := c.conn.PrepareContext(context.WithoutCancel(c.ctx), c.engine.rewrite.Replace(query))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: prepare %.60q: %w", query, err)
	}
	c.stmts[query] = st
	return st, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *session) exec(query string, args ...any) (int64, error) {
	st, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(c.ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("sqlstore: %w", err)
	}
	return res.RowsAffected()
}

// run executes a statement whose count of changed rows does not matter.
func (c *session) run(query string, args ...any) error {
	_, err := c.exec(query, args...)
	return err
}

// get scans the only row of a query. No row is [bridge.ErrNotFound].
func (c *session) get(query string, args []any, dest ...any) error {
	st, err := c.stmt(query)
	if err != nil {
		return err
	}
	err = st.QueryRowContext(c.ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return bridge.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	return nil
}

// each calls fn with the scan function of every row.
func (c *session) each(query string, args []any, fn func(scan func(...any) error) error) error {
	st, err := c.stmt(query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(c.ctx, args...)
	if err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	return nil
}

// blob is b for a column that must not be NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Times are stored as microseconds since 1970, the zero time as 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
