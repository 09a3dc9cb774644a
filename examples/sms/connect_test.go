package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/examples/sms/carrier"
)

// TestConnect enters what can be wrong, and what admins paste.
func TestConnect(t *testing.T) {
	bubble(t, 0, func(t *testing.T, b *bench) {
		sid, token := b.carrier.AccountSID(), b.carrier.AuthToken()
		for name, test := range map[string]struct{ number, sid, token, want string }{
			"as it is":           {"+14155550100", sid, token, ""},
			"as people write it": {" +1 (415) 555-0100", " " + sid, token + "\n", ""},
			"no country code":    {"415 555 0100", sid, token, "Please enter the phone number with its country code"},
			"another number":     {"+14155550101", sid, token, "The number +14155550101 does not belong to this account."},
			"another account":    {"+14155550100", "AC1", token, "The SMS service does not accept this auth token with this account SID."},
			"a path":             {"+14155550100", "../../x?", token, "The SMS service does not accept this auth token with this account SID."},
			"a wrong token":      {"+14155550100", sid, "x", "The SMS service does not accept this auth token with this account SID."},
		} {
			got, err := b.app.channel.Connect(t.Context(), &bridge.ConnectRequest{
				Values: map[string]string{"number": test.number, "sid": test.sid, "token": test.token},
			})
			reason, rejected := bridge.Rejected(err)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("%s: %v", name, err)
			case test.want == "":
				check(t, name, b.carrier.Number(), got.DeliveryIdentifier.Value)
			case !rejected || !strings.Contains(reason, test.want):
				t.Errorf("%s: the admin reads %q (%v), want %q", name, reason, err, test.want)
			}
		}
	})
}

// TestConnectWithoutService has the service down, which is not the admin's mistake.
func TestConnectWithoutService(t *testing.T) {
	bubble(t, 0, func(t *testing.T, b *bench) {
		b.carrier.Refuse(carrier.Refusal{Status: http.StatusInternalServerError})
		_, err := b.app.channel.Connect(t.Context(), &bridge.ConnectRequest{Values: map[string]string{
			"number": b.carrier.Number(), "sid": b.carrier.AccountSID(), "token": b.carrier.AuthToken(),
		}})
		if !isStatus(err, http.StatusInternalServerError) {
			t.Errorf("the error is %v, want the service's 500", err)
		}
	})
}
