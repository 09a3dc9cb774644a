package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

func TestReplyReachesTheCustomer(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Where is my order?", FromName: "Ada", Thread: "chat-7"})
		id := b.reply("It ships today.", hubspottest.Upload{Name: "label.png", Content: []byte("\x89PNG")})
		want := []sent{{
			ID: id, Attempt: 1, To: "ada", Text: "It ships today.", From: "Robin Hale", Thread: "chat-7", Files: []string{`label.png image/png "\x89PNG"`},
		}}
		if diff := cmp.Diff(want, b.channel.sent); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"Ada: Where is my order?", "agent: It ships today. (SENT)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// What Send returns decides what the agent sees, and when Send is called again.
func TestSendResults(t *testing.T) {
	for name, test := range map[string]struct {
		send  func(ctx context.Context, try int, m *bridge.Outgoing) (*bridge.Receipt, error)
		wait  time.Duration
		tries int
		want  string
	}{
		"no receipt": {
			send: func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) { return nil, nil },
			want: "agent: Hello (SENT)", tries: 1,
		},
		"rejected": {
			send: func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) {
				return nil, bridge.Reject("This number has blocked you.", errors.New("code 131"))
			},
			wait: time.Hour, want: "agent: Hello (FAILED: This number has blocked you.)", tries: 1,
		},
		"fails twice": {
			send: func(_ context.Context, try int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
				if try < 3 {
					return nil, errors.New("service down")
				}
				return nil, nil
			},
			wait: time.Minute, want: "agent: Hello (SENT)", tries: 3,
		},
		"not yet over": {
			send: func(_ context.Context, try int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
				return nil, bridge.RetryAfter(time.Hour, errors.New("quota"))
			},
			wait: time.Hour - time.Second, want: "agent: Hello (SENDING)", tries: 1,
		},
		"told when to come back": {
			send: func(_ context.Context, try int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
				if try == 1 {
					return nil, bridge.RetryAfter(time.Hour, errors.New("quota"))
				}
				return nil, nil
			},
			wait: time.Hour + time.Second, want: "agent: Hello (SENT)", tries: 2,
		},
		"told to come back too late": {
			send: func(_ context.Context, try int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
				return nil, bridge.RetryAfter(365*24*time.Hour, errors.New("quota"))
			},
			wait: 25 * time.Hour, want: "agent: Hello (FAILED: The message could not be delivered.)", tries: 3,
		},
		"panics": {
			send: func(_ context.Context, try int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
				if try == 1 {
					panic("nil map")
				}
				return nil, nil
			},
			wait: time.Minute, want: "agent: Hello (SENT)", tries: 2,
		},
		"hangs": {
			send: func(ctx context.Context, try int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
				if try == 1 {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return nil, nil
			},
			wait: time.Minute, want: "agent: Hello (SENT)", tries: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.channel.send = test.send
				b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
				b.reply("Hello")
				later(test.wait)
				if got := b.shown()[1]; got != test.want {
					t.Errorf("the agent sees %q, want %q", got, test.want)
				}
				if b.channel.tries != test.tries {
					t.Errorf("Send was called %d times, want %d", b.channel.tries, test.tries)
				}
			})
		})
	}
}

// A message that is never sent ends as FAILED, is kept aside, and does not hold up what comes after it.
func TestDeliveryDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if m.Text == "one" {
				return nil, errors.New("service down")
			}
			return nil, nil
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.reply("one")
		b.reply("two")
		later(23 * time.Hour)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: one (SENDING)", "agent: two (SENDING)"}, b.shown()); diff != "" {
			t.Errorf("within the deadline (-want +got):\n%s", diff)
		}
		later(2 * time.Hour)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: one (FAILED: The message could not be delivered.)", "agent: two (SENT)"}, b.shown()); diff != "" {
			t.Errorf("after the deadline (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"outgoing: given up after 24h0m0s: service down"}, b.buried()); diff != "" {
			t.Errorf("buried (-want +got):\n%s", diff)
		}
	})
}

