package goodput

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
	"github.com/customchannels/customchannels-go/internal/e2e/traffic"
)

const (
	portals = 4
	most    = time.Minute
)

// BenchmarkGoodputTwoNodes has two nodes on one PostgreSQL publish, upload and report for a minute, which cannot be
// simulated: the database has a clock of its own. In "restarts" one or the other node is started anew every ten seconds,
// and the one that goes on cannot know how much of the limit is used. used and refused are parts of 1: of the calls that
// are allowed, and of those that were answered; idler is the part of the node that had less to do.
func BenchmarkGoodputTwoNodes(b *testing.B) {
	b.Run("steady", func(b *testing.B) { goodput(b, func(*cluster) { time.Sleep(most) }) })
	b.Run("restarts", func(b *testing.B) {
		goodput(b, func(c *cluster) {
			for n := range int(most / window) {
				time.Sleep(window)
				c.restart(b, n%len(c.nodes))
			}
		})
	})
}

func goodput(b *testing.B, pass func(*cluster)) {
	for range b.N {
		c := newCluster(b, 2)
		if err := c.connect(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := c.overload(b.Context(), most+window); err != nil {
			b.Fatal(err)
		}
		from := time.Now()
		pass(c)
		to := time.Now()
		c.stop(b)
		got := c.meter.between(from, to)
		allowed := portals * limit * to.Sub(from).Seconds() / window.Seconds()
		b.ReportMetric(float64(got.answered-got.refused)/allowed, "used")
		b.ReportMetric(float64(got.refused)/float64(got.answered), "refused")
		b.ReportMetric(float64(min(got.byNode[0], got.byNode[1]))/float64(got.answered), "idler")
	}
}

// cluster is a world whose nodes share a database.
type cluster struct {
	*world
	stores []*sqlstore.Store
	stops  []func() error
}

func newCluster(b *testing.B, nodes int) *cluster {
	outside := http.DefaultTransport.(*http.Transport).Clone()
	outside.MaxIdleConnsPerHost = 64
	c := &cluster{}
	inside := roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "app.test" {
			return traffic.Local{Handler: c}.RoundTrip(r)
		}
		return outside.RoundTrip(r)
	})
	var err error
	if c.world, err = newWorld(hubspottest.Config{HTTPClient: &http.Client{Transport: inside}}, portals); err == nil {
		err = c.hubspot.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	url, keys := pgtest.New(b), filepath.Join(b.TempDir(), "keys")
	for range nodes {
		store := open(b, url, keys)
		br, err := c.addNode(store, outside)
		if err != nil {
			b.Fatal(err)
		}
		c.stores, c.stops = append(c.stores, store), append(c.stops, run(b.Context(), br))
		if err := ready(b.Context(), br); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

func run(ctx context.Context, br *bridge.Bridge) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- br.Run(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}

func (c *cluster) restart(b *testing.B, node int) {
	if err := c.stops[node](); err != nil {
		b.Error(err)
	}
	c.stops[node] = run(b.Context(), c.nodes[node])
}

func (c *cluster) stop(b *testing.B) {
	var errs []error
	for i, stop := range c.stops {
		errs = append(errs, stop(), c.stores[i].Close())
	}
	if err := errors.Join(append(errs, c.hubspot.Close())...); err != nil {
		b.Error(err)
	}
}

func open(b *testing.B, url, keyFile string) *sqlstore.Store {
	keys, err := sqlstore.KeyFile(keyFile)
	if err != nil {
		b.Fatal(err)
	}
	store, err := sqlstore.Open(b.Context(), pgtest.Open(b, url), sqlstore.PostgreSQL, keys)
	if err != nil {
		b.Fatal(err)
	}
	return store
}

// ready waits until the node has registered the channel, or found it registered.
func ready(ctx context.Context, br *bridge.Bridge) error {
	client := &http.Client{Transport: traffic.Local{Handler: br}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, traffic.AppURL+"/hubspot/ready", nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode == http.StatusOK {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}
