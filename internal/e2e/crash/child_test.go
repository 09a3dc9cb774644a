package crash

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/oauth"
)

// childVariable holds the childSetup of a process that is to be the child.
const childVariable = "CRASH_TEST_CHILD"

// childSetup is all that the child knows of the world.
type childSetup struct {
	Database                               string // of PostgreSQL; empty: a SQLite file in Dir
	Dir, PublicURL, HubSpotURL, ServiceURL string
	ClientID, ClientSecret, DeveloperKey   string
	AppID                                  int64
}

// runChild is an app with a bridge. It works until it is killed, or stops gracefully when its standard input ends.
func runChild(encoded string) error {
	var setup childSetup
	if err := json.Unmarshal([]byte(encoded), &setup); err != nil {
		return err
	}
	reports := os.NewFile(3, "reports")
	g := &gate{out: reports}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		g.listen(os.Stdin)
		stop()
	}()
	db, store, err := setup.open(ctx)
	if err != nil {
		return err
	}
	b, err := newBridge(&setup, store, g)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: (&app{bridge: b, db: db}).routes()}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	if _, err := fmt.Fprintln(reports, "addr", ln.Addr()); err != nil {
		return err
	}
	err = b.Run(ctx)
	return errors.Join(err, server.Close(), ignore(<-served, http.ErrServerClosed), store.Close(), db.Close())
}

func (s *childSetup) open(ctx context.Context) (*sql.DB, *sqlstore.Store, error) {
	driver, source, dialect := "sqlite", "file:"+filepath.Join(s.Dir, "bridge.db"), sqlstore.SQLite
	if s.Database != "" {
		driver, source, dialect = "pgx", s.Database, sqlstore.PostgreSQL
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, nil, err
	}
	keys, err := sqlstore.KeyFile(filepath.Join(s.Dir, "bridge.keys"))
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlstore.Open(ctx, db, dialect, keys)
	return db, store, err
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

func newBridge(setup *childSetup, store *sqlstore.Store, g *gate) (*bridge.Bridge, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	client := &http.Client{Transport: gatedTransport{transport, g}}
	api := []channels.Option{channels.WithHTTPClient(client), channels.WithRateLimit(rateLimit, 10*time.Second)}
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: setup.AppID, Key: setup.DeveloperKey},
		append(api, channels.WithBaseURL(setup.HubSpotURL))...)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return bridge.New(&chatChannel{setup.ServiceURL, client}, bridge.Config{
		API: api,
		App: &oauth.App{
			ClientID: setup.ClientID, ClientSecret: setup.ClientSecret, BaseURL: setup.HubSpotURL, HTTPClient: client, Tokens: store, Logger: log,
		},
		Store:     gatedStore{store, g},
		PublicURL: setup.PublicURL,
		Registry:  registry,
		Logger:    log,
		Definition: bridge.Definition{Name: "Crash test chat", Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
			AllowOutgoingMessages:   true,
			OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
			MaxFileCount:            1, MaxFileBytes: 1 << 20, MaxTotalFileBytes: 1 << 20,
		}},
		SendTimeout: 5 * time.Second,
		StopTimeout: 50 * time.Millisecond, // shorter than a slow answer, so that a stop cuts some calls off
	})
}

// chatChannel joins the parent's messaging service to the bridge.
type chatChannel struct {
	url    string
	client *http.Client
}

// sent is what the messaging service is given.
type sent struct {
	ID       string            `json:"id"`
	Attempt  int               `json:"attempt"`
	Customer string            `json:"customer"`
	Text     string            `json:"text"`
	Files    map[string]string `json:"files"`
}

func (c *chatChannel) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	out := sent{ID: m.ID, Attempt: m.Attempt, Customer: m.To.Value, Text: m.Text, Files: map[string]string{}}
	for _, f := range m.Media {
		content, err := readFile(ctx, f)
		if err != nil {
			return nil, err
		}
		out.Files[f.Name] = content
	}
	var answer struct{ ID string }
	err := post(ctx, c.client, c.url+"/send", out, &answer)
	var status statusError
	switch {
	case errors.As(err, &status) && status == http.StatusForbidden:
		return nil, bridge.Reject(rejectReason, err)
	case err != nil:
		return nil, err
	}
	return &bridge.Receipt{ID: answer.ID}, nil
}

func readFile(ctx context.Context, f *bridge.OutgoingMedia) (string, error) {
	r, err := f.Open(ctx)
	if err != nil {
		return "", err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err
}

func (c *chatChannel) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{}, nil
}

func (c *chatChannel) Connect(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	return &bridge.Connection{Name: "Shop", DeliveryIdentifier: shop(r.PortalID)}, nil
}

func shop(portal int64) channels.DeliveryIdentifier {
	return channels.Opaque(fmt.Sprintf("shop-%d", portal))
}

// app is where the messaging service tells what its customers write and read.
type app struct {
	bridge *bridge.Bridge
	db     *sql.DB
}

// written is a customer's message.
type written struct {
	ID     string `json:"id"`
	Portal int64  `json:"portal"`
	From   string `json:"from"`
	Text   string `json:"text"`
	File   string `json:"file"` // its content; empty: none
}

// seen says that a customer has read a message.
type seen struct {
	Portal  int64  `json:"portal"`
	Receipt string `json:"receipt"`
}

// queue is what the store holds.
type queue struct {
	Waiting []string `json:"waiting"`
	Buried  []string `json:"buried"`
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/hubspot/", a.bridge)
	mux.HandleFunc("POST /written", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(m *written) (any, error) { return nil, a.receive(r.Context(), m) })
	})
	mux.HandleFunc("POST /seen", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(m *seen) (any, error) {
			return nil, a.bridge.Report(r.Context(), shop(m.Portal), m.Receipt, messages.StatusRead, "")
		})
	})
	mux.HandleFunc("POST /queue", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(*struct{}) (any, error) { return a.queue(r.Context()) })
	})
	return mux
}

func (a *app) receive(ctx context.Context, m *written) error {
	in := &bridge.Incoming{ID: m.ID, From: channels.Opaque(m.From), FromName: m.From, To: shop(m.Portal), Text: m.Text}
	if m.File != "" {
		in.Media = []bridge.Media{{Name: m.ID + ".txt", Type: "text/plain", Body: strings.NewReader(m.File)}}
	}
	return a.bridge.Receive(ctx, in)
}

func (a *app) queue(ctx context.Context) (*queue, error) {
	rows, err := a.db.QueryContext(ctx, `SELECT kind, lane_name, attempt, buried_at, reason FROM cc_items ORDER BY seq`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	q := &queue{}
	for rows.Next() {
		var kind string
		var lane, reason []byte
		var attempt, buried int64
		if err := rows.Scan(&kind, &lane, &attempt, &buried, &reason); err != nil {
			return nil, err
		}
		line := fmt.Sprintf("%s %s, attempt %d %s", kind, lane, attempt, reason)
		if buried > 0 {
			q.Buried = append(q.Buried, line)
		} else {
			q.Waiting = append(q.Waiting, line)
		}
	}
	return q, rows.Err()
}
