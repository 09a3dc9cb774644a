package hubspottest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// event is one server-sent event.
type event struct {
	name   string
	data   any
	portal int64 // whose pages it is for; 0: all
}

// hub hands events to the open pages.
type hub struct {
	mu     sync.Mutex
	pages  map[chan event]int64 // the portal that a page shows
	closed bool
}

// subscribe returns a stream of a portal's events, which the hub closes when
// the page should come again: it fell behind, or the server ends.
func (h *hub) subscribe(portal int64) chan event {
	h.mu.Lock()
	defer h.mu.Unlock()
	ch := make(chan event, 256)
	if h.closed {
		close(ch)
		return ch
	}
	if h.pages == nil {
		h.pages = map[chan event]int64{}
	}
	h.pages[ch] = portal
	return ch
}

func (h *hub) unsubscribe(ch chan event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pages, ch)
}

// publish never waits: a page that cannot keep up is cut off. It reconnects
// and reads the current state anew.
func (h *hub) publish(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch, portal := range h.pages {
		if e.portal != 0 && e.portal != portal {
			continue
		}
		select {
		case ch <- e:
		default:
			delete(h.pages, ch)
			close(ch)
		}
	}
}

// hangUp ends the streams that are open now.
func (h *hub) hangUp() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.pages {
		delete(h.pages, ch)
		close(ch)
	}
}

// close ends all streams for good.
func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.hangUp()
}

const keepAlive = 15 * time.Second

// serveEvents streams events to a page.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	portal, err := s.pagePortal(r)
	if err != nil {
		writeResult(w, 0, nil, err)
		return
	}
	stream := s.events.subscribe(portal)
	defer s.events.unsubscribe(stream)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()

	err = writeEvent(w, event{name: "hello", data: struct{}{}})
	for err == nil {
		if err = control.Flush(); err != nil {
			return
		}
		select {
		case e, open := <-stream:
			if !open {
				return
			}
			err = writeEvent(w, e)
		case <-tick.C:
			_, err = fmt.Fprint(w, ": still here\n\n")
		case <-r.Context().Done():
			return
		}
	}
}

func writeEvent(w http.ResponseWriter, e event) error {
	data, err := json.Marshal(e.data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.name, data)
	return err
}
