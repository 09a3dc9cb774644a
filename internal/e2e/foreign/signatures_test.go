package foreign

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// signed is a webhook as HubSpot's library takes it. v1 ignores all but the body.
type signed struct {
	Version   string `json:"signatureVersion"`
	Signature string `json:"signature"`
	Secret    string `json:"clientSecret"`
	Body      string `json:"requestBody"`
	URL       string `json:"url"`
	Method    string `json:"method"`
	Timestamp int64  `json:"timestamp,omitempty"`
}

// testSignatures has the library look at what the simulator signs, in each of HubSpot's three ways, and at what someone has
// tampered with.
func testSignatures(t *testing.T, n *node) {
	var genuine, forged []signed
	for _, older := range []string{"v1", "v2"} {
		w := newWorld(t, hubspottest.Config{Readings: hubspottest.Readings{SignatureV2: older == "v2"}})
		conversation := w.converse(n)
		if _, err := w.Reply(conversation.Thread, hubspottest.Reply{Text: "Coo, “coo” & <coo>!"}); err != nil {
			t.Fatal(err)
		}
		got := w.next("OUTGOING_CHANNEL_MESSAGE_CREATED")
		if version := got.header.Get("X-HubSpot-Signature-Version"); version != older {
			t.Errorf("the version of the older signature is %q, want %q", version, older)
		}
		as := signed{Version: older, Signature: got.header.Get("X-HubSpot-Signature"), Secret: w.ClientSecret(), Body: string(got.body), URL: got.url, Method: "POST"}
		v3 := as
		v3.Version, v3.Signature = "v3", got.header.Get("X-HubSpot-Signature-V3")
		var err error
		if v3.Timestamp, err = strconv.ParseInt(got.header.Get("X-HubSpot-Request-Timestamp"), 10, 64); err != nil {
			t.Fatal(err)
		}
		genuine = append(genuine, as, v3)
	}
	for _, as := range genuine {
		body, secret := as, as
		body.Body = strings.Replace(as.Body, "coo", "boo", 1)
		secret.Secret = "another app's"
		forged = append(forged, body, secret)
		if as.Version != "v1" { // which signs nothing else
			as.URL += "?account=2"
			forged = append(forged, as)
		}
	}
	var got []bool
	n.run("verify", map[string]any{"webhooks": append(genuine, forged...)}, &got)
	want := make([]bool, len(genuine)+len(forged))
	for i := range genuine {
		want[i] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("valid, of v1, v3, v2, v3, and then of the same tampered with (-want +got):\n%s", diff)
	}
}
