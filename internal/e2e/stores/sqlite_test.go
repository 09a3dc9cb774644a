package stores

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/oauth"
)

const storeChannel channels.ID = "1001"

// The connection that writes must sync every commit to the disk, whatever the driver's default is; that shows only in the
// connection itself. Those that read must not stay read-only in the program's pool.
func TestSQLiteSettings(t *testing.T) {
	d := newDatabase(t)
	db := openDB(t, d, "_pragma=synchronous(OFF)")
	db.SetMaxIdleConns(10)
	s, err := openOn(t.Context(), db, d)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remember(t.Context(), "name", "value"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recall(t.Context(), "name"); err != nil {
		t.Fatal(err)
	}
	if mode := pragma(t, db, "journal_mode"); mode != "wal" {
		t.Errorf("journal_mode is %s, want wal", mode)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var synced int
	for range db.Stats().Idle {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if pragma(t, conn, "synchronous") == "2" {
			synced++
			if wait := pragma(t, conn, "busy_timeout"); wait != "2000" {
				t.Errorf("a webhook waits %s ms for a lock, want 2000: it may wait twice, and HubSpot waits 5 seconds", wait)
			}
		}
		if pragma(t, conn, "query_only") != "0" {
			t.Error("a connection was given back read-only")
		}
	}
	if synced != 1 {
		t.Errorf("%d connections had synchronous=FULL, want 1: the one that writes", synced)
	}
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func pragma(t *testing.T, on querier, name string) string {
	t.Helper()
	var value string
	if err := on.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSQLiteOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		open func(t *testing.T, d database) error
		want string
	}{
		{"a database in memory", func(t *testing.T, d database) error {
			return openError(t, database{":memory:", d.keys}, nil)
		}, "must be a file"},
		{"too few connections", func(t *testing.T, d database) error {
			return openError(t, d, func(db *sql.DB) { db.SetMaxOpenConns(3) })
		}, "SetMaxOpenConns"},
		{"the keys of another database", func(t *testing.T, d database) error {
			openStore(t, d)
			return openError(t, database{d.file, newDatabase(t).keys}, nil)
		}, "the key file does not belong to this database"},
		{"tables of a newer version", func(t *testing.T, d database) error {
			openStore(t, d)
			return openError(t, d, func(db *sql.DB) {
				if _, err := db.ExecContext(t.Context(), "UPDATE cc_schema SET value = 1000"); err != nil {
					t.Fatal(err)
				}
			})
		}, "newer version"},
		{"a prefix that is SQL", func(t *testing.T, d database) error {
			_, err := openOn(t.Context(), openDB(t, d, ""), d, sqlstore.WithPrefix("x; DROP"))
			return err
		}, "prefix"},
		{"no keys", func(t *testing.T, d database) error {
			_, err := sqlstore.Open(t.Context(), openDB(t, d, ""), sqlstore.SQLite, nil)
			return err
		}, "key"},
		{"an unknown dialect", func(t *testing.T, d database) error {
			keys, err := sqlstore.KeyFile(d.keys)
			if err != nil {
				t.Fatal(err)
			}
			_, err = sqlstore.Open(t.Context(), openDB(t, d, ""), 0, keys)
			return err
		}, "dialect"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.open(t, newDatabase(t))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that says %q", err, test.want)
			}
		})
	}
}

// openError opens a store that must not open, on a database that was prepared for it.
func openError(t *testing.T, d database, prepare func(*sql.DB)) error {
	t.Helper()
	db := openDB(t, d, "")
	if prepare != nil {
		prepare(db)
	}
	s, err := openOn(t.Context(), db, d)
	if err == nil {
		s.Close()
	}
	return err
}