// Replies of one conversation are sent one after the other; another conversation does not wait.
func TestOrderWithinAConversation(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.channel.send = func(_ context.Context, try int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if m.Text == "one" && m.Attempt < 4 {
				return nil, errors.New("service down")
			}
			return nil, nil
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		b.reply("one")
		b.reply("two")
		b.reply("three")
		b.receive(&bridge.Incoming{ID: "2", Text: "Hi too", From: shopper("bob")})
		for _, thread := range b.hubspot.Threads() {
			if b.hubspot.Messages(thread.ID)[0].Text == "Hi too" {
				if _, err := b.hubspot.Reply(thread.ID, hubspottest.Reply{Text: "for Bob"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		later(time.Minute)
		if diff := cmp.Diff([]string{"for Bob", "one", "two", "three"}, b.channel.texts()); diff != "" {
			t.Errorf("order of Sends (-want +got):\n%s", diff)
		}
	})
}

func TestReports(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		// The service is quicker than its own answer: the receipt is read before it is known.
		b.channel.send = func(ctx context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if m.Text == "one" {
				if err := b.bridge.Report(ctx, shop, "receipt-one", messages.StatusRead, ""); err != nil {
					t.Error(err)
				}
			}
			return &bridge.Receipt{ID: "receipt-" + m.Text, Parts: []string{"part-of-" + m.Text}}, nil
		}
		b.reply("one")
		b.reply("two")
		b.reply("three")
		for _, receipt := range []string{"part-of-one", "part-of-two", "receipt-two"} {
			if err := b.bridge.Report(t.Context(), shop, receipt, messages.StatusRead, ""); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.bridge.Report(t.Context(), shop, "receipt-three", messages.StatusFailed, "The phone is off."); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		want := []string{"Ada: Hi", "agent: one (READ)", "agent: two (READ)", "agent: three (FAILED: The phone is off.)"}
		if diff := cmp.Diff(want, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		for _, bad := range []struct {
			account string
			receipt string
			status  messages.StatusType
			want    error
		}{
			{"shop", "receipt-one", messages.StatusSent, bridge.ErrInvalid},
			{"shop", "", messages.StatusRead, bridge.ErrInvalid},
			{"elsewhere", "receipt-one", messages.StatusRead, bridge.ErrUnknownAccount},
		} {
			if err := b.bridge.Report(t.Context(), shopper(bad.account), bad.receipt, bad.status, ""); !errors.Is(err, bad.want) {
				t.Errorf("Report(%q, %q, %s) = %v, want %v", bad.account, bad.receipt, bad.status, err, bad.want)
			}
		}
	})
}

// Statuses are as durable as messages: a HubSpot that is down learns them later.
func TestStatusIsRetried(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.status", Status: 503})
		b.reply("Hello")
		later(time.Hour)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: Hello (SENDING)"}, b.shown()); diff != "" {
			t.Errorf("while HubSpot is down (-want +got):\n%s", diff)
		}
		b.hubspot.ClearFaults()
		later(10 * time.Minute)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: Hello (SENT)"}, b.shown()); diff != "" {
			t.Errorf("when it is back (-want +got):\n%s", diff)
		}
		if b.channel.tries != 1 {
			t.Errorf("Send was called %d times, want 1", b.channel.tries)
		}
	})
}

