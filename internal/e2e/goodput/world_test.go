// Package goodput measures how much of the calls that HubSpot allows a portal the bridge makes use of, when there is more to
// do than they suffice for, and how often it is refused for having asked too much.
package goodput

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
	"github.com/customchannels/customchannels-go/internal/e2e/traffic"
	"github.com/customchannels/customchannels-go/oauth"
)

// HubSpot's limit: so many calls per portal in any window.
const (
	limit  = 110
	window = 10 * time.Second
)

const (
	firstPortal = 100
	threads     = 20 // of each portal
	fileEvery   = 4  // every so many messages have a file, which costs an upload more
	replyEvery  = 4  // to every so many messages there is a reply, whose state is reported
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

// world is a HubSpot with its limit, some portals, and an app of one or more nodes with one address.
type world struct {
	hubspot *hubspottest.Server
	portals int
	nodes   []*bridge.Bridge
	turn    atomic.Int64
	meter   meter
	written int
}

func newWorld(cfg hubspottest.Config, portals int) (*world, error) {
	cfg.InstallURL, cfg.RedirectURLs = traffic.AppURL+"/hubspot/install", []string{traffic.AppURL + "/hubspot/oauth/callback"}
	w := &world{hubspot: hubspottest.New(cfg), portals: portals}
	for i := range portals {
		if err := w.hubspot.AddPortal(int64(firstPortal+i), "Acme Ltd"); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// addNode adds a node that works on a store. outside leads to HubSpot.
func (w *world) addNode(store traffic.Store, outside http.RoundTripper) (*bridge.Bridge, error) {
	client := &http.Client{Transport: outside}
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: w.hubspot.AppID(), Key: w.hubspot.DeveloperKey()},
		channels.WithBaseURL(w.hubspot.URL()), channels.WithHTTPClient(client))
	if err != nil {
		return nil, err
	}
	br, err := bridge.New(&shop{}, bridge.Config{
		App:       &oauth.App{ClientID: w.hubspot.ClientID(), ClientSecret: w.hubspot.ClientSecret(), BaseURL: w.hubspot.URL(), HTTPClient: client, Tokens: store},
		API:       []channels.Option{channels.WithHTTPClient(&http.Client{Transport: w.meter.around(outside, len(w.nodes))})},
		Store:     store,
		PublicURL: traffic.AppURL,
		Registry:  registry,
		Definition: bridge.Definition{Name: "Test chat", Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
			AllowOutgoingMessages:   true,
		}},
	})
	w.nodes = append(w.nodes, br)
	return br, err
}

// ServeHTTP gives each request to the next node, as a load balancer does.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.node().ServeHTTP(rw, r) }

func (w *world) node() *bridge.Bridge { return w.nodes[int(w.turn.Add(1))%len(w.nodes)] }

// connect installs the app in the portals and begins their conversations.
func (w *world) connect(ctx context.Context) error {
	for i := range w.portals {
		if _, err := w.hubspot.InstallAndConnectIn(ctx, int64(firstPortal+i)); err != nil {
			return err
		}
	}
	return w.ask(ctx, threads)
}

// ask has customers write so many messages to each portal.
func (w *world) ask(ctx context.Context, messages int) error {
	errs := make([]error, w.portals)
	var wg sync.WaitGroup
	for i := range w.portals {
		wg.Go(func() {
			for n := range messages {
				if errs[i] = w.node().Receive(ctx, question(int64(firstPortal+i), w.written+n)); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	w.written += messages
	return errors.Join(errs...)
}

func question(portal int64, n int) *bridge.Incoming {
	m := &bridge.Incoming{
		ID: fmt.Sprint("c", n), Text: "When does it arrive?", FromName: "Ada L.",
		From: channels.Opaque(fmt.Sprint("ada-", n%threads)), To: traffic.Shop(portal),
	}
	if n%fileEvery == 0 {
		m.Media = []bridge.Media{{Name: "order.txt", Type: "text/plain", Body: strings.NewReader("two, please")}}
	}
	return m
}

// answer has agents write so many messages in each portal.
func (w *world) answer(messages int) error {
	open := w.hubspot.Threads()
	for n := range messages * w.portals {
		if _, err := w.hubspot.Reply(open[n%len(open)].ID, hubspottest.Reply{Text: "The day after tomorrow."}); err != nil {
			return err
		}
	}
	return nil
}

// overload gives each portal more to do than it may within d.
func (w *world) overload(ctx context.Context, d time.Duration) error {
	allowed := int(d/window+1) * limit
	messages := allowed * 4 / 5 // the calls for files and replies come on top
	if err := w.answer(messages / replyEvery); err != nil {
		return err
	}
	return w.ask(ctx, messages)
}

// meter counts the calls to HubSpot's API.
type meter struct {
	mu    sync.Mutex
	calls []call
}

type call struct {
	at      time.Time
	node    int
	refused bool
}

func (m *meter) around(next http.RoundTripper, node int) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil {
			m.mu.Lock()
			m.calls = append(m.calls, call{time.Now(), node, resp.StatusCode == http.StatusTooManyRequests})
			m.mu.Unlock()
		}
		return resp, err
	})
}

// tally is what was answered in a time.
type tally struct {
	answered int
	refused  int         // with 429
	byNode   map[int]int // answered
}

func (m *meter) between(from, to time.Time) tally {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := tally{byNode: map[int]int{}}
	for _, c := range m.calls {
		if c.at.Before(from) || !c.at.Before(to) {
			continue
		}
		t.answered++
		t.byNode[c.node]++
		if c.refused {
			t.refused++
		}
	}
	return t
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// shop is a messaging service that takes everything, with an address in every portal.
type shop struct{}

func (shop) Send(context.Context, *bridge.Outgoing) (*bridge.Receipt, error) { return nil, nil }

func (shop) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{Title: "Connect a shop"}, nil
}

func (shop) Connect(_ context.Context, c *bridge.ConnectRequest) (*bridge.Connection, error) {
	return &bridge.Connection{Name: "Shop", DeliveryIdentifier: traffic.Shop(c.PortalID)}, nil
}
