// Command ratios reads what "go test -bench" printed, compares every benchmark with its floor, and tells which goals are met.
//
//	go test -run '^$' -bench . -benchmem -count 5 ./webhook ./messages | tee bench.txt
//	go run ./internal/e2e/cmd/ratios < bench.txt
//
// Of several runs of a benchmark the median counts. The output may be that of many packages, one after the other.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ratios:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("ratios", flag.ContinueOnError)
	markdown := flags.String("markdown", "", "also write the table in Markdown to this `file`")
	svg := flags.String("svg", "", "also write a plot to this `file`.svg, and one for dark pages to file-dark.svg")
	if err := flags.Parse(args); err != nil {
		return err
	}
	results, err := parse(in)
	if err != nil {
		return err
	}
	rows := compare(results)
	if len(rows) == 0 {
		return fmt.Errorf("there is nothing to compare: neither a benchmark with a goal nor one with a floor")
	}
	if err := writeText(out, rows); err != nil {
		return err
	}
	if *markdown != "" {
		if err := writeFile(*markdown, rows, writeMarkdown); err != nil {
			return err
		}
	}
	if *svg == "" {
		return nil
	}
	name := strings.TrimSuffix(*svg, ".svg")
	if err := writeFile(name+".svg", rows, light.write); err != nil {
		return err
	}
	return writeFile(name+"-dark.svg", rows, dark.write)
}

func writeFile(name string, rows []row, write func(io.Writer, []row) error) error {
	var b bytes.Buffer
	if err := write(&b, rows); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
