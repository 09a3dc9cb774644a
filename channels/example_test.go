package channels_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/customchannels/customchannels-go/channels"
)

// hubspot stands in for HubSpot in the examples. Package hubspottest has a complete simulator.
func hubspot(answers map[string]string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			body = `{"category":"OBJECT_NOT_FOUND","message":"No such thing."}`
		}
		_ = json.NewEncoder(w).Encode(json.RawMessage(body))
	}))
}

// An app registers its channel at each start. Only the first start creates it.
func ExampleRegistry_Ensure() {
	const channel = `{"id":"918273","name":"Acme SMS","webhookUrl":"https://app.example.com/hubspot/webhook","capabilities":{}}`
	server := hubspot(map[string]string{
		"GET /conversations/custom-channels/2026-09":          `{"total":1,"results":[` + channel + `]}`,
		"PATCH /conversations/custom-channels/2026-09/918273": channel,
	})
	defer server.Close()

	registry, err := channels.NewRegistry(
		channels.DeveloperKey{AppID: 4711, Key: "developer API key"},
		channels.WithBaseURL(server.URL), // leave out for HubSpot
	)
	if err != nil {
		log.Fatal(err)
	}
	ensured, err := registry.Ensure(context.Background(), &channels.Registration{
		Name:         "Acme SMS",
		WebhookURL:   "https://app.example.com/hubspot/webhook",
		Capabilities: channels.Capabilities{AllowOutgoingMessages: true},
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ensured.ID, "created:", ensured.Created, "changed:", ensured.Changed)
	// Output: 918273 created: false changed: [capabilities.allowOutgoingMessages]
}

// The account with an address is found without going through all of them.
func ExampleAccounts_All() {
	server := hubspot(map[string]string{
		"GET /conversations/custom-channels/2026-09/918273/channel-accounts": `{"total":1,"results":[{"id":"5550001","name":"Support line",
			"active":true,"deliveryIdentifier":{"type":"HS_PHONE_NUMBER","value":"+14155550123"}}]}`,
	})
	defer server.Close()
	client, err := channels.NewClient(channels.StaticToken("token of the portal"), channels.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	for account, err := range client.Accounts().All(context.Background(), "918273", &channels.AccountListOptions{
		DeliveryIdentifiers: []channels.DeliveryIdentifier{channels.Phone("+1 (415) 555-0123")},
	}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(account.ID, account.Name, account.DeliveryIdentifier)
	}
	// Output: 5550001 Support line HS_PHONE_NUMBER:+14155550123
}

// Calls that this SDK has no method for get the same token, limits and errors.
func ExampleClient_Call() {
	server := hubspot(map[string]string{
		"PATCH /conversations/v3/conversations/threads/8800112233": `{"id":"8800112233","status":"CLOSED"}`,
	})
	defer server.Close()
	client, err := channels.NewClient(channels.StaticToken("token of the portal"), channels.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	closed := map[string]string{"status": "CLOSED"}
	var thread struct{ Status string }
	err = client.Call(context.Background(), http.MethodPatch, client.ConversationsPath("threads", "8800112233"), closed, &thread, channels.Idempotent())
	fmt.Println(thread.Status, err)

	err = client.Call(context.Background(), http.MethodGet, client.ConversationsPath("threads", "1"), nil, &thread)
	fmt.Println(errors.Is(err, channels.ErrNotFound))
	// Output:
	// CLOSED <nil>
	// true
}

func ExampleDeliveryIdentifier_Validate() {
	fmt.Println(channels.Phone("+49 30 1234567").Validate())
	fmt.Println(channels.Phone("030 1234567").Validate())
	// Output:
	// <nil>
	// channels: the phone number "0301234567" has no country code: write it as +14155550123
}
