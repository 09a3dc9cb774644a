//go:build ignore

// Command results reads what "go test -json" wrote, prints what failed, and fails if a test was skipped: a skipped check
// is no check. Only tests that need ../shared may skip, and only where it is absent.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

func main() {
	f, err := os.Open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer f.Close()
	_, err = os.Stat("../shared")
	noShared := err != nil
	output := map[string]*strings.Builder{}
	bad, passed := 0, 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Println(lines.Text())
			continue
		}
		key := e.Package + " " + e.Test
		if output[key] == nil {
			output[key] = &strings.Builder{}
		}
		text := output[key]
		switch {
		case e.Action == "output":
			text.WriteString(e.Output)
		case e.Action == "build-output":
			fmt.Print(e.Output)
		case e.Action == "fail" || e.Action == "build-fail":
			bad++
			fmt.Printf("FAIL %s %s%s\n%s", e.Package, e.ImportPath, e.Test, text)
		case e.Action == "skip" && e.Test != "":
			if noShared && strings.Contains(text.String(), "../shared") {
				break
			}
			bad++
			fmt.Printf("SKIP %s\n%s", key, text)
		case e.Action == "pass" && e.Test != "":
			passed++
		case e.Action == "pass":
			fmt.Printf("ok   %-80s %6.1fs\n", e.Package, e.Elapsed)
		}
		if e.Test != "" && (e.Action == "pass" || e.Action == "skip") {
			delete(output, key)
		}
	}
	fmt.Printf("%d tests passed, %d failed or were skipped\n", passed, bad)
	if bad > 0 || passed == 0 {
		os.Exit(1)
	}
}
