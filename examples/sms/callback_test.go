package main

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/customchannels/customchannels-go/channels"
)

// TestSign compares with the example in the service's documentation.
func TestSign(t *testing.T) {
	form := url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"},
	}
	check(t, "signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form))
}

// TestWebhooksRefused calls the webhooks as others than the service do, and as the service does by mistake.
func TestWebhooksRefused(t *testing.T) {
	bubble(t, 0, func(t *testing.T, b *bench) {
		token := b.carrier.AuthToken()
		message := func(from, to string) url.Values {
			return url.Values{"MessageSid": {"SM1"}, "From": {from}, "To": {to}, "Body": {"Hello"}}
		}
		for name, test := range map[string]struct {
			path, token string
			form        url.Values
			want        int
		}{
			"a wrong token":              {incomingPath, "guessed", message(ada, b.carrier.Number()), http.StatusForbidden},
			"no token":                   {incomingPath, "", message(ada, b.carrier.Number()), http.StatusForbidden},
			"a number of nobody":         {incomingPath, token, message(ada, "+14155550177"), http.StatusNotFound},
			"no number":                  {incomingPath, token, message(ada, ""), http.StatusNotFound},
			"a status by somebody":       {statusPath, "guessed", message(b.carrier.Number(), ada), http.StatusForbidden},
			"a sender that cannot be":    {incomingPath, token, message("ACME BANK", b.carrier.Number()), http.StatusOK}, // dropped
			"a message without anything": {incomingPath, token, url.Values{"MessageSid": {"SM1"}, "From": {ada}, "To": {b.carrier.Number()}}, http.StatusOK},
			"a status that is new":       {statusPath, token, url.Values{"MessageSid": {"SM1"}, "From": {b.carrier.Number()}, "MessageStatus": {"scheduled"}}, http.StatusOK},
		} {
			if got := b.post(test.path, test.token, test.form); got != test.want {
				t.Errorf("%s is answered %d, want %d", name, got, test.want)
			}
		}
		synctest.Wait()
		if n := len(b.hubspot.Threads()); n != 0 {
			t.Errorf("HubSpot has got %d conversations of it, want none", n)
		}
	})
}

// TestSender tells phones and short codes apart.
func TestSender(t *testing.T) {
	for from, want := range map[string]channels.DeliveryIdentifier{
		"+14155550123": channels.Phone("+14155550123"),
		"78901":        channels.ShortCode("78901"),
		"":             channels.Phone(""),
	} {
		check(t, from, want, sender(from))
	}
}
