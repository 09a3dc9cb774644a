package relay

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

func openPostgres(tb testing.TB) *sql.DB { return pgtest.Open(tb, pgtest.New(tb)) }

// postgresLedger sends a whole commit in one round trip, with one statement for all the rows of a table.
type postgresLedger struct{ pool *pgxpool.Pool }

func newPostgresLedger(tb testing.TB) *postgresLedger {
	ctx := tb.Context()
	cfg, err := pgxpool.ParseConfig(pgtest.New(tb))
	if err != nil {
		tb.Fatal(err)
	}
	cfg.MaxConns = int32(max(batched.committers, oneByOne.committers))
	cfg.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	for _, query := range []string{
		"CREATE TABLE items (id text PRIMARY KEY, payload bytea)",
		"CREATE TABLE keys (id text PRIMARY KEY)",
		"CREATE TABLE statuses (id text PRIMARY KEY)",
		"CREATE TABLE links (id text PRIMARY KEY, hubspot text)",
	} {
		if _, err := pool.Exec(ctx, query); err != nil {
			tb.Fatal(err)
		}
	}
	return &postgresLedger{pool}
}

// commit sends one pipeline, which PostgreSQL runs as one transaction.
func (l *postgresLedger) commit(ctx context.Context, changes []*change) error {
	var b pgx.Batch
	for step, changes := range byStep(changes) {
		queueStep(&b, step, changes)
	}
	return l.pool.SendBatch(ctx, &b).Close()
}

func queueStep(b *pgx.Batch, s step, changes []*change) {
	ids, values := make([]string, len(changes)), make([][]byte, len(changes))
	for i, c := range changes {
		ids[i], values[i] = c.id, c.value
	}
	switch s {
	case accepted:
		b.Queue("INSERT INTO items SELECT * FROM unnest($1::text[], $2::bytea[])", ids, values)
		b.Queue("INSERT INTO keys SELECT unnest($1::text[])", ids)
	case sent:
		b.Queue("DELETE FROM items WHERE id = ANY ($1)", ids)
		b.Queue("INSERT INTO statuses SELECT unnest($1::text[])", ids)
	case reported:
		b.Queue("DELETE FROM statuses WHERE id = ANY ($1)", ids)
	case published:
		b.Queue("DELETE FROM items WHERE id = ANY ($1)", ids)
		b.Queue("INSERT INTO links SELECT id, convert_from(hubspot, 'UTF8') FROM unnest($1::text[], $2::bytea[]) AS l (id, hubspot)", ids, values)
	}
}

func (l *postgresLedger) close() error {
	l.pool.Close()
	return nil
}
