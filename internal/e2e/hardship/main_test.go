// Package hardship proves that a bridge whose database fares badly says clearly what is wrong, loses nothing, doubles
// nothing, and goes on by itself once the database is well again.
package hardship

import (
	"fmt"
	"os"
	"testing"

	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

func TestMain(m *testing.M) {
	if setup := os.Getenv(nodeVariable); setup != "" {
		if err := runNode(setup); err != nil {
			fmt.Fprintln(os.Stderr, "node:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}
