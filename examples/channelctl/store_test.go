package main

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

// bridged is a world with a bridge that runs on a SQLite file. Commands open the file beside it.
type bridged struct {
	*world
	bridge *bridge.Bridge
	store  *sqlstore.Store
	dir    string

	mu   sync.Mutex
	send func(*bridge.Outgoing) error // what the messaging service does; nil takes everything
	work chan bridge.Attempt          // what the bridge has done
}

const testPortal = "24681012"

var (
	line = channels.Phone("+14155550123")
	ada  = channels.Phone("+14155550199")
)

// Send implements bridge.Channel.
func (w *bridged) Send(_ context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.send == nil {
		return nil, nil
	}
	return nil, w.send(m)
}

// ConnectForm implements bridge.Connector.
func (w *bridged) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{Title: "Connect a line", Fields: []bridge.Field{{Name: "name", Label: "Name", Value: "Support line"}}}, nil
}

// Connect implements bridge.Connector.
func (w *bridged) Connect(context.Context, *bridge.ConnectRequest) (*bridge.Connection, error) {
	return &bridge.Connection{Name: "Support line", DeliveryIdentifier: line}, nil
}

func newBridged(t *testing.T) *bridged {
	t.Helper()
	w := &bridged{dir: t.TempDir(), work: make(chan bridge.Attempt, 1000)}
	w.world = &world{T: t, hs: hubspottest.New(hubspottest.Config{}), env: map[string]string{
		"BRIDGE_STORE": filepath.Join(w.dir, "bridge.db"), "BRIDGE_KEYS": filepath.Join(w.dir, "bridge.keys"),
	}}
	w.ids = []string{w.dir, "/data"}
	if err := w.hs.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.hs.Close(); err != nil {
			t.Error(err)
		}
	})
	w.app = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.bridge.ServeHTTP(rw, r) }))
	t.Cleanup(w.app.Close)
	w.openStore()
	w.newBridge()
	if err := w.bridge.Drain(t.Context()); err != nil { // which registers the channel
		t.Fatal(err)
	}
	w.hs.SetInstallURL(w.app.URL + "/hubspot/install")
	if _, err := w.hs.InstallAndConnect(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.startBridge()
	for range 3 { // what the installation, the connection and the start of the bridge ask for
		w.await(bridge.KindAccount, bridge.Done)
	}
	return w
}

func (w *bridged) openStore() {
	w.Helper()
	db, err := sql.Open("sqlite", w.env["BRIDGE_STORE"])
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = db.Close() })
	keys, err := sqlstore.KeyFile(w.env["BRIDGE_KEYS"])
	if err != nil {
		w.Fatal(err)
	}
	if w.store, err = sqlstore.Open(w.Context(), db, sqlstore.SQLite, keys); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = w.store.Close() })
}

func (w *bridged) newBridge() {
	w.Helper()
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: w.hs.AppID(), Key: w.hs.DeveloperKey()}, channels.WithBaseURL(w.hs.URL()))
	if err != nil {
		w.Fatal(err)
	}
	w.bridge, err = bridge.New(w, bridge.Config{
		App:   &oauth.App{ClientID: w.hs.ClientID(), ClientSecret: w.hs.ClientSecret(), BaseURL: w.hs.URL(), Tokens: w.store},
		Store: w.store, PublicURL: w.app.URL, Registry: registry, DeliverFor: time.Nanosecond,
		Definition: bridge.Definition{Name: "Acme SMS", Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypePhone}, AllowOutgoingMessages: true,
		}},
		Trace: &bridge.Trace{Ended: func(a bridge.Attempt) { w.work <- a }},
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *bridged) startBridge() {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- w.bridge.Run(ctx) }()
	w.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("Run: %v", err)
		}
	})
}

// await waits until the bridge has ended an attempt of a kind in a way.
func (w *bridged) await(kind bridge.Kind, verdict bridge.Verdict) {
	w.Helper()
	for {
		select {
		case a := <-w.work:
			if a.Kind == kind && a.Verdict == verdict {
				return
			}
		case <-w.Context().Done():
			w.Fatalf("no %s came to its end", kind)
		}
	}
}

