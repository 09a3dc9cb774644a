// Package e2e tests what no single package can: programs, browsers and databases together.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// quickstart is the built example program.
var quickstart string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		quickstart = filepath.Join(dir, "quickstart")
		build := exec.Command("go", "build", "-o", quickstart, "github.com/customchannels/customchannels-go/examples/quickstart")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "building the quickstart:", err)
			return 1
		}
		defer pgtest.Stop()
		return m.Run()
	}())
}
