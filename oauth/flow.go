package oauth

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/internal/seal"
)

const (
	flowLifetime = 10 * time.Minute
	flowMemory   = time.Hour // in which a flow that is too old can at least be begun anew
	maxFlow      = 3800      // bytes of a cookie's value; browsers drop cookies above 4096 in all
	maxSpent     = 10_000
	stateLen     = 26 // of rand.Text
)

var (
	errNoFlow   = errors.New("oauth: no cookie for this state in this browser")
	errOldFlow  = errors.New("oauth: the state has expired")
	errSpent    = errors.New("oauth: the state has been used")
	errLongFlow = errors.New("oauth: InstallRequest.ReturnTo and Data are too long for a cookie")
)

// A flow is one trip of one browser to HubSpot and back. HubSpot carries its State, which is random and says nothing;
// the browser carries all of it, sealed in a cookie of its own. So a state is worth nothing in another browser, and an
// install that someone else has started cannot be ended in this one.
type flow struct {
	State    string    `json:"state"`
	Expires  time.Time `json:"expires"`
	PortalID int64     `json:"portal,omitempty"`
	ReturnTo string    `json:"returnTo,omitempty"`
	Data     string    `json:"data,omitempty"`
	Market   bool      `json:"market,omitempty"` // came from the marketplace, and ends there
}

func newFlow(req InstallRequest, now time.Time) *flow {
	return &flow{
		State:    rand.Text(),
		Expires:  now.Add(flowLifetime),
		PortalID: req.PortalID,
		ReturnTo: req.ReturnTo,
		Data:     req.Data,
	}
}

// setFlow gives the browser the cookie of f.
func (a *App) setFlow(w http.ResponseWriter, f *flow) error {
	plain, err := json.Marshal(f)
	if err != nil {
		return err
	}
	ring, err := a.flowRing()
	if err != nil {
		return err
	}
	sealed, err := ring.Seal(plain, a.flowOwner(f.State))
	if err != nil {
		return err
	}
	value := base64.RawURLEncoding.EncodeToString(sealed)
	if len(value) > maxFlow {
		return errLongFlow
	}
	c := a.flowCookie(f.State)
	c.Value = value
	c.MaxAge = int(flowMemory / time.Second)
	if f.Market && c.Secure {
		c.SameSite = http.SameSiteNoneMode // HubSpot may show the sign-in inside its own page
	}
	http.SetCookie(w, c)
	return nil
}

// takeFlow returns the flow of a state, which can be had once, and removes its cookie. Of one that cannot go on it returns
// what is known, besides the error.
func (a *App) takeFlow(w http.ResponseWriter, r *http.Request, state string) (*flow, error) {
	if len(state) != stateLen || strings.Trim(state, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return nil, errNoFlow
	}
	c := a.flowCookie(state)
	sent, err := r.Cookie(c.Name)
	if err != nil {
		return nil, errNoFlow
	}
	c.MaxAge = -1
	http.SetCookie(w, c)
	sealed, err := base64.RawURLEncoding.DecodeString(sent.Value)
	if err != nil {
		return nil, errNoFlow
	}
	ring, err := a.flowRing()
	if err != nil {
		return nil, err
	}
	plain, err := ring.Open(sealed, a.flowOwner(state))
	if err != nil {
		return nil, errNoFlow
	}
	f := new(flow)
	if err := json.Unmarshal(plain, f); err != nil {
		return nil, errNoFlow
	}
	now := a.now()
	if now.After(f.Expires) {
		return f, errOldFlow
	}
	if !a.spend(state, f.Expires, now) {
		return f, errSpent
	}
	return f, nil
}

// spend reports whether state is used for the first time in this process. Removing the cookie already ends a flow; this
// is for a browser that asks twice at once, whose second request would spoil the first one's code.
func (a *App) spend(state string, expires, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, again := a.spent[state]; again {
		return false
	}
	if a.spent == nil {
		a.spent = make(map[string]time.Time)
	}
	a.spent[state] = expires
	if len(a.spent) < maxSpent {
		return true
	}
	for old, end := range a.spent {
		// Should nothing have expired, any will do: memory must stay bounded.
		if now.After(end) || len(a.spent) >= maxSpent {
			delete(a.spent, old)
		}
	}
	return true
}

// flowCookie returns the cookie of a state without its value. Each flow has its own, so that an admin can install in
// two tabs. It is for the whole site, wherever the handlers are mounted; the name's prefix makes browsers insist that
// this host has set it, over https.
func (a *App) flowCookie(state string) *http.Cookie {
	c := &http.Cookie{
		Name:     "hubspot-install-" + state[:8],
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
	if strings.HasPrefix(a.RedirectURL, "https:") {
		c.Name = "__Host-" + c.Name
		c.Secure = true
	}
	return c
}

// flowRing is made of the client secrets, which all nodes share.
func (a *App) flowRing() (*seal.Ring, error) {
	return seal.Derived("customchannels/oauth install flow", append([]string{a.ClientSecret}, a.OldClientSecrets...)...)
}

func (a *App) flowOwner(state string) string {
	return a.ClientID + "/" + state
}
