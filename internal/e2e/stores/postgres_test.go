package stores

import (
	"context"
	"database/sql"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
)

func TestPostgresStore(t *testing.T) {
	bridgetest.RunStore(t, func(t *testing.T) bridge.Store {
		url := postgres(t)
		return mortal{openPostgresStore(t, url), openPostgres(t, url)}
	})
}

func TestPostgresTokenStore(t *testing.T) {
	bridgetest.RunTokenStore(t, func(t *testing.T) oauth.TokenStore { return openPostgresStore(t, postgres(t)) })
}

// openPostgresStore opens a store that is closed at the end of the test.
func openPostgresStore(t *testing.T, url string) *sqlstore.Store {
	t.Helper()
	keys, err := sqlstore.KeyFile(t.TempDir() + "/bridge.keys")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.Open(t.Context(), openPostgres(t, url), sqlstore.PostgreSQL, keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// mortal is a store whose nodes die when a test wants it, rather than 15 seconds after their last sign of life.
type mortal struct {
	*sqlstore.Store
	db *sql.DB
}

func (m mortal) ExpireNode(ctx context.Context, node bridge.Node) error {
	_, err := m.db.ExecContext(ctx, "UPDATE cc_nodes SET alive_until = 0 WHERE node = $1", int64(node))
	return err
}
