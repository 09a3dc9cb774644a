package oauth

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"
)

var (
	// ErrNotInstalled means that the app was never installed in the portal: send an admin to the install handler.
	ErrNotInstalled = errors.New("the app is not installed in this portal")

	// ErrUninstalled means that the app was installed in the portal and no longer is. Nothing is asked of HubSpot with
	// the old tokens again; an admin can install the app anew.
	ErrUninstalled = errors.New("the app was uninstalled from this portal")

	// ErrStaleInstall is what [TokenStore.ReplaceInstall] answers when the stored install has changed since it was
	// read.
	ErrStaleInstall = errors.New("the stored install has changed meanwhile")
)

// An Install is an app in one portal, with the tokens that HubSpot granted it. It prints without secrets in every form,
// JSON included; a store marshals Token by itself, and seals it.
type Install struct {
	ClientID string
	PortalID int64 // HubSpot's hub_id

	// Token holds the access token, its expiry and the refresh token. It is nil once the install is gone.
	Token *oauth2.Token

	// Scopes are the scopes granted, nil if HubSpot did not tell.
	Scopes []string

	// UserID is the HubSpot user who installed the app, 0 if HubSpot did not tell.
	UserID int64

	// InstalledAt is when the app was installed, or last re-installed.
	InstalledAt time.Time

	// Gone says why the install is dead. It is empty as long as it lives.
	Gone string

	// Revision counts the times the install was stored. Stores set it.
	Revision int64

	// Data is what came with [InstallRequest].Data or from App.SignIn. It is set for App.OnInstall only, and not
	// stored.
	Data string
}

// A TokenStore keeps installs. Implementations must be safe for concurrent use, by several processes if the app runs in
// several, and seal the tokens where they are at rest. An *Install that is passed to or returned from a method is not
// used by the other side afterwards.
type TokenStore interface {
	// Install returns the install of the app in the portal, also one that is gone. It fails with [ErrNotInstalled] if
	// there is none.
	Install(ctx context.Context, clientID string, portalID int64) (*Install, error)

	// SaveInstall stores a new install, over an existing one if there is one, and sets in.Revision to a value that the
	// pair of client and portal never had before.
	SaveInstall(ctx context.Context, in *Install) error

	// ReplaceInstall stores in and advances in.Revision, if the stored install has the revision of in. Otherwise it
	// changes nothing and fails with [ErrStaleInstall].
	ReplaceInstall(ctx context.Context, in *Install) error

	// Installs returns the portals in which the app is installed, without those that are gone.
	Installs(ctx context.Context, clientID string) ([]int64, error)
}

// A RefreshLocker is a [TokenStore] for several processes, in which one of them at a time refreshes the tokens of a
// portal while the others wait for what it stores. Without it they may refresh at the same time; the first to store
// its result wins. An App looks for it in App.Tokens itself, so a store that wraps another one has to pass it on.
//
// A lock only saves requests. What is stored is guarded by [TokenStore.ReplaceInstall], so nothing is lost if it ends
// too early.
type RefreshLocker interface {
	// LockRefresh gives holder the lock of a portal for ttl, which is a minute at most, unless another holder has it
	// whose time is not over. It does not wait, but reports whether holder has the lock now. One clock decides when a
	// lock ends, whoever took it: the database's where several machines share one.
	//
	// No transaction stays open meanwhile: the lock of a process that dies ends by itself.
	LockRefresh(ctx context.Context, clientID string, portalID int64, holder string, ttl time.Duration) (bool, error)

	// UnlockRefresh ends the lock, if holder still has it.
	UnlockRefresh(ctx context.Context, clientID string, portalID int64, holder string) error
}
