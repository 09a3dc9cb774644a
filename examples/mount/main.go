// Command mount shows the bridge inside a web shop that was there before: it is mounted in the shop's own router, behind
// its middleware and beside its login, and keeps its queue in the shop's PostgreSQL. Customers write to the shop's support
// on the page of their orders; agents answer in HubSpot. Any number of processes may run it on one database:
//
//	go run ./examples/mount -database postgres://localhost/shop -listen 127.0.0.1:8080
//	go run ./examples/mount -database postgres://localhost/shop -listen 127.0.0.1:8090
//
// README.md says what else it needs.
package main

import (
	"context"
	"database/sql"
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

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"golang.org/x/sync/errgroup"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "mount:", oneLine(err))
		stop()
		os.Exit(1)
	}
}

// oneLine is for errors of the database driver, which lists all that it has tried.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// options are what the command line says.
type options struct {
	listen, database, keys string
}

func parseFlags(args []string, getenv func(string) string, stdout io.Writer) (*options, error) {
	var o options
	fs := flag.NewFlagSet("mount", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`address` of this node")
	fs.StringVar(&o.database, "database", "", "`URL` of the PostgreSQL database that all nodes share (default: DATABASE_URL)")
	fs.StringVar(&o.keys, "keys", "mount.keys", "`file` with the keys that seal tokens, the same on all nodes; made if there is none")
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
	if o.database == "" {
		o.database = getenv("DATABASE_URL")
	}
	if o.database == "" {
		return nil, errors.New("no database: give -database URL, or set DATABASE_URL")
	}
	return &o, nil
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	o, err := parseFlags(args, getenv, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	hubspot, err := hubspotFromEnv(getenv)
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, o.database)
	if err != nil {
		return err
	}
	defer db.Close()
	keys, err := sqlstore.KeyFile(o.keys)
	if err != nil {
		return err
	}
	store, err := sqlstore.Open(ctx, db, sqlstore.PostgreSQL, keys, sqlstore.WithPrefix("cc_"))
	if err != nil {
		return err
	}
	defer store.Close()

	log := slog.New(slog.NewTextHandler(stderr, nil)).With("node", o.listen)
	s := &shop{db: db, log: log, node: o.listen, secure: hubspot.secure()}
	if s.bridge, err = newBridge(s, hubspot, store, log); err != nil {
		return err
	}
	return serve(ctx, o.listen, s, log, stdout)
}

// openDatabase opens the database with the shop's own tables. The bridge keeps up to four of its connections, so there must be
// some more for the shop.
func openDatabase(ctx context.Context, url string) (*sql.DB, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, fmt.Errorf("-database: %w", err)
	}
	db.SetMaxOpenConns(16)
	if err := migrate(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("the database cannot be used: %w", err), db.Close())
	}
	return db, nil
}

// serve runs the node until ctx ends, and then lets what is under way end.
func serve(ctx context.Context, listen string, s *shop, log *slog.Logger, stdout io.Writer) error {
	ln, err := net.Listen("tcp", listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use by another program; choose another address with -listen", listen)
	}
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	server := &http.Server{Handler: handler(s.bridge, s.pages(), log), ReadHeaderTimeout: 10 * time.Second}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.bridge.Run(ctx) })
	g.Go(func() error {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
		defer cancel()
		if server.Shutdown(limit) != nil {
			return server.Close()
		}
		return nil
	})
	fmt.Fprintf(stdout, "The shop is at http://%s/. %s", ln.Addr(), demoHint)
	return g.Wait()
}
