package hubspottest

import (
	"context"
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
	// Operation is a journal operation of the API, as "message.publish".
	Operation string
	// PortalID limits the fault to calls with this portal's token. Defaults
	// to every portal.
	PortalID int64
	// Nth is which matching call fails, 1 being the next one. Defaults to
	// every one.
	Nth int
	// Delay is how long the call waits before it goes on or fails.
	Delay time.Duration
	// Reset drops the connection.
	Reset Reset
	// Status is an HTTP status to answer with instead of taking effect.
	Status int
}

type faults struct {
	mu  sync.Mutex
	set []*plannedFault
}

type plannedFault struct {
	Fault
	seen int
}

// Inject makes a call fail from now on. Of several faults that match a call
// the first one injected is played.
func (s *Server) Inject(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.set = append(s.faults.set, &plannedFault{Fault: f})
}

// ClearFaults forgets all faults.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.set = nil
}

// take counts a call against all faults and returns the one to play, or none.
func (f *faults) take(operation string, portal int64) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var play Fault
	for _, p := range f.set {
		if p.Operation != operation || p.PortalID != 0 && p.PortalID != portal {
			continue
		}
		p.seen++
		if play.Operation == "" && (p.Nth == 0 || p.Nth == p.seen) {
			play = p.Fault
		}
	}
	return play
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
