// Command quickstart joins a small web chat to HubSpot's inbox with the SDK. Without any set-up it runs against the
// SDK's HubSpot simulator, so that both sides can be tried at once:
//
//	go run ./examples/quickstart
//
// With HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET, HUBSPOT_APP_ID, HUBSPOT_DEVELOPER_KEY and PUBLIC_URL in the environment
// it uses the real HubSpot instead, and with HUBSPOT_BASE_URL another server that behaves like it.
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
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		stop()
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	addr        string // of the app and the web chat
	hubspotAddr string // of the simulator
	data        string
	hubspotOnly bool
	verbose     bool
}

// appName is what the simulated HubSpot calls the app.
func (o *options) appName() string {
	if o.hubspotOnly {
		return "Your app"
	}
	return channelName
}

// parseFlags returns [flag.ErrHelp] after it has printed the flags, which only -h asks for.
func parseFlags(args []string, stdout io.Writer) (*options, error) {
	var o options
	fs := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` of the app and the customer's page")
	fs.StringVar(&o.hubspotAddr, "hubspot-addr", "127.0.0.1:8081", "`address` of the HubSpot simulator and the agent's page")
	fs.StringVar(&o.data, "data", "", "`directory` that keeps everything across restarts (default: a temporary one)")
	fs.BoolVar(&o.hubspotOnly, "hubspot-only", false, "run only the simulator; -addr says where the app will be")
	fs.BoolVar(&o.verbose, "v", false, "log every message's way")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		fs.SetOutput(stdout)
		fs.Usage()
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf("%w; -h lists the flags", err)
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q; -h lists the flags", fs.Arg(0))
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
	hubspot, err := credentialsFromEnv(getenv)
	if err != nil {
		return err
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	dir, remove, err := dataDir(o.data)
	if err != nil {
		return err
	}
	defer remove()

	switch {
	case o.hubspotOnly:
		return runSimulator(ctx, o, dir, log, stdout)
	case hubspot != nil:
		return runApp(ctx, o, dir, hubspot, log, stdout)
	default:
		return runBoth(ctx, o, dir, log, stdout)
	}
}

// dataDir returns the directory to keep data in, and what to do with it at the end.
func dataDir(path string) (dir string, remove func(), err error) {
	if path == "" {
		dir, err := os.MkdirTemp("", "quickstart-")
		if err != nil {
			return "", nil, err
		}
		return dir, func() { _ = os.RemoveAll(dir) }, nil
	}
	if dir, err = filepath.Abs(path); err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("-data: %w", err)
	}
	return dir, func() {}, nil
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

// server is an HTTP server with the work behind it.
type server struct {
	ln      net.Listener
	handler http.Handler
	work    []func(context.Context) error // each runs until its context ends
	close   func() error                  // after all has ended
}

// stopWithin leaves time for what must be finished first.
const stopWithin = 4 * time.Second

// serve runs servers, and work beside them, until ctx ends or one of them fails.
func serve(ctx context.Context, servers []*server, beside ...func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range servers {
		hs := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second}
		g.Go(func() error {
			if err := hs.Serve(s.ln); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		g.Go(func() error {
			<-ctx.Done()
			limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
			defer cancel()
			if hs.Shutdown(limit) != nil {
				return hs.Close()
			}
			return nil
		})
		for _, work := range s.work {
			g.Go(func() error { return work(ctx) })
		}
	}
	for _, work := range beside {
		g.Go(func() error { return work(ctx) })
	}
	err := g.Wait()
	for _, s := range servers {
		err = errors.Join(err, s.close())
	}
	return err
}

func runBoth(ctx context.Context, o *options, dir string, log *slog.Logger, stdout io.Writer) error {
	sim, hubspot, err := newSimulator(o, dir, log)
	if err != nil {
		return err
	}
	app, err := newApp(o, dir, hubspot, log)
	if err != nil {
		_ = sim.ln.Close()
		return errors.Join(err, sim.close())
	}
	return serve(ctx, []*server{&sim.server, &app.server}, func(ctx context.Context) error {
		if err := sim.beAdmin(ctx); err != nil {
			return fmt.Errorf("the simulated admin could not connect the channel: %w", err)
		}
		fmt.Fprintf(stdout, `
  Customer   %s/
  Agent      %s/

  Open both, write on one page and read on the other. Then try:
    - send a picture from the customer's page
    - block the agent there and reply: the reply ends as Failed, with the reason
    - leave the customer's page in the background: a reply is Read when it comes to the front
    - watch HubSpot's side of it on the agent's page: Developer, Journal

  Stop with Ctrl-C.%s
`, app.url, hubspot.BaseURL, keepHint(o))
		return nil
	})
}

func keepHint(o *options) string {
	if o.data == "" {
		return " Everything is forgotten then; -data DIR keeps it."
	}
	return " Start again with the same -data and the conversation goes on."
}

func runApp(ctx context.Context, o *options, dir string, hubspot *credentials, log *slog.Logger, stdout io.Writer) error {
	app, err := newApp(o, dir, hubspot, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, `
  Customer   http://%s/
  Install    %s/hubspot/install

  Open the install link as an admin of a HubSpot portal. Then, in HubSpot, connect the channel to an inbox:
  Settings, Inbox & Help Desk, Connect a channel, %s.

  Stop with Ctrl-C.
`, o.addr, app.url, channelName)
	return serve(ctx, []*server{&app.server})
}

func runSimulator(ctx context.Context, o *options, dir string, log *slog.Logger, stdout io.Writer) error {
	sim, hubspot, err := newSimulator(o, dir, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, `
  Agent      %s/

  Start your app with these, then press "Install and connect" on the agent's page:

    export HUBSPOT_BASE_URL=%s
    export HUBSPOT_CLIENT_ID=%s
    export HUBSPOT_CLIENT_SECRET=%s
    export HUBSPOT_APP_ID=%d
    export HUBSPOT_DEVELOPER_KEY=%s
    export PUBLIC_URL=http://%s

  Stop with Ctrl-C.
`, hubspot.BaseURL, hubspot.BaseURL, hubspot.ClientID, hubspot.ClientSecret, hubspot.AppID, hubspot.DeveloperKey, o.addr)
	return serve(ctx, []*server{&sim.server})
}
