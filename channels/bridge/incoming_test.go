package bridge_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func shopper(name string) channels.DeliveryIdentifier { return channels.Opaque(name) }

func TestMessagesAppearOnceAndInOrder(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		for range 2 { // the service repeats itself
			b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
			b.receive(&bridge.Incoming{ID: "2", Text: "héllo ☃ <b>\x00", FromName: "Ada"})
		}
		b.receive(&bridge.Incoming{ID: "3", Text: "Bye", FromName: "Ada"})
		if diff := cmp.Diff([]string{"Ada: Hi", "Ada: héllo ☃ <b>\x00", "Ada: Bye"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// Whatever HubSpot answers, and whether the message had arrived or not, it appears once and in its place.
func TestPublishFaults(t *testing.T) {
	for name, fault := range map[string]hubspottest.Fault{
		"500":               {Status: 500},
		"502":               {Status: 502},
		"503":               {Status: 503},
		"423":               {Status: 423},
		"429":               {Status: 429},
		"477":               {Status: 477},
		"401":               {Status: 401},
		"404":               {Status: 404},
		"not arrived":       {Reset: hubspottest.ResetBefore},
		"arrived, no reply": {Reset: hubspottest.ResetAfter},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				fault.Operation, fault.Nth = "message.publish", 1
				b.hubspot.Inject(fault)
				b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
				b.receive(&bridge.Incoming{ID: "2", Text: "two", FromName: "Ada"})
				later(2 * time.Hour)
				if diff := cmp.Diff([]string{"Ada: one", "Ada: two"}, b.shown()); diff != "" {
					t.Errorf("the agent sees (-want +got):\n%s", diff)
				}
				if got := b.buried(); got != nil {
					t.Errorf("buried: %q", got)
				}
			})
		})
	}
}

// A message that has to be tried again holds up what the same customer writes next, but no other customer.
func TestCustomersDoNotWaitForEachOther(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: 503})
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		b.receive(&bridge.Incoming{ID: "2", Text: "two", FromName: "Ada"})
		b.receive(&bridge.Incoming{ID: "3", Text: "Hi", FromName: "Bob", From: shopper("bob")})
		if diff := cmp.Diff([]string{"Bob: Hi"}, b.shown()); diff != "" {
			t.Errorf("at once the agent sees (-want +got):\n%s", diff)
		}
	})
}

// What HubSpot refuses for good is set aside with the reason, and the next message is not held up.
func TestRefusedMessageIsBuried(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: 400})
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		b.receive(&bridge.Incoming{ID: "2", Text: "two", FromName: "Ada"})
		if diff := cmp.Diff([]string{"Ada: two"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		if got := b.buried(); len(got) != 1 || !strings.HasPrefix(got[0], "incoming: HubSpot refused: ") {
			t.Errorf("buried: %q", got)
		}
	})
}

func TestReceiveRefusals(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "known", Text: "Hi", FromName: "Ada"})
		b.reply("Hello") // the service's id: receipt-Hello
		for name, test := range map[string]struct {
			m    bridge.Incoming
			want error
		}{
			"no id":             {bridge.Incoming{Text: "x", From: ada, To: shop}, bridge.ErrInvalid},
			"nothing in it":     {bridge.Incoming{ID: "2", From: ada, To: shop}, bridge.ErrInvalid},
			"no sender":         {bridge.Incoming{ID: "2", Text: "x", To: shop}, bridge.ErrInvalid},
			"no recipient":      {bridge.Incoming{ID: "2", Text: "x", From: ada}, bridge.ErrInvalid},
			"file without body": {bridge.Incoming{ID: "2", From: ada, To: shop, Media: []bridge.Media{{Name: "a.png"}}}, bridge.ErrInvalid},
			"not E.164":         {bridge.Incoming{ID: "2", Text: "x", From: channels.Phone("0664 123"), To: shop}, bridge.ErrInvalid},
			"unknown address":   {bridge.Incoming{ID: "2", Text: "x", From: ada, To: shopper("elsewhere")}, bridge.ErrUnknownAccount},
			"unknown account":   {bridge.Incoming{ID: "2", Text: "x", From: ada, AccountID: "1"}, bridge.ErrUnknownAccount},
			"own message":       {bridge.Incoming{ID: "2", Text: "x", From: shop, To: shop}, bridge.ErrOwnMessage},
			"echo of a Send":    {bridge.Incoming{ID: "receipt-Hello", Text: "Hello", From: ada, To: shop}, nil},
			"other content":     {bridge.Incoming{ID: "known", Text: "Hi!", From: ada, To: shop}, bridge.ErrConflict},
		} {
			if err := b.bridge.Receive(t.Context(), &test.m); !errors.Is(err, test.want) {
				t.Errorf("%s: Receive = %v, want %v", name, err, test.want)
			}
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: Hello (SENT)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

func TestIncomingFiles(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		big := strings.Repeat("x", 300<<10) // more than one chunk
		b.receive(&bridge.Incoming{ID: "1", FromName: "Ada", Media: []bridge.Media{
			{Name: "../../größe.png", Body: strings.NewReader("\x89PNG\r\n\x1a\n")},
			{Name: "big.bin", Type: "application/octet-stream", Body: strings.NewReader(big)},
		}})
		m := b.hubspot.Messages(b.thread())[0]
		if m.Text != " " {
			t.Errorf("text = %q, want one space: HubSpot wants a text", m.Text)
		}
		type file struct {
			Name, Usage string
			Size        int64
		}
		var got []file
		for _, a := range m.Attachments {
			got = append(got, file{a.Name, a.Usage, a.Size})
		}
		if diff := cmp.Diff([]file{{"größe.png", "IMAGE", 8}, {"big.bin", "OTHER", 300 << 10}}, got); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	})
}

