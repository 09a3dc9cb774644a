package hardship

import (
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
)

// setup is all that a process needs to know to run the bridge.
type setup struct {
	Database                       string // of PostgreSQL; only where a process of its own opens it
	KeyFile, PublicURL, HubSpotURL string
	ServiceURL                     string // likewise
	ClientID, ClientSecret         string
	DeveloperKey                   string
	AppID                          int64
}

func (s *setup) openStore(t *testing.T, db *sql.DB, dialect sqlstore.Dialect) *sqlstore.Store {
	t.Helper()
	keys, err := sqlstore.KeyFile(s.KeyFile)
	must(t, err)
	store, err := sqlstore.Open(t.Context(), db, dialect, keys)
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// fullStore is what an app needs of a store.
type fullStore interface {
	bridge.Store
	oauth.TokenStore
}

func (s *setup) newBridge(ch bridge.Channel, store fullStore, log *slog.Logger) (*bridge.Bridge, error) {
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: s.AppID, Key: s.DeveloperKey}, channels.WithBaseURL(s.HubSpotURL))
	if err != nil {
		return nil, err
	}
	return bridge.New(ch, bridge.Config{
		API:       []channels.Option{channels.WithRateLimit(100_000, 10*time.Second)}, // so that what is slow is the database
		App:       &oauth.App{ClientID: s.ClientID, ClientSecret: s.ClientSecret, BaseURL: s.HubSpotURL, Tokens: store, Logger: log},
		Store:     store,
		PublicURL: s.PublicURL,
		Registry:  registry,
		Logger:    log,
		Definition: bridge.Definition{Name: "Chat", Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
			AllowOutgoingMessages:   true,
		}},
	})
}

// sqliteFile names a database file in a directory of its own.
func sqliteFile(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "bridge.db")
}

// openSQLite opens a database file, with the driver's parameters if there are any.
func openSQLite(t *testing.T, file, params string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?"+params)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}
