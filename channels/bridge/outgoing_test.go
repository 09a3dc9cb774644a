package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
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

// A service that is down is asked again at growing intervals, but not so seldom that nobody notices when it is back.
func TestAttemptsAreSpaced(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		var tries atomic.Int64
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) {
			tries.Add(1)
			return nil, errors.New("down")
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		b.reply("Hello")
		later(10 * time.Second)
		if n := tries.Load(); n < 3 || n > 6 {
			t.Errorf("%d attempts in the first 10 seconds, want 3 to 6", n)
		}
		later(time.Hour)
		if n := tries.Load(); n < 15 || n > 30 {
			t.Errorf("%d attempts in an hour, want 15 to 30", n)
		}
	})
}

// Whatever ends a message, the agent reads of it: here Send panics until there is no time left.
func TestSendPanicsForTooLong(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) { panic("nil map") }
		b.reply("Hello")
		later(25 * time.Hour)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: Hello (FAILED: The message could not be delivered.)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"outgoing: given up after 24h0m0s: panic: nil map"}, b.buried()); diff != "" {
			t.Errorf("buried (-want +got):\n%s", diff)
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

// However many messages wait, each Send gets its own.
func TestManyWaitForSend(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) {
			time.Sleep(time.Second)
			return nil, nil
		}
		var want, got []string
		for n := range 300 {
			id := fmt.Sprintf("m%03d", n)
			event := outgoingEvent(b.hubspot.Channels()[0].ID, b.hubspot.Accounts()[0].ID, id)
			event = strings.Replace(event, "09:25:00.950Z", fmt.Sprintf("09:25:00.%03dZ", n), 1)
			if status := b.post(b.app.ClientSecret, strings.Replace(event, `"Hello"`, `"`+id+`"`, 1)); status != http.StatusOK {
				t.Fatalf("the webhook of %s was answered %d", id, status)
			}
			want = append(want, id+" "+id)
		}
		later(time.Hour)
		for _, s := range b.channel.sent {
			got = append(got, s.ID+" "+s.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ids and texts sent (-want +got):\n%s", diff)
		}
	})
}

// What a Send does to its message is gone with it.
func TestSendMayChangeItsMessage(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		var got []string
		b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			got = append(got, m.Recipients[0].DeliveryIdentifier.Value)
			m.Recipients[0].DeliveryIdentifier.Value = "+1" + m.Recipients[0].DeliveryIdentifier.Value
			if m.Attempt < 3 {
				return nil, errors.New("service down")
			}
			return nil, nil
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		b.reply("Hello")
		later(time.Hour)
		if diff := cmp.Diff([]string{"ada", "ada", "ada"}, got); diff != "" {
			t.Errorf("recipients in the three attempts (-want +got):\n%s", diff)
		}
	})
}
