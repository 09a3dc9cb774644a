package channels_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
)

func TestDeliveryIdentifierForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		got   channels.DeliveryIdentifier
		want  channels.DeliveryIdentifier
		valid bool
	}{
		{channels.Email(" Ada@Example.TEST "), channels.DeliveryIdentifier{Type: channels.TypeEmail, Value: "ada@example.test"}, true},
		{channels.Email("ada"), channels.DeliveryIdentifier{Type: channels.TypeEmail, Value: "ada"}, false},
		{channels.Email("Ada <ada@example.test>"), channels.DeliveryIdentifier{Type: channels.TypeEmail, Value: "ada <ada@example.test>"}, false},
		{channels.Phone("+1 (415) 555-0123"), channels.DeliveryIdentifier{Type: channels.TypePhone, Value: "+14155550123"}, true},
		{channels.Phone("0049.30/1234567"), channels.DeliveryIdentifier{Type: channels.TypePhone, Value: "+49301234567"}, true},
		{channels.Phone("\u202a+49\u00a030\u20111234567\u202c"), channels.DeliveryIdentifier{Type: channels.TypePhone, Value: "+49301234567"}, true},
		{channels.Phone("030 1234567"), channels.DeliveryIdentifier{Type: channels.TypePhone, Value: "0301234567"}, false},
		{channels.Phone("+0301234567"), channels.DeliveryIdentifier{Type: channels.TypePhone, Value: "+0301234567"}, false},
		{channels.Phone("+123456"), channels.DeliveryIdentifier{Type: channels.TypePhone, Value: "+123456"}, false},
		{channels.Phone("+1234567890123456"), channels.DeliveryIdentifier{Type: channels.TypePhone, Value: "+1234567890123456"}, false},
		{channels.Phone("+1415call"), channels.DeliveryIdentifier{Type: channels.TypePhone, Value: "+1415call"}, false},
		{channels.Phone("+١٤١٥٥٥٥٠١٢٣"), channels.DeliveryIdentifier{Type: channels.TypePhone, Value: "+١٤١٥٥٥٥٠١٢٣"}, false},
		{channels.ShortCode("12-345"), channels.DeliveryIdentifier{Type: channels.TypeShortCode, Value: "12345"}, true},
		{channels.ShortCode("12"), channels.DeliveryIdentifier{Type: channels.TypeShortCode, Value: "12"}, false},
		{channels.Opaque(" User/42 "), channels.DeliveryIdentifier{Type: channels.TypeOpaque, Value: " User/42 "}, true},
		{channels.Opaque(" \t"), channels.DeliveryIdentifier{Type: channels.TypeOpaque, Value: " \t"}, false},
		{channels.DeliveryIdentifier{Value: "x"}, channels.DeliveryIdentifier{Value: "x"}, false},
		{channels.DeliveryIdentifier{Type: "EMAIL", Value: "x"}, channels.DeliveryIdentifier{Type: "EMAIL", Value: "x"}, false},
		{channels.DeliveryIdentifier{}, channels.DeliveryIdentifier{}, false},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Error(diff)
		}
		err := tt.got.Validate()
		if (err == nil) != tt.valid || err != nil && !errors.Is(err, channels.ErrInvalid) {
			t.Errorf("Validate of %v = %v, want valid %v", tt.got, err, tt.valid)
		}
	}
	if !(channels.DeliveryIdentifier{}).IsZero() || channels.Opaque("").IsZero() {
		t.Error("IsZero is true of the zero value only")
	}
}

func TestDeliveryIdentifierDecoding(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]channels.DeliveryIdentifier{
		`{"type":"HS_PHONE_NUMBER","value":"+14155550123"}`: channels.Phone("+14155550123"),
		`{"type":"NEW_TYPE","value":"x","more":1}`:          {Type: "NEW_TYPE", Value: "x"},
		`"shop-eu"`: {Value: "shop-eu"},
		`42`:        {Value: "42"},
		`null`:      {},
		`{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":42}`: channels.Opaque("42"),
	} {
		var got channels.DeliveryIdentifier
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("decoding %s = %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{`[]`, `true`, `{"value":{}}`} {
		var got channels.DeliveryIdentifier
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("decoding %s = %+v, want an error", in, got)
		}
	}
}

func TestIDsDecodeFromStringsAndNumbers(t *testing.T) {
	t.Parallel()
	type ids struct {
		Channel channels.ID
		Account channels.AccountID
		Inbox   channels.InboxID
	}
	want := ids{"918273", "247729059090", "5"}
	for _, in := range []string{
		`{"Channel":"918273","Account":"247729059090","Inbox":"5"}`,
		`{"Channel":918273,"Account":247729059090,"Inbox":5}`,
	} {
		var got ids
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("decoding %s = %+v, %v", in, got, err)
		}
	}
	if data, err := json.Marshal(want); err != nil || string(data) != `{"Channel":"918273","Account":"247729059090","Inbox":"5"}` {
		t.Errorf("encoded as %s, %v, want strings", data, err)
	}
}

func TestCapabilitiesKeepWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	in := `{"deliveryIdentifierTypes":["HS_SHORT_CODE","NEW_TYPE"],"richText":["BOLD"],"threadingModel":"NEW_MODEL","allowOutgoingMessages":"true",
		"maxFileAttachmentCount":3,"allowedFileAttachmentMimeTypes":["image/*"],"newThing":{"html":"<b>"}}`
	var c channels.Capabilities
	if err := json.Unmarshal([]byte(in), &c); err != nil {
		t.Fatal(err)
	}
	if c.MaxFileCount != 3 || c.ThreadingModel != "NEW_MODEL" || len(c.Extra) != 2 {
		t.Errorf("decoded %+v", c)
	}
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again channels.Capabilities
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if again.Extra["allowOutgoingMessages"] == nil || again.Extra["newThing"] == nil {
		t.Errorf("a round trip lost something: %s", data)
	}
	if err := json.Unmarshal([]byte(`[]`), &c); err == nil {
		t.Error("capabilities that are a list: want an error")
	}
}
