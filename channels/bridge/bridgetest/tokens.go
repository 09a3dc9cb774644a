package bridgetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/oauth"
)

// RunTokenStore tests that a store keeps the contract of [oauth.TokenStore], each rule in a subtest of its own. open
// returns an empty store and has what it opened closed by t.Cleanup; it is called for every subtest. A store that is an
// [oauth.RefreshLocker] must keep that contract too.
func RunTokenStore(t *testing.T, open func(t *testing.T) oauth.TokenStore) {
	t.Helper()
	rules := tokenRules
	if _, ok := open(t).(oauth.RefreshLocker); ok {
		rules = slices.Concat(rules, lockRules)
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { r.test(&tokenProbe{t, t.Context(), open(t), r.why}) })
	}
}

const clientID = "client-1"

type tokenRule struct {
	name string
	why  string // why package oauth relies on it; part of every failure
	test func(*tokenProbe)
}

var tokenRules = []tokenRule{
	{
		name: "token/saved",
		why:  "an admin installs the app once; whatever of the install is lost is never told again",
		test: func(p *tokenProbe) {
			_, err := p.store.Install(p.ctx, clientID, 1)
			p.fails("Install", err, oauth.ErrNotInstalled)
			p.saves(anInstall(1, "a"))
			p.installIs(anInstall(1, "a"))
			p.saves(anInstall(1, "b"))
			p.installIs(anInstall(1, "b"))
		},
	}, {
		name: "token/of client and portal",
		why:  "one store may serve several apps, each in many portals",
		test: func(p *tokenProbe) {
			other := anInstall(1, "c")
			other.ClientID = "client-2"
			for _, in := range []*oauth.Install{anInstall(1, "a"), anInstall(2, "b"), other} {
				p.saves(in)
			}
			p.installIs(anInstall(1, "a"))
			p.installIs(anInstall(2, "b"))
			other = anInstall(1, "c")
			other.ClientID = "client-2"
			p.installIs(other)
			p.portalsAre(clientID, 1, 2)
			p.portalsAre("client-2", 1)
			p.portalsAre("client-3")
		},
	}, {
		name: "token/gone",
		why:  "an uninstalled app must be known as such, and is asked for nothing more",
		test: func(p *tokenProbe) {
			p.saves(anInstall(1, "a"))
			p.saves(anInstall(2, "b"))
			gone := &oauth.Install{ClientID: clientID, PortalID: 1, Gone: "uninstalled"}
			p.saves(gone)
			p.installIs(&oauth.Install{ClientID: clientID, PortalID: 1, Gone: "uninstalled"})
			p.portalsAre(clientID, 2)
			p.saves(anInstall(1, "c"))
			p.portalsAre(clientID, 1, 2)
		},
	}, {
		name: "token/replaced where nothing changed",
		why:  "a refresh that took long must not overwrite the tokens of a new install",
		test: func(p *tokenProbe) {
			none := anInstall(1, "none")
			p.fails("ReplaceInstall of nothing", p.store.ReplaceInstall(p.ctx, none), oauth.ErrStaleInstall)
			first := anInstall(1, "a")
			p.saves(first)
			stale := anInstall(1, "stale")
			stale.Revision = first.Revision

			next := anInstall(1, "b")
			next.Revision = first.Revision
			p.ok("ReplaceInstall", p.store.ReplaceInstall(p.ctx, next))
			p.installIs(anInstall(1, "b"))
			p.fails("a stale ReplaceInstall", p.store.ReplaceInstall(p.ctx, stale), oauth.ErrStaleInstall)
			p.installIs(anInstall(1, "b"))

			next.Token = anInstall(1, "c").Token
			p.ok("ReplaceInstall with the revision it advanced", p.store.ReplaceInstall(p.ctx, next))
			p.saves(anInstall(1, "d"))
			p.fails("ReplaceInstall after a new install", p.store.ReplaceInstall(p.ctx, next), oauth.ErrStaleInstall)
			p.installIs(anInstall(1, "d"))
		},
	}, {
		name: "token/one of several refreshes wins",
		why:  "HubSpot may give each refresh another token; the stored one must be the last that was given",
		test: testConcurrentReplace,
	}, {
		name: "token/is a copy",
		why:  "a caller that changes the token it got must not change the store",
		test: func(p *tokenProbe) {
			in := anInstall(1, "a")
			p.saves(in)
			in.Token.AccessToken, in.Scopes[0] = "changed", "changed"
			got, err := p.store.Install(p.ctx, clientID, 1)
			p.ok("Install", err)
			got.Token.AccessToken, got.Scopes[0] = "changed", "changed"
			p.installIs(anInstall(1, "a"))
		},
	}, {
		name: "token/context ended before the call",
		why:  "a caller that has gone away takes every error for: nothing was stored",
		test: func(p *tokenProbe) {
			in := anInstall(1, "a")
			p.saves(in)
			ctx, cancel := context.WithCancel(p.ctx)
			cancel()
			_, err := p.store.Install(ctx, clientID, 1)
			p.fails("Install", err, context.Canceled)
			_, err = p.store.Installs(ctx, clientID)
			p.fails("Installs", err, context.Canceled)
			other := anInstall(1, "b")
			other.Revision = in.Revision
			p.fails("SaveInstall", p.store.SaveInstall(ctx, other), context.Canceled)
			p.fails("ReplaceInstall", p.store.ReplaceInstall(ctx, other), context.Canceled)
			p.installIs(anInstall(1, "a"))
		},
	},
}