// A file that cannot be passed on does not lose the message: the agent reads that there was one.
// A file that has been uploaded is not uploaded again when the next one fails.
func TestFilesAreUploadedOnce(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.Inject(hubspottest.Fault{Operation: "file.upload", Nth: 2, Status: 503})
		b.receive(&bridge.Incoming{ID: "1", FromName: "Ada", Media: []bridge.Media{
			{Name: "a.png", Body: strings.NewReader("a")}, {Name: "b.png", Body: strings.NewReader("b")},
		}})
		later(time.Minute)
		if got := len(b.hubspot.Journal("file.upload")); got != 3 {
			t.Errorf("files were uploaded %d times, want 3: one of them twice", got)
		}
		if got := b.hubspot.Messages(b.thread())[0].Attachments; len(got) != 2 {
			t.Errorf("attachments = %+v, want both files", got)
		}
	})
}

func TestIncomingFileProblems(t *testing.T) {
	for name, test := range map[string]struct {
		fault hubspottest.Fault
		size  int
		want  string
	}{
		"too big":       {size: 2<<20 + 1, want: "Ada: Look!\n[cat.png could not be passed on: it is larger than 2 MiB.]"},
		"refused":       {size: 1, fault: hubspottest.Fault{Status: 403}, want: "Ada: Look!\n[cat.png could not be passed on: HubSpot does not take it.]"},
		"interrupted":   {size: 1, fault: hubspottest.Fault{Reset: hubspottest.ResetAfter}, want: "Ada: Look!"},
		"HubSpot hangs": {size: 1, fault: hubspottest.Fault{Status: 502}, want: "Ada: Look!"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				if test.fault != (hubspottest.Fault{}) {
					test.fault.Operation, test.fault.Nth = "file.upload", 1
					b.hubspot.Inject(test.fault)
				}
				b.receive(&bridge.Incoming{ID: "1", Text: "Look!", FromName: "Ada", Media: []bridge.Media{
					{Name: "cat.png", Body: bytes.NewReader(make([]byte, test.size))},
				}})
				later(time.Minute)
				if diff := cmp.Diff([]string{test.want}, b.shown()); diff != "" {
					t.Errorf("the agent sees (-want +got):\n%s", diff)
				}
				want := "FILE"
				if strings.Contains(test.want, "could not") {
					want = "UNSUPPORTED_CONTENT"
				}
				if got := b.hubspot.Messages(b.thread())[0].Attachments; len(got) != 1 || got[0].Type != want {
					t.Errorf("attachments = %+v, want one of type %s", got, want)
				}
			}, func(c *bridge.Config) { c.MaxIncomingBytes = 2 << 20 })
		})
	}
}

func TestThreads(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "orders", Thread: "a"})
		b.receive(&bridge.Incoming{ID: "2", Text: "returns", Thread: "b"})
		b.receive(&bridge.Incoming{ID: "3", Text: "orders again", Thread: "a"})
		b.receive(&bridge.Incoming{ID: "4", Text: "no name for it"})
		got := map[string]int{}
		for _, thread := range b.hubspot.Threads() {
			messages := b.hubspot.Messages(thread.ID)
			got[messages[0].Text] = len(messages)
		}
		// A message without a thread goes on where the person wrote last.
		if diff := cmp.Diff(map[string]int{"orders": 3, "returns": 1}, got); diff != "" {
			t.Errorf("messages by thread (-want +got):\n%s", diff)
		}
	})
}

// What was answered to what is kept in both directions, in the ids of each side.
func TestAnswers(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		reply := b.reply("Hello")
		b.receive(&bridge.Incoming{ID: "2", Text: "And?", InReplyTo: "receipt-Hello"})
		if got := b.hubspot.Messages(b.thread())[2].InReplyToID; got != reply {
			t.Errorf("the answer is to %q, want %q", got, reply)
		}
	})
}

