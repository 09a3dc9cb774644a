package oauth_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
)

// lockingStore is a store that is an oauth.RefreshLocker too.
type lockingStore struct {
	*store
	mu       sync.Mutex
	holder   string
	until    time.Time
	deadline time.Time        // of the last ReplaceInstall
	failures map[string]error // by method
}

func (s *lockingStore) LockRefresh(_ context.Context, _ string, _ int64, holder string, ttl time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failures["LockRefresh"]; err != nil {
		return false, err
	}
	if s.holder != "" && s.holder != holder && time.Now().Before(s.until) {
		return false, nil
	}
	s.holder, s.until = holder, time.Now().Add(ttl)
	return true, nil
}

func (s *lockingStore) UnlockRefresh(ctx context.Context, _ string, _ int64, holder string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failures["UnlockRefresh"]; err != nil {
		return err
	}
	if s.holder == holder {
		s.holder = ""
	}
	return ctx.Err()
}

func (s *lockingStore) ReplaceInstall(ctx context.Context, in *oauth.Install) error {
	s.mu.Lock()
	s.deadline, _ = ctx.Deadline()
	s.mu.Unlock()
	return s.store.ReplaceInstall(ctx, in)
}

// locked runs a test of two Apps that share a store, as two processes do.
func locked(t *testing.T, test func(t *testing.T, b *bench, other *oauth.App, locks *lockingStore)) {
	synctest.Test(t, func(t *testing.T) {
		locks := &lockingStore{failures: map[string]error{}}
		share := func(a *oauth.App) { a.Tokens = locks }
		b := setup(share)
		locks.store = b.store
		test(t, b, b.newApp(share), locks)
	})
}

// tokens has both Apps ask at once and returns what they get.
func tokens(t *testing.T, apps ...*oauth.App) []string {
	got := make([]string, len(apps))
	var wg sync.WaitGroup
	for i, app := range apps {
		wg.Go(func() {
			token, err := app.Portal(portalID).Token(t.Context())
			if err != nil {
				t.Errorf("Token: %v", err)
				return
			}
			got[i] = token.AccessToken
		})
	}
	wg.Wait()
	return got
}

func TestTwoProcessesOneRefresh(t *testing.T) {
	locked(t, func(t *testing.T, b *bench, other *oauth.App, locks *lockingStore) {
		b.install(-time.Minute)
		b.hub.delay, b.hub.rotate = 10*time.Second, true
		if got := tokens(t, b.app, other); got[0] != "access-1" || got[1] != "access-1" {
			t.Errorf("the processes use %q, want access-1", got)
		}
		b.wantRefreshes(t, 1)
		if locks.holder != "" {
			t.Error("the lock was not given back")
		}
		if locks.deadline.IsZero() || locks.deadline.After(locks.until) {
			t.Errorf("the result could be stored until %v, when the lock had ended at %v", locks.deadline, locks.until)
		}
	})
}

func TestLockOfADeadProcessEnds(t *testing.T) {
	locked(t, func(t *testing.T, b *bench, other *oauth.App, locks *lockingStore) {
		b.install(-time.Minute)
		locks.holder, locks.until = "dead", time.Now().Add(30*time.Second)
		start := time.Now()
		if got := tokens(t, b.app, other); got[0] != "access-1" || got[1] != "access-1" {
			t.Errorf("the processes use %q, want access-1", got)
		}
		if waited := time.Since(start); waited < 30*time.Second || waited > 31*time.Second {
			t.Errorf("waited for %v, want about 30 s", waited)
		}
		b.wantRefreshes(t, 1)
	})
}

func TestLockTimeLeavesRoom(t *testing.T) {
	locked(t, func(t *testing.T, b *bench, other *oauth.App, locks *lockingStore) {
		b.install(-time.Minute)
		b.hub.delay = time.Hour
		go b.app.Portal(portalID).Token(t.Context())
		synctest.Wait()
		if left := time.Until(locks.until); left > time.Minute {
			t.Errorf("locked for %v, want a minute at most", left)
		}
		// The request ends before the lock, so another process takes over with nobody else at HubSpot.
		time.Sleep(time.Second)
		b.hub.set(func() { b.hub.delay = 0 })
		start := time.Now()
		tokens(t, other)
		if waited := time.Since(start); waited > 20*time.Second {
			t.Errorf("waited for %v, want the time of a request", waited)
		}
		b.wantRefreshes(t, 2)
	})
}

