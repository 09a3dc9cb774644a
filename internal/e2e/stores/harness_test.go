package stores

import (
	"database/sql"
	"testing"

	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// postgres returns the URL of a new, empty database.
func postgres(t *testing.T) string {
	t.Helper()
	return pgtest.New(t)
}

func openPostgres(t *testing.T, url string) *sql.DB {
	t.Helper()
	return pgtest.Open(t, url)
}