// Messages of a portal whose admin uninstalled the app wait for its return.
func TestUninstallAndReturn(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		if err := b.hubspot.Uninstall(portal); err != nil {
			t.Fatal(err)
		}
		b.receive(&bridge.Incoming{ID: "2", Text: "two", FromName: "Ada"})
		later(24 * time.Hour)
		if diff := cmp.Diff([]string{"Ada: one"}, b.shown()); diff != "" {
			t.Errorf("while uninstalled (-want +got):\n%s", diff)
		}
		if _, err := b.hubspot.InstallAndConnect(t.Context()); err != nil {
			t.Fatal(err)
		}
		later(2 * time.Hour)
		if diff := cmp.Diff([]string{"Ada: one", "Ada: two"}, b.shown()); diff != "" {
			t.Errorf("after the return (-want +got):\n%s", diff)
		}
	})
}

// What has waited for an install in vain is set aside after HoldFor, however much that is, and the rest goes on waiting.
func TestUninstalledForLong(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "0", Text: "zero", FromName: "Ada"})
		if err := b.hubspot.Uninstall(portal); err != nil {
			t.Fatal(err)
		}
		receive := func(ids ...string) {
			for _, id := range ids {
				b.receive(&bridge.Incoming{ID: "a" + id, Text: "old " + id, FromName: "Ada"})
				b.receive(&bridge.Incoming{ID: "b" + id, Text: "old " + id, From: shopper("shopper-" + id)})
				later(10 * time.Minute)
			}
		}
		var old []string
		for n := range 30 { // more than are worked on at the same time
			old = append(old, fmt.Sprint(n))
		}
		receive(old...)
		later(5 * 24 * time.Hour)
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		later(24 * time.Hour)
		if got := b.buried(); got != nil {
			t.Errorf("buried before HoldFor: %q", got)
		}
		later(26 * time.Hour)
		got := b.buried()
		for _, reason := range got {
			if !strings.HasPrefix(reason, "incoming: given up after 168h0m0s: ") || !strings.Contains(reason, "uninstalled") {
				t.Errorf("buried: %q", reason)
			}
		}
		if len(got) != 2*len(old) {
			t.Errorf("%d are buried, want the %d old ones", len(got), 2*len(old))
		}
		if _, err := b.hubspot.InstallAndConnect(t.Context()); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		if diff := cmp.Diff([]string{"Ada: zero", "Ada: one"}, b.shown()); diff != "" {
			t.Errorf("after the return (-want +got):\n%s", diff)
		}
	})
}

// While an account is switched off its customers' messages wait, and come in order when it is on again.
func TestAccountSwitchedOff(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		account := b.hubspot.Accounts()[0].ID
		if err := b.hubspot.SetAccountActive(account, false); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		b.receive(&bridge.Incoming{ID: "2", Text: "two", FromName: "Ada"})
		later(time.Hour)
		if n := len(b.hubspot.Threads()); n != 0 {
			t.Fatalf("there are %d threads while the account is off", n)
		}
		if err := b.hubspot.SetAccountActive(account, true); err != nil {
			t.Fatal(err)
		}
		later(5 * time.Minute)
		if diff := cmp.Diff([]string{"Ada: one", "Ada: two"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// A token that has expired and cannot be refreshed at the moment holds the portal up no longer than that.
func TestRefreshFails(t *testing.T) {
	for name, fault := range map[string]hubspottest.Fault{
		"refused": {Operation: "oauth.token", Nth: 1, Status: http.StatusServiceUnavailable},
		"reset":   {Operation: "oauth.token", Nth: 1, Reset: hubspottest.ResetBefore},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.hubspot.Inject(fault)
				b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: http.StatusUnauthorized})
				b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
				later(time.Minute)
				if diff := cmp.Diff([]string{"Ada: Hi"}, b.shown()); diff != "" {
					t.Errorf("the agent sees (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Once HubSpot would no longer recognise a repetition, a message that it may have is set aside rather than sent again,
// even if its portal was paused all the time.
func TestNoRepetitionAfterTheWindow(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Reset: hubspottest.ResetAfter})
		b.receive(&bridge.Incoming{ID: "1", Text: "one", FromName: "Ada"})
		b.stop()
		later(25 * time.Hour)
		b.run()
		later(time.Minute)
		if got := len(b.hubspot.Journal("message.publish")); got != 1 {
			t.Errorf("published %d times, want once", got)
		}
		if got := b.buried(); len(got) != 1 || !strings.HasPrefix(got[0], "incoming: HubSpot may or may not have it") {
			t.Errorf("buried: %q", got)
		}
	})
}

// The note about a file that is not passed on takes nothing away from what the customer wrote.
func TestIncomingFileProblemKeepsRichText(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", RichText: "<p>Look!</p>", Media: []bridge.Media{{Name: "a&b.png", Body: strings.NewReader("xx")}}})
		got := b.hubspot.Messages(b.thread())[0].RichText
		if want := "<p>Look!</p><p>[a&amp;b.png could not be passed on: it is larger than 0 MiB.]</p>"; got != want {
			t.Errorf("rich text = %q, want %q", got, want)
		}
	}, func(c *bridge.Config) { c.MaxIncomingBytes = 1 })
}
