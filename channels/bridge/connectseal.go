package bridge

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/internal/seal"
)

// A step is how far the connecting of an account is. Nothing of it is stored: the admin's browser has it, sealed, in the
// form that she looks at, or in a cookie while she is away at the messaging service. So what comes back was made here, not
// long ago, for this browser and this popup.
type step struct {
	Expires time.Time         `json:"expires"`
	Popup   string            `json:"popup,omitempty"` // the query that HubSpot opened the popup with, while the admin is away
	Form    *ConnectForm      `json:"form,omitempty"`  // what [Ask] shows; nil while it is the channel's ConnectForm
	Values  map[string]string `json:"values,omitempty"`
	Kept    []byte            `json:"kept,omitempty"`
}

const (
	stepLifetime  = time.Hour
	maxStepCookie = 3800 // bytes of the value; browsers drop cookies above 4096 in all
	connectCookie = "cc_connect"
	stateLen      = 26 // of rand.Text
)

var (
	errOldStep    = errors.New("it was begun too long ago")
	errNoStep     = errors.New("this browser has not begun it, or has ended it")
	errLongCookie = errors.New("the admin's values and what Visit is to keep are too long for a cookie")
)

func (b *Bridge) sealStep(s *step, owner string) (string, error) {
	s.Expires = b.now().Add(stepLifetime)
	ring, err := b.stepRing()
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	sealed, err := ring.Seal(plain, owner)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

func (b *Bridge) openStep(text, owner string) (*step, error) {
	ring, err := b.stepRing()
	if err != nil {
		return nil, err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errNoStep
	}
	plain, err := ring.Open(sealed, owner)
	if err != nil {
		return nil, errNoStep
	}
	s := new(step)
	if err := json.Unmarshal(plain, s); err != nil {
		return nil, errNoStep
	}
	if b.now().After(s.Expires) {
		return nil, errOldStep
	}
	return s, nil
}

// stepRing is made of the client secrets, which all nodes share.
func (b *Bridge) stepRing() (*seal.Ring, error) {
	return seal.Derived("customchannels/bridge connect step", b.clientSecrets()...)
}

// browserOf is the random name of a browser, empty if it has none yet. Several popups of one browser share it.
func browserOf(r *http.Request) string {
	c, err := r.Cookie(connectCookie)
	if err != nil || len(c.Value) != stateLen {
		return ""
	}
	return c.Value
}

// nameBrowser has the browser keep its name for as long as what is sealed for it lives, or gives it one.
func (p *popup) nameBrowser(w http.ResponseWriter) {
	if p.browser == "" {
		p.browser = rand.Text()
	}
	http.SetCookie(w, p.cookie(connectCookie, p.browser))
}

// setTrip gives the browser the cookie of a trip to the messaging service. Each trip has its own, so that an admin can
// connect two accounts at once.
func (p *popup) setTrip(w http.ResponseWriter, s *step, state string) error {
	value, err := p.sealStep(s, tripOwner(p.browser, state))
	if err != nil {
		return err
	}
	if len(value) > maxStepCookie {
		return fmt.Errorf("%w: %d bytes", errLongCookie, len(value))
	}
	http.SetCookie(w, p.cookie(tripCookie(state), value))
	p.nameBrowser(w)
	return nil
}

// takeTrip returns the step at which the browser left, and removes its cookie.
func (b *Bridge) takeTrip(w http.ResponseWriter, r *http.Request, state string) (*step, error) {
	if len(state) != stateLen || strings.Trim(state, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return nil, errNoStep
	}
	sent, err := r.Cookie(tripCookie(state))
	if err != nil {
		return nil, errNoStep
	}
	gone := b.cookie(sent.Name, "")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	return b.openStep(sent.Value, tripOwner(browserOf(r), state))
}

func tripCookie(state string) string { return connectCookie + "_" + state[:8] }

func tripOwner(browser, state string) string { return "trip/" + browser + "/" + state }

func (b *Bridge) cookie(name, value string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: b.publicPrefix() + "/connect", MaxAge: int(stepLifetime / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(b.cfg.PublicURL, "https:"),
	}
}

// publicPrefix is the prefix as the browser sees it, in front of a proxy that strips a path.
func (b *Bridge) publicPrefix() string {
	public, _ := url.Parse(b.cfg.PublicURL) // validated by New
	return public.EscapedPath() + b.cfg.Prefix
}
