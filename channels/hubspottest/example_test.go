package hubspottest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// An app is developed against the simulator: it gets the simulator's URL and
// credentials, and the test plays the admin and the agent.
func Example() {
	hs := hubspottest.New(hubspottest.Config{})
	if err := hs.Start(); err != nil {
		log.Fatal(err)
	}
	defer hs.Close()

	app := &standIn{hs: hs, client: http.DefaultClient} // your app
	replies := make(chan string)
	app.answer = func(n int, _ http.ResponseWriter, _ *http.Request) {
		if message, ok := app.all()[n-1].body["message"].(map[string]any); ok {
			replies <- message["text"].(string)
		}
	}
	server := httptest.NewServer(app.handler())
	defer server.Close()
	app.url = server.URL

	// The admin installs the app and connects an account.
	hs.SetInstallURL(server.URL + "/install")
	account, err := hs.InstallAndConnect(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("connected:", account.Name)

	// The app publishes what a customer wrote.
	allowReplies := json.RawMessage(`{"capabilities":{"allowOutgoingMessages":true}}`)
	register := fmt.Sprintf("%s/%s?hapikey=%s&appId=%d", channelBase, app.channel, hs.DeveloperKey(), hs.AppID())
	if _, err := app.json("PATCH", register, allowReplies, &map[string]any{}); err != nil {
		log.Fatal(err)
	}
	publish := channelBase + "/" + app.channel + "/messages"
	if _, err := app.json("POST", publish, draft(account.ID, "m-1", "Where is my order?"), &map[string]any{}); err != nil {
		log.Fatal(err)
	}

	// The agent reads it and answers.
	thread := hs.Threads()[0]
	fmt.Printf("%s: %s\n", thread.Customer, hs.Messages(thread.ID)[0].Text)
	if _, err := hs.Reply(thread.ID, hubspottest.Reply{Text: "It ships today."}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the app received:", <-replies)

	// Output:
	// connected: My shop
	// Ada: Where is my order?
	// the app received: It ships today.
}
