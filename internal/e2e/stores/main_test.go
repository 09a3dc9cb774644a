// Package stores runs what every store of a bridge must do on real databases.
package stores

import (
	"os"
	"testing"

	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		defer pgtest.Stop()
		return m.Run()
	}())
}
