package main

import (
	"cmp"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

// storeOptions say where a bridge keeps its work.
type storeOptions struct {
	dsn     string
	keys    string
	channel channels.ID
}

func (o *storeOptions) declare(fs *flag.FlagSet) {
	fs.StringVar(&o.dsn, "store", "", "the bridge's `database`: a SQLite file, or postgres://user@host/name")
	fs.StringVar(&o.keys, "keys", "", "the `file` with the database's keys")
	fs.StringVar((*string)(&o.channel), "channel", "", "`id` of the channel, if there are several or the store does not tell")
}

// fill takes what no flag says from the environment. A password may stand there only.
func (o *storeOptions) fill(env func(string) string) error {
	if hasPassword(o.dsn) {
		return usagef("-store must not hold a password, since arguments are open to everyone on the machine: put it into %s, "+
			"PGPASSWORD or a PGPASSFILE", envStore)
	}
	o.dsn, o.keys = cmp.Or(o.dsn, env(envStore)), cmp.Or(o.keys, env(envKeys))
	return nil
}

// complete is fill for commands that cannot do without a store.
func (o *storeOptions) complete(env func(string) string) error {
	if err := o.fill(env); err != nil {
		return err
	}
	switch {
	case o.dsn == "":
		return usagef("which store? Add -store or set %s", envStore)
	case o.keys == "":
		return usagef("which keys? Add -keys or set %s", envKeys)
	}
	return nil
}

// hasPassword reports whether a database URL may hold a password. One that cannot be read may.
func hasPassword(dsn string) bool {
	if !isPostgres(dsn) {
		return false
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return true
	}
	_, set := u.User.Password()
	return set || u.Query().Has("password") || u.Query().Has("sslpassword")
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// open returns an operator of the store.
func (o *storeOptions) open(ctx context.Context) (op *bridge.Operator, closeStore func(), err error) {
	store, closeStore, err := o.openStore(ctx)
	if err != nil {
		return nil, nil, err
	}
	if op, err = bridge.NewOperator(store, o.channel); err != nil {
		closeStore()
		return nil, nil, err
	}
	return op, closeStore, nil
}

// openStore opens the store beside a bridge that may be running on it. It creates nothing: a wrong name is an error.
func (o *storeOptions) openStore(ctx context.Context) (store *sqlstore.Store, closeStore func(), err error) {
	if _, err := os.Stat(o.keys); err != nil {
		return nil, nil, fmt.Errorf("the key file: %w", err)
	}
	db, dialect, err := o.openDatabase(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	if err := o.findChannel(ctx, db); err != nil {
		return nil, nil, err
	}
	keys, err := sqlstore.KeyFile(o.keys)
	if err != nil {
		return nil, nil, err
	}
	if store, err = sqlstore.Open(ctx, db, dialect, keys); err != nil {
		return nil, nil, err
	}
	return store, func() { _, _ = store.Close(), db.Close() }, nil
}

func (o *storeOptions) openDatabase(ctx context.Context) (*sql.DB, sqlstore.Dialect, error) {
	driver, dsn, dialect := "pgx", o.dsn, sqlstore.PostgreSQL
	if !isPostgres(o.dsn) {
		path, err := filepath.Abs(strings.TrimPrefix(o.dsn, "sqlite:"))
		if err != nil {
			return nil, 0, err
		}
		if _, err := os.Stat(path); err != nil {
			return nil, 0, fmt.Errorf("the store: %w", err)
		}
		driver, dialect = "sqlite", sqlstore.SQLite
		dsn = (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "mode=rw"}).String()
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, 0, fmt.Errorf("the store: %w", err)
	}
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, 0, fmt.Errorf("the store: %w", err)
	}
	return db, dialect, nil
}

// findChannel learns which channel is meant from what bridges have remembered. A database without a bridge's tables is
// found out before anything is written into it.
func (o *storeOptions) findChannel(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `SELECT DISTINCT value FROM cc_values WHERE name LIKE 'channel of %' ORDER BY value`)
	if err != nil {
		return fmt.Errorf("the store: no bridge has used this database: %w", err)
	}
	defer rows.Close()
	var found []channels.ID
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("the store: %w", err)
		}
		found = append(found, channels.ID(id))
	}
	switch err := rows.Err(); {
	case err != nil:
		return fmt.Errorf("the store: %w", err)
	case o.channel != "":
		return nil
	case len(found) == 0:
		return usagef("which channel? The store does not tell: add -channel")
	case len(found) > 1:
		return usagef("which channel? The store has %s: add -channel", joined(found))
	}
	o.channel = found[0]
	return nil
}
