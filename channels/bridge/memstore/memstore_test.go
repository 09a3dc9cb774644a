package memstore_test

import (
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/oauth"
)

func TestStore(t *testing.T) {
	bridgetest.RunStore(t, func(*testing.T) bridge.Store { return memstore.New() })
}

func TestTokenStore(t *testing.T) {
	bridgetest.RunTokenStore(t, func(*testing.T) oauth.TokenStore { return memstore.New() })
}
