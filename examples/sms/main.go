// Command sms joins an SMS service with a REST API and form webhooks like Twilio's to HubSpot's inbox: texts and pictures
// both ways, what became of each answer, and reasons that agents understand. Without any set-up it runs with the SDK's
// HubSpot simulator and a stand-in for the service, which has a customer's phone on its page:
//
//	go run ./examples/sms
//
// README.md says how to run it with the real HubSpot and a real service.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sms:", err)
		stop()
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	listen, hubspotListen, phoneListen string
	api                                string
	data                               string
	window                             time.Duration
	verbose                            bool
}

func parseFlags(args []string, stdout io.Writer) (*options, error) {
	var o options
	fs := flag.NewFlagSet("sms", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`address` of the app")
	fs.StringVar(&o.hubspotListen, "hubspot-listen", "127.0.0.1:8081", "`address` of the HubSpot simulator and the agent's page")
	fs.StringVar(&o.phoneListen, "phone-listen", "127.0.0.1:8082", "`address` of the SMS service's stand-in and the customer's phone")
	fs.StringVar(&o.api, "api", "https://api.twilio.com", "`URL` of the SMS service, where HubSpot is no simulator")
	fs.StringVar(&o.data, "data", "", "`directory` for the queue, its keys and agents' files (default: a temporary one)")
	fs.DurationVar(&o.window, "window", 0, "how `long` after a customer's message agents may answer, such as 24h (default: for ever)")
	fs.BoolVar(&o.verbose, "v", false, "log every message's way")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		fs.SetOutput(stdout)
		fs.Usage()
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf("%w; -h lists the flags", err)
	}
	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q; -h lists the flags", fs.Arg(0))
	case o.window < 0:
		return nil, fmt.Errorf("-window %s is negative", o.window)
	}
	return &o, nil
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	o, err := parseFlags(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	named, publicURL, err := hubspotFromEnv(getenv)
	if err != nil {
		return err
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	s := &settings{
		hubspot: named, apiURL: strings.TrimSuffix(o.api, "/"), publicURL: publicURL, window: o.window,
		http: &http.Client{Timeout: 20 * time.Second},
		log:  slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	}
	dir, remove, err := dataDir(o.data)
	if err != nil {
		return err
	}
	defer remove()
	if named == nil {
		return runDemo(ctx, o, s, dir, stdout)
	}
	ln, err := listen(o.listen, "-listen")
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	closeApp, err := start(ctx, g, ln, s, dir)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	fmt.Fprintf(stdout, "Install the app with %s/hubspot/install, then connect %s in HubSpot: Settings, Inbox & Help Desk, "+
		"Connect a channel.\n", publicURL, channelName)
	return errors.Join(g.Wait(), closeApp())
}

// start has the app run until ctx ends. What it returns is to be called when all of g has ended.
func start(ctx context.Context, g *errgroup.Group, ln net.Listener, s *settings, dir string) (closeApp func() error, err error) {
	st, closeStore, err := openStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	a, err := newApp(s, st, dir)
	if err != nil {
		return nil, errors.Join(err, closeStore())
	}
	serve(ctx, g, ln, a)
	g.Go(func() error { return a.bridge.Run(ctx) })
	g.Go(func() error { return a.files.sweep(ctx) })
	return func() error { return errors.Join(a.files.close(), closeStore()) }, nil
}

// serve answers requests until ctx ends, and those under way to their end.
func serve(ctx context.Context, g *errgroup.Group, ln net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	g.Go(func() error {
		if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
		defer cancel()
		if s.Shutdown(limit) != nil {
			return s.Close()
		}
		return nil
	})
}

// listen makes a taken port a sentence that says what to do.
func listen(addr, flag string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program; choose another address with %s", addr, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, addr, err)
	}
	return ln, nil
}

// dataDir returns the directory to keep data in, and what to do with it at the end.
func dataDir(path string) (dir string, remove func(), err error) {
	if path == "" {
		dir, err := os.MkdirTemp("", "sms-")
		return dir, func() { _ = os.RemoveAll(dir) }, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", nil, fmt.Errorf("-data: %w", err)
	}
	return path, func() {}, nil
}
