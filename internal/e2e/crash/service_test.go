package crash

import (
	"context"
	"net/http"
	"strings"
	"sync"
)

// What a reply's text says of its fate.
const (
	markReject = " (reject)"
	markRead   = " (read)"
)

const rejectReason = "The customer has blocked you."

var serviceFaults = []fault{{"503", 0.02}, {"reset after", 0.02}, {"slow", 0.03}}

// service is a messaging service that writes down what it is given. Its ids derive from the message's, as those of a
// service that recognises repetitions do.
type service struct {
	chance  *chance
	clock   *clock
	network *network
	ctx     context.Context // of the test
	portal  func(customer string) int64

	mu      sync.Mutex
	calls   map[string][]call // by Outgoing.ID
	told    map[string]bool   // reported as read
	telling int               // reports that no child has accepted yet
}

// call is one call of Send as the service sees it.
type call struct {
	sent
	at    int64
	taken bool
}

func newService(ctx context.Context, n *network, c *clock, seed uint64) *service {
	return &service{chance: newChance(seed, 3), clock: c, network: n, ctx: ctx, calls: map[string][]call{}, told: map[string]bool{}}
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer(w, r, func(m *sent) (any, error) {
		at := s.clock.tick()
		fault := s.chance.meet(serviceFaults)
		rejected := strings.HasSuffix(m.Text, markReject)
		s.note(m, call{sent: *m, at: at, taken: fault != "503" && !rejected})
		switch {
		case fault == "503":
			return nil, statusError(http.StatusServiceUnavailable)
		case fault == "reset after":
			panic(http.ErrAbortHandler)
		case fault == "slow":
			s.chance.pause()
		}
		if rejected {
			w.WriteHeader(http.StatusForbidden)
		}
		return map[string]string{"id": receipt(m.ID)}, nil
	})
}

func receipt(id string) string { return "receipt of " + id }

// note records a call, and has a customer who reads at once read the message.
func (s *service) note(m *sent, c call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[m.ID] = append(s.calls[m.ID], c)
	if c.taken && strings.HasSuffix(m.Text, markRead) && !s.told[m.ID] {
		s.told[m.ID] = true
		s.telling++
		go s.tell(seen{Portal: s.portal(m.Customer), Receipt: receipt(m.ID)})
	}
}

// tell reports until a child accepts, or the test ends.
func (s *service) tell(what seen) {
	deliver(s.ctx, s.network, "/seen", what)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.telling--
}

// untold is how many reports no child has accepted yet.
func (s *service) untold() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.telling
}
