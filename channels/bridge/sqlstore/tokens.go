package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/oauth"
)

// sealedInstall is what of an [oauth.Install] is sealed, since the type itself prints without its secrets.
type sealedInstall struct {
	Token       *oauth2.Token `json:"token,omitempty"`
	Scopes      []string      `json:"scopes,omitempty"`
	UserID      int64         `json:"userId,omitempty"`
	InstalledAt time.Time     `json:"installedAt,omitzero"`
	Gone        string        `json:"gone,omitempty"`
}

func installOwner(clientID string, portalID int64) string {
	return fmt.Sprintf("install\x00%s\x00%d", clientID, portalID)
}

func (s *Store) sealInstall(in *oauth.Install) ([]byte, error) {
	plain, err := json.Marshal(sealedInstall{in.Token, in.Scopes, in.UserID, in.InstalledAt, in.Gone})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: install: %w", err)
	}
	sealed, err := s.keys.ring.Seal(plain, installOwner(in.ClientID, in.PortalID))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: seal an install: %w", err)
	}
	return sealed, nil
}

// Install implements [oauth.TokenStore].
func (s *Store) Install(ctx context.Context, clientID string, portalID int64) (*oauth.Install, error) {
	var sealed []byte
	in := &oauth.Install{ClientID: clientID, PortalID: portalID}
	err := s.read(ctx, func(c *session) error {
		return c.get(`SELECT revision, sealed FROM @installs WHERE client = ?1 AND portal = ?2`, []any{clientID, portalID}, &in.Revision, &sealed)
	})
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, oauth.ErrNotInstalled
	}
	if err != nil {
		return nil, err
	}
	plain, err := s.keys.ring.Open(sealed, installOwner(clientID, portalID))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: the tokens of portal %d, client id %s, cannot be opened: %w", portalID, clientID, err)
	}
	var kept sealedInstall
	if err := json.Unmarshal(plain, &kept); err != nil {
		return nil, fmt.Errorf("sqlstore: the tokens of portal %d cannot be read", portalID)
	}
	in.Token, in.Scopes, in.UserID, in.InstalledAt, in.Gone = kept.Token, kept.Scopes, kept.UserID, kept.InstalledAt, kept.Gone
	return in, nil
}

// SaveInstall implements [oauth.TokenStore].
func (s *Store) SaveInstall(ctx context.Context, in *oauth.Install) error {
	sealed, err := s.sealInstall(in)
	if err != nil {
		return err
	}
	var revision int64
	err = s.write.transaction(ctx, func(c *session) error {
		return c.get(`INSERT INTO @installs (client, portal, revision, gone, sealed) VALUES (?1, ?2, 1, ?3, ?4)
			ON CONFLICT (client, portal) DO UPDATE SET revision = @installs.revision + 1, gone = excluded.gone, sealed = excluded.sealed
			RETURNING revision`, []any{in.ClientID, in.PortalID, flag(in.Gone != ""), sealed}, &revision)
	})
	if err == nil {
		in.Revision = revision
	}
	return err
}

// ReplaceInstall implements [oauth.TokenStore].
func (s *Store) ReplaceInstall(ctx context.Context, in *oauth.Install) error {
	sealed, err := s.sealInstall(in)
	if err != nil {
		return err
	}
	err = s.write.transaction(ctx, func(c *session) error {
		n, err := c.exec(`UPDATE @installs SET revision = revision + 1, gone = ?1, sealed = ?2 WHERE client = ?3 AND portal = ?4 AND revision = ?5`,
			flag(in.Gone != ""), sealed, in.ClientID, in.PortalID, in.Revision)
		if err == nil && n == 0 {
			return oauth.ErrStaleInstall
		}
		return err
	})
	if err == nil {
		in.Revision++
	}
	return err
}

// Installs implements [oauth.TokenStore].
func (s *Store) Installs(ctx context.Context, clientID string) ([]int64, error) {
	var out []int64
	err := s.read(ctx, func(c *session) error {
		return c.each(`SELECT portal FROM @installs WHERE client = ?1 AND gone = 0 ORDER BY portal`, []any{clientID}, func(scan func(...any) error) error {
			var portal int64
			err := scan(&portal)
			out = append(out, portal)
			return err
		})
	})
	return out, err
}
