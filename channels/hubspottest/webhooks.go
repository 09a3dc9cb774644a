package hubspottest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"
)

// delivery is a webhook that the app has not accepted yet.
type delivery struct {
	ID        string    `json:"id"`
	PortalID  int64     `json:"portalId"`
	ChannelID string    `json:"channelId"`
	Lane      string    `json:"lane"` // the thread or account whose order counts
	Body      string    `json:"body"` // the very bytes that are signed
	Attempts  int       `json:"attempts"`
	SignedAt  time.Time `json:"signedAt"` // of the first attempt
	NextAt    time.Time `json:"nextAt"`   // of a retry
	Seq       int64     `json:"seq"`

	mark int64 // what must be stored before it is sent

	// A fault has set it aside: it is sent at NextAt, or once early is closed.
	fault *Fault
	early chan struct{}
}

func (d delivery) order() int64 { return d.Seq }

// webhookTimeout is how long an app may take to answer.
func (s *Server) webhookTimeout() time.Duration {
	if s.Readings().ShortTimeout {
		return 2 * time.Second
	}
	return 5 * time.Second
}

const (
	// perPortal is how many requests HubSpot makes at a time for an account.
	perPortal = 10
)

// hubspotDelays spreads ten attempts over a day.
var hubspotDelays = []time.Duration{
	time.Minute, 4 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
	2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 9 * time.Hour,
}

// hooks holds the webhooks that wait. First attempts wait in lanes, one after
// another; retries wait for their time, each on its own.
type hooks struct {
	wake chan struct{} // buffered: something waits for Run

	mu      sync.Mutex
	running bool
	lanes   map[string]*lane
	retries []*delivery // not yet taken by Run
	slots   map[int64]chan struct{}
	held    map[int64][]chan struct{} // by portal: what the next webhook lets go
}

type lane struct {
	waiting []*delivery
	busy    bool
}

func (h *hooks) init() {
	h.wake = make(chan struct{}, 1)
	h.lanes = map[string]*lane{}
	h.slots = map[int64]chan struct{}{}
	h.held = map[int64][]chan struct{}{}
}

// signal wakes Run.
func (h *hooks) signal() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// restore queues the stored webhooks.
func (h *hooks) restore(st *state) {
	for _, d := range st.deliveries.ordered() {
		h.add(d)
	}
	h.signal()
}

func (h *hooks) add(d *delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d.Attempts > 0 || d.fault != nil {
		h.retries = append(h.retries, d)
		return
	}
	l := h.lanes[d.Lane]
	if l == nil {
		l = &lane{}
		h.lanes[d.Lane] = l
	}
	l.waiting = append(l.waiting, d)
}

// webhook queues an event for the app. It is sent once the change is stored,
// after those before it in its lane, if it has one.
func (tx *tx) webhook(portal int64, channelID, lane string, event any) {
	body, err := encodeJSON(event)
	if err != nil {
		tx.s.cfg.Logger.Error("hubspottest: an event cannot be encoded", "error", err)
		return
	}
	if tx.s.Readings().EscapedBodies {
		body = escapeUnicode(body)
	}
	seq := tx.next()
	if lane == "" || tx.s.Readings().Unordered {
		lane = "alone " + strconv.FormatInt(seq, 10)
	}
	d := &delivery{ID: strconv.FormatInt(seq, 10), PortalID: portal, ChannelID: channelID, Lane: lane, Body: string(body), Seq: seq}
	tx.deliveries.put(tx, d.ID, d)
	tx.queued = append(tx.queued, d)
}

// Run delivers webhooks until ctx is done, and then ends the event streams of
// open pages, so that an http.Server can shut down. What is not delivered by
// then is delivered by the next Run. Only one Run at a time is allowed.
func (s *Server) Run(ctx context.Context) error {
	if err := s.hooks.claim(); err != nil {
		return err
	}
	s.deliver(ctx)
	return nil
}

// claim makes the caller the one who delivers.
func (h *hooks) claim() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running {
		return errors.New("hubspottest: webhooks are being delivered already, by Start or another Run")
	}
	h.running = true
	return nil
}

func (h *hooks) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running = false
}

// deliver is Run for whoever holds the claim, which it gives back.
func (s *Server) deliver(ctx context.Context) {
	h := &s.hooks
	var work sync.WaitGroup
	defer func() {
		s.events.hangUp()
		work.Wait()
		h.release()
	}()
	for {
		lanes, retries := h.take()
		for _, l := range lanes {
			work.Go(func() { s.runLane(ctx, l) })
		}
		for _, d := range retries {
			work.Go(func() { s.retry(ctx, d) })
		}
		select {
		case <-h.wake:
		case <-ctx.Done():
			return
		}
	}
}

// take returns what no goroutine works on yet.
func (h *hooks) take() (lanes []string, retries []*delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, l := range h.lanes {
		if !l.busy {
			l.busy = true
			lanes = append(lanes, name)
		}
	}
	retries, h.retries = h.retries, nil
	return lanes, retries
}

// outcome is how an attempt ended.
type outcome int

const (
	cutOff outcome = iota // by the end of Run: it does not count
	again                 // refused, to be retried at its time
	ended                 // accepted, or given up
)

// runLane makes the first attempts of a lane in their order, until none waits.
func (s *Server) runLane(ctx context.Context, name string) {
	for d := s.hooks.front(name); d != nil; d = s.hooks.pop(name) {
		switch s.attempt(ctx, d) {
		case cutOff:
			s.hooks.rest(name)
			return
		case again:
			s.hooks.add(d)
			s.hooks.signal()
		}
	}
}

func (h *hooks) front(name string) *delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lanes[name].waiting[0]
}

// pop drops the front of a lane and returns the next, or removes the lane.
func (h *hooks) pop(name string) *delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.lanes[name]
	l.waiting = l.waiting[1:]
	if len(l.waiting) == 0 {
		delete(h.lanes, name)
		return nil
	}
	return l.waiting[0]
}

// rest leaves a lane to the next Run.
func (h *hooks) rest(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lanes[name].busy = false
}

// retry waits for a webhook's time and attempts it, until it ends.
func (s *Server) retry(ctx context.Context, d *delivery) {
	for {
		s.sleepUntil(ctx, d.NextAt, d.early)
		switch s.attempt(ctx, d) {
		case cutOff:
			s.hooks.add(d)
			return
		case ended:
			return
		}
	}
}

// PendingWebhooks is how many webhooks the app has not accepted yet.
func (s *Server) PendingWebhooks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.state.deliveries.rows)
}
