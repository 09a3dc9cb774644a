// Package crash proves that a bridge which is killed at any moment loses, doubles and reorders nothing.
//
// The test binary runs itself again as a child, which is an app with a bridge on a SQLite file. The parent plays all
// around it: HubSpot (the simulator), a messaging service with its customers, and the network in between with its faults.
package crash

import (
	"fmt"
	"os"
	"testing"

	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

func TestMain(m *testing.M) {
	if setup := os.Getenv(childVariable); setup != "" {
		if err := runChild(setup); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}
