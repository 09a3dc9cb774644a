package channels_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
)

// The seeds of all targets are in testdata/fuzz.

func FuzzRegistration(f *testing.F) { f.Fuzz(survives[channels.Registration]) }

func FuzzAccount(f *testing.F) { f.Fuzz(survives[channels.Account]) }

func FuzzInbox(f *testing.F) { f.Fuzz(survives[channels.Inbox]) }

func FuzzActor(f *testing.F) { f.Fuzz(survives[channels.Actor]) }

// survives checks that whatever HubSpot answers is decoded or refused, and that what was decoded is the same after it was
// encoded and decoded again.
func survives[T any](t *testing.T, data []byte) {
	var first, second T
	if json.Unmarshal(data, &first) != nil {
		return
	}
	encoded, err := json.Marshal(first)
	if err != nil {
		t.Fatalf("%T cannot be encoded: %v", first, err)
	}
	if err := json.Unmarshal(encoded, &second); err != nil {
		t.Fatalf("%s does not decode: %v", encoded, err)
	}
	again, err := json.Marshal(second)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(encoded), string(again)); diff != "" {
		t.Errorf("%T is another one after a round trip:\n%s", first, diff)
	}
}

// FuzzStagingToken checks that whatever HubSpot answers is a token or an error that says the account may be staged.
func FuzzStagingToken(f *testing.F) {
	account := &channels.StagedAccount{Name: "Acme", DeliveryIdentifier: channels.Opaque("shop-eu")}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := newClient(t, play(reply(http.StatusOK, string(data))))
		token, err := c.UpdateStagingToken(t.Context(), "918273", "6f1d", account)
		if (token == nil) == (err == nil) || err != nil && !channels.MayHaveArrived(err) {
			t.Errorf("UpdateStagingToken = %+v, %v", token, err)
		}
	})
}

// FuzzCapabilities checks that HubSpot gets every capability back that it sent, whether it is known here or not.
func FuzzCapabilities(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var c channels.Capabilities
		var sent, back map[string]json.RawMessage
		if json.Unmarshal(data, &c) != nil || json.Unmarshal(data, &sent) != nil {
			return
		}
		encoded, err := json.Marshal(c)
		if err != nil {
			t.Fatalf("%+v cannot be encoded: %v", c, err)
		}
		if err := json.Unmarshal(encoded, &back); err != nil {
			t.Fatal(err)
		}
		for key := range sent {
			if _, ok := back[key]; !ok && string(sent[key]) != "null" && !omitted(key) {
				t.Errorf("%q is lost: %s became %s", key, data, encoded)
			}
		}
		for key, value := range c.Extra {
			if diff := cmp.Diff(decoded(t, value), decoded(t, back[key])); diff != "" {
				t.Errorf("%q is another one:\n%s", key, diff)
			}
		}
		survives[channels.Capabilities](t, data)
		_ = c.Validate()
	})
}

// omitted reports whether an empty capability is left out.
func omitted(key string) bool {
	return key == "threadingModel" || key == "allowedFileAttachmentMimeTypes"
}

func decoded(t *testing.T, data json.RawMessage) any {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // some are too big for a float64
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	return v
}

// FuzzDeliveryIdentifier checks that an address decodes from what HubSpot sends, and that the constructors give the one
// normal form of what people write.
func FuzzDeliveryIdentifier(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		survives[channels.DeliveryIdentifier](t, data)
		var d channels.DeliveryIdentifier
		if json.Unmarshal(data, &d) != nil {
			return
		}
		for _, form := range []func(string) channels.DeliveryIdentifier{channels.Email, channels.Phone, channels.ShortCode, channels.Opaque} {
			once := form(d.Value)
			if again := form(once.Value); again != once {
				t.Errorf("%s became %s", once, again)
			}
			if err := once.Validate(); err != nil && !errors.Is(err, channels.ErrInvalid) {
				t.Errorf("Validate = %v, want an error that matches ErrInvalid", err)
			}
		}
	})
}

// FuzzPage checks that a list ends, whatever its pages are. The server answers with the same page always.
func FuzzPage(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		server := play(reply(200, string(data)))
		failures := 0
		for account, err := range newClient(t, server).Accounts().All(t.Context(), "918273", nil) {
			if (account == nil) == (err == nil) {
				t.Errorf("the list yields %v, %v", account, err)
			}
			if err != nil {
				failures++
			}
		}
		if n := len(server.seen()); n > 2 || failures > 1 {
			t.Errorf("the list ended after %d requests and %d errors", n, failures)
		}
	})
}

// FuzzError checks that an error body can do no harm, is kept, and leaves the error readable.
func FuzzError(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		c := newClient(t, play(reply(http.StatusBadRequest, string(body))))
		err := c.Call(t.Context(), http.MethodGet, "/thing", nil, nil)
		e, ok := errors.AsType[*channels.Error](err)
		if !ok || !errors.Is(err, channels.ErrInvalid) || !slices.Equal(e.Body, body) {
			t.Fatalf("Call = %#v, want an *Error of the 400 with its body", err)
		}
		if !strings.HasPrefix(e.Error(), "hubspot: GET /base/thing: 400 ") {
			t.Errorf("the error reads %q", e)
		}
		e.MissingScopes()
	})
}
