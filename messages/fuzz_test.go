package messages_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/messages"
)

// The seeds of all targets are in testdata/fuzz.

func FuzzMessage(f *testing.F) { f.Fuzz(survives[messages.Message]) }

func FuzzFileInfo(f *testing.F) { f.Fuzz(survives[messages.FileInfo]) }

func FuzzSignedURL(f *testing.F) { f.Fuzz(survives[messages.SignedURL]) }

func FuzzStatus(f *testing.F) { f.Fuzz(survives[messages.Status]) }

// survives checks that whatever HubSpot sends is decoded or refused, and that what was decoded is the same after it was
// stored as JSON and read again.
func survives[T any](t *testing.T, data []byte) {
	var first, second T
	if json.Unmarshal(data, &first) != nil {
		return
	}
	stored, err := json.Marshal(&first)
	if err != nil {
		t.Fatalf("%T cannot be encoded: %v", first, err)
	}
	if err := json.Unmarshal(stored, &second); err != nil {
		t.Fatalf("%s does not decode: %v", stored, err)
	}
	again, err := json.Marshal(&second)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(stored), string(again)); diff != "" {
		t.Errorf("%T is another one after a round trip:\n%s", first, diff)
	}
}

// FuzzAttachments checks that no attachment is lost, and that one which is not understood keeps its JSON.
func FuzzAttachments(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var as messages.Attachments
		var sent []json.RawMessage
		if json.Unmarshal(data, &as) != nil || json.Unmarshal(data, &sent) != nil {
			return
		}
		i := 0
		for _, raw := range sent {
			if string(raw) == "null" {
				continue
			}
			if i == len(as) {
				t.Fatalf("%d attachments of %s", len(as), data)
			}
			if unknown, ok := as[i].(*messages.UnknownAttachment); ok {
				if diff := cmp.Diff(string(raw), string(unknown.Raw)); diff != "" {
					t.Errorf("attachment %d changed:\n%s", i, diff)
				}
			}
			i++
		}
		survives[messages.Attachments](t, data)
	})
}

// FuzzDraft checks that a stored draft is sent as it was stored, and is checked without harm.
func FuzzDraft(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		survives[messages.Draft](t, data)
		var d messages.Draft
		if json.Unmarshal(data, &d) == nil {
			_ = d.Validate()
		}
	})
}
