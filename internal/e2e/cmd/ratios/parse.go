package main

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// results are the figures of benchmarks, by "package.Name" (of the package's path the last element, of the name all after
// "Benchmark"), then by unit.
type results map[string]map[string][]float64

// parse reads the output of "go test -bench". Lines that are no results are skipped.
func parse(in io.Reader) (results, error) {
	r := results{}
	pkg := ""
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 2 && fields[0] == "pkg:" {
			pkg = path.Base(fields[1]) + "."
		}
		if len(fields) < 4 || len(fields)%2 != 0 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		if _, err := strconv.Atoi(fields[1]); err != nil {
			continue
		}
		name := pkg + withoutProcs(strings.TrimPrefix(fields[0], "Benchmark"))
		for i := 2; i < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("not a figure: %q in %q", fields[i], lines.Text())
			}
			r.add(name, fields[i+1], value)
		}
	}
	return r, lines.Err()
}

func (r results) add(name, unit string, value float64) {
	if r[name] == nil {
		r[name] = map[string][]float64{}
	}
	r[name][unit] = append(r[name][unit], value)
}

// withoutProcs cuts the number of processors off a name, which is missing where there is one.
func withoutProcs(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name
	}
	if _, err := strconv.Atoi(name[i+1:]); err != nil {
		return name
	}
	return name[:i]
}

// median returns the median of a benchmark's figures in a unit; ok is false if there are none.
func (r results) median(name, unit string) (m float64, ok bool) {
	values := slices.Sorted(slices.Values(r[name][unit]))
	n := len(values)
	if n == 0 {
		return 0, false
	}
	return (values[(n-1)/2] + values[n/2]) / 2, true
}
