package webchat

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

var (
	errUnknownCustomer = errors.New("unknown customer")
	errBlocked         = errors.New("blocked")
)

// schema has AUTOINCREMENT where order matters: a sequence number must not be handed out twice, or a page that
// resumes after it would miss a message.
const schema = `
CREATE TABLE IF NOT EXISTS customers (
	id         TEXT PRIMARY KEY,
	token_hash BLOB NOT NULL UNIQUE,
	name       TEXT NOT NULL,
	blocked    INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS messages (
	seq         INTEGER PRIMARY KEY AUTOINCREMENT,
	id          TEXT NOT NULL UNIQUE,
	customer_id TEXT NOT NULL REFERENCES customers (id),
	sender      TEXT NOT NULL,
	sender_name TEXT NOT NULL,
	client_id   TEXT NOT NULL,
	text        TEXT NOT NULL,
	created_at  INTEGER NOT NULL,
	read        INTEGER NOT NULL DEFAULT 0,
	UNIQUE (customer_id, sender, client_id)
) STRICT;
CREATE INDEX IF NOT EXISTS messages_of_customer ON messages (customer_id, seq);
CREATE TABLE IF NOT EXISTS files (
	id           TEXT PRIMARY KEY,
	message_seq  INTEGER NOT NULL REFERENCES messages (seq),
	position     INTEGER NOT NULL,
	name         TEXT NOT NULL,
	content_type TEXT NOT NULL,
	size         INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS files_of_message ON files (message_seq);
CREATE TABLE IF NOT EXISTS outbox (
	seq         INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id TEXT NOT NULL,
	event       BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS outbox_of_customer ON outbox (customer_id, seq);
`

// store is the database. One connection does all: SQLite has one writer anyway, and a queue in Go is fairer than
// SQLite's busy waiting.
type store struct {
	db *sql.DB
}

func openStore(path string) (*store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schema); err != nil {
		db.Close()
		return nil, err
	}
	return &store{db: db}, nil
}

func (st *store) Close() error { return st.db.Close() }

// update runs f in one transaction.
func (st *store) update(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := st.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// customer is someone who opened the page, known by the cookie of one browser.
type customer struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Blocked bool   `json:"blocked"` // the customer takes no messages from agents
}

// addCustomer makes a customer who will be known by token. Only its hash is kept, so that the database does not let
// its reader act as a customer.
func (st *store) addCustomer(ctx context.Context, id, token, name string) error {
	hash := sha256.Sum256([]byte(token))
	_, err := st.db.ExecContext(ctx, `INSERT INTO customers (id, token_hash, name, created_at) VALUES (?, ?, ?, ?)`,
		id, hash[:], name, time.Now().UnixMilli())
	return err
}

// customerByToken returns errUnknownCustomer for a token that this database never gave out.
func (st *store) customerByToken(ctx context.Context, token string) (*customer, error) {
	hash := sha256.Sum256([]byte(token))
	return scanCustomer(st.db.QueryRowContext(ctx,
		`SELECT id, name, blocked FROM customers WHERE token_hash = ?`, hash[:]))
}

func (st *store) customer(ctx context.Context, id string) (*customer, error) {
	return scanCustomer(st.db.QueryRowContext(ctx, `SELECT id, name, blocked FROM customers WHERE id = ?`, id))
}

func scanCustomer(row *sql.Row) (*customer, error) {
	var c customer
	err := row.Scan(&c.ID, &c.Name, &c.Blocked)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errUnknownCustomer
	}
	return &c, err
}

// updateCustomer stores what is not nil.
func (st *store) updateCustomer(ctx context.Context, id string, name *string, blocked *bool) error {
	var set []string
	var args []any
	if name != nil {
		set, args = append(set, "name = ?"), append(args, *name)
	}
	if blocked != nil {
		set, args = append(set, "blocked = ?"), append(args, *blocked)
	}
	if len(set) == 0 {
		return nil
	}
	q := fmt.Sprintf(`UPDATE customers SET %s WHERE id = ?`, strings.Join(set, ", "))
	_, err := st.db.ExecContext(ctx, q, append(args, id)...)
	return err
}
