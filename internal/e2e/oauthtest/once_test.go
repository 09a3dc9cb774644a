package oauthtest

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
	"github.com/customchannels/customchannels-go/oauth"
)

const callers = 1000

func TestOneRefreshInABubble(t *testing.T) {
	for name, get := range map[string]func(*oauth.Portal, context.Context) (*oauth2.Token, error){
		"Token": (*oauth.Portal).Token,
		"Refresh": func(p *oauth.Portal, ctx context.Context) (*oauth2.Token, error) {
			return p.Refresh(ctx, expired(""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, hubspottest.Readings{RefreshTokenEnds: true}, func(w *world) {
				w.install()
				time.Sleep(time.Hour)
				w.hs.Inject(hubspottest.Fault{Operation: "oauth.token", Delay: 3 * time.Second})
				got, err := callAll(w.t.Context(), w.app.Portal(portalID), callers, get)
				if err != nil || len(got) != 1 {
					w.t.Errorf("%d different tokens, error %v", len(got), err)
				}
				wantRequests(w.t, w.hs, 1)
			})
		})
	}
}

// Two Apps that share a store are two processes as far as they can see.
func TestOneRefreshOfTwoAppsInABubble(t *testing.T) {
	simulate(t, hubspottest.Readings{RefreshTokenEnds: true}, func(w *world) {
		w.install()
		time.Sleep(time.Hour)
		w.hs.Inject(hubspottest.Fault{Operation: "oauth.token", Delay: 3 * time.Second})
		results := make(chan map[string]int)
		for _, app := range []*oauth.App{w.app, w.newApp()} {
			go func() {
				got, err := callAll(w.t.Context(), app.Portal(portalID), callers/2, (*oauth.Portal).Token)
				if err != nil {
					w.t.Error(err)
				}
				results <- got
			}()
		}
		if diff := cmp.Diff(<-results, <-results); diff != "" {
			w.t.Errorf("the Apps use different tokens:\n%s", diff)
		}
		wantRequests(w.t, w.hs, 1)
	})
}

func TestOneRefreshInAProcess(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		w := newWorld(t, hubspottest.Readings{}, func(a *oauth.App) { a.Tokens = d.store(t) })
		w.install()
		expire(t, w.app.Tokens, w.app.ClientID)
		app := w.newApp() // knows of no token
		got, err := callAll(t.Context(), app.Portal(portalID), callers, (*oauth.Portal).Token)
		if err != nil || len(got) != 1 {
			t.Errorf("%d different tokens, error %v", len(got), err)
		}
		wantRequests(t, w.hs, 1)
	})
}

// newShared installs the app on a database, with an access token that has expired, for nodes to use.
func newShared(t *testing.T, d database, readings hubspottest.Readings) (*world, nodeSettings) {
	t.Helper()
	w := newWorld(t, readings, func(a *oauth.App) { a.Tokens = d.store(t) })
	w.install()
	expire(t, w.app.Tokens, w.app.ClientID)
	if err := w.hs.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.hs.Close() })
	return w, nodeSettings{
		HubSpot: w.hs.URL(), ClientID: w.app.ClientID, ClientSecret: w.app.ClientSecret, Database: d,
		Callers: callers / 2, Stage: beforeRequest, LockTime: time.Minute,
	}
}

func TestOneRefreshInTwoProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		w, settings := newShared(t, d, hubspottest.Readings{})
		first, second := startNode(t, settings), startNode(t, settings)
		first.tell()
		second.tell()
		// One of them has the lock, and the other one has seen that.
		one, other := <-first.lines, <-second.lines
		switch {
		case one == "refreshing" && other == "waiting":
			first.tell()
		case one == "waiting" && other == "refreshing":
			second.tell()
		default:
			t.Fatalf("the nodes say %q and %q", one, other)
		}
		a, b := first.result(), second.result()
		want := nodeResult{Tokens: map[string]int{w.stored().Token.AccessToken: callers / 2}}
		if diff := cmp.Diff([]nodeResult{want, want}, []nodeResult{a, b}); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
		wantRequests(t, w.hs, 1)
	})
}

func TestKilledWhileRefreshing(t *testing.T) {
	rotates, ends := hubspottest.Readings{}, hubspottest.Readings{RefreshTokenEnds: true}
	for _, tt := range []struct {
		name     string
		stage    stage
		readings hubspottest.Readings
		waits    bool // the other node, until the lock's time is over
		requests int
		lost     bool
	}{
		{"before the request", beforeRequest, rotates, true, 1, false},
		{"after the answer", afterAnswer, rotates, true, 2, false},
		{"after storing", afterStoring, rotates, false, 1, false},
		{"strict, before the request", beforeRequest, ends, true, 1, false},
		{"strict, after the answer", afterAnswer, ends, true, 2, true},
		{"strict, after storing", afterStoring, ends, false, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, d database) {
				t.Parallel() // most of the time they wait for the lock to end
				w, settings := newShared(t, d, tt.readings)
				settings.LockTime, settings.Stage = 2*time.Second, tt.stage
				victim := startNode(t, settings)
				settings.Stage = ""
				heir := startNode(t, settings)
				victim.tell()
				victim.hears("refreshing")
				heir.tell()
				if tt.waits {
					heir.hears("waiting")
				}
				victim.kill()
				got := heir.result()
				wantRequests(t, w.hs, tt.requests)
				if tt.lost {
					wantLost(w, got)
					return
				}
				want := nodeResult{Tokens: map[string]int{w.stored().Token.AccessToken: callers / 2}}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("result (-want +got):\n%s", diff)
				}
				// What is stored is also good for the next time.
				expire(t, w.app.Tokens, w.app.ClientID)
				if token := w.token(); want.Tokens[token] > 0 {
					t.Error("the token was not refreshed again")
				}
			})
		})
	}
}

// wantLost checks that a refresh token which died with a process is known to be dead, and a re-install helps.
func wantLost(w *world, got nodeResult) {
	w.t.Helper()
	if len(got.Tokens) > 0 || !strings.Contains(got.Error, oauth.ErrUninstalled.Error()) {
		w.t.Errorf("the callers got %v, want ErrUninstalled", got)
	}
	if w.stored().Gone == "" {
		w.t.Errorf("stored %v, want it gone", w.stored())
	}
	w.install()
	w.token()
}

// In a bubble it is the year 2000. Were the process's clock to decide, its lock had ended long ago for all others.
func TestDatabaseClockDecides(t *testing.T) {
	d := database{sqlstore.PostgreSQL, "pgx", pgtest.New(t), newKeyFile(t), ""}
	lock := func(t *testing.T, holder string, want bool) {
		locked, err := d.store(t).LockRefresh(t.Context(), "client", portalID, holder, time.Minute)
		if err != nil || locked != want {
			t.Errorf("LockRefresh by %s = %v, %v, want %v", holder, locked, err, want)
		}
	}
	synctest.Test(t, func(t *testing.T) { lock(t, "a", true) })
	lock(t, "b", false)
	synctest.Test(t, func(t *testing.T) { lock(t, "c", false) })
}
