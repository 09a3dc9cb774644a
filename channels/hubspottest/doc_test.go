package hubspottest_test

import (
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// documented is the part of the package documentation between two texts.
func documented(t *testing.T, from, to string) string {
	t.Helper()
	raw, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(raw), from)
	part, _, ended := strings.Cut(rest, to)
	if !begun || !ended {
		t.Fatalf("doc.go has nothing between %q and %q", from, to)
	}
	return part
}

// named are the words of the table's last column that name something.
var named = regexp.MustCompile(`(Config\.|Fault\.)?\b[A-Z][a-z]\w*`)

// TestDocNamesTheKnobs compares the table of the package documentation with
// the knobs that there are.
func TestDocNamesTheKnobs(t *testing.T) {
	ruler, table, _ := strings.Cut(documented(t, "other reading\n", "\n// Not simulated"), "\n")
	column := strings.LastIndex(ruler, " ") + 1
	var want, got []string
	for _, k := range hubspottest.Knobs() {
		want = append(want, k.Name)
	}
	fields := map[string]reflect.Type{"Config": reflect.TypeFor[hubspottest.Config](), "Fault": reflect.TypeFor[hubspottest.Fault]()}
	for line := range strings.SplitSeq(table, "\n") {
		for _, name := range named.FindAllString(line[min(column, len(line)):], -1) {
			of, field, elsewhere := strings.Cut(name, ".")
			if !elsewhere {
				got = append(got, name)
			} else if _, known := fields[of].FieldByName(field); !known {
				t.Errorf("the table names %s, which does not exist", name)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	diff(t, "knobs", want, slices.Compact(got))
}

// TestDocNamesTheOperations compares the operations that the package
// documentation lists with those that a fault can name.
func TestDocNamesTheOperations(t *testing.T) {
	list := documented(t, "which are those of [Fault] too:\n//\n", "\npackage hubspottest")
	list = regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(list, "")
	listed := slices.DeleteFunc(strings.Fields(list), func(word string) bool { return word == "//" })
	slices.Sort(listed)
	b := newBench(t, hubspottest.Config{})
	have := page[struct{ Operations []string }](b, "GET", "faults", nil, http.StatusOK).Operations
	slices.Sort(have)
	diff(t, "operations", have, listed)
}