func (w *bridged) receive(id, text string) {
	w.Helper()
	err := w.bridge.Receive(w.Context(), &bridge.Incoming{ID: id, Text: text, From: ada, FromName: "Ada", To: line})
	if err != nil {
		w.Fatal(err)
	}
}

var hubspotRefuses = hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: http.StatusBadRequest}

// refused has HubSpot refuse a customer's message for good.
func (w *bridged) refused(id, text string) {
	w.Helper()
	w.hs.Inject(hubspotRefuses)
	w.receive(id, text)
	w.await(bridge.KindIncoming, bridge.Bury)
}

// unsent has the service refuse an agent's message until there is no more time.
func (w *bridged) unsent(text string) {
	w.Helper()
	w.serve(func(*bridge.Outgoing) error { return errors.New("service down") })
	if _, err := w.hs.Reply(w.hs.Threads()[0].ID, hubspottest.Reply{Text: text}); err != nil {
		w.Fatal(err)
	}
	w.await(bridge.KindOutgoing, bridge.Bury)
	w.await(bridge.KindStatus, bridge.Done)
	w.serve(nil)
}

func (w *bridged) serve(send func(*bridge.Outgoing) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.send = send
}

// shown is what the agent sees, sorted.
func (w *bridged) shown() []string {
	w.Helper()
	var lines []string
	for _, thread := range w.hs.Threads() {
		for _, m := range w.hs.Messages(thread.ID) {
			lines = append(lines, strings.TrimSpace(m.SenderName+": "+m.Text+" "+m.Status))
		}
	}
	slices.Sort(lines)
	return lines
}