func testConcurrentReplace(p *tokenProbe) {
	in := anInstall(1, "a")
	p.saves(in)
	var won, stale atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			next := anInstall(1, fmt.Sprint(i))
			next.Revision = in.Revision
			switch err := p.store.ReplaceInstall(p.ctx, next); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, oauth.ErrStaleInstall):
				stale.Add(1)
			}
		})
	}
	wg.Wait()
	p.equal("how many replaced it", won.Load(), int64(1))
	p.equal("how many were stale", stale.Load(), int64(7))
}

func anInstall(portalID int64, name string) *oauth.Install {
	return &oauth.Install{
		ClientID: clientID, PortalID: portalID, Scopes: []string{"scope of " + name, "oauth"}, UserID: 5, InstalledAt: start,
		Token: &oauth2.Token{
			AccessToken: "access-" + name, RefreshToken: "refresh-" + name, TokenType: "bearer", Expiry: start.Add(30 * time.Minute),
		},
	}
}

// tokenProbe is a store under test of one rule.
type tokenProbe struct {
	t     *testing.T
	ctx   context.Context
	store oauth.TokenStore
	why   string
}

func (p *tokenProbe) fatalf(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf(format+"\nThe rule: %s", append(args, p.why)...)
}

func (p *tokenProbe) ok(what string, err error) {
	p.t.Helper()
	if err != nil {
		p.fatalf("%s failed: %v", what, err)
	}
}

func (p *tokenProbe) fails(what string, err, want error) {
	p.t.Helper()
	if !errors.Is(err, want) {
		p.fatalf("%s: got error %v, want %v", what, err, want)
	}
}

func (p *tokenProbe) equal(what string, got, want any) {
	p.t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(oauth2.Token{})); diff != "" {
		p.fatalf("%s differs (-want +got):\n%s", what, diff)
	}
}

func (p *tokenProbe) saves(in *oauth.Install) {
	p.t.Helper()
	before := in.Revision
	p.ok("SaveInstall", p.store.SaveInstall(p.ctx, in))
	if in.Revision == before {
		p.fatalf("SaveInstall did not set Revision")
	}
}

func (p *tokenProbe) installIs(want *oauth.Install) {
	p.t.Helper()
	got, err := p.store.Install(p.ctx, want.ClientID, want.PortalID)
	p.ok("Install", err)
	got.Revision = 0
	p.equal("the install", got, want)
}

func (p *tokenProbe) portalsAre(client string, want ...int64) {
	p.t.Helper()
	got, err := p.store.Installs(p.ctx, client)
	p.ok("Installs", err)
	p.equal("the portals of "+client, got, want)
}