// Nobody waits for the refresh of another process while the token is valid.
func TestRefreshElsewhereHoldsNobodyUp(t *testing.T) {
	locked(t, func(t *testing.T, b *bench, other *oauth.App, locks *lockingStore) {
		b.install(30 * time.Minute)
		tokens(t, b.app, other)
		time.Sleep(26 * time.Minute)
		b.hub.delay = 15 * time.Second
		go b.app.Portal(portalID).Token(t.Context())
		synctest.Wait()
		start := time.Now()
		for range 100 {
			if got := tokens(t, other); got[0] != "access-0" {
				t.Errorf("the token is %s, want access-0", got)
			}
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("waited for %v", waited)
		}
		if b.log.String() != "" {
			t.Errorf("logged %s", b.log)
		}
		time.Sleep(20 * time.Second)
		if got := tokens(t, other); got[0] != "access-1" {
			t.Errorf("the token is %s, want access-1", got)
		}
		b.wantRefreshes(t, 1)
	})
}

// A caller whose token was refused has to wait, though others have given up to wait with the same one.
func TestRefusedDuringARefreshElsewhere(t *testing.T) {
	locked(t, func(t *testing.T, b *bench, other *oauth.App, locks *lockingStore) {
		b.install(30 * time.Minute)
		refused, err := other.Portal(portalID).Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tokens(t, b.app)
		time.Sleep(26 * time.Minute)
		b.hub.delay = 15 * time.Second
		go b.app.Portal(portalID).Token(t.Context())
		synctest.Wait()
		b.store.loading = func() { time.Sleep(time.Second) }
		go other.Portal(portalID).Token(t.Context()) // needs none
		synctest.Wait()
		got, err := other.Portal(portalID).Refresh(t.Context(), refused)
		if err != nil || got.AccessToken != "access-1" {
			t.Errorf("Refresh = %v, %v, want access-1", got, err)
		}
		b.wantRefreshes(t, 1)
	})
}

// While a process has a new refresh token that it could not store, no other may use the old one.
func TestLockIsKeptUntilTheTokenIsStored(t *testing.T) {
	locked(t, func(t *testing.T, b *bench, other *oauth.App, locks *lockingStore) {
		b.install(-time.Minute)
		b.hub.rotate = true
		full := errors.New("disk full")
		b.store.failWith(full)
		if _, err := b.app.Portal(portalID).Token(t.Context()); !errors.Is(err, full) {
			t.Errorf("Token = %v, want the store's error", err)
		}
		b.store.failWith(nil)
		time.AfterFunc(5*time.Second, func() { b.app.Portal(portalID).Token(t.Context()) })
		if got := tokens(t, other); got[0] != "access-1" {
			t.Errorf("the token is %s, want access-1", got)
		}
		b.wantRefreshes(t, 1)
	})
}

func TestLockFails(t *testing.T) {
	broken := errors.New("connection lost")
	t.Run("LockRefresh", func(t *testing.T) {
		locked(t, func(t *testing.T, b *bench, _ *oauth.App, locks *lockingStore) {
			b.install(-time.Minute)
			locks.failures["LockRefresh"] = broken
			if _, err := b.app.Portal(portalID).Token(t.Context()); !errors.Is(err, broken) {
				t.Errorf("Token = %v, want the store's error", err)
			}
			b.wantRefreshes(t, 0)
			delete(locks.failures, "LockRefresh")
			tokens(t, b.app)
		})
	})
	t.Run("UnlockRefresh", func(t *testing.T) {
		locked(t, func(t *testing.T, b *bench, other *oauth.App, locks *lockingStore) {
			b.install(-time.Minute)
			locks.failures["UnlockRefresh"] = broken
			if got := tokens(t, b.app, other); got[0] != "access-1" || got[1] != "access-1" {
				t.Errorf("the processes use %q, want access-1", got)
			}
			if !strings.Contains(b.log.String(), "connection lost") {
				t.Errorf("logged %q", b.log)
			}
		})
	})
}

func TestWaitForALockEnds(t *testing.T) {
	locked(t, func(t *testing.T, b *bench, _ *oauth.App, locks *lockingStore) {
		b.install(-time.Minute)
		locks.holder, locks.until = "hung", time.Now().Add(time.Hour) // not ours: we never take that long
		start := time.Now()
		_, err := b.app.Portal(portalID).Token(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "another process is refreshing") {
			t.Errorf("Token = %v", err)
		}
		if waited := time.Since(start); waited > time.Minute {
			t.Errorf("waited for %v", waited)
		}
	})
}
