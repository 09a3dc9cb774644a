package webchat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	heartbeat    = 15 * time.Second // also finds out that a page is gone
	writeTimeout = 10 * time.Second
)

// streams knows which pages are open, to wake them when there is something new.
type streams struct {
	mu   sync.Mutex
	open map[string]map[chan struct{}]bool // by customer
	done chan struct{}
	once sync.Once
}

func newStreams() *streams {
	return &streams{open: map[string]map[chan struct{}]bool{}, done: make(chan struct{})}
}

// close ends all streams, and those to come.
func (s *streams) close() { s.once.Do(func() { close(s.done) }) }

// listen returns a channel that receives when the customer has news, until stop is called.
func (s *streams) listen(customerID string) (news <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[customerID] == nil {
		s.open[customerID] = map[chan struct{}]bool{}
	}
	s.open[customerID][ch] = true
	return ch, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open[customerID], ch)
		if len(s.open[customerID]) == 0 {
			delete(s.open, customerID)
		}
	}
}

func (s *streams) notify(customerID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ch := range s.open[customerID] {
		select {
		case ch <- struct{}{}:
		default: // it has yet to look since the last time
		}
	}
}

// state is what a page shows beside the messages.
type state struct {
	Customer customer `json:"customer"`
	First    int64    `json:"first"` // seq of the oldest message: is there more to ask for?
}

// serveStream sends the customer's state and messages as server-sent events, for as long as the page is open. A page
// that comes back says which message it has, in Last-Event-ID or ?after=.
func (s *Service) serveStream(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.streams.done:
		s.fail(w, r, &httpError{http.StatusServiceUnavailable, "shutting down"})
		return
	default:
	}
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = r.FormValue("after")
	}
	c, err := s.customerOf(r)
	if errors.Is(err, errUnknownCustomer) {
		after = "" // that was someone else's, or before the data was lost
		c, err = s.newCustomer(r.Context(), w, r)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // or nginx would hold messages back
	out := &stream{s: s, w: w, rc: http.NewResponseController(w), customerID: c.ID}
	out.last, _ = strconv.ParseInt(after, 10, 64)

	news, stop := s.streams.listen(c.ID)
	defer stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	if err = out.write("retry: 500\n\n"); err == nil {
		err = out.sendNews(r)
	}
	for err == nil {
		select {
		case <-r.Context().Done():
			return
		case <-s.streams.done:
			return
		case <-beat.C:
			err = out.write("event: beat\ndata: 1\n\n") // not a comment: the page must see it
		case <-news:
			err = out.sendNews(r)
		}
	}
	if r.Context().Err() == nil {
		s.log.Debug("webchat: stream ended", "error", err)
	}
}

// stream is one page's connection.
type stream struct {
	s          *Service
	w          http.ResponseWriter
	rc         *http.ResponseController
	customerID string
	last       int64 // seq of the last message sent
	state      state // last sent
}

// sendNews sends what the page does not have yet.
func (st *stream) sendNews(r *http.Request) error {
	c, err := st.s.store.customer(r.Context(), st.customerID)
	if err != nil {
		return err
	}
	first, start, err := st.s.store.firstSeq(r.Context(), c.ID, pageSize)
	if err != nil {
		return err
	}
	if now := (state{*c, first}); now != st.state {
		if err := st.event("state", 0, now); err != nil {
			return err
		}
		st.state = now
	}
	if st.last == 0 {
		st.last = start
	}
	for {
		list, err := st.s.store.messagesAfter(r.Context(), c.ID, st.last, pageSize)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, m := range list {
			if err := st.event("message", m.Seq, forPage(m)); err != nil {
				return err
			}
			st.last = m.Seq
		}
	}
}

func (st *stream) event(name string, id int64, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	head := ""
	if id != 0 {
		head = fmt.Sprintf("id: %d\n", id)
	}
	return st.write(fmt.Sprintf("%sevent: %s\ndata: %s\n\n", head, name, body))
}

func (st *stream) write(text string) error {
	// A server's own write timeout would end every stream, and none at all would keep dead ones for ever.
	_ = st.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	return st.rc.Flush()
}
