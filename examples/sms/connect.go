package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// ConnectForm implements [bridge.Connector].
func (c *smsChannel) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{
		Title: "Connect a phone number",
		Intro: "What customers text to it will appear in the inbox you chose.",
		Fields: []bridge.Field{
			{
				Name: "number", Label: "Phone number", Type: "tel", Value: c.form["number"], Required: true,
				Help: "With country code, such as +1 415 555 0100.",
			},
			{
				Name: "sid", Label: "Account SID", Value: c.form["sid"], Required: true,
				Help: "From the first page of the SMS service's console; it begins with AC.",
			},
			{
				Name: "token", Label: "Auth token", Type: "password", Value: c.form["token"], Required: true,
				Help: "Beside the account SID. It is kept encrypted.",
			},
		},
	}, nil
}

// Connect implements [bridge.Connector]. It asks the service whether the number is there.
func (c *smsChannel) Connect(ctx context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	phone := channels.Phone(r.Values["number"])
	if err := phone.Validate(); err != nil {
		return nil, bridge.RejectField("number", "Please enter the phone number with its country code, such as +1 415 555 0100.", err)
	}
	as := credentials{AccountSID: strings.TrimSpace(r.Values["sid"]), AuthToken: strings.TrimSpace(r.Values["token"])}
	found, err := c.api.findNumber(ctx, as, phone.Value)
	switch {
	case isStatus(err, http.StatusUnauthorized), isStatus(err, http.StatusNotFound):
		return nil, bridge.RejectField("token", "The SMS service does not accept this auth token with this account SID.", err)
	case err != nil:
		return nil, err
	case found == nil:
		return nil, bridge.RejectField("number", "The number "+phone.Value+" does not belong to this account.", nil)
	}
	sealed, err := json.Marshal(as)
	return &bridge.Connection{Name: phone.Value, DeliveryIdentifier: phone, Credentials: sealed}, err
}

// overrides ask the real service to try a webhook again if this app answers 5xx or not at all. They are not sent to it.
const overrides = "#rc=5&rp=5xx,ct,rt"

// AccountChanged implements [bridge.AccountWatcher]: it has the service send a number's messages here for as long as the
// number is connected.
func (c *smsChannel) AccountChanged(ctx context.Context, change *bridge.AccountChange) error {
	account, webhook := change.New, c.url+incomingPath+overrides
	switch {
	case change.Created(), change.Reconnected():
	case change.Deleted():
		account, webhook = change.Old, "" // the new one has no credentials any more
	default:
		return nil
	}
	as, err := credentialsOf(account)
	if err != nil {
		return c.giveUp(account, err)
	}
	n, err := c.api.findNumber(ctx, as, account.Identifier.Value)
	if err == nil && n != nil {
		err = c.api.setWebhook(ctx, as, n, webhook)
	}
	if isStatus(err, http.StatusUnauthorized) || isStatus(err, http.StatusNotFound) || err == nil && n == nil {
		return c.giveUp(account, err)
	}
	return err
}

// giveUp lets a change take effect although the service could not be told: asking again would not help. Send finds out
// about bad credentials too, and disconnects the account.
func (c *smsChannel) giveUp(account *bridge.Account, err error) error {
	c.log.Warn("the webhook of a phone number could not be changed at the service", "account", account.ID, "error", err)
	return nil
}

func isStatus(err error, status int) bool {
	var e *apiError
	return errors.As(err, &e) && e.Status == status
}
