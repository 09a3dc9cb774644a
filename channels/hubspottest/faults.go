package hubspottest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Reset says when a fault drops the connection.
type Reset int

const (
	// NoReset leaves the connection alone.
	NoReset Reset = iota
	// ResetBefore drops it before the call has taken effect.
	ResetBefore
	// ResetAfter drops it after the call has taken effect: the caller cannot
	// know that it has.
	ResetAfter
)

// Fault is a failure to play. See [Server.Inject].
type Fault struct {
	// Operation is a journal operation: of the API, as "message.publish", or
	// "webhook.delivery" or "webhook.app" for a request to the app.
	Operation string
	// PortalID limits the fault to calls with this portal's token. Defaults
	// to every portal.
	PortalID int64
	// Nth is which matching call fails, 1 being the next one. Defaults to
	// every one.
	Nth int

	// Delay is how long the call waits before it goes on or fails. A webhook
	// is sent that much later, and later ones overtake it.
	Delay time.Duration
	// Reset drops the connection.
	Reset Reset

	// Status is an HTTP status to answer with instead of taking effect. It
	// defaults to the one that goes with Form, if there is one. Form is the
	// kind of body. Neither is for webhooks.
	Status int
	Form   ErrorForm
	// RetryAfter sets the header Retry-After of the answer, in whole seconds.
	// Defaults to none.
	RetryAfter time.Duration
	// Truncate breaks the answer off in the middle of its body, after the call
	// has taken effect.
	Truncate bool

	// Duplicates is how many times more a webhook is sent.
	Duplicates int
	// Reorder sends a webhook after the portal's next one; alone it waits for
	// a minute.
	Reorder bool
	// BadSignature signs a webhook with another secret.
	BadSignature bool
	// SpacedSignature writes the v3 signature with spaces for its plus signs,
	// as if something on the way had decoded it.
	SpacedSignature bool
}

type faults struct {
	mu   sync.Mutex
	last int64
	set  []*plannedFault
}

type plannedFault struct {
	Fault
	id     string
	seen   int // matching calls
	played int // of them, how many it was played for
}

// Inject makes a call fail from now on. Of several faults that match a call
// the first one injected is played.
func (s *Server) Inject(f Fault) { s.faults.add(f) }

func (f *faults) add(fault Fault) *plannedFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	p := &plannedFault{Fault: fault, id: strconv.FormatInt(f.last, 10)}
	f.set = append(f.set, p)
	return p
}

// Faults returns the faults that are set, in the order they were injected.
func (s *Server) Faults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	var list []Fault
	for _, p := range s.faults.set {
		list = append(list, p.Fault)
	}
	return list
}

// ClearFaults forgets all faults.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.set = nil
}

// remove forgets one fault.
func (f *faults) remove(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.set, func(p *plannedFault) bool { return p.id == id })
	if i < 0 {
		return notFound("fault", id)
	}
	f.set = slices.Delete(f.set, i, i+1)
	return nil
}

// take counts a call against all faults and returns the one to play, or none.
func (f *faults) take(operation string, portal int64) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var play *plannedFault
	for _, p := range f.set {
		if p.Operation != operation || p.PortalID != 0 && p.PortalID != portal {
			continue
		}
		p.seen++
		if play == nil && (p.Nth == 0 || p.Nth == p.seen) {
			play = p
		}
	}
	if play == nil {
		return Fault{}
	}
	play.played++
	return play.Fault
}

// wait sleeps as long as the fault says, or until the caller has gone.
func (f Fault) wait(ctx context.Context) {
	if f.Delay <= 0 {
		return
	}
	t := time.NewTimer(f.Delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
