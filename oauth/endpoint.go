package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-querystring/query"
)

const (
	callTimeout = 20 * time.Second
	maxAnswer   = 1 << 20
)

// grantForm is the body of the token endpoint.
type grantForm struct {
	GrantType    string `url:"grant_type"`
	ClientID     string `url:"client_id"`
	ClientSecret string `url:"client_secret"`
	Code         string `url:"code,omitempty"`
	RedirectURI  string `url:"redirect_uri,omitempty"`
	RefreshToken string `url:"refresh_token,omitempty"`
}

// tokenForm is the body of the introspection and revocation endpoints.
type tokenForm struct {
	Token        string `url:"token"`
	Hint         string `url:"token_type_hint"`
	ClientID     string `url:"client_id"`
	ClientSecret string `url:"client_secret"`
}

// exchange trades the code of a callback for tokens.
func (a *App) exchange(ctx context.Context, code string) (*answer, error) {
	return a.grant(ctx, grantForm{GrantType: "authorization_code", Code: code, RedirectURI: a.RedirectURL})
}

// refresh trades a refresh token for new tokens.
func (a *App) refresh(ctx context.Context, refreshToken string) (*answer, error) {
	return a.grant(ctx, grantForm{GrantType: "refresh_token", RefreshToken: refreshToken})
}

func (a *App) grant(ctx context.Context, form grantForm) (*answer, error) {
	form.ClientID, form.ClientSecret = a.ClientID, a.ClientSecret
	asked := a.now()
	body, err := a.call(ctx, http.MethodPost, a.version().tokenPath(), form, form.Code, form.RefreshToken)
	if err != nil {
		return nil, err
	}
	return decodeAnswer(body, asked)
}

// introspect asks HubSpot about an access token.
func (a *App) introspect(ctx context.Context, token string) (*TokenInfo, error) {
	var body []byte
	var err error
	if a.version() == VersionV1 {
		body, err = a.call(ctx, http.MethodGet, "/oauth/v1/access-tokens/"+url.PathEscape(token), nil, token)
	} else {
		body, err = a.call(ctx, http.MethodPost, a.version().introspectPath(), a.tokenForm(token, "access_token"), token)
	}
	if err != nil {
		return nil, err
	}
	info, err := decodeTokenInfo(body)
	if err == nil && a.version() == VersionV1 {
		info.Active = true // v1 answers with an error otherwise, and does not say so
	}
	return info, err
}

// revoke tells HubSpot to forget a refresh token.
func (a *App) revoke(ctx context.Context, token string) error {
	var err error
	if a.version() == VersionV1 {
		_, err = a.call(ctx, http.MethodDelete, "/oauth/v1/refresh-tokens/"+url.PathEscape(token), nil, token)
	} else {
		_, err = a.call(ctx, http.MethodPost, a.version().revokePath(), a.tokenForm(token, "refresh_token"), token)
	}
	return err
}

func (a *App) tokenForm(token, hint string) tokenForm {
	return tokenForm{Token: token, Hint: hint, ClientID: a.ClientID, ClientSecret: a.ClientSecret}
}

// call sends a form to an OAuth endpoint and returns the body of a 2xx answer, or an *Error. Secrets are the values in
// form or path that no error may show.
func (a *App) call(ctx context.Context, method, path string, form any, secrets ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var payload io.Reader
	if form != nil {
		values, err := query.Values(form)
		if err != nil {
			return nil, err
		}
		payload = strings.NewReader(values.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, a.baseURL()+path, payload)
	if err != nil {
		return nil, errors.New("the endpoint's URL is malformed: check App.BaseURL")
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return a.send(req, append(secrets, a.ClientSecret))
}

func (a *App) send(req *http.Request, secrets []string) ([]byte, error) {
	req.Header.Set("Accept", "application/json")
	client := *a.httpClient()
	// A redirect would carry secrets to wherever it points.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Jar = nil
	resp, err := client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading HubSpot's answer: %w", err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("HubSpot's answer exceeds %d bytes", maxAnswer)
	case resp.StatusCode/100 != 2:
		return nil, newError(resp, body, a.now(), secrets)
	}
	return body, nil
}

// withoutURL drops the URL, which has a token in its path in v1.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return fmt.Errorf("cannot reach HubSpot: %w", wrapped.Err)
	}
	return err
}