// A stop keeps what is not done. Send is not called again for what it has done.
func TestStopAndGoOn(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.reply("one")
		b.stop()
		b.reply("two") // the webhook is taken without Run
		if diff := cmp.Diff([]string{"one"}, b.channel.texts()); diff != "" {
			t.Errorf("before (-want +got):\n%s", diff)
		}
		if err := b.bridge.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"one", "two"}, b.channel.texts()); diff != "" {
			t.Errorf("after Drain (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: one (SENT)", "agent: two (SENT)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// A Send that is cut off by a stop was not the message's fault: it costs no pause. The next one says that it is not the
// first, for the service may have taken the message.
func TestStopDuringSend(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.channel.send = func(ctx context.Context, try int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if try == 1 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, nil
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		b.reply("one")
		begun := time.Now()
		b.stop()
		if waited := time.Since(begun); waited != 3*time.Second {
			t.Errorf("Run waited %v for Send, want the 3 s of StopTimeout", waited)
		}
		b.run()
		later(0)
		want := []sent{{Attempt: 2, To: "ada", Text: "one", From: "Robin Hale"}}
		if diff := cmp.Diff(want, b.channel.sent, cmpopts.IgnoreFields(sent{}, "ID", "Thread")); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

// HubSpot may know wider limits than the channel has: the registration can be changed by hand. The channel never sees what
// it cannot carry; the customer gets the rest, and the agent reads what is missing.
func TestFilesOverTheLimits(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		wide := channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque}, AllowOutgoingMessages: true,
			ThreadingModel:          channels.ByIntegrationThread,
			OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
			MaxFileCount:            10, MaxFileBytes: 10 << 20, MaxTotalFileBytes: 20 << 20,
		}
		id := channels.ID(b.hubspot.Channels()[0].ID)
		if _, err := b.registry.Update(t.Context(), id, &channels.RegistrationUpdate{Capabilities: &wide}); err != nil {
			t.Fatal(err)
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.reply("See:", hubspottest.Upload{Name: "a.pdf", Content: []byte("a")}, hubspottest.Upload{Name: "b.png", Content: []byte("b")},
			hubspottest.Upload{Name: "c.png", Content: make([]byte, 1<<20+1)})
		if diff := cmp.Diff([]string{`b.png image/png "b"`}, b.channel.sent[0].Files); diff != "" {
			t.Errorf("files sent (-want +got):\n%s", diff)
		}
		want := "agent: See: (FAILED: The text was delivered, but a.pdf was not sent: this channel does not carry files of type application/pdf. " +
			"c.png was not sent: this channel carries files of at most 1048576 bytes.)"
		if got := b.shown()[1]; got != want {
			t.Errorf("the agent sees %q, want %q", got, want)
		}
	}, func(c *bridge.Config) { c.Definition.Capabilities.AllowedFileMIMETypes = []string{"IMAGE/*"} })
}

func TestTrace(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf(format, args...))
	}
	trace := &bridge.Trace{
		Accepted: func(kind bridge.Kind, portal int64, how bridge.Acceptance) { note("accepted %s %d", kind, how) },
		Ended: func(a bridge.Attempt) {
			note("ended %s attempt %d: %d, age %v", a.Kind, a.Number, a.Verdict, a.Age.Round(time.Minute))
		},
		Paused: func(_ int64, until time.Time, reason string) { note("paused: %s", reason) },
	}
	bubble(t, func(t *testing.T, b *bench) {
		mu.Lock()
		seen = nil
		mu.Unlock()
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		b.channel.send = func(_ context.Context, try int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if try == 1 {
				return nil, bridge.RetryAfter(time.Hour, nil)
			}
			return nil, nil
		}
		b.reply("Hello")
		later(time.Hour + time.Minute)
		b.hubspot.Inject(hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: 429})
		b.receive(&bridge.Incoming{ID: "2", Text: "Bye"})
		want := []string{
			"accepted incoming 0", "ended incoming attempt 1: 0, age 0s",
			"accepted incoming 1",
			"accepted outgoing 0", "ended outgoing attempt 1: 1, age 0s",
			"ended outgoing attempt 2: 0, age 1h0m0s", "ended status attempt 1: 0, age 0s",
			"accepted incoming 0", "paused: HubSpot answered 429", "ended incoming attempt 1: 1, age 0s",
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("seen (-want +got):\n%s", diff)
		}
	}, func(c *bridge.Config) { c.Trace = trace })
}

// A file that is not to be had does not hold the text up for good.
func TestFileWithoutContent(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		wait   time.Duration
	}{
		"a login page": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!DOCTYPE html><html>Log in") }, 2 * time.Second},
		"not there":    {http.NotFound, 2 * time.Second},
		"down":         {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusBadGateway) }, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.pages = http.NewServeMux()
				b.pages.HandleFunc("/signed-files/", test.answer)
				b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
				b.reply("See:", hubspottest.Upload{Name: "a.png", Content: []byte("a")})
				later(test.wait)
				if diff := cmp.Diff([]string{"See:"}, b.channel.texts()); diff != "" {
					t.Errorf("sent (-want +got):\n%s", diff)
				}
				want := "agent: See: (FAILED: The text was delivered, but A file was not sent: HubSpot did not give out its content.)"
				if got := b.shown()[1]; got != want {
					t.Errorf("the agent sees %q, want %q", got, want)
				}
			})
		})
	}
}

// Without the app there are no files, but the text goes out.
func TestFileWhileUninstalled(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.channel.send = func(_ context.Context, try int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
			if try == 1 {
				return nil, errors.New("down")
			}
			return nil, nil
		}
		b.reply("See:", hubspottest.Upload{Name: "a.png", Content: []byte("a")})
		if err := b.hubspot.Uninstall(portal); err != nil {
			t.Fatal(err)
		}
		later(time.Hour)
		if got := b.channel.sent; len(got) != 1 || got[0].Text != "See:" || got[0].Files != nil {
			t.Errorf("sent %+v, want the text", got)
		}
	})
}
