package webchat

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// How long a failed event waits: doubling from the first, never longer than the second. Short, because someone may
// be looking at the page.
const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second
)

// event is what the app gets, as JSON.
type event struct {
	Type       string   `json:"type"` // "message" or "read"
	ID         string   `json:"id,omitempty"`
	Customer   person   `json:"customer"`
	Text       *string  `json:"text,omitempty"`
	Files      *[]file  `json:"files,omitempty"`
	Time       string   `json:"time,omitempty"`
	MessageIDs []string `json:"messageIds,omitempty"`
}

type person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func messageEvent(c *customer, m *message) *event {
	files := make([]file, 0, len(m.Files))
	for _, f := range m.Files {
		f.URL = "/bot/files/" + f.ID
		files = append(files, f)
	}
	return &event{Type: "message", ID: m.ID, Customer: person{c.ID, c.Name}, Text: &m.Text, Files: &files,
		Time: m.Time.Format(time.RFC3339Nano)}
}

func readEvent(c *customer, ids []string) *event {
	return &event{Type: "read", Customer: person{c.ID, c.Name}, MessageIDs: ids}
}

func addEvent(ctx context.Context, tx *sql.Tx, e *event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO outbox (customer_id, event) VALUES (?, ?)`, e.Customer.ID, body)
	return err
}

// waiting returns the customers that have events to deliver.
func (st *store) waiting(ctx context.Context) ([]string, error) {
	rows, err := st.db.QueryContext(ctx, `SELECT DISTINCT customer_id FROM outbox`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// nextEvent returns the customer's oldest event, or a nil body.
func (st *store) nextEvent(ctx context.Context, customerID string) (seq int64, body []byte, err error) {
	err = st.db.QueryRowContext(ctx, `SELECT seq, event FROM outbox WHERE customer_id = ? ORDER BY seq LIMIT 1`,
		customerID).Scan(&seq, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil, nil
	}
	return seq, body, err
}

func (st *store) dropEvent(ctx context.Context, seq int64) error {
	_, err := st.db.ExecContext(ctx, `DELETE FROM outbox WHERE seq = ?`, seq)
	return err
}

func newEventClient() *http.Client {
	return &http.Client{
		Timeout: 30 * time.Second,
		// The secret is meant for EventsURL alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// poke tells Run that there is an event.
func (s *Service) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // Run has yet to look since the last poke
	}
}

// Run delivers events to the app until ctx ends, then ends the pages' streams, so that [http.Server.Shutdown] has
// nothing to wait for, and returns nil. Events that were not delivered by then are kept for the next process.
// Customers do not wait for each other. It may be called once.
func (s *Service) Run(ctx context.Context) error {
	if !s.started.CompareAndSwap(false, true) {
		return errors.New("webchat: Run was called before")
	}
	defer s.streams.close()
	var lanes sync.WaitGroup
	defer lanes.Wait()

	busy := map[string]bool{}
	ended := make(chan string)
	for {
		var again <-chan time.Time
		ids, err := s.store.waiting(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("webchat: cannot read the outbox", "error", err)
			again = time.After(maxBackoff)
		}
		for _, id := range ids {
			if busy[id] {
				continue
			}
			busy[id] = true
			lanes.Go(func() {
				s.deliverAll(ctx, id)
				select {
				case ended <- id:
				case <-ctx.Done():
				}
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-again:
		case id := <-ended:
			// An event may have come after the lane's last look: the loop looks again.
			delete(busy, id)
		}
	}
}

// deliverAll delivers one customer's events, one after the other, until there are none or ctx ends.
func (s *Service) deliverAll(ctx context.Context, customerID string) {
	wait := minBackoff
	for ctx.Err() == nil {
		more, err := s.deliverNext(ctx, customerID)
		if err == nil && !more {
			return
		}
		if err == nil {
			wait = minBackoff
			continue
		}
		if wait == minBackoff && ctx.Err() == nil { // one line for each outage
			s.log.Warn("webchat: event not delivered, will retry", "customer", customerID, "error", err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		wait = min(2*wait, maxBackoff)
	}
}

// deliverNext delivers the customer's oldest event; more is false if there was none.
func (s *Service) deliverNext(ctx context.Context, customerID string) (more bool, err error) {
	seq, body, err := s.store.nextEvent(ctx, customerID)
	if err != nil || body == nil {
		return false, err
	}
	if err := s.postEvent(ctx, body); err != nil {
		return true, err
	}
	return true, s.store.dropEvent(ctx, seq)
}

func (s *Service) postEvent(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.EventsURL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.cfg.Secret)
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // lets the connection be used again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the app answered %s", res.Status)
	}
	return nil
}
