package bridge

import (
	"crypto/sha256"
	"sync"
	"time"
)

// popups makes what a browser asks for twice, by a double click or after going back, happen once. It knows the popups of
// this process only; beyond it, HubSpot takes a staging token once.
type popups struct {
	mu   sync.Mutex
	open map[string]*popupTurn
}

// popupTurn is one popup in one browser.
type popupTurn struct {
	busy  chan struct{} // holds one value during an attempt
	asked [sha256.Size]byte
	got   *attempt

	users     int       // guarded by popups.mu
	connected string    // the account's name, guarded by popups.mu
	until     time.Time // when to forget that it is connected, guarded by popups.mu
}

// attempt is what came of a call of Connect.
type attempt struct {
	state   string // the one of a visit
	account string // the name of the account that was connected
	err     error
}

// connectedFor is for how long a popup that is opened again shows that its account is connected.
const connectedFor = 10 * time.Minute

// do makes an attempt. If the popup is connected already, or an attempt with the same input is under way, it returns what
// comes of that instead.
func (l *popups) do(popup string, input []byte, now func() time.Time, try func() *attempt) *attempt {
	turn := l.enter(popup)
	defer func() { l.leave(popup, turn, now()) }()
	waited := false
	select {
	case turn.busy <- struct{}{}:
	default:
		waited = true
		turn.busy <- struct{}{}
	}
	defer func() { <-turn.busy }()
	asked := sha256.Sum256(input)
	if turn.got != nil && (turn.got.err == nil || waited && turn.asked == asked) {
		return turn.got
	}
	turn.asked, turn.got = asked, try()
	return turn.got
}

func (l *popups) enter(popup string) *popupTurn {
	l.mu.Lock()
	defer l.mu.Unlock()
	turn := l.open[popup]
	if turn == nil {
		turn = &popupTurn{busy: make(chan struct{}, 1)}
		if l.open == nil {
			l.open = map[string]*popupTurn{}
		}
		l.open[popup] = turn
	}
	turn.users++
	return turn
}

// leave forgets the popup, unless it is connected.
func (l *popups) leave(popup string, turn *popupTurn, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if turn.users--; turn.users > 0 {
		return
	}
	if turn.got == nil || turn.got.err != nil {
		delete(l.open, popup)
		return
	}
	turn.connected, turn.until = turn.got.account, now.Add(connectedFor)
	for name, other := range l.open {
		if other.users == 0 && now.After(other.until) {
			delete(l.open, name)
		}
	}
}

// connected returns the name of the account that the popup has connected.
func (l *popups) connected(popup string, now time.Time) (account string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	turn := l.open[popup]
	if turn == nil || now.After(turn.until) {
		return "", false
	}
	return turn.connected, true
}
