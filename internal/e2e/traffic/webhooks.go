package traffic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/customchannels/customchannels-go/webhook"
)

// Reply is the body of the webhook for the n-th message that an agent wrote, into a thread of a portal.
func Reply(portal int64, thread, n int) []byte {
	return fmt.Appendf(nil, `{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"%d","channelId":"%s","eventId":"e%d",
		"eventTimestamp":"2026-10-01T09:25:01.300Z","channelIntegrationThreadIds":["t%d"],"message":{"id":"m%d","type":"MESSAGE","channelId":"%s",
		"channelAccountId":"%d","conversationsThreadId":"%d","createdAt":"2026-10-01T09:25:00.%06dZ","createdBy":"A-1",
		"senders":[{"actorId":"A-1","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"shop"}}],
		"recipients":[{"actorId":"V-1","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"ada"}}],
		"text":"It ships today, and arrives the day after tomorrow.","richText":"<div>It ships today, and arrives the day after tomorrow.</div>",
		"direction":"OUTGOING","truncationStatus":"NOT_TRUNCATED","status":"SENT","attachments":[]}}`,
		portal, Channel, n, thread, n, Channel, portal, thread, n%1000000)
}

// Webhook is a request with HubSpot's signature, to an app that listens at base and is known as [AppURL].
func Webhook(ctx context.Context, base string, body []byte) (*http.Request, error) {
	const path = "/hubspot/webhook"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, webhook.Sign(webhook.V3, Secret, http.MethodPost, AppURL+path, body, time.Now()))
	return req, nil
}

// Post delivers a webhook, and fails unless the app takes it.
func Post(ctx context.Context, client *http.Client, base string, body []byte) error {
	req, err := Webhook(ctx, base, body)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}
