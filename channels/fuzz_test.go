package channels_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/customchannels/customchannels-go/channels"
)

// FuzzDecode checks that whatever HubSpot answers is decoded or refused, and that what was decoded can be sent and
// decodes to the same again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		registered, connected, `{}`, `null`, `[]`, `{"id":1e9}`, `{"capabilities":null}`, `{"capabilities":{"richText":"x"}}`,
		`{"deliveryIdentifier":"x"}`, `{"createdAt":""}`, `{"accountToken":"a","userId":""}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range []any{new(channels.Registration), new(channels.Account), new(channels.StagingToken), new(channels.Inbox), new(channels.Actor)} {
			if json.Unmarshal(data, v) != nil {
				continue
			}
			if _, err := json.Marshal(v); err != nil {
				t.Errorf("%T decoded from %q cannot be encoded: %v", v, data, err)
			}
		}
		var c, again channels.Capabilities
		if json.Unmarshal(data, &c) != nil {
			return
		}
		once, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatalf("%s does not decode: %v", once, err)
		}
		twice, err := json.Marshal(again)
		if err != nil || string(once) != string(twice) {
			t.Errorf("%s became %s, %v", once, twice, err)
		}
	})
}

// FuzzError checks that no error body can do harm.
func FuzzError(f *testing.F) {
	for _, seed := range []string{`{"message":"m","errors":[{"message":"x","context":{"a":["b"]}}]}`, `<html><title>`, `{"errors":[null,[]]}`, "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := newClient(t, play(reply(400, text)))
		if err := c.Call(t.Context(), http.MethodGet, "/x", nil, nil); err == nil || err.Error() == "" {
			t.Errorf("Call = %v", err)
		}
	})
}
