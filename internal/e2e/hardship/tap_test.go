package hardship

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// tap is called in place of every statement that a process sends to PostgreSQL. It may do anything before and after
// run, which sends it, and returns what the process is told.
type tap func(ctx context.Context, c *tappedConn, query string, run func() error) error

// openTapped opens a database whose statements all go through a tap.
func openTapped(url string, t tap) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(tapped{stdlib.GetConnector(*config), t}), nil
}

func mustOpenTapped(t *testing.T, url string, tp tap) *sql.DB {
	t.Helper()
	db, err := openTapped(url, tp)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

type tapped struct {
	driver.Connector
	tap tap
}

func (c tapped) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &tappedConn{Conn: conn.(*stdlib.Conn), tap: c.tap}, nil
}

type tappedConn struct {
	*stdlib.Conn
	tap  tap
	sent []string // the statements since the last BEGIN
}

// through passes a statement through the tap.
func (c *tappedConn) through(ctx context.Context, query string, run func() error) error {
	if query == "BEGIN" {
		c.sent = c.sent[:0]
	}
	c.sent = append(c.sent, query)
	return c.tap(ctx, c, query, run)
}

func (c *tappedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (res driver.Result, err error) {
	err = c.through(ctx, query, func() (err error) {
		res, err = c.Conn.ExecContext(ctx, query, args)
		return err
	})
	return res, err
}

func (c *tappedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = c.through(ctx, query, func() (err error) {
		rows, err = c.Conn.QueryContext(ctx, query, args)
		return err
	})
	return rows, err
}

func (c *tappedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st, err := c.Conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &tappedStmt{st.(*stdlib.Stmt), c, query}, nil
}

// BeginTx makes a transaction of database/sql visible as the statements that it consists of.
func (c *tappedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (tx driver.Tx, err error) {
	err = c.through(ctx, "BEGIN", func() (err error) {
		tx, err = c.Conn.BeginTx(ctx, opts)
		return err
	})
	return tappedTx{tx, c}, err
}

type tappedTx struct {
	driver.Tx
	conn *tappedConn
}

func (tx tappedTx) Commit() error {
	return tx.conn.through(context.Background(), "COMMIT", tx.Tx.Commit)
}

type tappedStmt struct {
	*stdlib.Stmt
	conn  *tappedConn
	query string
}

func (s *tappedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (res driver.Result, err error) {
	err = s.conn.through(ctx, s.query, func() (err error) {
		res, err = s.Stmt.ExecContext(ctx, args)
		return err
	})
	return res, err
}

func (s *tappedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = s.conn.through(ctx, s.query, func() (err error) {
		rows, err = s.Stmt.QueryContext(ctx, args)
		return err
	})
	return rows, err
}
