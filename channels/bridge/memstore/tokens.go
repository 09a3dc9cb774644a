package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
)

type installKey struct {
	client string
	portal int64
}

// Install implements [oauth.TokenStore].
func (s *Store) Install(ctx context.Context, clientID string, portalID int64) (*oauth.Install, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	in, ok := s.installs[installKey{clientID, portalID}]
	if !ok {
		return nil, oauth.ErrNotInstalled
	}
	return cloneInstall(in), nil
}

// SaveInstall implements [oauth.TokenStore].
func (s *Store) SaveInstall(ctx context.Context, in *oauth.Install) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	in.Revision = 1
	if before, ok := s.installs[installKey{in.ClientID, in.PortalID}]; ok {
		in.Revision = before.Revision + 1
	}
	s.keep(in)
	return nil
}

// ReplaceInstall implements [oauth.TokenStore].
func (s *Store) ReplaceInstall(ctx context.Context, in *oauth.Install) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	before, ok := s.installs[installKey{in.ClientID, in.PortalID}]
	if !ok || before.Revision != in.Revision {
		return oauth.ErrStaleInstall
	}
	in.Revision++
	s.keep(in)
	return nil
}

// Installs implements [oauth.TokenStore].
func (s *Store) Installs(ctx context.Context, clientID string) ([]int64, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var out []int64
	for key, in := range s.installs {
		if key.client == clientID && in.Gone == "" {
			out = append(out, key.portal)
		}
	}
	slices.Sort(out)
	return out, nil
}

// refreshLock is who refreshes the tokens of a portal, and until when.
type refreshLock struct {
	holder string
	until  time.Time
}

// LockRefresh implements [oauth.RefreshLocker].
func (s *Store) LockRefresh(ctx context.Context, clientID string, portalID int64, holder string, ttl time.Duration) (bool, error) {
	if err := s.begin(ctx); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	key, now := installKey{clientID, portalID}, time.Now()
	if lock, ok := s.refreshes[key]; ok && lock.holder != holder && now.Before(lock.until) {
		return false, nil
	}
	s.refreshes[key] = refreshLock{holder, now.Add(ttl)}
	return true, nil
}

// UnlockRefresh implements [oauth.RefreshLocker].
func (s *Store) UnlockRefresh(ctx context.Context, clientID string, portalID int64, holder string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if key := (installKey{clientID, portalID}); s.refreshes[key].holder == holder {
		delete(s.refreshes, key)
	}
	return nil
}

func (s *Store) keep(in *oauth.Install) {
	kept := cloneInstall(in)
	kept.Data = "" // is for OnInstall only
	s.installs[installKey{in.ClientID, in.PortalID}] = kept
}

func cloneInstall(in *oauth.Install) *oauth.Install {
	c := *in
	c.Scopes = slices.Clone(in.Scopes)
	if in.Token != nil {
		token := *in.Token
		c.Token = &token
	}
	return &c
}
