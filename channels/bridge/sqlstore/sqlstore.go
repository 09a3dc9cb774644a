package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/oauth"
)

// Dialect is the kind of database behind a [Store].
type Dialect int

const (
	// SQLite is a database file that one process at a time runs a bridge on.
	SQLite Dialect = iota + 1
	// PostgreSQL is a server that any number of processes run bridges on.
	PostgreSQL
)

// Option tunes [Open].
type Option func(*Store) error

var prefixForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)

// WithPrefix sets what the names of all tables begin with: lower-case letters, digits and underscores.
// Defaults to "cc_".
func WithPrefix(prefix string) Option {
	return func(s *Store) error {
		if !prefixForm.MatchString(prefix) {
			return fmt.Errorf("sqlstore: the table prefix %q may have lower-case letters, digits and underscores only", prefix)
		}
		s.prefix = prefix
		return nil
	}
}

// Store keeps a bridge's work and its OAuth tokens in a SQL database.
// It is a [bridge.Store], an [oauth.TokenStore] and an [oauth.RefreshLocker], safe for concurrent use.
type Store struct {
	db     *sql.DB
	engine *engine
	keys   *Keys
	prefix string
	write  *writer
	reads  chan *session
	limit  limit

	linksByService, linksByHubSpot *lookup[bridge.Link]
	people                         *lookup[storedPerson]

	mu     sync.Mutex
	lock   *sql.Conn                   // holds the one-bridge lock while a bridge is joined
	joined map[channels.ID]bridge.Node // what runs on each channel
}

var (
	_ bridge.Store        = (*Store)(nil)
	_ oauth.TokenStore    = (*Store)(nil)
	_ oauth.RefreshLocker = (*Store)(nil)
)

// Open prepares db for use and brings its tables up to date. The caller opened db with the driver of her choice
// and closes it after [Store.Close]. keys seal tokens and credentials; see [KeyFile].
//
// The store keeps three of a SQLite db's connections, of which one does all the writing, and sometimes needs a fourth; of a
// PostgreSQL db's it keeps seven, and sometimes needs an eighth. db must allow that many. A SQLite database must be a file; Open gives its connections settings that survive a power cut (WAL,
// synchronous=FULL) and checks them. Of PostgreSQL it checks that synchronous_commit is not off.
func Open(ctx context.Context, db *sql.DB, dialect Dialect, keys *Keys, opts ...Option) (*Store, error) {
	if keys == nil || keys.ring == nil {
		return nil, errors.New("sqlstore: a key ring is required, for tokens are stored sealed; KeyFile makes one")
	}
	s := &Store{db: db, keys: keys, prefix: "cc_", joined: map[channels.ID]bridge.Node{}}
	for _, opt := range opts {
		if err := opt(s); err != nil {
			return nil, err
		}
	}
	var err error
	if s.engine, err = dialect.engine(s.prefix); err != nil {
		return nil, err
	}
	if n := db.Stats().MaxOpenConnections; n > 0 && n < s.engine.readers+2 {
		return nil, fmt.Errorf("sqlstore: the database allows %d connections, the store needs %d; raise SetMaxOpenConns", n, s.engine.readers+2)
	}
	s.reads = make(chan *session, s.engine.readers)
	s.lookUp()
	if err := s.open(ctx); err != nil {
		_ = s.Close()
		if !s.engine.shared {
			err = explainSQLite(err)
		}
		return nil, err
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	s.write = newWriter(newSession(s.db, s.engine, s.engine.writer))
	if err := s.write.transaction(ctx, migrate); err != nil {
		return err
	}
	if err := s.checkKeys(ctx); err != nil {
		return err
	}
	for range s.engine.readers {
		s.reads <- newSession(s.db, s.engine, s.engine.reader)
	}
	return nil
}

// Close gives the connections back to the *sql.DB. Nothing may use the store any more.
func (s *Store) Close() error {
	var errs []error
	if s.write != nil {
		errs = append(errs, s.write.close())
	}
	for range len(s.reads) {
		errs = append(errs, (<-s.reads).close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	errs = append(errs, s.unlock())
	return errors.Join(errs...)
}

// read runs fn on a connection for look-ups.
func (s *Store) read(ctx context.Context, fn func(*session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c := <-s.reads:
		defer func() { s.reads <- c }()
		if !s.engine.shared {
			ctx = context.WithoutCancel(ctx) // a file answers at once, and drivers pay for every context that can end
		}
		return c.use(ctx, fn)
	case <-ctx.Done():
		return ctx.Err()
	}
}
