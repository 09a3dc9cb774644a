package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

// command is one entry of the command line. To add a command, write one and list it in [commands].
type command struct {
	name  string // its words, such as "channels list"
	args  string // the names of its arguments, such as "CHANNEL ACCOUNT", or "[ID...]" for any number
	short string // one line for the overview
	long  string // what its help has to say beyond that
	needs credential
	// setup declares the command's flags and returns what is to be done when they are parsed.
	setup func(*flag.FlagSet) action
}

type action func(ctx context.Context, s *session) error

func commands() []*command {
	return slices.Concat(channelCommands(), accountCommands(), messageCommands(), inboxCommands(), bridgeCommands(), []*command{doctor()})
}

// options are the flags of every command. They may also stand before the command.
type options struct {
	json    bool
	verbose bool
	version channels.Version
	store   storeOptions // of the commands that need bridgeStore
}

func (o *options) declare(fs *flag.FlagSet) {
	fs.BoolVar(&o.json, "json", o.json, "print JSON with HubSpot's field names")
	fs.BoolVar(&o.verbose, "v", o.verbose, "log each request on standard error")
	fs.Func("version", "`version` of HubSpot's API: 2026-09 (default), 2026-03 or v3", func(s string) error {
		switch v := channels.Version(s); v {
		case channels.Version202609, channels.Version202603, channels.VersionV3:
			o.version = v
			return nil
		}
		return errors.New("use 2026-09, 2026-03 or v3")
	})
}

func run(ctx context.Context, args []string, getenv func(string) string, con console) error {
	opts := &options{version: channels.Version202609}
	fs := newFlagSet()
	opts.declare(fs)
	err := fs.Parse(args)
	help := errors.Is(err, flag.ErrHelp)
	if err != nil && !help {
		return usagef("%v; see channelctl -h", err)
	}
	words := fs.Args()
	if len(words) > 0 && words[0] == "help" {
		words, help = words[1:], true
	}
	cmd, rest := find(words)
	if cmd == nil {
		return overview(con, words, help)
	}
	fs = newFlagSet()
	act := cmd.setup(fs)
	opts.declare(fs)
	if cmd.needs.store() {
		opts.store.declare(fs)
	}
	positional, err := parse(fs, rest)
	switch {
	case help || errors.Is(err, flag.ErrHelp):
		return cmd.help(con.out)
	case err != nil:
		return usagef("%s: %v; see channelctl %[1]s -h", cmd.name, err)
	case len(positional) != len(strings.Fields(cmd.args)) && !cmd.variadic():
		return usagef("%s: %s; see channelctl %[1]s -h", cmd.name, cmd.expected(positional))
	}
	s := &session{console: con, options: *opts, args: positional, close: func() {}}
	if err := s.connect(ctx, cmd.needs, getenv); err != nil {
		return err
	}
	defer s.close()
	err = act(ctx, s)
	if err != nil && ctx.Err() != nil && !errors.Is(err, errInterrupted) {
		return fmt.Errorf("%w: %w", errInterrupted, err)
	}
	return err
}

// newFlagSet returns a set that prints nothing by itself.
func newFlagSet() *flag.FlagSet {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs
}

// find returns the command that words begin with, and the words after it.
func find(words []string) (*command, []string) {
	for _, c := range commands() {
		name := strings.Fields(c.name)
		if len(words) >= len(name) && slices.Equal(words[:len(name)], name) {
			return c, words[len(name):]
		}
	}
	return nil, nil
}

// parse takes flags before, between and after the arguments. After -- everything is an argument.
func parse(fs *flag.FlagSet, args []string) (positional []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		parsed := args[:len(args)-fs.NArg()]
		if fs.NArg() == 0 || len(parsed) > 0 && parsed[len(parsed)-1] == "--" {
			return append(positional, fs.Args()...), nil
		}
		positional, args = append(positional, fs.Arg(0)), fs.Args()[1:]
	}
}

func (c *command) variadic() bool { return strings.HasSuffix(c.args, "...]") }

// expected says what is wrong with the number of arguments.
func (c *command) expected(got []string) string {
	want := strings.Fields(c.args)
	if len(got) > len(want) {
		return fmt.Sprintf("unexpected argument %q", got[len(want)])
	}
	return "missing " + strings.Join(want[len(got):], " ")
}
