package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// patch is a line of the overlay: an operation of JSON Patch (RFC 6902) on the files that match File, and the fact that
// it stands on.
type patch struct {
	File  string `json:"file"`
	Fact  string `json:"fact"`
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from"`
	Value any    `json:"value"`
}

func (p patch) String() string { return p.Op + " " + p.Path }

// readOverlay reads the corrections of HubSpot's descriptions.
func readOverlay(t *testing.T) []patch {
	t.Helper()
	data, err := os.ReadFile("testdata/overlay.json")
	if err != nil {
		t.Fatal(err)
	}
	var lines []patch
	if err := json.Unmarshal(data, &lines); err != nil {
		t.Fatal(err)
	}
	for _, p := range lines {
		if !strings.HasPrefix(p.Fact, "facts §") {
			t.Errorf("the overlay line %q cites no fact", p)
		}
	}
	return lines
}

// apply patches root. A line that changes nothing is an error, so that none outlives its reason.
func (p patch) apply(root any) error {
	value := p.Value
	if p.Op == "move" {
		from, key, err := target(root, p.From)
		if err != nil {
			return err
		}
		value = from[key]
		delete(from, key)
	}
	parent, key, err := target(root, p.Path)
	if err != nil {
		return err
	}
	old, there := parent[key]
	switch {
	case there != (p.Op == "replace"):
		return errors.New("there is a value already, or none to replace")
	case value == nil || reflect.DeepEqual(old, value):
		return errors.New("it changes nothing")
	}
	parent[key] = value
	return nil
}

// target returns the object and the key in it that a JSON pointer leads to.
func target(root any, pointer string) (map[string]any, string, error) {
	steps := strings.Split(pointer, "/")[1:]
	for i, step := range steps {
		object, ok := root.(map[string]any)
		if !ok {
			return nil, "", fmt.Errorf("nothing is at /%s", strings.Join(steps[:i], "/"))
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		if i == len(steps)-1 {
			return object, step, nil
		}
		root = object[step]
	}
	return nil, "", fmt.Errorf("the pointer %q is empty", pointer)
}