var (
	clock  = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`)
	stamp  = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)
	answer = regexp.MustCompile(`HubSpot refused: [^"\n]*`)
	itemID = regexp.MustCompile(`(?m)^\d{1,4} +(incoming|outgoing|unread)|("id": )\d+`)
	given  = regexp.MustCompile(`given up after [^:]*:`)
)

// run runs a command. Its output has the times and reasons that tests expect.
func (w *bridged) run(args ...string) result {
	w.Helper()
	return w.runWith(console{in: strings.NewReader("")}, args...)
}

func (w *bridged) runWith(con console, args ...string) result {
	w.Helper()
	r := w.world.runWith(con, args...)
	for _, s := range []*string{&r.Out, &r.Err} {
		*s = clock.ReplaceAllString(*s, "2026-10-01 08:00:00 UTC")
		*s = stamp.ReplaceAllString(*s, "2026-10-01T08:00:00Z")
		*s = answer.ReplaceAllString(*s, "HubSpot refused: …")
		*s = itemID.ReplaceAllStringFunc(*s, func(match string) string {
			if kind := strings.TrimLeft(match, "0123456789 "); !strings.HasPrefix(kind, `"`) {
				return "#   " + kind
			}
			return `"id": #`
		})
		*s = given.ReplaceAllString(*s, "given up after 1ns:")
	}
	return r
}

func (w *bridged) must(args ...string) string {
	w.Helper()
	r := w.run(args...)
	if r.Status != 0 {
		w.Errorf("channelctl %s: %s", strings.Join(args, " "), r.Err)
	}
	return r.Out
}

// TestStoreErrors are what is wrong before a command begins. Nothing may come to be by a wrong name.
func TestStoreErrors(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	at := func(name string) string { return filepath.Join(w.dir, name) }
	if _, err := sqlstore.KeyFile(at("other.keys")); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"empty.db": "", "text.db": strings.Repeat("This is no database.\n", 100)} {
		if err := os.WriteFile(at(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all := w.env
	for _, tt := range []struct {
		name   string
		env    map[string]string
		args   string
		err    string // after "channelctl: "
		status int
	}{
		{"no store", map[string]string{"BRIDGE_STORE": ""}, "stats", "which store? Add -store or set BRIDGE_STORE", 2},
		{"no keys", map[string]string{"BRIDGE_KEYS": ""}, "stats", "which keys? Add -keys or set BRIDGE_KEYS", 2},
		{"no such store", nil, "stats -store /data/bridge.bd", "the store: stat /data/bridge.bd: no such file or directory", 1},
		{"no such keys", nil, "stats -keys /data/bridge.kys", "the key file: stat /data/bridge.kys: no such file or directory", 1},
		{"other keys", nil, "stats -keys /data/other.keys", "sqlstore: the key file does not belong to this database; *", 1},
		{"an empty file", nil, "stats -store /data/empty.db", "the store: no bridge has used this database: *", 1},
		{"no database", nil, "stats -store sqlite:/data/text.db", "the store: *", 1},
		{"password in an argument", nil, "stats -store postgres://support:hunter2@db/bridge", "-store must not hold a password, *", 2},
		{"password in a parameter", nil, "stats -store postgres://db/bridge?password=hunter2", "-store must not hold a password, *", 2},
		{"URL that cannot be read", nil, "stats -store postgres://support:hunter2@db:x%/bridge", "-store must not hold a password, *", 2},
		{"server out of reach", map[string]string{"BRIDGE_STORE": "postgres://support:hunter2@127.0.0.1:1/bridge"}, "stats", "the store: *", 1},
		{"server with a bad URL", map[string]string{"BRIDGE_STORE": "postgres://support:hunter2@127.0.0.1:x%/bridge"}, "stats", "the store: *", 1},
		{"no ids", nil, "buried retry", "buried retry needs ids, or -all", 2},
		{"ids and all", nil, "buried retry 5 -all", "buried retry takes ids, or -all with filters, not both", 2},
		{"ids and a filter", nil, "buried drop -yes 5 -kind status", "buried drop takes ids, or -all with filters, not both", 2},
		{"no id", nil, "buried retry five", `buried retry: "five" is not an id, see "channelctl buried list"`, 2},
		{"kind", nil, "buried list -kind sms", `buried list: invalid value "sms" for flag -kind: use incoming, *`, 2},
		{"portal", nil, "portals pause acme", "portals pause: a portal's id is a number, such as 24681012", 2},
		{"duration", nil, "portals pause 1 -for -5m", "portals pause: -for must not be negative", 2},
		{"address", nil, "forget -yes 42 43", "forget: an address begins with email:, phone:, shortcode: or opaque:", 2},
	} {
		w.env = maps.Clone(all)
		maps.Copy(w.env, tt.env)
		got := w.run(strings.Fields(tt.args)...)
		if got.Out != "" || got.Status != tt.status || strings.Count(got.Err, "\n") != 1 || !matches("channelctl: "+tt.err, got.Err) ||
			strings.Contains(got.Err, "hunter2") {
			t.Errorf("%s: channelctl %s: %+v, want status %d and %q", tt.name, tt.args, got, tt.status, tt.err)
		}
	}
	files, err := filepath.Glob(at("*"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if name := filepath.Base(f); !strings.HasPrefix(name, "bridge.db") {
			names = append(names, name)
		}
	}
	want := []string{"bridge.keys", "empty.db", "other.keys", "text.db"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(at("empty.db")); err != nil || info.Size() > 0 {
		t.Errorf("the empty file has become %+v, %v", info, err)
	}
}

// The channel need not be named where the bridges on the store have registered just one.
func TestChannelOfTheStore(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	none := result{Err: "Nothing is buried.\n"}
	w.expect("one", w.run("buried", "list"), none)
	if err := w.store.Remember(t.Context(), "channel of https://other.example.com/hubspot/webhook", "1000000"); err != nil {
		t.Fatal(err)
	}
	w.expect("two", w.run("buried", "list"), result{
		Err: "channelctl: which channel? The store has 1000000, " + w.hs.Channels()[0].ID + ": add -channel\n", Status: 2,
	})
	w.expect("named", w.run("buried", "list", "-channel", w.hs.Channels()[0].ID), none)
}