// Four connections are what Open asks for, so four must do for all a bridge does.
func TestSQLiteFewConnections(t *testing.T) {
	d := newDatabase(t)
	db := openDB(t, d, "")
	db.SetMaxOpenConns(4)
	s, err := openOn(t.Context(), db, d)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustJoin(t, s)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.Buried(t.Context(), storeChannel, 0, 1000); err != nil {
				t.Error(err)
			}
			if err := s.Remember(t.Context(), "name", "value"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// Programs that start at the same time all create the tables.
func TestSQLiteOpenedAtOnce(t *testing.T) {
	d := newDatabase(t)
	dbs := make([]*sql.DB, 4)
	for i := range dbs {
		dbs[i] = openDB(t, d, "")
	}
	var wg sync.WaitGroup
	for i, db := range dbs {
		wg.Go(func() {
			s, err := openOn(t.Context(), db, d)
			if err != nil {
				t.Errorf("open %d: %v", i, err)
				return
			}
			if err := s.Remember(t.Context(), "name", "value"); err != nil {
				t.Errorf("write %d: %v", i, err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("close %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

// A program may close the store and open it again on the same *sql.DB.
func TestSQLiteOpenedAgain(t *testing.T) {
	d := newDatabase(t)
	db := openDB(t, d, "")
	for range 3 {
		s, err := openOn(t.Context(), db, d)
		if err != nil {
			t.Fatal(err)
		}
		mustJoin(t, s)
		mustAccept(t, s, storedWork("a"), storedWork("b"))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSQLitePrefixes(t *testing.T) {
	d := newDatabase(t)
	one, two := openStore(t, d, sqlstore.WithPrefix("one_")), openStore(t, d, sqlstore.WithPrefix("two_"))
	if err := one.Remember(t.Context(), "name", "value"); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Recall(t.Context(), "name"); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("a store with another prefix answered %v, want ErrNotFound", err)
	}
}

func TestSQLiteKeepsEverything(t *testing.T) {
	d := newDatabase(t)
	s, err := openOn(t.Context(), openDB(t, d, ""), d)
	must(t, err)
	node := mustJoin(t, s)
	must(t, s.PausePortal(t.Context(), storeChannel, 2, time.Time{}, "reason"))
	must(t, s.WriteMedia(t.Context(), "file", 0, []byte("chunk")))
	done, failed, taken := storedWork("done"), storedWork("failed"), storedWork("taken")
	taken.Media = []string{"file"}
	mustAccept(t, s, done, failed, taken, storedWork("paused"))
	person := bridge.Person{
		Channel: storeChannel, Portal: 1, Account: channels.Phone("+4930123456"), Identifier: channels.Email("ana@example.com"),
		ThreadIDs: []string{"thread"}, LastIncoming: done.At,
	}
	link := bridge.Link{
		Channel: storeChannel, Account: "5", Portal: 1, ServiceID: "s", HubSpotID: "h", Direction: messages.DirectionIncoming,
	}
	for _, it := range mustClaim(t, s, node, 10) {
		switch string(it.Payload) {
		case "done":
			mustFinish(t, s, node, it, &bridge.Outcome{At: done.At, Links: []bridge.Link{link}, Person: &person})
		case "failed":
			mustFinish(t, s, node, it, &bridge.Outcome{Verdict: bridge.Bury, At: done.At, Reason: "refused"})
		default:
			must(t, s.Checkpoint(t.Context(), node, it, []byte("half")))
		}
	}
	must(t, s.Remember(t.Context(), "name", "value"))
	saveSecrets(t, s)
	must(t, s.Close())

	s = openStore(t, d)
	node = mustJoin(t, s)
	claimed := mustClaim(t, s, node, 10)
	if len(claimed) != 1 || string(claimed[0].Payload) != "taken" || claimed[0].Attempt != 2 || string(claimed[0].Progress) != "half" {
		t.Errorf("claimed %+v, want the second attempt of what was under way", claimed)
	}
	again, err := s.Accept(t.Context(), storedWork("done"))
	must(t, err)
	buried, err := s.Buried(t.Context(), storeChannel, 0, 1000)
	must(t, err)
	gotLink, err := s.LinkByHubSpot(t.Context(), storeChannel, "h")
	must(t, err)
	gotPerson, err := s.Person(t.Context(), &person)
	must(t, err)
	chunk, err := s.ReadMedia(t.Context(), "file", 0)
	must(t, err)
	value, err := s.Recall(t.Context(), "name")
	must(t, err)
	account, err := s.Account(t.Context(), storeChannel, "5")
	must(t, err)
	install, err := s.Install(t.Context(), "client", 1)
	must(t, err)
	if len(buried) != 1 {
		t.Fatalf("%d items are buried, want 1", len(buried))
	}
	got := []any{
		again, buried[0].Reason, gotLink, gotPerson, string(chunk), value, string(account.Credentials), install.Token.RefreshToken,
	}
	want := []any{[]bridge.Acceptance{bridge.Duplicate}, "refused", &link, &person, "chunk", "value", secretCredentials, secretRefresh}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after opening it again the store differs (-want +got):\n%s", diff)
	}
}

const (
	secretCredentials = "credentials-of-the-account"
	secretAccess      = "access-token-of-the-portal"
	secretRefresh     = "refresh-token-of-the-portal"
	openName          = "name-of-the-account"
)

func saveSecrets(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	_, err := s.SaveAccount(t.Context(), &bridge.Account{
		Channel: storeChannel, Portal: 1, ID: "5", Name: openName, Identifier: channels.Phone("+4930123456"),
		Credentials: []byte(secretCredentials),
	})
	must(t, err)
	must(t, s.SaveInstall(t.Context(), &oauth.Install{
		ClientID: "client", PortalID: 1, Token: &oauth2.Token{AccessToken: secretAccess, RefreshToken: secretRefresh},
	}))
}

// Whoever gets hold of the database, or of a backup, must not be able to write in the customers' names.
func TestSQLiteSealsSecrets(t *testing.T) {
	d := newDatabase(t)
	s := openStore(t, d)
	saveSecrets(t, s)
	files, err := filepath.Glob(d.file + "*")
	must(t, err)
	var all []byte
	for _, name := range files {
		data, err := os.ReadFile(name)
		must(t, err)
		all = append(all, data...)
	}
	if !bytes.Contains(all, []byte(openName)) {
		t.Fatalf("%v hold not even what is not sealed: the test looks at the wrong files", files)
	}
	for _, secret := range []string{secretCredentials, secretAccess, secretRefresh} {
		if bytes.Contains(all, []byte(secret)) {
			t.Errorf("%s lies in the database in the clear", secret)
		}
	}
}

// Who can write to the database must not get an account's credentials by copying them to an account of his own.
func TestSQLiteCredentialsAreTheAccounts(t *testing.T) {
	d := newDatabase(t)
	s := openStore(t, d)
	account := func(portal int64, id channels.AccountID) *bridge.Account {
		return &bridge.Account{Channel: storeChannel, Portal: portal, ID: id, Identifier: channels.Opaque("shop-" + string(id)), Credentials: []byte("of " + id)}
	}
	for _, a := range []*bridge.Account{account(1, "victim"), account(2, "thief")} {
		_, err := s.SaveAccount(t.Context(), a)
		must(t, err)
	}
	_, err := openDB(t, d, "").ExecContext(t.Context(),
		`UPDATE cc_accounts SET credentials = (SELECT credentials FROM cc_accounts WHERE id = 'victim') WHERE id = 'thief'`)
	must(t, err)
	if a, err := s.Account(t.Context(), storeChannel, "thief"); err == nil {
		t.Errorf("the credentials were opened for another account: %q", a.Credentials)
	}
}

func storedWork(key string) *bridge.NewItem {
	at := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	it := &bridge.NewItem{
		Key: key, Kind: bridge.KindIncoming, Channel: storeChannel, Portal: 1, Lane: key, Payload: []byte(key), At: at, Deadline: at.Add(time.Hour),
	}
	if key == "paused" {
		it.Portal = 2
	}
	return it
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustJoin(t *testing.T, s *sqlstore.Store) bridge.Node {
	t.Helper()
	node, err := s.Join(t.Context(), storeChannel)
	must(t, err)
	return node
}

func mustAccept(t *testing.T, s *sqlstore.Store, items ...*bridge.NewItem) {
	t.Helper()
	_, err := s.Accept(t.Context(), items...)
	must(t, err)
}

func mustClaim(t *testing.T, s *sqlstore.Store, node bridge.Node, limit int) []*bridge.Item {
	t.Helper()
	claimed, err := s.Claim(t.Context(), node, storeChannel, storedWork("").At, bridge.Wanted{Limit: limit})
	must(t, err)
	return claimed.Items
}

func mustFinish(t *testing.T, s *sqlstore.Store, node bridge.Node, it *bridge.Item, o *bridge.Outcome) {
	t.Helper()
	_, err := s.Finish(t.Context(), node, it, o)
	must(t, err)
}
