package stores

import (
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

// Each store has a *sql.DB of its own, as each process has.
func TestPostgresShared(t *testing.T) {
	bridgetest.RunShared(t, func(t *testing.T, n int) []bridge.Store {
		url := postgres(t)
		keys, err := sqlstore.KeyFile(t.TempDir() + "/bridge.keys")
		if err != nil {
			t.Fatal(err)
		}
		var stores []bridge.Store
		for range n {
			db := openPostgres(t, url)
			s, err := sqlstore.Open(t.Context(), db, sqlstore.PostgreSQL, keys)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			stores = append(stores, mortal{s, db})
		}
		return stores
	})
}
