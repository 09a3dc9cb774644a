package relay

import (
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/internal/e2e/traffic"
)

var written = time.Date(2026, 10, 1, 9, 25, 0, 0, time.UTC)

// question is the n-th message that a customer wrote.
func question(n int) *bridge.Incoming {
	portal, thread := place(n)
	return &bridge.Incoming{
		ID:       fmt.Sprint("c", n),
		Text:     "When does it arrive? I am at home on Tuesday and on Thursday.",
		From:     channels.Opaque(fmt.Sprint("ada-", thread)),
		FromName: "Ada L.",
		To:       traffic.Shop(portal),
		Thread:   fmt.Sprint("t", thread),
		Time:     written,
	}
}
