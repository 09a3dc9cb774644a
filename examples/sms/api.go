package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// credentials are those of an account at the SMS service. The bridge keeps them sealed with the connected account.
type credentials struct {
	AccountSID string
	AuthToken  string
}

// String shows which account it is, and nothing secret.
func (c credentials) String() string { return c.AccountSID }

// GoString is String, so that %#v shows no token either.
func (c credentials) GoString() string { return c.AccountSID }

// client calls the REST API of the SMS service.
type client struct {
	base string // such as "https://api.twilio.com"
	http *http.Client
}

// apiError is what the service answered instead of doing what it was asked.
type apiError struct {
	Status     int    `json:"-"` // of HTTP
	Code       int    `json:"code"`
	Message    string `json:"message"`
	RetryAfter time.Duration
}

func (e *apiError) Error() string {
	return fmt.Sprintf("the SMS service answered %d: error %d: %s", e.Status, e.Code, e.Message)
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// call posts a form, or gets a resource if form is nil, and decodes the answer. The path is below the account. key, if not
// empty, is the same whenever the same thing is asked for again.
func (c *client) call(ctx context.Context, as credentials, path string, form url.Values, key string, answer any) error {
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	address := c.base + "/2010-04-01/Accounts/" + url.PathEscape(as.AccountSID) + path
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.do(req, as)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(answer)
}

// do sends a request. The caller closes the body of the answer, which is a success.
func (c *client) do(req *http.Request, as credentials) (*http.Response, error) {
	req.SetBasicAuth(as.AccountSID, as.AuthToken)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	e := &apiError{}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(e); err != nil {
		e.Message = resp.Status // a proxy in between does not speak JSON
	}
	e.Status = resp.StatusCode
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return nil, e
}

// number is a phone number of an account at the service.
type number struct {
	SID         string `json:"sid"`
	PhoneNumber string `json:"phone_number"`
}

// findNumber returns a phone number of the account, or nil if it has no such number.
func (c *client) findNumber(ctx context.Context, as credentials, phone string) (*number, error) {
	var answer struct {
		Numbers []*number `json:"incoming_phone_numbers"`
	}
	query := url.Values{"PhoneNumber": {phone}}
	if err := c.call(ctx, as, "/IncomingPhoneNumbers.json?"+query.Encode(), nil, "", &answer); err != nil {
		return nil, err
	}
	for _, n := range answer.Numbers { // the service also finds numbers that only contain it
		if n.PhoneNumber == phone {
			return n, nil
		}
	}
	return nil, nil
}

// setWebhook has the service post customers' messages to an address; to none if it is empty.
func (c *client) setWebhook(ctx context.Context, as credentials, n *number, address string) error {
	form := url.Values{"SmsUrl": {address}, "SmsMethod": {http.MethodPost}}
	return c.call(ctx, as, "/IncomingPhoneNumbers/"+url.PathEscape(n.SID)+".json", form, "", n)
}
