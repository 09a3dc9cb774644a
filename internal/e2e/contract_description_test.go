package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// descriptionsDir holds HubSpot's own descriptions. They are not ours to publish, so they lie beside the repository.
const descriptionsDir = "../../../shared/openapi"

// described lists the APIs that the clients use. Where HubSpot has published no file for a version, that of the version
// which only differs by its paths stands in for it.
var described = []struct{ api, file, from, to string }{
	{"custom channels 2026-09", "custom-channels-2026-03.json", "/custom-channels/2026-03", "/custom-channels/2026-09"},
	{"custom channels 2026-03", "custom-channels-2026-03.json", "", ""},
	{"custom channels v3", "custom-channels-v3.json", "", ""},
	{"conversations v3", "conversations-v3.json", "", ""},
	{"conversations 2026-03", "conversations-v3.json", "/conversations/v3/conversations", "/conversations/conversations/2026-03"},
	{"conversations 2026-09", "conversations-v3.json", "/conversations/v3/conversations", "/conversations/conversations/2026-09"},
	{"files v3", "files-v3.json", "", ""},
	{"files 2026-03", "files-v3.json", "/files/v3/", "/files/2026-03/"},
	{"oauth 2026-09", "oauth-2026-03.json", "/oauth/2026-03/", "/oauth/2026-09/"},
	{"oauth 2026-03", "oauth-2026-03.json", "", ""},
	{"oauth v3", "oauth-v3.json", "", ""},
	{"oauth v1", "oauth-v1.json", "", ""},
}

// descriptions are HubSpot's descriptions by API and version, corrected by the overlay.
type descriptions map[string]*openapi3.T

// readDescriptions reads the descriptions that are made of the files which match a pattern.
func readDescriptions(t *testing.T, files string, lines []patch) descriptions {
	t.Helper()
	all := descriptions{}
	for _, d := range described {
		if ok, _ := path.Match(files, d.file); !ok {
			continue
		}
		data, err := os.ReadFile(filepath.Join(descriptionsDir, d.file))
		if errors.Is(err, os.ErrNotExist) {
			t.Skipf("HubSpot's OpenAPI files are not in ../shared/openapi, beside the repository: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		read, err := newDescription(data, func(root any) error {
			for _, p := range lines {
				if ok, _ := path.Match(p.File, d.file); !ok {
					continue
				}
				if err := p.apply(root); err != nil {
					return fmt.Errorf("overlay line %q on %s: %w", p, d.file, err)
				}
			}
			movePaths(root, d.from, d.to)
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", d.api, err)
		}
		all[d.api] = read
	}
	return all
}

func newDescription(data []byte, correct func(root any) error) (*openapi3.T, error) {
	var root any
	if err := json.Unmarshal(data, &root); err != nil {
		return nil, err
	}
	if err := correct(root); err != nil {
		return nil, err
	}
	closeObjects(root)
	data, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(data)
}

// movePaths gives operations the paths that they have in another version.
func movePaths(root any, from, to string) {
	if from == "" {
		return
	}
	paths := root.(map[string]any)["paths"].(map[string]any)
	for _, at := range slices.Collect(maps.Keys(paths)) {
		item := paths[at]
		delete(paths, at)
		paths[strings.Replace(at, from, to, 1)] = item
	}
}

// closeObjects makes every object refuse what it does not declare: a misspelled optional field would pass otherwise.
func closeObjects(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			closeObjects(item)
		}
	case map[string]any:
		properties, _ := v["properties"].(map[string]any)
		if _, open := v["additionalProperties"]; v["type"] == "object" && len(properties) > 0 && !open {
			v["additionalProperties"] = false
		}
		for _, item := range v {
			closeObjects(item)
		}
	}
}
