package crash

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// rateLimit is how many calls in ten seconds HubSpot allows for a portal here. The real 110 would have the test wait.
const rateLimit = 400

var hubspotFaults = []fault{
	{"429", 0.003}, {"500", 0.005}, {"502", 0.003}, {"503", 0.003}, {"reset before", 0.005}, {"reset after", 0.01}, {"slow", 0.01},
	{"expire", 0.003},
}

// hubspot is the simulator behind a bad network. It notes what took effect, in which order.
type hubspot struct {
	*hubspottest.Server
	chance    *chance
	clock     *clock
	tokenLife time.Duration

	mu        sync.Mutex
	kept      time.Time // until when no token expires
	tokens    map[string]*token
	published map[string][]string // texts by the name of the customer
	repeated  int                 // publishes of what had been published
	statuses  map[string]int64    // when the first status of a message was reported
}

func newHubSpot(s *hubspottest.Server, c *clock, size *size) *hubspot {
	return &hubspot{
		Server: s, chance: newChance(size.seed, 1), clock: c, tokenLife: size.tokenLife(),
		tokens: map[string]*token{}, published: map[string][]string{}, statuses: map[string]int64{},
	}
}

func (h *hubspot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	credential := r.Header.Get("Authorization")
	if credential == "" && !strings.HasSuffix(r.URL.Path, "/token") {
		h.Server.ServeHTTP(w, r) // an admin's browser, or a signed link
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the child was killed while sending
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	reset := false
	switch fault := h.chance.meet(hubspotFaults); fault {
	case "429", "500", "502", "503":
		refuse(w, fault)
		return
	case "reset before":
		panic(http.ErrAbortHandler)
	case "reset after":
		reset = true
	case "slow":
		h.chance.pause()
		if r.Method == http.MethodPatch && r.Context().Err() != nil {
			// Its sender was killed, and the next process may have reported this state and the one after it. A state that
			// arrives as late as that cannot be told from a new one; only HubSpot could refuse it. Messages may come late.
			return
		}
	case "expire":
		h.expire(credential)
	}
	if h.refuses(credential) {
		refuse(w, "401")
		return
	}
	rec := httptest.NewRecorder()
	h.Server.ServeHTTP(rec, r)
	h.note(r, body, rec.Code)
	if reset {
		panic(http.ErrAbortHandler)
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

func refuse(w http.ResponseWriter, status string) {
	code, err := strconv.Atoi(status)
	if err != nil {
		code = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, `{"status":"error","message":"a fault of the crash test"}`)
}

// token is an access token that was used.
type token struct {
	since   time.Time // its first use
	expired bool
}

// tokenLife is how long a token surely lasts. A call that is refused again with the token that it got after the first
// refusal has another problem, so all children must have noticed that a token has expired before the next one does.
func (s *size) tokenLife() time.Duration {
	if s.children > 1 {
		return 10 * time.Second
	}
	return time.Second
}

// keepTokens has no token expire for a time.
func (h *hubspot) keepTokens(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept = time.Now().Add(d)
}

// expire makes a token expire early.
func (h *hubspot) expire(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.tokens[name]; t != nil && time.Since(t.since) > h.tokenLife && time.Now().After(h.kept) {
		t.expired = true
	}
}

// expireAll makes all tokens expire.
func (h *hubspot) expireAll() {
	h.mu.Lock()
	names := slices.Collect(maps.Keys(h.tokens))
	h.mu.Unlock()
	for _, name := range names {
		h.expire(name)
	}
}

// refuses reports whether a token has expired.
func (h *hubspot) refuses(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if name == "" {
		return false
	}
	if h.tokens[name] == nil {
		h.tokens[name] = &token{since: time.Now()}
	}
	return h.tokens[name].expired
}

// note records a publish or a status that took effect.
func (h *hubspot) note(r *http.Request, body []byte, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	publish := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/messages")
	switch {
	case publish && status == http.StatusCreated:
		var m struct {
			Text    string
			Senders []struct{ Name string }
		}
		if json.Unmarshal(body, &m) == nil && len(m.Senders) > 0 {
			name := m.Senders[0].Name
			h.published[name] = append(h.published[name], m.Text)
		}
	case publish && status == http.StatusConflict:
		h.repeated++
	case r.Method == http.MethodPatch && status == http.StatusOK:
		if id := path.Base(r.URL.Path); h.statuses[id] == 0 {
			h.statuses[id] = h.clock.tick()
		}
	}
}
