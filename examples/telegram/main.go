// Command telegram joins Telegram bots to HubSpot's inbox with the SDK, both ways: text with its formatting, files, voice
// notes and stickers, replies, and buttons. Without any set-up it runs against the SDK's HubSpot simulator and a stand-in for
// Telegram, with you as the customer at the terminal:
//
//	go run ./examples/telegram
//
// With TELEGRAM_BOT_TOKEN in the environment it connects that bot of the real Telegram to the simulator. With
// HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET, HUBSPOT_APP_ID, HUBSPOT_DEVELOPER_KEY and PUBLIC_URL it uses the real HubSpot and the
// real Telegram, and admins enter their bots' tokens in HubSpot's settings. HUBSPOT_BASE_URL and TELEGRAM_API_URL name other
// servers that behave like these. README.md goes through it step by step.
//
// What a bot cannot do, this program cannot either: write first, learn that a message was read, or get files of more than
// 20 MB. Groups and channels are passed over, as are reactions. An edited message comes as a new one.
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
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "telegram:", err)
		stop()
		os.Exit(1)
	}
}

// options are what the command line and the environment say.
type options struct {
	addr         string // of the app
	hubspotAddr  string // of the simulator
	telegramAddr string // of the stand-in
	data         string
	verbose      bool

	hubspot  *credentials // nil: the simulator
	botToken string
	botAPI   string
}

// standIn reports whether Telegram is played as well.
func (o *options) standIn() bool { return o.hubspot == nil && o.botToken == "" }

// readOptions returns [flag.ErrHelp] after it has printed the flags, which only -h asks for.
func readOptions(args []string, getenv func(string) string, stdout io.Writer) (*options, error) {
	o := options{botToken: getenv("TELEGRAM_BOT_TOKEN"), botAPI: getenv("TELEGRAM_API_URL")}
	fs := flag.NewFlagSet("telegram", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` of the app")
	fs.StringVar(&o.hubspotAddr, "hubspot-addr", "127.0.0.1:8081", "`address` of the HubSpot simulator and the agent's page")
	fs.StringVar(&o.telegramAddr, "telegram-addr", "127.0.0.1:8082", "`address` of the stand-in for Telegram")
	fs.StringVar(&o.data, "data", "", "`directory` that keeps everything across restarts (default: a temporary one)")
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
	if o.botAPI == "" {
		o.botAPI = "https://api.telegram.org"
	}
	var err error
	if o.hubspot, err = credentialsFromEnv(getenv); err != nil {
		return nil, err
	}
	if o.standIn() && o.data != "" {
		return nil, errors.New("-data: the stand-in for Telegram forgets everything at its end; set TELEGRAM_BOT_TOKEN, or leave -data out")
	}
	return &o, nil
}

func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := readOptions(args, getenv, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
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
	if o.hubspot != nil {
		return runApp(ctx, o, dir, log, stdout)
	}
	return runDemo(ctx, o, dir, log, stdin, stdout)
}

// runApp serves the real HubSpot and the real Telegram.
func runApp(ctx context.Context, o *options, dir string, log *slog.Logger, stdout io.Writer) error {
	ln, err := listen(o.addr, "-addr")
	if err != nil {
		return err
	}
	app, err := newApp(o, ln, dir, log)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	fmt.Fprintf(stdout, `
  Install    %s/hubspot/install

  Open the install link as an admin of a HubSpot portal. Then, in HubSpot, connect a bot to an inbox:
  Settings, Inbox & Help Desk, Connect a channel, %s.

  Stop with Ctrl-C.
`, o.hubspot.PublicURL, channelName)
	return serve(ctx, &app.server)
}

// dataDir returns the directory to keep data in, and what to do with it at the end.
func dataDir(path string) (dir string, remove func(), err error) {
	if path != "" {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return "", nil, fmt.Errorf("-data: %w", err)
		}
		return path, func() {}, nil
	}
	if dir, err = os.MkdirTemp("", "telegram-"); err != nil {
		return "", nil, err
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
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

// serve runs servers until ctx ends or one of them fails.
func serve(ctx context.Context, servers ...*server) error {
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
	err := g.Wait()
	for _, s := range servers {
		if s.close != nil {
			err = errors.Join(err, s.close())
		}
	}
	return err
}
