package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const output = `goos: linux
pkg: example.test/webhook
BenchmarkVerify-2         	  100	      900 ns/op	     100 B/op	       2 allocs/op
BenchmarkVerify-2         	  100	      700 ns/op	     100 B/op	       2 allocs/op
BenchmarkVerify-2         	  100	     5000 ns/op	     100 B/op	       2 allocs/op
BenchmarkVerify_Floor-2   	  100	     1000 ns/op	     100 B/op	       9 allocs/op
PASS
ok  	example.test/webhook	4.2s
pkg: example.test/relay
BenchmarkRelaySQLite-2             	    1000	    300000 ns/op	      3333 messages/s
BenchmarkRelaySQLite_Floor-2       	    1000	    120000 ns/op	      8333 messages/s
BenchmarkRelaySQLite_OneCommit-2   	    1000	   1800000 ns/op	       555 messages/s
pkg: example.test/claims
BenchmarkClaimSQLite/waiting-head-2 	 200	 400000 ns/op	 1.25 ratio
pkg: example.test/other
BenchmarkSpin         	  100	      300 ns/op
BenchmarkSpin_Floor   	  100	      200 ns/op
BenchmarkAlone        	  100	      200 ns/op
--- FAIL: BenchmarkBroken
    broken_test.go:1: Benchmark says no
`

func TestTable(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(nil, strings.NewReader(output), &out); err != nil {
		t.Fatal(err)
	}
	want := `
WHAT MEASURED GOAL
webhook.Verify: time 0.90× ≤ 1.00× met
webhook.Verify: allocations 2 ≤ 3 met
Agents' messages, SQLite: rate 40.0 % ≥ 50.0 % missed
Agents' messages, SQLite: rate against a commit for each 6.00× ≥ 5.00× met
Claim, SQLite: behind a waiting head 1.25× ≤ 1.50× met
other.Spin: time 1.50× –
`
	if diff := cmp.Diff(words(want), words(out.String())); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

// words returns the lines of a text without what aligns it.
func words(text string) []string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	table, plot := filepath.Join(dir, "speed.md"), filepath.Join(dir, "speed.svg")
	if err := run([]string{"-markdown", table, "-svg", plot}, strings.NewReader(output), io.Discard); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	want := `| what | measured | goal | |
| --- | ---: | ---: | --- |
| webhook.Verify: time | 0.90× | ≤ 1.00× | met |
| webhook.Verify: allocations | 2 | ≤ 3 | met |
| Agents' messages, SQLite: rate | 40.0 % | ≥ 50.0 % | missed |
| Agents' messages, SQLite: rate against a commit for each | 6.00× | ≥ 5.00× | met |
| Claim, SQLite: behind a waiting head | 1.25× | ≤ 1.50× | met |
| other.Spin: time | 1.50× | – |  |
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the Markdown (-want +got):\n%s", diff)
	}
	for name, p := range map[string]palette{"speed.svg": light, "speed-dark.svg": dark} {
		checkPlot(t, filepath.Join(dir, name), p)
	}
}

// checkPlot looks for one bar for each goal, of which one is missed.
func checkPlot(t *testing.T, name string, p palette) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	bars := map[string]int{}
	for dec := xml.NewDecoder(f); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "rect" {
			continue
		}
		for _, a := range e.Attr {
			if a.Name.Local == "fill" {
				bars[a.Value]++
			}
		}
	}
	if diff := cmp.Diff(map[string]int{p.paper: 1, p.faint: 5, p.met: 4, p.missed: 1}, bars); diff != "" {
		t.Errorf("rectangles of %s by colour (-want +got):\n%s", name, diff)
	}
}

func TestNothingToCompare(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "PASS\n", "BenchmarkAlone-2 100 200 ns/op\n", "BenchmarkX_Floor-2 100 200 ns/op\n"} {
		if err := run(nil, strings.NewReader(in), io.Discard); err == nil {
			t.Errorf("%q: no error", in)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(output)
	f.Add("BenchmarkX 1 NaN ns/op\nBenchmarkX_Floor 1 0 ns/op\n")
	f.Fuzz(func(t *testing.T, in string) {
		r, err := parse(strings.NewReader(in))
		if err != nil {
			return
		}
		rows := compare(r)
		for _, write := range []func(io.Writer, []row) error{writeText, writeMarkdown, light.write} {
			if err := write(io.Discard, rows); err != nil {
				t.Error(err)
			}
		}
	})
}
