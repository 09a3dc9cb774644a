package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

// overview answers words that are no command: with the commands there are, or with what may have been meant.
func overview(con console, words []string, help bool) error {
	last := len(words) - 1
	if last >= 0 && (words[last] == "-h" || words[last] == "-help" || words[last] == "--help") {
		words, help = words[:last], true
	}
	shown := commands()
	if len(words) > 0 {
		shown = slices.DeleteFunc(shown, func(c *command) bool { return !strings.HasPrefix(c.name, words[0]+" ") })
	}
	switch {
	case len(words) > 1 || len(shown) == 0:
		return unknown(words, shown)
	case help:
		return printOverview(con.out, shown)
	default:
		if err := printOverview(con.err, shown); err != nil {
			return err
		}
		fmt.Fprintln(con.err)
		return usagef("which command?")
	}
}

func printOverview(w io.Writer, shown []*command) error {
	fmt.Fprint(w, "Usage: channelctl COMMAND [flags] [arguments]\n\nCommands:\n")
	if err := aligned(w, func(w io.Writer) {
		for _, c := range shown {
			fmt.Fprintf(w, "  %s\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.short)
		}
	}); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, "\nchannelctl COMMAND -h tells more about a command.\n")
	return err
}

// unknown is the error for words that name no command; group are the commands that begin with the first word.
func unknown(words []string, group []*command) error {
	given := strings.Join(words[:min(2, len(words))], " ")
	best, distance := "", 4
	for _, c := range commands() {
		if d := editDistance(given, c.name); d < distance {
			best, distance = c.name, d
		}
	}
	switch {
	case best != "":
		return usagef("unknown command %q: did you mean %q?", given, best)
	case len(group) > 0:
		verbs := make([]string, len(group))
		for i, c := range group {
			verbs[i] = strings.TrimPrefix(c.name, words[0]+" ")
		}
		return usagef("unknown command %q: %s has %s", given, words[0], strings.Join(verbs, ", "))
	}
	return usagef("unknown command %q; see channelctl -h", given)
}

// editDistance is how many letters have to be added, removed or replaced to make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// help prints all about a command.
func (c *command) help(w io.Writer) error {
	fmt.Fprintf(w, "Usage: channelctl %s\n\n%s.\n", strings.Join(strings.Fields(c.name+" [flags] "+c.args), " "), c.short)
	if c.long != "" {
		fmt.Fprintf(w, "\n%s\n", strings.Trim(c.long, "\n"))
	}
	own, store, common := newFlagSet(), newFlagSet(), newFlagSet()
	c.setup(own)
	(&options{}).declare(common)
	variables := c.needs.variables()
	if c.needs.store() {
		(&storeOptions{}).declare(store)
	}
	if c.needs != bridgeStore {
		variables = append(variables, variable{envServer, "another server than " + channels.DefaultBaseURL})
	}
	return aligned(w, func(w io.Writer) {
		printFlags(w, "Flags", own)
		printFlags(w, "Where the bridge keeps its work", store)
		printFlags(w, "Flags of every command", common)
		fmt.Fprint(w, "\nEnvironment:\n")
		for _, v := range variables {
			fmt.Fprintf(w, "  %s\t%s\n", v.name, v.meaning)
		}
	})
}

func printFlags(w io.Writer, title string, fs *flag.FlagSet) {
	first := true
	fs.VisitAll(func(f *flag.Flag) {
		if first {
			fmt.Fprintf(w, "\n%s:\n", title)
			first = false
		}
		name, usage := flag.UnquoteUsage(f)
		switch {
		case isBool(f):
			name = ""
		case name != "":
			name = " " + strings.ToUpper(name)
		}
		fmt.Fprintf(w, "  -%s%s\t%s\n", f.Name, name, usage)
	})
}
