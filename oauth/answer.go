package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

const (
	// usualLifetime is what HubSpot documents; used when an answer does not tell.
	usualLifetime = 30 * time.Minute
	// maxLifetime bounds what an answer can claim, so that no token is used for ever without a refresh.
	maxLifetime = 24 * time.Hour
)

// answer is what the token endpoint answers. HubSpot leaves out hub_id and scopes at times, and a refresh answer may
// lack the refresh token too.
type answer struct {
	token    oauth2.Token
	portalID int64
	userID   int64
	scopes   []string
}

// decodeAnswer reads an answer to a request made at asked. Its errors do not quote the answer, which holds tokens.
func decodeAnswer(body []byte, asked time.Time) (*answer, error) {
	var wire struct {
		AccessToken  string    `json:"access_token"`
		RefreshToken string    `json:"refresh_token"`
		TokenType    string    `json:"token_type"`
		ExpiresIn    number    `json:"expires_in"`
		HubID        number    `json:"hub_id"`
		UserID       number    `json:"user_id"`
		Scopes       scopeList `json:"scopes"`
	}
	if json.Unmarshal(body, &wire) != nil {
		return nil, errors.New("HubSpot's answer is not the JSON of a token")
	}
	if !sendable(wire.AccessToken) {
		return nil, errors.New("HubSpot's answer has no usable access token")
	}
	lifetime := usualLifetime
	if wire.ExpiresIn > 0 {
		lifetime = time.Duration(min(int64(wire.ExpiresIn), int64(maxLifetime/time.Second))) * time.Second
	}
	return &answer{
		token: oauth2.Token{
			AccessToken:  wire.AccessToken,
			RefreshToken: wire.RefreshToken,
			TokenType:    wire.TokenType,
			Expiry:       asked.Add(lifetime).Round(0), // no monotonic part: it does not survive storing
		},
		portalID: int64(wire.HubID),
		userID:   int64(wire.UserID),
		scopes:   wire.Scopes,
	}, nil
}

// sendable reports whether token can stand in a header: visible ASCII.
func sendable(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// TokenInfo is what HubSpot says about an access token.
type TokenInfo struct {
	// Active is false for a token that has expired or been revoked; all else is then empty.
	Active bool
	// ClientID and AppID name the app.
	ClientID string
	AppID    int64
	// PortalID and PortalDomain name the portal: HubSpot's hub_id and hub_domain.
	PortalID     int64
	PortalDomain string
	// UserID and User name the person who installed the app. User is an email address, and often absent.
	UserID int64
	User   string
	// Scopes are the scopes granted.
	Scopes []string
	// ExpiresIn is how long the token is still valid.
	ExpiresIn time.Duration
}

func decodeTokenInfo(body []byte) (*TokenInfo, error) {
	var wire struct {
		Active    bool      `json:"active"`
		ClientID  string    `json:"client_id"`
		AppID     number    `json:"app_id"`
		HubID     number    `json:"hub_id"`
		HubDomain string    `json:"hub_domain"`
		UserID    number    `json:"user_id"`
		User      string    `json:"user"`
		Scopes    scopeList `json:"scopes"`
		ExpiresIn number    `json:"expires_in"`
	}
	if json.Unmarshal(body, &wire) != nil {
		return nil, errors.New("HubSpot's answer is not the JSON of an introspection")
	}
	return &TokenInfo{
		Active:       wire.Active,
		ClientID:     wire.ClientID,
		AppID:        int64(wire.AppID),
		PortalID:     int64(wire.HubID),
		PortalDomain: wire.HubDomain,
		UserID:       int64(wire.UserID),
		User:         wire.User,
		Scopes:       wire.Scopes,
		ExpiresIn:    time.Duration(min(int64(wire.ExpiresIn), int64(maxLifetime/time.Second))) * time.Second,
	}, nil
}

// number reads a JSON number or a string of digits. Anything else is 0, as if absent: what matters can be asked for by
// introspection.
type number int64

func (n *number) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseInt(string(bytes.Trim(data, `"`)), 10, 64)
	if err != nil || v < 0 {
		v = 0
	}
	*n = number(v)
	return nil
}

// scopeList reads an array of strings, or one string with spaces between the scopes as RFC 6749 has it.
type scopeList []string

func (l *scopeList) UnmarshalJSON(data []byte) error {
	*l = nil
	var list []string
	if json.Unmarshal(data, &list) == nil {
		*l = list
		return nil
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("scopes are neither strings nor a string")
	}
	*l = strings.Fields(s)
	return nil
}
