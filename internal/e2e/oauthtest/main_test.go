// Package oauthtest tests package oauth against the simulator's OAuth server, on real databases and across processes.
package oauthtest

import (
	"fmt"
	"os"
	"testing"

	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if settings := os.Getenv(nodeVariable); settings != "" {
			if err := runNode(settings); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			return 0
		}
		defer pgtest.Stop()
		return m.Run()
	}())
}
