package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// session is one connection with its prepared statements. One goroutine uses it at a time.
type session struct {
	ctx    context.Context // of the current use
	conn   *sql.Conn
	prefix string
	stmts  map[string]*sql.Stmt
}

func newSession(conn *sql.Conn, prefix string) *session {
	return &session{ctx: context.Background(), conn: conn, prefix: prefix, stmts: map[string]*sql.Stmt{}}
}

func (c *session) close() error {
	for _, st := range c.stmts {
		_ = st.Close()
	}
	return c.conn.Close()
}

// stmt prepares a query once. In queries "@name" stands for the table name with the store's prefix.
func (c *session) stmt(query string) (*sql.Stmt, error) {
	if st, ok := c.stmts[query]; ok {
		return st, nil
	}
	// The statement outlives the call, so it must not be bound to the call's context.
	st, err := c.conn.PrepareContext(context.WithoutCancel(c.ctx), c.expand(query))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: prepare %.60q: %w", query, err)
	}
	c.stmts[query] = st
	return st, nil
}

func (c *session) expand(query string) string { return strings.ReplaceAll(query, "@", c.prefix) }

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
