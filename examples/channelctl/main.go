package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
	// interactive says that someone sits at in and can be asked.
	interactive bool
	// watched says that err is a terminal, on which someone sees how a command gets on.
	watched bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	con := console{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, interactive: isTerminal(os.Stdin), watched: isTerminal(os.Stderr),
	}
	status := report(con.err, run(ctx, os.Args[1:], os.Getenv, con))
	stop()
	os.Exit(status)
}

// usageError is a command line that cannot be understood.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// errInterrupted says that Ctrl-C has ended the command.
var errInterrupted = errors.New("interrupted")

// report says on one line what went wrong, and returns the exit status.
func report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(w, "channelctl:", printable(strings.Join(strings.Fields(err.Error()), " ")))
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
