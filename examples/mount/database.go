package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"
)

// migrate makes the shop's tables, beside those of the bridge, which begin with cc_. Nodes that start at the same time take
// turns.
func migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // without effect after Commit
	for _, statement := range []string{
		`SELECT pg_advisory_xact_lock(736401)`,
		`CREATE TABLE IF NOT EXISTS shop_orders (number text PRIMARY KEY, email text NOT NULL, item text NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS shop_sessions (token bytea PRIMARY KEY, email text NOT NULL, ends timestamptz NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS shop_messages (seq bigserial PRIMARY KEY, id text UNIQUE NOT NULL, email text NOT NULL,
			author text NOT NULL, text text NOT NULL, from_shop boolean NOT NULL, seen boolean NOT NULL DEFAULT false)`,
		`INSERT INTO shop_orders VALUES ('A-1001', 'ada@example.com', 'Blue kettle'), ('A-1002', 'max@example.com', 'Tea, 500 g')
			ON CONFLICT DO NOTHING`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

const demoHint = "Log in as ada@example.com with order A-1001, or as max@example.com with A-1002.\n"

func (s *shop) hasOrders(ctx context.Context, email string) (known bool, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM shop_orders WHERE email = $1)`, email).Scan(&known)
	return known, err
}

// message is a row of the conversation that a customer sees.
type message struct {
	ID, Email, Author, Text string
	FromShop, Seen          bool
}

// saveMessage does nothing if the message is there already.
func (s *shop) saveMessage(ctx context.Context, m *message) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO shop_messages (id, email, author, text, from_shop) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, m.ID, m.Email, m.Author, m.Text, m.FromShop)
	return err
}

func (s *shop) conversation(ctx context.Context, email string) (all []*message, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, email, author, text, from_shop, seen FROM shop_messages
		WHERE email = $1 ORDER BY seq`, email)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var m message
		if err := rows.Scan(&m.ID, &m.Email, &m.Author, &m.Text, &m.FromShop, &m.Seen); err != nil {
			return nil, err
		}
		all = append(all, &m)
	}
	return all, rows.Err()
}

func (s *shop) markSeen(ctx context.Context, m *message) error {
	_, err := s.db.ExecContext(ctx, `UPDATE shop_messages SET seen = true WHERE id = $1`, m.ID)
	return err
}

func (s *shop) items(ctx context.Context, email string) (items []string, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT number || ': ' || item FROM shop_orders WHERE email = $1 ORDER BY number`, email)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var item string
		if err := rows.Scan(&item); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, rows.Err()
}

// sessionLife is how long a customer stays logged in.
const sessionLife = 12 * time.Hour

// newSession returns a token, of which the database keeps a digest: any node finds it, and nobody who reads the database can
// use it. It returns "" where no such order exists.
func (s *shop) newSession(ctx context.Context, email, number string) (token string, err error) {
	token = rand.Text()
	digest := sha256.Sum256([]byte(token))
	result, err := s.db.ExecContext(ctx, `INSERT INTO shop_sessions SELECT $1, email, $2 FROM shop_orders
		WHERE email = $3 AND number = $4`, digest[:], time.Now().Add(sessionLife), email, number)
	if err != nil {
		return "", err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return "", err
	}
	return token, nil
}

// session returns whose token it is, or "".
func (s *shop) session(ctx context.Context, token string) (email string, err error) {
	digest := sha256.Sum256([]byte(token))
	err = s.db.QueryRowContext(ctx, `SELECT email FROM shop_sessions WHERE token = $1 AND ends > now()`, digest[:]).Scan(&email)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return email, err
}

func (s *shop) endSession(ctx context.Context, token string) error {
	digest := sha256.Sum256([]byte(token))
	_, err := s.db.ExecContext(ctx, `DELETE FROM shop_sessions WHERE token = $1 OR ends < now()`, digest[:])
	return err
}
