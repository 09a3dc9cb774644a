package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// smsChannel joins the SMS service to the bridge.
type smsChannel struct {
	api    *client
	files  *outbox
	url    string         // where the service reaches this app, without a slash at the end
	window time.Duration  // how long after a customer's message agents may answer; 0: for ever
	bridge *bridge.Bridge // for what comes from the service
	form   map[string]string
	log    *slog.Logger
	now    func() time.Time
}

// Send implements [bridge.Channel]. The service cuts a text into the segments of SMS, and the phone joins them again; only
// one that is longer than the service takes at once goes out in several messages.
func (c *smsChannel) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	if c.window > 0 && !m.LastIncoming.IsZero() && c.now().Sub(m.LastIncoming) > c.window {
		return nil, bridge.Reject(c.tooLate(m.LastIncoming), nil)
	}
	as, err := credentialsOf(m.Account)
	if err != nil {
		return nil, err
	}
	var receipt bridge.Receipt
	for n, text := range cut(m.Text, maxText) {
		sid, err := c.sendPart(ctx, as, m, n, text)
		if err != nil {
			return nil, c.verdict(err)
		}
		if n == 0 {
			receipt.ID = sid
		} else {
			receipt.Parts = append(receipt.Parts, sid)
		}
	}
	return &receipt, nil
}

// sendPart sends a part of a message, the first with the files, unless an earlier attempt has sent it.
func (c *smsChannel) sendPart(ctx context.Context, as credentials, m *bridge.Outgoing, n int, text string) (sid string, err error) {
	step := strconv.Itoa(n)
	if sid, ok := m.WasDelivered(step); ok {
		return sid, nil
	}
	form := url.Values{
		"From": {m.Account.Identifier.Value}, "To": {m.To.Value}, "Body": {text}, "StatusCallback": {c.url + statusPath},
	}
	for i, f := range m.Media {
		if n > 0 {
			break
		}
		address, err := c.files.keep(ctx, m.ID, i, f)
		if err != nil {
			return "", err
		}
		form.Add("MediaUrl", address)
	}
	var answer struct {
		SID string `json:"sid"`
	}
	if err := c.api.call(ctx, as, "/Messages.json", form, m.ID+"/"+step, &answer); err != nil {
		return "", err
	}
	if err := m.Delivered(step, answer.SID); err != nil {
		c.log.Warn("that a part was sent is not recorded yet", "error", err)
	}
	return answer.SID, nil
}

// maxText is how much the service takes at once, in characters.
const maxText = 1600

// cut divides a text into parts of at most limit characters, after a space if there is one in the second half.
func cut(text string, limit int) (parts []string) {
	for rest := []rune(text); ; {
		if len(rest) <= limit {
			return append(parts, string(rest))
		}
		end := limit
		for i := limit; i > limit/2; i-- {
			if unicode.IsSpace(rest[i-1]) {
				end = i
				break
			}
		}
		parts, rest = append(parts, string(rest[:end])), rest[end:]
	}
}

func (c *smsChannel) tooLate(last time.Time) string {
	return fmt.Sprintf("The customer last wrote on %s. This service takes answers for %s only: wait until the customer writes again.",
		last.UTC().Format("2 January, 15:04 UTC"), inWords(c.window))
}

func inWords(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return d.String()
}

// verdict says to the bridge what an error of the service means. What it does not know is tried again, in order.
func (c *smsChannel) verdict(err error) error {
	var e *apiError
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Status == http.StatusUnauthorized:
		return bridge.Disconnected(revoked, err)
	case e.Status == http.StatusTooManyRequests && e.RetryAfter > 0:
		return bridge.RetryAfter(e.RetryAfter, err)
	case e.Code == codeOutsideWindow && c.window > 0:
		return bridge.Reject(fmt.Sprintf("This service takes answers for %s after the customer has written only: wait until the customer "+
			"writes again.", inWords(c.window)), err)
	case reasons[e.Code] != "":
		return bridge.Reject(reasons[e.Code], err)
	case e.Status == http.StatusBadRequest:
		return bridge.Reject("The SMS service does not take this message: "+e.Message, err)
	}
	return err
}

const revoked = "The SMS service does not accept the auth token any more. Connect the number again in HubSpot's settings."

const codeOutsideWindow = 63016

// reasons are what agents read of the service's error codes, at once or after the message has been accepted.
var reasons = map[int]string{
	21211: "The service does not know this phone number.",
	21408: "The service may not send to this country. An admin can allow it in the service's settings.",
	21606: "The number you write from does not belong to the connected account any more.",
	21610: "The customer has texted STOP, and gets no messages until they text START.",
	21614: "This number cannot receive text messages.",
	21617: "The text is too long for the service.",
	21623: "There are too many files. The service takes up to 10.",
	11200: "The service could not fetch the file.",
	30003: "The phone is switched off or out of reach.",
	30004: "The customer has blocked messages.",
	30005: "The number is unknown, or not in use any more.",
	30006: "This number is a landline, or its network does not take text messages.",
	30007: "The network has filtered the message as unwanted.",
	63016: "This service takes answers for some time after the customer has written only: wait until the customer writes again.",
}

// credentialsOf opens what Connect has kept.
func credentialsOf(a *bridge.Account) (as credentials, err error) {
	if err := json.Unmarshal(a.Credentials, &as); err != nil {
		return as, errors.New("the account's credentials cannot be read: connect the number again")
	}
	return as, nil
}
