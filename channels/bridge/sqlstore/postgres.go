package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// idleTransaction has PostgreSQL end a transaction whose process was frozen in it: its locks would stop all other nodes
// for as long as they live.
const idleTransaction = "SET idle_in_transaction_session_timeout = '3s'"

// preparePostgresWriter checks what a lost setting would cost: messages that were acknowledged.
func preparePostgresWriter(ctx context.Context, conn *sql.Conn) error {
	for _, setting := range []struct{ name, bad, why string }{
		{"synchronous_commit", "off", "a crash of the server would lose messages that were acknowledged"},
		{"fsync", "off", "a crash of the machine would lose the database"},
		{"default_transaction_read_only", "on", "nothing could be written"},
	} {
		var got string
		if err := conn.QueryRowContext(ctx, "SHOW "+setting.name).Scan(&got); err != nil {
			return fmt.Errorf("sqlstore: is this a PostgreSQL database? %w", err)
		}
		if got == setting.bad {
			return fmt.Errorf("sqlstore: PostgreSQL's %s is %s, with which %s", setting.name, got, setting.why)
		}
	}
	if _, err := conn.ExecContext(ctx, idleTransaction); err != nil {
		return fmt.Errorf("sqlstore: %s: %w", idleTransaction, err)
	}
	return nil
}

// sqlState is the code of a PostgreSQL error. Both pgx and lib/pq have the method.
func sqlState(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

// serialization reports whether a transaction failed only because of another one, so that it can be run again.
func serialization(err error) bool {
	switch sqlState(err) {
	case "40001", "40P01", "23505": // serialization_failure, deadlock_detected, unique_violation: it was inserted meanwhile
		return true
	}
	return false
}
