package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

const (
	incomingPath = "/sms/incoming"
	statusPath   = "/sms/status"
	maxForm      = 64 << 10 // bytes
)

// serveIncoming takes a customer's message. The service tries again after a 5xx.
func (c *smsChannel) serveIncoming(w http.ResponseWriter, r *http.Request) {
	account := c.authenticate(w, r, "To")
	if account == nil {
		return
	}
	form := r.PostForm
	m := &bridge.Incoming{
		ID: form.Get("MessageSid"), From: sender(form.Get("From")), FromName: form.Get("ProfileName"),
		To: account.Identifier, Text: form.Get("Body"),
	}
	count, _ := strconv.Atoi(form.Get("NumMedia"))
	for i := range min(count, 10) {
		n := strconv.Itoa(i)
		m.Media = append(m.Media, bridge.Media{Ref: form.Get("MediaUrl" + n), Type: form.Get("MediaContentType" + n)})
	}
	c.answer(w, c.bridge.Receive(r.Context(), m))
}

// sender is who wrote: a phone, or a business with a short code.
func sender(from string) channels.DeliveryIdentifier {
	if len(from) > 0 && len(from) <= 8 && from[0] != '+' {
		return channels.ShortCode(from)
	}
	return channels.Phone(from)
}

// serveStatus takes what became of an agent's message. HubSpot knows SENT already and has no place for more steps on the way.
func (c *smsChannel) serveStatus(w http.ResponseWriter, r *http.Request) {
	account := c.authenticate(w, r, "From")
	if account == nil {
		return
	}
	form := r.PostForm
	var status messages.StatusType
	var reason string
	switch form.Get("MessageStatus") {
	case "read":
		status = messages.StatusRead
	case "failed", "undelivered":
		status, reason = messages.StatusFailed, failure(form.Get("ErrorCode"))
	default:
		c.answer(w, nil)
		return
	}
	c.answer(w, c.bridge.Report(r.Context(), account.Identifier, form.Get("MessageSid"), status, reason))
}

// failure is what the agent reads.
func failure(code string) string {
	if n, err := strconv.Atoi(code); err == nil && reasons[n] != "" {
		return reasons[n]
	}
	if code == "" {
		return "The message could not be delivered."
	}
	return "The message could not be delivered: error " + code + "."
}

// authenticate reads the form of a webhook and returns the connected account that it is about, whose number is in the field
// named. If the service has not signed it with the account's auth token, it answers the request itself and returns nil.
func (c *smsChannel) authenticate(w http.ResponseWriter, r *http.Request, field string) *bridge.Account {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return nil
	}
	account, err := c.bridge.Account(r.Context(), channels.Phone(r.PostForm.Get(field)))
	if errors.Is(err, bridge.ErrUnknownAccount) || errors.Is(err, bridge.ErrAmbiguousAccount) {
		c.log.Warn("a webhook of the SMS service is about a number that is not connected, or twice", "error", err)
		http.Error(w, "this number is not connected", http.StatusNotFound)
		return nil
	}
	if err != nil {
		c.unavailable(w, err)
		return nil
	}
	as, err := credentialsOf(account)
	want := sign(as.AuthToken, c.url+r.URL.RequestURI(), r.PostForm)
	if err != nil || as.AuthToken == "" || !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Twilio-Signature"))) {
		http.Error(w, "the signature does not verify", http.StatusForbidden)
		return nil
	}
	return account
}

// sign is the signature of a webhook: over its public URL and its parameters, sorted by their names.
func sign(authToken, url string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(authToken))
	_, _ = io.WriteString(mac, url)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			_, _ = io.WriteString(mac, name+value)
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// answer acknowledges a webhook once what it said is stored, or has it sent again.
func (c *smsChannel) answer(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
	case bridge.Permanent(err), errors.Is(err, bridge.ErrUnknownAccount):
		c.log.Warn("dropped what came from the SMS service, since it would never be taken", "error", err)
	default:
		c.unavailable(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	_, _ = io.WriteString(w, "<Response/>") // nothing to be texted back
}

func (c *smsChannel) unavailable(w http.ResponseWriter, err error) {
	c.log.Error("not stored; the SMS service tries again", "error", err)
	http.Error(w, "not stored: try again", http.StatusServiceUnavailable)
}
