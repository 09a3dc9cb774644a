package webchat

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
)

// Who wrote a message.
const (
	fromCustomer = "customer"
	fromAgent    = "agent"
)

// message is one bubble of a conversation. Its JSON is what the customer's page gets.
type message struct {
	Seq      int64     `json:"seq"` // order of the conversation
	ID       string    `json:"id"`
	ClientID string    `json:"clientId,omitempty"` // chosen by the sender: repeats carry the same
	From     string    `json:"from"`
	Name     string    `json:"name"` // of the sender
	Text     string    `json:"text"`
	Files    []file    `json:"files"`
	Time     time.Time `json:"time"`
	Read     bool      `json:"read"` // an agent's message that was seen

	customerID string
}

// file is what is known of a file; its content lies in [blobs] under the same id.
type file struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Size        int64  `json:"size"`
	URL         string `json:"url,omitempty"`  // set for the reader: page and bot have different ones
	Kind        string `json:"kind,omitempty"` // how the page shows it
}

// addMessage stores m, its files and, from a customer, the event that tells the app, all or nothing. A message that
// was stored before (same customer, sender and ClientID) changes nothing: m then gets the first one's ID and dup is
// true. It returns errUnknownCustomer, or errBlocked for an agent's message that the customer does not want.
func (st *store) addMessage(ctx context.Context, m *message) (dup bool, err error) {
	err = st.update(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx,
			`SELECT id FROM messages WHERE customer_id = ? AND sender = ? AND client_id = ?`,
			m.customerID, m.From, m.ClientID).Scan(&m.ID)
		if !errors.Is(err, sql.ErrNoRows) {
			dup = err == nil
			return err
		}
		c, err := scanCustomer(tx.QueryRowContext(ctx,
			`SELECT id, name, blocked FROM customers WHERE id = ?`, m.customerID))
		if err != nil {
			return err
		}
		if m.From == fromAgent && c.Blocked {
			return errBlocked
		}
		if m.From == fromCustomer {
			m.Name = c.Name
		}
		if err := insertMessage(ctx, tx, m); err != nil {
			return err
		}
		if m.From == fromCustomer {
			return addEvent(ctx, tx, messageEvent(c, m))
		}
		return nil
	})
	return dup, err
}

func insertMessage(ctx context.Context, tx *sql.Tx, m *message) error {
	m.ID = rand.Text()
	m.Time = time.Now().UTC().Truncate(time.Millisecond)
	err := tx.QueryRowContext(ctx, `
		INSERT INTO messages (id, customer_id, sender, sender_name, client_id, text, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING seq`,
		m.ID, m.customerID, m.From, m.Name, m.ClientID, m.Text, m.Time.UnixMilli()).Scan(&m.Seq)
	if err != nil {
		return err
	}
	for i, f := range m.Files {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO files (id, message_seq, position, name, content_type, size) VALUES (?, ?, ?, ?, ?, ?)`,
			f.ID, m.Seq, i, f.Name, f.ContentType, f.Size)
		if err != nil {
			return err
		}
	}
	return nil
}

// firstSeq is the customer's oldest message, 0 where there is none. start is the message after which a page begins
// that shows the newest n.
func (st *store) firstSeq(ctx context.Context, customerID string, n int) (first, start int64, err error) {
	err = st.db.QueryRowContext(ctx, `
		SELECT coalesce(min(seq), 0), coalesce((
			SELECT seq FROM messages WHERE customer_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2), 0)
		FROM messages WHERE customer_id = ?1`, customerID, n).Scan(&first, &start)
	return first, start, err
}

const selectMessages = `SELECT seq, id, sender, sender_name, client_id, text, created_at, read FROM messages `

// messagesAfter returns the customer's next n messages after seq, oldest first.
func (st *store) messagesAfter(ctx context.Context, customerID string, seq int64, n int) ([]*message, error) {
	return st.messages(ctx, selectMessages+`WHERE customer_id = ? AND seq > ? ORDER BY seq LIMIT ?`, customerID, seq, n)
}

// messagesBefore returns the customer's last n messages before seq, oldest first.
func (st *store) messagesBefore(ctx context.Context, customerID string, seq int64, n int) ([]*message, error) {
	list, err := st.messages(ctx, selectMessages+`WHERE customer_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
		customerID, seq, n)
	slices.Reverse(list)
	return list, err
}

func (st *store) messages(ctx context.Context, query string, args ...any) ([]*message, error) {
	rows, err := st.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []*message{}
	bySeq := map[int64]*message{}
	for rows.Next() {
		m := &message{Files: []file{}}
		var ms int64
		if err := rows.Scan(&m.Seq, &m.ID, &m.From, &m.Name, &m.ClientID, &m.Text, &ms, &m.Read); err != nil {
			return nil, err
		}
		m.Time = time.UnixMilli(ms).UTC()
		list, bySeq[m.Seq] = append(list, m), m
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close() // the files need the connection
	return list, st.addFiles(ctx, bySeq)
}

// addFiles gives messages their files.
func (st *store) addFiles(ctx context.Context, bySeq map[int64]*message) error {
	if len(bySeq) == 0 {
		return nil
	}
	args := make([]any, 0, len(bySeq))
	for seq := range bySeq {
		args = append(args, seq)
	}
	rows, err := st.db.QueryContext(ctx, `
		SELECT message_seq, id, name, content_type, size FROM files
		WHERE message_seq IN (?`+strings.Repeat(", ?", len(args)-1)+`) ORDER BY message_seq, position`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var f file
		if err := rows.Scan(&seq, &f.ID, &f.Name, &f.ContentType, &f.Size); err != nil {
			return err
		}
		bySeq[seq].Files = append(bySeq[seq].Files, f)
	}
	return rows.Err()
}

// file finds a file; with a customerID only among that customer's.
func (st *store) file(ctx context.Context, id, customerID string) (*file, error) {
	f := &file{ID: id}
	err := st.db.QueryRowContext(ctx, `
		SELECT f.name, f.content_type, f.size FROM files f JOIN messages m ON m.seq = f.message_seq
		WHERE f.id = ?1 AND (?2 = '' OR m.customer_id = ?2)`, id, customerID).Scan(&f.Name, &f.ContentType, &f.Size)
	return f, err
}

func (st *store) fileIDs(ctx context.Context) (map[string]bool, error) {
	rows, err := st.db.QueryContext(ctx, `SELECT id FROM files`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids[id] = true
	}
	return ids, rows.Err()
}

// markRead notes which agents' messages the customer has seen, and tells the app of those that are news.
func (st *store) markRead(ctx context.Context, c *customer, ids []string) error {
	return st.update(ctx, func(tx *sql.Tx) error {
		var news []string
		for _, id := range ids {
			res, err := tx.ExecContext(ctx, `
				UPDATE messages SET read = 1 WHERE id = ? AND customer_id = ? AND sender = ? AND read = 0`,
				id, c.ID, fromAgent)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n == 1 {
				news = append(news, id)
			}
		}
		if news == nil {
			return nil
		}
		return addEvent(ctx, tx, readEvent(c, news))
	})
}
