package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/customchannels/customchannels-go/"

// allowed says which rooms of the root module a room may import. Reading it from the left to the right one learns the
// project: channels, messages, webhook, bridge; oauth stands apart.
var allowed = map[string]string{
	"internal/rest":              "",
	"internal/jsonx":             "",
	"internal/seal":              "",
	"channels":                   "internal/rest internal/jsonx",
	"oauth":                      "internal/rest internal/seal",
	"messages":                   "channels internal/jsonx",
	"messages/richtext":          "",
	"webhook":                    "channels messages internal/jsonx",
	"channels/bridge":            "channels messages messages/richtext webhook oauth internal/seal",
	"channels/bridge/memstore":   "channels messages channels/bridge oauth internal/seal",
	"channels/bridge/sqlstore":   "channels messages channels/bridge oauth internal/seal",
	"channels/bridge/bridgetest": "channels messages oauth channels/bridge channels/bridge/memstore",
	"channels/hubspottest":       "",
}

type listed struct {
	ImportPath string
	Imports    []string
}

func list(t *testing.T, dir, pattern string) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", pattern)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", pattern, err)
	}
	var packages []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// TestImportsRunOneWay keeps the rooms apart: whoever wants the webhook verifier alone must not get the bridge with it.
func TestImportsRunOneWay(t *testing.T) {
	for _, p := range list(t, "../..", "./...") {
		room, ok := strings.CutPrefix(p.ImportPath, module)
		if !ok {
			continue // the root package has documentation only
		}
		may, ok := allowed[room]
		if !ok {
			t.Errorf("package %s has no row in the table of allowed imports", room)
		}
		for _, imported := range p.Imports {
			other, ours := strings.CutPrefix(imported, module)
			if ours && !strings.Contains(" "+may+" ", " "+other+" ") {
				t.Errorf("%s must not import %s", room, other)
			}
		}
	}
}

// TestExamplesArePublic: an example that imports what users cannot shows them nothing.
func TestExamplesArePublic(t *testing.T) {
	packages := list(t, "../../examples", "./...")
	if len(packages) == 0 {
		t.Fatal("there are no examples")
	}
	for _, p := range packages {
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module+"internal/") {
				t.Errorf("%s must not import %s", p.ImportPath, imported)
			}
		}
	}
}
