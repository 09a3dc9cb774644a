package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/webhook"
)

// hubspotCalls plays HubSpot: it signs a body and delivers it to a handler.
func hubspotCalls(h http.Handler, url, secret, body string) int {
	r := httptest.NewRequest("POST", url, strings.NewReader(body))
	maps.Copy(r.Header, webhook.Sign(webhook.V3, secret, "POST", url, []byte(body), time.Now()))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func Example() {
	h := &webhook.Handler{
		Verifier: webhook.NewVerifier("https://hooks.example.com", "the app's client secret"),
		OnOutgoingMessage: func(_ context.Context, e *webhook.OutgoingMessage) error {
			fmt.Printf("to %s: %s\n", e.Message.Recipients[0].DeliveryIdentifier.Value, e.Message.Text)
			return nil
		},
		Logger: slog.New(slog.DiscardHandler),
	}

	const body = `{"type": "OUTGOING_CHANNEL_MESSAGE_CREATED", "portalId": "24681012", "channelId": "918273",
		"message": {"id": "3ad3474b", "text": "It ships today.",
			"recipients": [{"deliveryIdentifier": {"type": "HS_PHONE_NUMBER", "value": "+14155550123"}}]}}`
	const url = "https://hooks.example.com/hubspot/webhook"
	fmt.Println(hubspotCalls(h, url, "the app's client secret", body))
	fmt.Println(hubspotCalls(h, url, "the app's client secret", body)) // delivered again: no second message
	fmt.Println(hubspotCalls(h, url, "a guess", body))
	// Output:
	// to +14155550123: It ships today.
	// 200
	// 200
	// 401
}

// A server that reads requests itself verifies the raw bytes before it decodes them.
func ExampleVerifier_Verify() {
	verifier := webhook.NewVerifier("https://hooks.example.com", "the new secret", "the old secret, while both are in use")
	serve := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "body cannot be read", http.StatusBadRequest)
			return
		}
		if err := verifier.Verify(r, body); err != nil {
			slog.Warn("refused", "error", err) // says what to change
			http.Error(w, "refused", http.StatusUnauthorized)
			return
		}
		events, err := webhook.Parse(body)
		if err != nil {
			http.Error(w, "not understood", http.StatusBadRequest)
			return
		}
		for _, e := range events {
			switch e := e.(type) {
			case *webhook.AccountCreated:
				fmt.Println("connected:", e.AccountID)
			default:
				fmt.Println("not of interest:", e.Header().Type)
			}
		}
	}
	const body = `{"type": "CHANNEL_ACCOUNT_CREATED", "portalId": "24681012", "channelId": "918273", "channelAccountId": "5550001"}`
	fmt.Println(hubspotCalls(http.HandlerFunc(serve), "https://hooks.example.com/cc", "the new secret", body))
	// Output:
	// connected: 5550001
	// 200
}

// The error names what is wrong with the set-up, here the scheme of the public URL.
func ExampleVerifyError() {
	verifier := webhook.NewVerifier("http://hooks.example.com", "the app's client secret")

	const url, body = "https://hooks.example.com/cc", "{}"
	r := httptest.NewRequest("POST", url, strings.NewReader(body))
	maps.Copy(r.Header, webhook.Sign(webhook.V3, "the app's client secret", "POST", url, []byte(body), time.Now()))

	err := verifier.Verify(r, []byte(body))
	fmt.Println(errors.Is(err, webhook.ErrMismatch))
	if e, ok := errors.AsType[*webhook.VerifyError](err); ok {
		fmt.Println(e.Detail)
		fmt.Println(e.Fix)
	}
	// Output:
	// true
	// The signature matches for https://, but PublicURL says http://.
	// Set PublicURL to "https://hooks.example.com".
}
