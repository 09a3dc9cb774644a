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

// plans has PostgreSQL plan each query once, by its indexes. The tables are full at one moment and empty at the next: plans after
// their sizes are wrong as often as not, and to plan takes longer than to run. So does compiling, which PostgreSQL thinks
// worth while for a plan whose costs say that it had no better one.
var plans = []string{"SET plan_cache_mode = force_generic_plan", "SET enable_seqscan = off", "SET enable_bitmapscan = off",
	"SET enable_hashjoin = off", "SET enable_mergejoin = off", "SET jit = off"}

var postgresRelease = []string{"RESET idle_in_transaction_session_timeout", "RESET plan_cache_mode", "RESET enable_seqscan", "RESET enable_bitmapscan",
	"RESET enable_hashjoin", "RESET enable_mergejoin", "RESET jit"}

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
	return set(ctx, conn, append([]string{idleTransaction}, plans...))
}

func preparePostgresReader(ctx context.Context, conn *sql.Conn) error { return set(ctx, conn, plans) }

func set(ctx context.Context, conn *sql.Conn, settings []string) error {
	for _, setting := range settings {
		if _, err := conn.ExecContext(ctx, setting); err != nil {
			return fmt.Errorf("sqlstore: %s: %w", setting, err)
		}
	}
	return nil
}

// sqlState is the code of a PostgreSQL error, by the method that pgx's errors have.
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
