package channels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/internal/rest"
)

// TokenSource yields the OAuth token of one portal. It must be safe for concurrent use and return tokens that are valid
// for a while yet, so it is asked before each attempt.
//
// It may have one more method:
//
//	Refresh(ctx context.Context, refused *oauth2.Token) (*oauth2.Token, error)
//
// After HubSpot has answered 401 to a token, that method is called once per call to get another one: the token that
// others have got meanwhile, or a new one. An *oauth.Portal has both methods.
type TokenSource interface {
	// Token returns a token to send with a call that is made at once.
	Token(ctx context.Context) (*oauth2.Token, error)
}

// refresher is the optional half of a TokenSource.
type refresher interface {
	Refresh(ctx context.Context, refused *oauth2.Token) (*oauth2.Token, error)
}

// StaticToken is a [TokenSource] that always yields the same access token, for tests and scripts. It prints as REDACTED.
type StaticToken string

// Token implements [TokenSource].
func (t StaticToken) Token(context.Context) (*oauth2.Token, error) {
	if t == "" {
		return nil, errors.New("channels: the static token is empty")
	}
	return &oauth2.Token{AccessToken: string(t), TokenType: "Bearer"}, nil
}

// Format implements [fmt.Formatter] for all verbs.
func (StaticToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "StaticToken(REDACTED)") }

// MarshalText implements [encoding.TextMarshaler], for encoders that would write the token.
func (StaticToken) MarshalText() ([]byte, error) { return []byte("REDACTED"), nil }

// LogValue implements [slog.LogValuer].
func (StaticToken) LogValue() slog.Value { return slog.StringValue("REDACTED") }

// DeveloperKey is the credential that registers custom channels: the developer API key from HubSpot's page Development →
// Keys, and the id of the app. HubSpot takes the key in the query; this package keeps it out of everything it prints.
type DeveloperKey struct {
	AppID int64
	Key   string
}

// Format implements [fmt.Formatter] for all verbs.
func (k DeveloperKey) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "DeveloperKey(app %d, REDACTED)", k.AppID)
}

// MarshalText implements [encoding.TextMarshaler], for encoders that would write the key.
func (k DeveloperKey) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "app %d, REDACTED", k.AppID), nil
}

// LogValue implements [slog.LogValuer].
func (k DeveloperKey) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(k)) }

func (k DeveloperKey) validate() error {
	if k.AppID <= 0 || k.Key == "" {
		return invalidf("the developer key needs the app's id and its key (HubSpot: Development → Keys)")
	}
	return nil
}

// authorizer puts a credential on a request. It is a function so that what it holds cannot be printed.
type authorizer func(context.Context, *http.Request) (rest.Grant, error)

func (k DeveloperKey) authorizer() authorizer {
	return func(_ context.Context, r *http.Request) (rest.Grant, error) {
		q := r.URL.Query()
		q.Set("hapikey", k.Key)
		q.Set("appId", strconv.FormatInt(k.AppID, 10))
		u := *r.URL
		u.RawQuery = q.Encode()
		r.URL = &u
		return rest.Grant{Secret: k.Key}, nil
	}
}

func bearer(src TokenSource) authorizer {
	again, _ := src.(refresher)
	return func(ctx context.Context, r *http.Request) (rest.Grant, error) {
		token, err := src.Token(ctx)
		if err != nil {
			return rest.Grant{}, fmt.Errorf("channels: no token for the call: %w", err)
		}
		if token == nil || token.AccessToken == "" {
			return rest.Grant{}, errors.New("channels: the token source returned no token")
		}
		r.Header["Authorization"] = []string{"Bearer " + token.AccessToken}
		grant := rest.Grant{Secret: token.AccessToken}
		if again != nil {
			grant.Refresh = func(ctx context.Context) error {
				_, err := again.Refresh(ctx, token)
				return err
			}
		}
		return grant, nil
	}
}
