package oauthtest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

// clientOf spreads the installs over several apps.
func clientOf(i int) string { return fmt.Sprint("client-", i%3) }

// fill stores n installs and as many accounts, every second one with credentials.
func fill(t *testing.T, s *sqlstore.Store, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := s.SaveInstall(t.Context(), install(i)); err != nil {
				t.Error(err)
			}
			if _, err := s.SaveAccount(t.Context(), account(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func install(i int) *oauth.Install {
	return &oauth.Install{ClientID: clientOf(i), PortalID: int64(i + 1), Token: &oauth2.Token{
		AccessToken: fmt.Sprint("access-", i), RefreshToken: fmt.Sprint("refresh-", i), Expiry: time.Now().Add(time.Hour),
	}}
}

func account(i int) *bridge.Account {
	a := &bridge.Account{
		Channel: "7", ID: channels.AccountID(fmt.Sprint(i)), Portal: int64(i + 1), Identifier: channels.Opaque(fmt.Sprint(i)), Active: true,
	}
	if i%2 == 0 {
		a.Credentials = fmt.Append(nil, "credentials-", i)
	}
	return a
}

// wantAll checks that what fill stored is there.
func wantAll(t *testing.T, s *sqlstore.Store, n int) {
	t.Helper()
	for i := range n {
		in, err := s.Install(t.Context(), clientOf(i), int64(i+1))
		if err != nil {
			t.Fatal(err)
		}
		if in.Token.RefreshToken != install(i).Token.RefreshToken || in.Revision != 1 {
			t.Fatalf("stored %v with %s", in, in.Token.RefreshToken)
		}
		a, err := s.Account(t.Context(), "7", channels.AccountID(fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		if string(a.Credentials) != string(account(i).Credentials) {
			t.Fatalf("the credentials are %q, want %q", a.Credentials, account(i).Credentials)
		}
	}
}

func wantRewrapped(t *testing.T, s *sqlstore.Store, want int) {
	t.Helper()
	if got, err := s.Rewrap(t.Context()); err != nil || got != want {
		t.Errorf("Rewrap = %d, %v, want %d", got, err, want)
	}
}

// run opens the store for the time of a function, as a process that is started and stopped.
func (d database) run(t *testing.T, use func(*sqlstore.Store)) {
	t.Helper()
	store, done, err := d.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	use(store)
	if err := done(); err != nil {
		t.Error(err)
	}
}

// keyLines returns the keys in a file, without its comments.
func keyLines(t *testing.T, file string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(string(must(os.ReadFile(file)))) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// withKeys is the database as a process with a key file of these lines sees it.
func (d database) withKeys(t *testing.T, lines ...string) database {
	t.Helper()
	d.KeyFile = newKeyFile(t)
	if err := os.WriteFile(d.KeyFile, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestChangingKeys(t *testing.T) {
	const n = 250 // more than a batch
	onEach(t, func(t *testing.T, d database) {
		d.run(t, func(s *sqlstore.Store) {
			fill(t, s, n)
			wantRewrapped(t, s, 0)
		})
		old := keyLines(t, d.KeyFile)
		if _, err := sqlstore.RotateKeyFile(d.KeyFile); err != nil {
			t.Fatal(err)
		}
		both := keyLines(t, d.KeyFile)
		d.run(t, func(s *sqlstore.Store) {
			wantAll(t, s, n)
			wantRewrapped(t, s, n+n/2+1)
			wantRewrapped(t, s, 0)
			wantAll(t, s, n)
		})
		d.withKeys(t, both[0]).run(t, func(s *sqlstore.Store) { wantAll(t, s, n) })
		wantWrongKeys(t, d.withKeys(t, old...))
	})
}

// The steps for several processes: while one still seals with the old key, another one has the new key first.
func TestChangingKeysOfSeveralProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		d.run(t, func(s *sqlstore.Store) { fill(t, s, 4) })
		old, added := keyLines(t, d.KeyFile)[0], newKey(t)
		first, second := d.withKeys(t, old, added).store(t), d.withKeys(t, added, old).store(t)
		if err := second.SaveInstall(t.Context(), install(4)); err != nil {
			t.Fatal(err)
		}
		if in, err := first.Install(t.Context(), clientOf(4), 5); err != nil || in.Token.RefreshToken != "refresh-4" {
			t.Errorf("a process with the old key first reads %v, %v", in, err)
		}
		wantRewrapped(t, second, 4+2+1)
		wantAll(t, first, 4)
	})
}

func newKey(t *testing.T) string {
	t.Helper()
	file := newKeyFile(t)
	if _, err := sqlstore.KeyFile(file); err != nil {
		t.Fatal(err)
	}
	return keyLines(t, file)[0]
}

func TestRewrapWhileTokensChange(t *testing.T) {
	const n, changes = 20, 30
	onEach(t, func(t *testing.T, d database) {
		d.run(t, func(s *sqlstore.Store) { fill(t, s, n) })
		old, added := keyLines(t, d.KeyFile)[0], newKey(t)
		// One process changes what another one seals anew.
		busy, rewrapping := d.withKeys(t, added, old).store(t), d.withKeys(t, added, old).store(t)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				in, err := busy.Install(t.Context(), clientOf(i), int64(i+1))
				for range changes {
					if err == nil {
						err = busy.ReplaceInstall(t.Context(), in)
					}
				}
				if err != nil {
					t.Errorf("a refresh failed because of Rewrap: %v", err)
				}
			})
		}
		for again := true; again; {
			changed, err := rewrapping.Rewrap(t.Context())
			if err != nil {
				t.Error(err)
			}
			again = changed > 0
		}
		wg.Wait()
		wantRewrapped(t, rewrapping, 0)
		d.withKeys(t, added).run(t, func(s *sqlstore.Store) {
			for i := range n {
				in, err := s.Install(t.Context(), clientOf(i), int64(i+1))
				if err != nil || in.Revision != 1+changes {
					t.Errorf("Install = %v, %v", in, err)
				}
			}
		})
	})
}

// wantWrongKeys checks that a store does not open with the database's key file.
func wantWrongKeys(t *testing.T, d database) {
	t.Helper()
	_, done, err := d.open(t.Context())
	if err == nil {
		_ = done()
	}
	if err == nil || !strings.Contains(err.Error(), "the key file does not belong to this database") {
		t.Errorf("Open = %v, want an error about the key file", err)
	}
}

func TestWrongOrMissingKeys(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		d.run(t, func(s *sqlstore.Store) { fill(t, s, 2) })
		t.Run("another key file", func(t *testing.T) { wantWrongKeys(t, d.withKeys(t, newKey(t))) })
		t.Run("the file is gone", func(t *testing.T) {
			gone := d
			gone.KeyFile = newKeyFile(t) // is made anew
			wantWrongKeys(t, gone)
		})
		t.Run("the old key was taken out too early", func(t *testing.T) {
			if _, err := sqlstore.RotateKeyFile(d.KeyFile); err != nil {
				t.Fatal(err)
			}
			wantWrongKeys(t, d.withKeys(t, keyLines(t, d.KeyFile)[0]))
			d.run(t, func(s *sqlstore.Store) { wantRewrapped(t, s, 2+1+1) })
		})
		t.Run("another secret under the same id", func(t *testing.T) {
			id, _, _ := strings.Cut(keyLines(t, d.KeyFile)[0], " ")
			_, secret, _ := strings.Cut(newKey(t), " ")
			wantWrongKeys(t, d.withKeys(t, id+" "+secret))
		})
		t.Run("no keys", func(t *testing.T) {
			for _, keys := range []*sqlstore.Keys{nil, {}} {
				if _, err := sqlstore.Open(t.Context(), d.db(t), d.Dialect, keys); err == nil || !strings.Contains(err.Error(), "a key ring is required") {
					t.Errorf("Open = %v, want an error about keys", err)
				}
			}
		})
		d.run(t, func(s *sqlstore.Store) { wantAll(t, s, 2) }) // nothing was changed by all that
	})
}

