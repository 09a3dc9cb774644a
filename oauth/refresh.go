package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

const (
	// attempts bounds how often a flight starts over because the store has changed under it.
	attempts = 4
	// lockTime is how long a refresh may take, until its result is stored. Other processes wait that long at most for
	// one that has died, and still have time for a refresh of their own within a flight.
	lockTime = flightTimeout / 2
	// lockPause is how often the others look whether they need to wait any longer.
	lockPause = 100 * time.Millisecond
)

var (
	errBusy      = errors.New("the stored install keeps changing")
	errNoToken   = errors.New("the stored install has no token")
	errElsewhere = errors.New("another process is refreshing the token")
)

// fetch returns an install whose access token is not stale and, as far as is known, valid: the stored one, or else a
// refreshed one, which it stores. If it finds that the install is gone, it returns it together with [ErrUninstalled].
func (a *App) fetch(ctx context.Context, id int64, c *cache, f *flight) (*Install, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if in := c.unsaved; in != nil {
		switch err := a.store(ctx, c, in); {
		case err == nil && a.serves(in, f):
			return in, nil
		case err != nil && !errors.Is(err, ErrStaleInstall):
			return nil, err
		}
	}
	locker, shared := a.Tokens.(RefreshLocker)
	if !shared {
		return a.refetch(ctx, id, c, f)
	}
	for {
		in, err := a.load(ctx, id)
		if err != nil || a.serves(in, f) {
			return in, err
		}
		in, err = a.lockedRefetch(ctx, locker, id, c, f)
		if !errors.Is(err, errElsewhere) || !f.must {
			return in, err
		}
		select {
		case <-time.After(lockPause):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", errElsewhere, context.Cause(ctx))
		}
	}
}

// lockedRefetch is refetch for the one process that has the lock. In the others it fails with errElsewhere.
func (a *App) lockedRefetch(ctx context.Context, locker RefreshLocker, id int64, c *cache, f *flight) (*Install, error) {
	// The deadline is set before the lock is taken, so by any clock it comes first.
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	holder := rand.Text()
	locked, err := locker.LockRefresh(ctx, a.ClientID, id, holder, lockTime)
	switch {
	case err != nil:
		return nil, fmt.Errorf("locking the refresh: %w", err)
	case !locked:
		return nil, errElsewhere
	}
	defer func() {
		if c.unsaved != nil {
			return // what remains of the lock is for storing it
		}
		if err := locker.UnlockRefresh(ctx, a.ClientID, id, holder); err != nil {
			a.logger().WarnContext(ctx, "the lock of a refresh stays until its time is over", "portal", id, "error", err)
		}
	}()
	return a.refetch(ctx, id, c, f)
}

// refetch returns the stored install if it serves, or else refreshes it.
func (a *App) refetch(ctx context.Context, id int64, c *cache, f *flight) (*Install, error) {
	for range attempts {
		in, err := a.load(ctx, id)
		if err != nil || a.serves(in, f) {
			return in, err
		}
		in, err = a.renew(ctx, c, in)
		if !errors.Is(err, ErrStaleInstall) {
			f.renewed = err == nil
			return in, err
		}
		// Another process, or a re-install, was first: see what it stored.
	}
	return nil, errBusy
}

// load returns the stored install if it lives.
func (a *App) load(ctx context.Context, id int64) (*Install, error) {
	in, err := a.Tokens.Install(ctx, a.ClientID, id)
	switch {
	case err != nil:
		return nil, err
	case in.Gone != "":
		return nil, fmt.Errorf("%w: %s", ErrUninstalled, in.Gone)
	case in.Token == nil:
		return nil, errNoToken
	}
	return in, nil
}

// serves reports whether the token of in is what the flight is for.
func (a *App) serves(in *Install, f *flight) bool {
	return in.Token.AccessToken != f.stale && usable(in.Token, a.now())
}

// renew refreshes the tokens of in and stores what comes of it, be it that the install is gone. It fails with
// [ErrStaleInstall] if that is no longer about the stored install.
func (a *App) renew(ctx context.Context, c *cache, in *Install) (*Install, error) {
	got, err := a.refresh(ctx, in.Token.RefreshToken)
	if errors.Is(err, ErrInvalidGrant) {
		// The stored install is replaced only if it still is the one with the refused token.
		if err := a.markGone(ctx, in, err.Error()); err != nil {
			return nil, err
		}
		return in, fmt.Errorf("%w: %w", ErrUninstalled, err)
	}
	if err != nil {
		return nil, fmt.Errorf("refreshing: %w", err)
	}
	if got.portalID != 0 && got.portalID != in.PortalID {
		return nil, fmt.Errorf("refreshing: HubSpot answered with a token of portal %d", got.portalID)
	}
	// What the answer does not mention stays as it was.
	if got.token.RefreshToken == "" {
		got.token.RefreshToken = in.Token.RefreshToken
	}
	in.Token = &got.token
	if got.scopes != nil {
		in.Scopes = got.scopes
	}
	if err := a.store(ctx, c, in); err != nil {
		return nil, err
	}
	return in, nil
}

// store replaces the stored install by a refreshed one, which c keeps until that is done or pointless.
func (a *App) store(ctx context.Context, c *cache, in *Install) error {
	c.unsaved = in
	stored := *in
	err := a.Tokens.ReplaceInstall(ctx, &stored)
	switch {
	case err == nil, errors.Is(err, ErrStaleInstall):
		c.unsaved = nil
		return err
	}
	return fmt.Errorf("storing the refreshed token: %w", err)
}

// markGone stores that the install is dead, and drops its tokens. It fails with [ErrStaleInstall].
func (a *App) markGone(ctx context.Context, in *Install, why string) error {
	in.Gone, in.Token = why, nil
	stored := *in
	if err := a.Tokens.ReplaceInstall(ctx, &stored); err != nil {
		return fmt.Errorf("storing that the install is gone: %w", err)
	}
	return nil
}

// uninstalled tells the world that an install has ended.
func (a *App) uninstalled(ctx context.Context, in *Install) {
	log := a.logger().With("portal", in.PortalID, "client", in.ClientID)
	log.InfoContext(ctx, "the app is no longer installed", "reason", in.Gone)
	if a.OnUninstall == nil {
		return
	}
	if err := a.OnUninstall(ctx, in); err != nil {
		log.ErrorContext(ctx, "OnUninstall failed", "error", err)
	}
}
