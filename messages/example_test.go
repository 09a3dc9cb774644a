package messages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// A customer sends a picture: it is uploaded first, and the message refers to it.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		if strings.HasPrefix(r.URL.Path, "/files") {
			_, _ = io.WriteString(w, `{"id":"122692044085","name":"cat","extension":"png"}`)
			return
		}
		_, _ = io.WriteString(w, `{"id":"3ad3474b","conversationsThreadId":"8800112233","status":{"statusType":"RECEIVED"}}`)
	})) // stands in for HubSpot; package hubspottest has a complete simulator
	defer server.Close()
	api, err := channels.NewClient(channels.StaticToken("token of the portal"), channels.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	client := messages.NewClient(api)
	file, err := client.Upload(ctx, &messages.Upload{Name: "cat.png", ContentType: "image/png", Body: strings.NewReader("...")})
	if err != nil {
		log.Fatal(err)
	}
	m, err := client.Publish(ctx, "918273", &messages.Draft{
		AccountID:     "5550001",
		Thread:        "chat-7781",
		IdempotencyID: "message-000123",
		Text:          "My cat",
		Senders:       []messages.Participant{{Name: "Ada", DeliveryIdentifier: channels.Opaque("user-42")}},
		Attachments:   messages.Attachments{messages.File(file.ID, messages.UsageImage)},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(file.FileName(), m.ID, m.ThreadID, m.Status.Type)
	// Output: cat.png 3ad3474b 8800112233 RECEIVED
}

// The attachments of a message are told apart by their types.
func ExampleAttachments() {
	var m messages.Message
	if err := json.Unmarshal([]byte(`{"attachments":[
		{"fileId":122692044085,"fileUsageType":"IMAGE"},
		{"type":"LOCATION","latitude":52.5,"longitude":13.4},
		{"type":"HOLOGRAM","depth":3}]}`), &m); err != nil {
		log.Fatal(err)
	}
	for _, a := range m.Attachments {
		switch a := a.(type) {
		case *messages.FileAttachment:
			fmt.Println("file", a.ID, a.Usage)
		case *messages.LocationAttachment:
			fmt.Println("place", a.Latitude, a.Longitude)
		case *messages.UnknownAttachment:
			fmt.Println("unknown", a.Type)
		}
	}
	// Output:
	// file 122692044085 IMAGE
	// place 52.5 13.4
	// unknown HOLOGRAM
}