// What the package documentation says of keys that are lost.
func TestLostKeys(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		w := newWorld(t, hubspottest.Readings{}, func(a *oauth.App) { a.Tokens = d.store(t) })
		w.install()
		if _, err := d.db(t).Exec(`DELETE FROM cc_values WHERE name = 'key check'`); err != nil {
			t.Fatal(err)
		}
		d.KeyFile = newKeyFile(t)
		w.app = w.newApp(func(a *oauth.App) { a.Tokens = d.store(t) })
		_, err := w.app.Portal(portalID).Token(t.Context())
		wantUnopened(t, "Token", err)
		w.web = w.newBrowser()
		w.install()
		w.token()
	})
}

// A row that no key opens harms no other row, is never taken for plain text, and is healed by a re-install.
func TestRowThatNoKeyOpens(t *testing.T) {
	const plain = `{"token":{"access_token":"plain","refresh_token":"plain","expiry":"2999-01-01T00:00:00Z"}}`
	onEach(t, func(t *testing.T, d database) {
		store, db := d.store(t), d.db(t)
		w := newWorld(t, hubspottest.Readings{}, func(a *oauth.App) { a.Tokens = store })
		w.install()
		other := install(0)
		other.ClientID = w.app.ClientID
		if err := store.SaveInstall(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		sealed := func(portal int64) (value []byte) {
			if err := db.QueryRow(fmt.Sprint("SELECT sealed FROM cc_installs WHERE portal = ", portal)).Scan(&value); err != nil {
				t.Fatal(err)
			}
			return value
		}
		for name, value := range map[string][]byte{
			"plain text":               []byte(plain),
			"plain text, marked":       []byte("\x01\x01a" + plain),
			"another portal's":         sealed(1),
			"cut short":                sealed(portalID)[:40],
			"empty":                    {},
			"of a key that is lost":    slices.Concat([]byte("\x01\x04lost"), sealed(portalID)[10:]),
			"of a key without an id":   slices.Concat([]byte("\x01\x00"), sealed(portalID)[10:]),
			"of a key of another form": slices.Concat([]byte("\x01\x02''"), sealed(portalID)[10:]),
		} {
			t.Run(name, func(t *testing.T) {
				query := "UPDATE cc_installs SET sealed = ?1 WHERE portal = ?2"
				if d.Dialect == sqlstore.PostgreSQL {
					query = strings.ReplaceAll(query, "?", "$")
				}
				if _, err := db.Exec(query, value, portalID); err != nil {
					t.Fatal(err)
				}
				_, err := w.newApp().Portal(portalID).Token(t.Context())
				wantUnopened(t, "Token", err)
				if errors.Is(err, oauth.ErrUninstalled) || errors.Is(err, oauth.ErrNotInstalled) {
					t.Errorf("Token = %v, but the app is installed", err)
				}
				n, err := store.Rewrap(t.Context())
				wantUnopened(t, "Rewrap", err)
				if n != 0 {
					t.Errorf("Rewrap = %d", n)
				}
				w.install()
				w.token()
				wantRewrapped(t, store, 0)
			})
		}
	})
}

func wantUnopened(t *testing.T, what string, err error) {
	t.Helper()
	want := fmt.Sprintf("the tokens of portal %d, client id ", portalID)
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "cannot be opened") || strings.Contains(err.Error(), "plain") {
		t.Errorf("%s = %v, want an error that names the portal", what, err)
	}
}
