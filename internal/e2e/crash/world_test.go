package crash

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// size is how much happens in a test.
type size struct {
	seed                       uint64
	portals, customers         int // customers of each portal
	messages                   int // of each customer, and as many replies
	children                   int // that run at the same time
	perStage, random, graceful int // ends of children
	frozen                     int
	longest                    time.Duration
}

// world is everything around the child.
type world struct {
	t       *testing.T
	ctx     context.Context
	size    size
	setup   childSetup
	log     *os.File // the children's
	clock   clock
	hubspot *hubspot
	network *network
	service *service
	threads []*thread

	children []*process // nil: to be started
	pairs    int        // of replies whose order was compared
}

// newWorld makes a world for children on a PostgreSQL database, or on a SQLite file where database is empty.
func newWorld(t *testing.T, s size, database string) *world {
	w := &world{t: t, ctx: t.Context(), size: s, children: make([]*process, s.children)}
	w.setup.Dir, w.setup.Database = t.TempDir(), database
	var err error
	if w.log, err = os.Create(filepath.Join(w.setup.Dir, "child.log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.log.Close() })
	w.network = newNetwork(&w.clock, s.seed)
	w.service = newService(w.ctx, w.network, &w.clock, s.seed)
	w.service.portal = w.portalOf
	w.setup.PublicURL = serve(t, w.network)
	w.setup.ServiceURL = serve(t, w.service)
	w.startHubSpot()
	for p := range s.portals {
		for c := range s.customers {
			portal := firstPortal + int64(p)
			name := fmt.Sprintf("%d-%d", portal, c)
			stream := 100 + 2*uint64(len(w.threads))
			w.threads = append(w.threads, &thread{
				portal: portal, customer: name,
				files: rand.New(rand.NewPCG(s.seed, stream)), fates: rand.New(rand.NewPCG(s.seed, stream+1)),
			})
		}
	}
	return w
}

const firstPortal = 5001

// portalOf reads the portal out of a customer's name.
func (w *world) portalOf(customer string) int64 {
	portal, _, _ := strings.Cut(customer, "-")
	id, err := strconv.ParseInt(portal, 10, 64)
	if err != nil {
		w.t.Errorf("a message for %q, who is no customer", customer)
	}
	return id
}

// serve runs a server on a port of its own until the test ends.
func serve(t *testing.T, h http.Handler) (url string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String()
}

func (w *world) startHubSpot() {
	hs := hubspottest.New(hubspottest.Config{
		InstallURL:  w.setup.PublicURL + "/hubspot/install",
		PortalID:    firstPortal,
		RateLimit:   rateLimit,
		RetryDelays: slices.Repeat([]time.Duration{200 * time.Millisecond}, 10_000), // never given up
	})
	w.hubspot = newHubSpot(hs, &w.clock, &w.size)
	w.setup.HubSpotURL = serve(w.t, w.hubspot)
	hs.SetURL(w.setup.HubSpotURL)
	w.setup.AppID, w.setup.ClientID, w.setup.ClientSecret, w.setup.DeveloperKey = hs.AppID(), hs.ClientID(), hs.ClientSecret(), hs.DeveloperKey()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- hs.Run(ctx) }()
	w.t.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, hs.Close()); err != nil {
			w.t.Error(err)
		}
	})
}

// faults switches what goes wrong on or off.
func (w *world) faults(on bool) {
	for _, c := range []*chance{w.hubspot.chance, w.network.chance, w.service.chance} {
		c.off.Store(!on)
	}
}

// settle installs the app in all portals and begins all conversations, while nothing fails yet.
func (w *world) settle() error {
	w.faults(false)
	p, err := w.start()
	if err != nil {
		return err
	}
	for i := range w.size.portals {
		portal := firstPortal + int64(i)
		if err := w.hubspot.AddPortal(portal, fmt.Sprintf("Shop %d", portal)); err != nil {
			return err
		}
		if _, err := w.hubspot.InstallAndConnectIn(w.ctx, portal); err != nil {
			return err
		}
	}
	for _, t := range w.threads {
		t.write(w.ctx, w.network)
	}
	err = w.until("all conversations to begin", time.Minute, func() string {
		if n := len(w.hubspot.Threads()); n < len(w.threads) {
			return fmt.Sprintf("%d of %d have", n, len(w.threads))
		}
		return ""
	})
	ids := map[string]string{}
	for _, t := range w.hubspot.Threads() {
		ids[t.Customer] = t.ID
	}
	for _, t := range w.threads {
		t.id = ids[t.customer]
	}
	return cmp.Or(err, p.stop())
}

// until waits for what describes what is missing to return nothing.
func (w *world) until(what string, patience time.Duration, missing func() string) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		m := missing()
		switch {
		case m == "":
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("waited %v for %s: %s", patience, what, m)
		}
	}
}
