package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/oauth2"
)

// Introspect asks HubSpot what the portal's access token is good for.
func (p *Portal) Introspect(ctx context.Context) (*TokenInfo, error) {
	token, err := p.Token(ctx)
	if err != nil {
		return nil, err
	}
	info, err := p.app.introspect(ctx, token.AccessToken)
	if err != nil {
		return nil, fmt.Errorf("oauth: introspecting the token of portal %d: %w", p.id, err)
	}
	return info, nil
}

// Revoke gives the portal's refresh token back to HubSpot and ends the install on this side. The app stays listed in
// the portal, and access tokens that were handed out work until they expire: to leave for good, use Uninstall.
//
// It returns nil if the install is gone already, and [ErrNotInstalled] if there never was one.
func (p *Portal) Revoke(ctx context.Context) error {
	return p.end(ctx, "revoking", "the app gave its access back", func(in *Install) error {
		err := p.app.revoke(ctx, in.Token.RefreshToken)
		if errors.Is(err, ErrInvalidGrant) {
			return nil // it is not valid, which is what was asked for
		}
		return err
	})
}

// Uninstall removes the app from the portal, whose admins HubSpot tells by email, and ends the install on this side.
//
// It returns nil if the install is gone already, and [ErrNotInstalled] if there never was one. HubSpot's page is "App
// uninstalls API".
func (p *Portal) Uninstall(ctx context.Context) error {
	return p.end(ctx, "uninstalling", "the app uninstalled itself", func(*Install) error {
		token, err := p.Token(ctx)
		if err != nil {
			return err
		}
		err = p.deleteInstall(ctx, token)
		var refused *Error
		if errors.As(err, &refused) && refused.StatusCode == http.StatusUnauthorized {
			if token, err = p.Refresh(ctx, token); err != nil {
				return err
			}
			err = p.deleteInstall(ctx, token)
		}
		return err
	})
}

func (p *Portal) deleteInstall(ctx context.Context, token *oauth2.Token) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, p.app.baseURL()+p.app.version().uninstallPath(), nil)
	if err != nil {
		return errors.New("the endpoint's URL is malformed: check App.BaseURL")
	}
	token.SetAuthHeader(req)
	_, err = p.app.send(req, []string{token.AccessToken})
	return err
}

// end carries out do at HubSpot, and then marks the stored install as gone.
func (p *Portal) end(ctx context.Context, doing, why string, do func(*Install) error) error {
	a := p.app
	if err := a.Validate(); err != nil {
		return err
	}
	failed := func(err error) error { return fmt.Errorf("oauth: %s portal %d: %w", doing, p.id, err) }
	in, err := a.Tokens.Install(ctx, a.ClientID, p.id)
	switch {
	case err != nil:
		return failed(err)
	case in.Gone != "":
		return nil
	case in.Token == nil:
		return failed(errNoToken)
	}
	if err := do(in); errors.Is(err, ErrUninstalled) {
		return nil
	} else if err != nil {
		return failed(err)
	}
	defer a.forget(p.id)
	for range attempts {
		// Read anew: a refresh may have come between, and it does not matter whose tokens are dropped.
		if in, err = a.Tokens.Install(ctx, a.ClientID, p.id); err != nil {
			return failed(err)
		}
		if in.Gone != "" {
			return nil
		}
		err = a.markGone(ctx, in, why)
		if err == nil {
			a.uninstalled(ctx, in)
			return nil
		}
		if !errors.Is(err, ErrStaleInstall) {
			return failed(err)
		}
	}
	return failed(errBusy)
}
