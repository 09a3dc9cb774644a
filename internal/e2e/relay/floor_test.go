package relay

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
	"testing"

	"github.com/customchannels/customchannels-go/webhook"
)

// floor is what a careful person would write for this one purpose: webhooks are verified, parsed and committed in batches,
// then sent and reported, and each step is recorded in batches as well. It orders nothing, retries nothing and recovers
// nothing; only its durability is the same.
type floor struct {
	db       *sql.Conn
	insert   *sql.Stmt
	seen     *sql.Stmt
	status   *sql.Stmt
	done     *sql.Stmt
	reported *sql.Stmt
	accept   chan *row
	sent     chan *row
	report   chan *row
	finish   chan *row
	client   *http.Client
	hubspot  string
	verifier *webhook.Verifier

	commit sync.Mutex // one batch at a time
}

type row struct {
	id      string
	payload []byte
	stored  chan error
}

func BenchmarkRelaySQLite_Floor(b *testing.B) {
	h := newHubSpot(b)
	ctx, cancel := context.WithCancel(b.Context())
	f, err := newFloor(ctx, openSQLite(b), h.URL)
	if err != nil {
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { f.batches(ctx, f.accept, f.commitAccept) })
	wg.Go(func() { f.batches(ctx, f.sent, f.commitSent) })
	wg.Go(func() { f.batches(ctx, f.finish, f.commitFinish) })
	for range concurrent {
		wg.Go(func() { f.work(ctx) })
	}
	post(b, h, f)
	cancel()
	wg.Wait()
	if err := f.db.Close(); err != nil {
		b.Fatal(err)
	}
}

func newFloor(ctx context.Context, db *sql.DB, hubspot string) (*floor, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, query := range []string{
		"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
		"CREATE TABLE items (id TEXT PRIMARY KEY, payload BLOB) WITHOUT ROWID",
		"CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID",
		"CREATE TABLE statuses (id TEXT PRIMARY KEY) WITHOUT ROWID",
	} {
		if _, err := conn.ExecContext(ctx, query); err != nil {
			return nil, err
		}
	}
	f := &floor{
		db: conn, hubspot: hubspot, verifier: webhook.NewVerifier("http://app.test", secret),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrent}},
		accept: make(chan *row, concurrent), sent: make(chan *row, 1024), report: make(chan *row, 1<<20), finish: make(chan *row, 1024),
	}
	for query, stmt := range map[string]**sql.Stmt{
		"INSERT INTO items VALUES (?1, ?2)":  &f.insert,
		"INSERT INTO seen VALUES (?1)":       &f.seen,
		"INSERT INTO statuses VALUES (?1)":   &f.status,
		"DELETE FROM items WHERE id = ?1":    &f.done,
		"DELETE FROM statuses WHERE id = ?1": &f.reported,
	} {
		if *stmt, err = conn.PrepareContext(ctx, query); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = f.verifier.Verify(r, body)
	}
	var e struct {
		Message struct {
			ID string
		}
	}
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err == nil {
		it := &row{id: e.Message.ID, payload: body, stored: make(chan error, 1)}
		f.accept <- it
		err = <-it.stored
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// batches commits what has gathered, up to 64 at a time.
func (f *floor) batches(ctx context.Context, from chan *row, commit func([]*row) error) {
	for {
		var batch []*row
		select {
		case it := <-from:
			batch = append(batch, it)
		case <-ctx.Done():
			return
		}
		f.commit.Lock()
		for len(batch) < 64 && len(from) > 0 {
			batch = append(batch, <-from)
		}
		err := f.transact(func() error { return commit(batch) })
		f.commit.Unlock()
		for _, it := range batch {
			if it.stored != nil {
				it.stored <- err
				it.stored = nil
			}
		}
		if from == f.accept {
			for _, it := range batch {
				f.report <- it
			}
		}
	}
}

func (f *floor) transact(fn func() error) error {
	ctx := context.Background()
	if _, err := f.db.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := fn(); err != nil {
		_, rollback := f.db.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, rollback)
	}
	_, err := f.db.ExecContext(ctx, "COMMIT")
	return err
}

func (f *floor) commitAccept(batch []*row) error {
	for _, it := range batch {
		if _, err := f.insert.Exec(it.id, it.payload); err != nil {
			return err
		}
		if _, err := f.seen.Exec(it.id); err != nil {
			return err
		}
	}
	return nil
}

func (f *floor) commitSent(batch []*row) error {
	for _, it := range batch {
		if _, err := f.done.Exec(it.id); err != nil {
			return err
		}
		if _, err := f.status.Exec(it.id); err != nil {
			return err
		}
	}
	return nil
}

func (f *floor) commitFinish(batch []*row) error {
	for _, it := range batch {
		if _, err := f.reported.Exec(it.id); err != nil {
			return err
		}
	}
	return nil
}

// work sends a message, which costs nothing here, has that recorded, reports it to HubSpot, and has that recorded.
func (f *floor) work(ctx context.Context) {
	for {
		select {
		case it := <-f.report:
			it.stored = make(chan error, 1)
			recorded := it.stored
			f.sent <- it
			if err := <-recorded; err != nil {
				panic(err)
			}
			if err := f.patch(ctx, it.id); err != nil && ctx.Err() == nil {
				panic(err)
			}
			f.finish <- &row{id: it.id}
		case <-ctx.Done():
			return
		}
	}
}

func (f *floor) patch(ctx context.Context, id string) error {
	url := f.hubspot + "/conversations/custom-channels/2026-09/" + channel + "/messages/" + id
	req, err := http.NewRequestWithContext(ctx, http.MethodPatch, url, bytes.NewReader([]byte(`{"statusType":"SENT"}`)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer access")
	resp, err := f.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var m struct{ ID string }
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	return nil
}
