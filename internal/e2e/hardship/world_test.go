package hardship

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// patience is how long a condition may take that must come true. Nothing depends on how long it does take.
const patience = time.Minute

var shop = channels.Opaque("shop")

// world is an app with a bridge on a database that the test maltreats, with HubSpot on one side of it and a messaging
// service on the other.
type world struct {
	t       *testing.T
	setup   setup
	hubspot *hubspottest.Server
	service *service
	bridge  *bridge.Bridge
	log     *lockedBuffer
	stop    func() error // ends Run

	mu      sync.Mutex
	written map[string][]string // by customer, what the bridge has accepted, in order
	replies map[string][]string // by customer, what agents wrote
}

// newWorld starts a bridge, installs the app and connects an account.
func newWorld(t *testing.T, db *sql.DB, dialect sqlstore.Dialect) *world {
	t.Helper()
	w := &world{
		t: t, service: &service{calls: map[string][]int{}}, log: &lockedBuffer{},
		written: map[string][]string{}, replies: map[string][]string{},
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the bridge's last words:\n" + w.log.tail(30))
		}
	})
	w.hubspot = hubspottest.New(hubspottest.Config{
		RateLimit:   -1,
		RetryDelays: slices.Repeat([]time.Duration{100 * time.Millisecond}, 10_000), // never given up
	})
	must(t, w.hubspot.Start())
	t.Cleanup(func() { must(t, w.hubspot.Close()) })
	app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.bridge.ServeHTTP(rw, r) }))
	t.Cleanup(app.Close)
	w.hubspot.SetInstallURL(app.URL + "/hubspot/install")
	w.setup = setup{
		KeyFile: t.TempDir() + "/bridge.keys", PublicURL: app.URL, HubSpotURL: w.hubspot.URL(),
		ClientID: w.hubspot.ClientID(), ClientSecret: w.hubspot.ClientSecret(),
		DeveloperKey: w.hubspot.DeveloperKey(), AppID: w.hubspot.AppID(),
	}
	store := w.setup.openStore(t, db, dialect)
	var err error
	w.bridge, err = w.setup.newBridge(w.service, store, slog.New(slog.NewTextHandler(w.log, nil)))
	must(t, err)
	w.run()
	_, err = w.hubspot.InstallAndConnect(t.Context())
	must(t, err)
	return w
}

// run starts the bridge; stop stops it.
func (w *world) run() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.bridge.Run(ctx) }()
	w.stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			return errors.New("Run does not return")
		}
	})
	w.t.Cleanup(func() {
		if err := w.stop(); err != nil && !w.t.Failed() {
			w.t.Error(err)
		}
	})
}

// write has a customer write once. An error means that the bridge has not taken the message.
func (w *world) write(ctx context.Context, customer, text string) error {
	err := w.bridge.Receive(ctx, &bridge.Incoming{ID: text, From: channels.Opaque(customer), FromName: customer, To: shop, Text: text})
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.written[customer] = append(w.written[customer], text)
	}
	return err
}

// insist has a customer write again until the bridge has taken the message, as a messaging service does. It returns the
// errors that it got before.
func (w *world) insist(customer, text string) (refused []error) {
	w.t.Helper()
	until(w.t, "the bridge to take "+text, func() string {
		err := w.write(context.Background(), customer, text)
		if err != nil {
			refused = append(refused, err)
			return err.Error()
		}
		return ""
	})
	return refused
}

// begin has customers begin conversations, and waits until agents see them.
func (w *world) begin(customers ...string) {
	w.t.Helper()
	for _, c := range customers {
		w.insist(c, "hello from "+c)
	}
	until(w.t, "the conversations to begin", func() string {
		if n := len(w.hubspot.Threads()); n < len(customers) {
			return fmt.Sprintf("there are %d", n)
		}
		return ""
	})
}

// reply has an agent answer a customer.
func (w *world) reply(customer, text string) {
	w.t.Helper()
	_, err := w.hubspot.Reply(w.thread(customer), hubspottest.Reply{Text: text})
	must(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replies[customer] = append(w.replies[customer], text)
}

func (w *world) thread(customer string) string {
	for _, t := range w.hubspot.Threads() {
		if t.Customer == customer {
			return t.ID
		}
	}
	w.t.Errorf("%s has no conversation", customer)
	return ""
}

// refusals counts the webhooks that the bridge has answered with 503, which HubSpot then sends again.
func (w *world) refusals() int {
	n := 0
	for _, e := range w.hubspot.Journal("webhook.delivery") {
		if e.Status == http.StatusServiceUnavailable {
			n++
		}
	}
	return n
}

// delivered waits until everything has arrived, and wants it there once and in order.
func (w *world) delivered() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	until(w.t, "everything to be delivered", func() string {
		for c, want := range w.written {
			if got := w.inbox(c, "INCOMING"); len(got) < len(want) {
				return fmt.Sprintf("of %s HubSpot has %d messages, want %d", c, len(got), len(want))
			}
		}
		for c, want := range w.replies {
			if got := w.inbox(c, "OUTGOING"); len(got) < len(want) || slices.ContainsFunc(got, func(s string) bool { return !strings.HasPrefix(s, "SENT ") }) {
				return fmt.Sprintf("replies to %s: %q", c, got)
			}
		}
		return ""
	})
	for c, want := range w.written {
		if diff := cmp.Diff(want, w.inbox(c, "INCOMING")); diff != "" {
			w.t.Errorf("%s's messages in HubSpot (-written +inbox):\n%s", c, diff)
		}
	}
	for _, texts := range w.replies {
		for _, text := range texts {
			if calls := w.service.of(text); len(calls) != 1 {
				w.t.Errorf("%q was sent in the attempts %v, want one", text, calls)
			}
		}
	}
}

// inbox lists a conversation's messages of one direction, those of agents with their status.
func (w *world) inbox(customer, direction string) []string {
	var texts []string
	for _, m := range w.hubspot.Messages(w.thread(customer)) {
		switch {
		case m.Direction != direction:
		case direction == "OUTGOING":
			texts = append(texts, m.Status+" "+m.Text)
		default:
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// service is a messaging service that notes in which attempts it was given each message.
type service struct {
	mu    sync.Mutex
	calls map[string][]int // by text
}

func (s *service) Send(_ context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	s.note(m.Text, m.Attempt)
	return &bridge.Receipt{ID: "receipt of " + m.ID}, nil
}

func (s *service) note(text string, attempt int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[text] = append(s.calls[text], attempt)
}

func (s *service) of(text string) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls[text])
}

func (s *service) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{}, nil
}

func (s *service) Connect(context.Context, *bridge.ConnectRequest) (*bridge.Connection, error) {
	return &bridge.Connection{Name: "Shop", DeliveryIdentifier: shop}, nil
}

// lockedBuffer keeps what the bridge logs.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *lockedBuffer) tail(n int) string {
	lines := strings.Split(b.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// logged waits until the bridge has logged a text.
func (w *world) logged(text string) {
	w.t.Helper()
	until(w.t, fmt.Sprintf("the bridge to log %q", text), func() string {
		if !strings.Contains(w.log.String(), text) {
			return "it has not"
		}
		return ""
	})
}

// until waits for missing to return nothing.
func until(t *testing.T, what string, missing func() string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		m := missing()
		if m == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s: %s", patience, what, m)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
