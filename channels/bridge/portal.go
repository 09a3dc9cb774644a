package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/oauth"
)

// portal is what the bridge keeps in memory of a HubSpot account: its clients, which share one rate limiter, and the
// names of its agents.
type portal struct {
	api      *channels.Client
	messages *messages.Client
	used     time.Time // last

	mu     sync.Mutex
	agents map[string]*agentEntry // pointers, for there are mostly one or two, and a map has room for eight
}

type agentEntry struct {
	agent Agent
	until time.Time
}

const (
	agentKnown   = time.Hour       // how long a name is kept
	agentUnknown = time.Minute     // how long a failed look-up is not repeated
	agentTimeout = 3 * time.Second // a name is not worth a longer wait
)

func (b *Bridge) portal(id int64) (*portal, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p, ok := b.portals[id]; ok {
		p.used = b.now()
		return p, nil
	}
	api, err := channels.NewClient(tokens{b.cfg.App.Portal(id)}, b.cfg.options()...)
	if err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	p := &portal{api: api, messages: messages.NewClient(api), used: b.now(), agents: map[string]*agentEntry{}}
	b.portals[id] = p
	return p, nil
}

// portalIdle is how long what is known of a portal is kept in memory without use. It is longer than any call takes, and than
// any limit on calls counts them.
const portalIdle = time.Hour

func (b *Bridge) forgetIdlePortals() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	maps.DeleteFunc(b.portals, func(_ int64, p *portal) bool { return now.Sub(p.used) > portalIdle })
}

// tokens marks the errors about a portal's token, so that they can be told from HubSpot's answer to the call that needed
// it: an expired token that cannot be refreshed right now is no reason to pause the portal for as long as a refused one.
type tokens struct{ portal *oauth.Portal }

type tokenError struct{ error }

func (e tokenError) Unwrap() error { return e.error }

func (t tokens) Token(ctx context.Context) (*oauth2.Token, error) {
	token, err := t.portal.Token(ctx)
	if err != nil {
		return nil, tokenError{err}
	}
	return token, nil
}

func (t tokens) Refresh(ctx context.Context, refused *oauth2.Token) (*oauth2.Token, error) {
	token, err := t.portal.Refresh(ctx, refused)
	if err != nil {
		return nil, tokenError{err}
	}
	return token, nil
}

// agent returns who an actor is, with an empty name if HubSpot does not say in time: no message waits for a name.
func (p *portal) agent(ctx context.Context, actor string, now time.Time) Agent {
	if actor == "" {
		return Agent{}
	}
	p.mu.Lock()
	known, ok := p.agents[actor]
	p.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.agent
	}
	ctx, cancel := context.WithTimeout(ctx, agentTimeout)
	defer cancel()
	entry := &agentEntry{agent: Agent{ID: actor}, until: now.Add(agentUnknown)}
	if a, err := p.api.Actors().Get(ctx, actor, channels.NoWait(), channels.MaxAttempts(1)); err == nil {
		entry = &agentEntry{agent: Agent{ID: actor, Name: a.Name, AvatarURL: a.Avatar}, until: now.Add(agentKnown)}
	}
	p.mu.Lock()
	p.agents[actor] = entry
	p.mu.Unlock()
	return entry.agent
}

// once are the options of a call whose repetition is the queue's business.
func once() []channels.CallOption {
	return []channels.CallOption{channels.NoWait(), channels.MaxAttempts(1)}
}

// pausing returns how long all calls of a portal should wait after err, and why; ok is false for an error that says
// nothing about the portal as a whole. That the app is installed again ends every pause.
func pausing(err error) (d time.Duration, reason string, ok bool) {
	var limit *channels.LimitError
	var answer *channels.Error
	var noToken tokenError
	switch {
	case notInstalled(err): // no call is made: it is looked whether anything has waited for too long
		return time.Hour, "the app is not installed in this portal", true
	case errors.Is(err, oauth.ErrClient): // no uninstall: the app's own credentials are wrong
		return time.Hour, err.Error(), true
	case errors.As(err, &limit):
		return max(limit.Delay, time.Millisecond), "HubSpot's rate limit", true
	case errors.As(err, &noToken), !errors.As(err, &answer):
		return 0, "", false
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests:
		return max(answer.RetryAfter, time.Second), strings.TrimSpace("HubSpot answered 429 " + answer.PolicyName), true
	case 477: // the portal is being moved to another data centre
		return max(answer.RetryAfter, time.Minute), "HubSpot is moving this portal", true
	case http.StatusUnauthorized, http.StatusForbidden:
		return time.Hour, "HubSpot refused: " + answer.Error(), true
	}
	return 0, "", false
}

// failed is the outcome of an attempt whose call to HubSpot failed. What concerns the whole portal pauses it and costs
// no attempt; all else is tried again until the item's deadline.
func (n *node) failed(ctx context.Context, it *Item, err error) *Outcome {
	d, reason, ok := pausing(err)
	now := n.now()
	if !ok || notInstalled(err) && now.After(it.Deadline) { // a pause would keep back what else has waited for too long
		return n.again(it, err)
	}
	until := now.Add(d)
	if d > time.Minute && !(notInstalled(err) && it.Claims > 1) { // that it is still not installed is no news
		n.log.Warn("portal paused", "portal", it.Portal, "reason", reason, "until", until)
	}
	if err := n.store.PausePortal(ctx, n.channel, it.Portal, until, reason); err != nil {
		n.log.Error("cannot pause a portal", "portal", it.Portal, "error", err)
		return n.again(it, err)
	}
	if now.After(it.Deadline) {
		return n.again(it, err)
	}
	n.cfg.Trace.paused(it.Portal, until, reason)
	at := now // the pause holds the item back, so it is due at once when the pause ends
	switch {
	case !it.Kind.CallsHubSpot():
		at = now.Add(min(max(d, 15*time.Second), 5*time.Minute))
	case notInstalled(err):
		// What has been due for longest is claimed first. What expires first shall be.
		if at = it.Deadline.Add(-n.cfg.HoldFor); at.After(now) {
			at = now
		}
	}
	return &Outcome{Verdict: Retry, At: at, Free: true, Reason: reason}
}

// neverArrived reports whether a failed call surely did not reach HubSpot.
func neverArrived(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) || !channels.MayHaveArrived(err)
}
