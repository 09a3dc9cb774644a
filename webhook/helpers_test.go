package webhook_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/webhook"
)

const (
	secret      = "5ec2e7ab-0000-4000-8000-5ec2e7ab5ec2"
	otherSecret = "07be25ec-0000-4000-8000-07be25ec07be"
	publicURL   = "https://hooks.example.test"

	outgoing = `{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"24681012","channelId":"918273",` +
		`"eventId":"0b6f","eventTimestamp":"2026-10-01T09:25:01.300Z","channelIntegrationThreadIds":["conv-7781"],` +
		`"message":{"id":"3ad3474b","type":"MESSAGE","channelId":"918273","channelAccountId":"5550001",` +
		`"conversationsThreadId":"8800112233","createdAt":"2026-10-01T09:25:00.950Z","createdBy":"A-2620022",` +
		`"senders":[{"actorId":"A-2620022","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"shop-eu"}}],` +
		`"recipients":[{"actorId":"V-1401","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"user-42"}}],` +
		`"text":"Schöne Grüße – it's on its way & <free> ☃","richText":"<div>Schöne Grüße – it's on its way</div>",` +
		`"direction":"OUTGOING","truncationStatus":"NOT_TRUNCATED","status":"SENT","attachments":[]}}`
	accountCreated = `{"type":"CHANNEL_ACCOUNT_CREATED","portalId":"24681012","channelId":"918273",` +
		`"eventTimestamp":"2026-10-01T09:15:30.123Z","channelAccountId":"5550001",` +
		`"channelAccountDeliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"shop-42"}}`
)

// now is the time of all tests.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func testVerifier(publicURL string, secrets ...string) *webhook.Verifier {
	v := webhook.NewVerifier(publicURL, secrets...)
	v.Now = func() time.Time { return now }
	return v
}

// deliver returns the request that a server gets when HubSpot calls a URL and nothing on the way changes it but the
// proxy that ends TLS.
func deliver(t testing.TB, uri, body string, at time.Time, versions ...webhook.Version) *http.Request {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", strings.TrimPrefix(uri, u.Scheme+"://"+u.Host), strings.NewReader(body))
	r.Host = u.Host
	if len(versions) == 0 {
		versions = []webhook.Version{webhook.V3}
	}
	for _, version := range versions {
		maps.Copy(r.Header, webhook.Sign(version, secret, "POST", uri, []byte(body), at))
	}
	return r
}
