package memstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
)

func Example() {
	ctx := context.Background()
	store := memstore.New() // for both bridge.Config.Store and oauth.App.Tokens

	item := &bridge.NewItem{
		Key: "message 1", Kind: bridge.KindIncoming, Channel: "1001", Portal: 24681012, Lane: "ana@example.com",
		Payload: []byte("Hello"), At: time.Now(),
	}
	for range 2 {
		answers, err := store.Accept(ctx, item)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(answers[0] == bridge.Accepted)
	}
	// Output:
	// true
	// false
}
