package main

import (
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHelp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	help := `
Usage: channelctl accounts update [flags] CHANNEL ACCOUNT

Rename an account, or switch it off and on.

Flags:
  -authorized  switch the account on; -authorized=false: off
  -name NAME   name that agents see

Flags of every command:
  -json             print JSON with HubSpot's field names
  -v                log each request on standard error
  -version VERSION  version of HubSpot's API: 2026-09 (default), 2026-03 or v3

Environment:
  HUBSPOT_ACCESS_TOKEN  an OAuth access token of the portal
  HUBSPOT_BASE_URL      another server than https://api.hubapi.com
`
	for _, args := range []string{
		"accounts update -h", "accounts update 1 2 -name x -help", "help accounts update", "-h accounts update",
		"-json accounts update --help",
	} {
		w.expect(args, w.run(strings.Fields(args)...), result{Out: help})
	}
	for _, args := range []string{"staging -h", "help staging", "-h staging"} {
		w.expect(args, w.run(strings.Fields(args)...), result{Out: `
Usage: channelctl COMMAND [flags] [arguments]

Commands:
  staging update CHANNEL ACCOUNT_TOKEN  Name the account that an admin is connecting

channelctl COMMAND -h tells more about a command.
`})
	}
	w.expect("help of nothing", w.run("chanels", "-h"), result{
		Err: "channelctl: unknown command \"chanels\"; see channelctl -h\n", Status: 2,
	})
}

func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manual, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	all := w.must("-h")
	for _, c := range commands() {
		help := w.must(append(strings.Fields(c.name), "-h")...)
		if !strings.Contains(help, "\n\n"+c.short+".\n\n") || !strings.Contains(all, "  "+c.name) ||
			!strings.Contains(string(manual), "channelctl "+c.name) {
			t.Errorf("%s is not explained in its help, the overview or the manual:\n%s", c.name, help)
		}
		for line := range strings.Lines(help) {
			if utf8.RuneCountInString(line) > 101 {
				t.Errorf("%s -h has a line that is wider than 100 columns: %s", c.name, line)
			}
		}
		fs := newFlagSet()
		c.setup(fs)
		fs.VisitAll(func(f *flag.Flag) {
			if _, usage := flag.UnquoteUsage(f); usage == "" || !strings.Contains(help, "\n  -"+f.Name) {
				t.Errorf("%s does not explain -%s", c.name, f.Name)
			}
		})
	}
}

func TestFlagsAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("channels", "create", "-name", "Acme")
	id := w.hs.Channels()[0].ID
	want := w.must("channels", "get", "-json", id)
	for _, args := range [][]string{
		{"-json", "channels", "get", id}, {"channels", "get", id, "-json"}, {"channels", "get", "-json", "--", id},
		{"-version", "v3", "channels", "get", id, "--json"},
	} {
		w.expect(strings.Join(args, " "), w.run(args...), result{Out: want})
	}
	if got := w.run("channels", "get", "--", id, "-json"); !strings.Contains(got.Err, `unexpected argument "-json"`) {
		t.Errorf("after -- flags are arguments, but: %+v", got)
	}
}
