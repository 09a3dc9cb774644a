// Package messages says what passes between customers and agents: messages, their attachments and files, and how far they
// have got.
//
// A customer's message is published as a [Draft]. HubSpot keeps one message for each idempotency id, so give it the
// messaging service's own id of the message; then publishing twice does no harm:
//
//	client := messages.NewClient(api) // a *channels.Client of the portal
//	m, err := client.Publish(ctx, channelID, &messages.Draft{
//		AccountID:     account.ID,
//		Thread:        "chat-7781",
//		IdempotencyID: "message-000123",
//		Text:          "Where is my order?",
//		Senders:       []messages.Participant{{Name: "Ada", DeliveryIdentifier: channels.Phone("+14155550123")}},
//	})
//
// Media has to be in HubSpot's Files first: [Client.Upload] streams it there, and [File] attaches it.
//
// An agent's message arrives by webhook as a [Message]. Report what became of it with [Client.SetStatus], or the agent
// will never learn that it failed. Its files are read by [Client.SignedURL] and [Client.Download].
//
// What is sent is complete and strict; what is received may have ids as numbers, a status as a string, delivery
// identifiers without a type, and attachments that nobody knows yet, which keep their JSON.
package messages
