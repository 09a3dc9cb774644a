package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

// broadcast sends a message to each recipient, and to each only once.
type broadcast struct {
	mu      sync.Mutex
	reached []string
	down    map[string]bool // who cannot be reached
}

func (b *broadcast) send(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var failed error
	for _, r := range m.Recipients {
		step := r.DeliveryIdentifier.Value
		if _, done := m.WasDelivered(step); done {
			continue
		}
		if b.down[step] {
			failed = errors.New(step + " is out of reach")
			continue
		}
		b.reached = append(b.reached, step)
		if err := m.Delivered(step, "receipt-"+step); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return nil, failed
}

// toSeveral is the webhook of an agent's message to several people.
func (b *bench) toSeveral(id string, people ...string) {
	b.t.Helper()
	event := outgoingEvent(b.hubspot.Channels()[0].ID, b.hubspot.Accounts()[0].ID, id)
	i, j := strings.Index(event, `{"actorId":"V-1"`), strings.Index(event, `],
		"text"`)
	var all []string
	for _, p := range people {
		all = append(all, fmt.Sprintf(`{"deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":%q}}`, p))
	}
	if status := b.post(b.app.ClientSecret, event[:i]+strings.Join(all, ",")+event[j:]); status != 200 {
		b.t.Fatalf("the webhook was answered %d", status)
	}
}

// told are the statuses that HubSpot was told, oldest first, whether it knows the message or not.
func (b *bench) told() []string {
	var told []string
	for _, e := range b.hubspot.Journal("message.status") {
		told = append(told, e.Request)
	}
	return told
}

func TestSeveralRecipients(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		service := &broadcast{down: map[string]bool{"bob": true}}
		b.channel.send = service.send
		b.toSeveral("m1", "ada", "bob", "eve")
		later(10 * time.Second)
		service.mu.Lock()
		service.down = nil
		service.mu.Unlock()
		later(time.Minute)
		if diff := cmp.Diff([]string{"ada", "eve", "bob"}, service.reached); diff != "" {
			t.Errorf("reached (-want +got):\n%s", diff)
		}
		if got := b.channel.sent[0].To; got != "ada" {
			t.Errorf("To = %s, want the first", got)
		}
		if diff := cmp.Diff([]string{`{"statusType":"SENT"}`}, b.told()[:1]); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

// An agent whose message does not reach everybody in time reads who was missed.
func TestSeveralRecipientsInPart(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		wait time.Duration
		want string
	}{
		"too late":     {errors.New("out of reach"), 25 * time.Hour, "The message could not be delivered. It was delivered in part. Not delivered: bob, eve."},
		"rejected":     {bridge.Reject("Blocked.", nil), 0, "Blocked. It was delivered in part. Not delivered: bob, eve."},
		"disconnected": {bridge.Disconnected("Revoked.", nil), 25 * time.Hour, "Revoked. It was delivered in part. Not delivered: bob, eve."},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
					if err := m.Delivered("ada", ""); err != nil {
						t.Error(err)
					}
					return nil, test.err
				}
				b.toSeveral("m1", "ada", "bob", "eve")
				later(test.wait)
				if got := b.told(); len(got) == 0 || !strings.Contains(got[0], test.want) {
					t.Errorf("told %q, want %s", got, test.want)
				}
			})
		})
	}
}

// Other steps are named by their own names.
func TestPartsInPart(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			for _, page := range []string{"page 1", "page 2"} {
				if _, done := m.WasDelivered(page); done {
					continue
				}
				if page == "page 2" {
					return nil, errors.New("too long")
				}
				if err := m.Delivered(page, "p1"); err != nil {
					t.Error(err)
				}
			}
			return nil, nil
		}
		b.reply("Hello")
		later(25 * time.Hour)
		want := "agent: Hello (FAILED: The message could not be delivered. It was delivered in part. Not delivered: page 2.)"
		if got := b.shown()[1]; got != want {
			t.Errorf("the agent sees %q, want %q", got, want)
		}
	})
}

// What was delivered is known after a crash, receipts and all, and also if it could be stored only at the end.
func TestStepsAreKept(t *testing.T) {
	for name, crash := range map[string]bool{"crash": true, "the store is down for a moment": false, "the store is down, and a panic": false} {
		t.Run(name, func(t *testing.T) {
			store := &dyingStore{Store: memstore.New()}
			bubble(t, func(t *testing.T, b *bench) {
				var seen []string
				b.channel.send = func(_ context.Context, try int, m *bridge.Outgoing) (*bridge.Receipt, error) {
					receipt, ok := m.WasDelivered("page 1")
					seen = append(seen, fmt.Sprintf("%d %q %v", m.Attempt, receipt, ok))
					if ok {
						return nil, nil
					}
					if !crash {
						store.dead.Store(true)
					}
					err := m.Delivered("page 1", "p1")
					store.dead.Store(crash)
					if (err != nil) == crash {
						t.Errorf("Delivered = %v", err)
					}
					if strings.Contains(name, "panic") {
						panic("nil map")
					}
					return nil, errors.New("interrupted")
				}
				b.toSeveral("m1", "ada")
				if crash {
					b.stop()
					store.dead.Store(false)
					b.run()
				}
				later(time.Minute)
				if diff := cmp.Diff([]string{`1 "" false`, `2 "p1" true`}, seen); diff != "" {
					t.Errorf("Sends (-want +got):\n%s", diff)
				}
			}, func(c *bridge.Config) { c.Store = store })
		})
	}
}

// Nothing of a message may be used after its Send.
func TestDeliveredTooLate(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		var kept *bridge.Outgoing
		b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			kept = m
			return nil, nil
		}
		b.toSeveral("m1", "ada")
		if err := kept.Delivered("page 1", ""); err == nil {
			t.Error("Delivered after Send returned nil")
		}
	})
}

// Channels are tested without a bridge too.
func TestStepsWithoutABridge(t *testing.T) {
	m := &bridge.Outgoing{}
	if _, ok := m.WasDelivered("a"); ok {
		t.Error("delivered before")
	}
	if err := m.Delivered("a", "r"); err != nil {
		t.Error(err)
	}
	if r, ok := m.WasDelivered("a"); !ok || r != "r" {
		t.Errorf("WasDelivered = %q, %v", r, ok)
	}
}

func TestStates(t *testing.T) {
	type report struct {
		receipt string
		status  messages.StatusType
	}
	read, failed := messages.StatusRead, messages.StatusFailed
	for name, test := range map[string]struct {
		parts   []string
		reports []report
		want    string
	}{
		"one":                       {nil, []report{{"a", read}}, "READ"},
		"not all parts":             {[]string{"b", "c"}, []report{{"a", read}, {"c", read}}, "SENT"},
		"all parts":                 {[]string{"b", "c"}, []report{{"c", read}, {"a", read}, {"b", read}}, "READ"},
		"repeated":                  {[]string{"b", "c"}, []report{{"a", read}, {"a", read}, {"a", read}}, "SENT"},
		"a part twice":              {[]string{"a", "a"}, []report{{"a", read}}, "READ"},
		"one fails":                 {[]string{"b"}, []report{{"a", read}, {"b", failed}}, "FAILED: Gone."},
		"read after it has failed":  {[]string{"b"}, []report{{"b", failed}, {"a", read}, {"b", read}}, "FAILED: Gone."},
		"fails after it was read":   {nil, []report{{"a", read}, {"a", failed}}, "READ"},
		"read, then a single fails": {nil, []report{{"a", failed}, {"a", read}}, "FAILED: Gone."},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) {
					return &bridge.Receipt{ID: "a", Parts: test.parts}, nil
				}
				b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
				b.reply("Hello")
				for _, r := range test.reports {
					reason := ""
					if r.status == failed {
						reason = "Gone."
					}
					if err := b.bridge.Report(t.Context(), shop, r.receipt, r.status, reason); err != nil {
						t.Fatal(err)
					}
					later(time.Second)
				}
				if got, want := b.shown()[1], "agent: Hello ("+test.want+")"; got != want {
					t.Errorf("the agent sees %q, want %q", got, want)
				}
			})
		})
	}
}

// A message that went without its file stays FAILED when the customer reads the rest.
func TestReadDoesNotHideAMissingFile(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.hubspot.Inject(hubspottest.Fault{Operation: "file.signed_url", Status: 404})
		b.reply("See:", hubspottest.Upload{Name: "a.png", Content: []byte("a")})
		if err := b.bridge.Report(t.Context(), shop, "receipt-See:", messages.StatusRead, ""); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		want := "agent: See: (FAILED: The text was delivered, but A file was not sent: HubSpot does not give it out to this app.)"
		if got := b.shown()[1]; got != want {
			t.Errorf("the agent sees %q, want %q", got, want)
		}
	})
}

// Every step's receipt is the message's: it can be answered, and its echo is known.
func TestReceiptsOfSteps(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			return &bridge.Receipt{ID: "p2"}, m.Delivered("page 1", "p1")
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		reply := b.reply("Hello")
		b.receive(&bridge.Incoming{ID: "p1", Text: "Hello", FromName: "Shop"}) // an echo
		b.receive(&bridge.Incoming{ID: "2", Text: "And?", FromName: "Ada", InReplyTo: "p1"})
		got := b.hubspot.Messages(b.thread())
		if len(got) != 3 || got[2].InReplyToID != reply {
			t.Errorf("the agent sees %q; the last answers %q, want %q", b.shown(), got[len(got)-1].InReplyToID, reply)
		}
	})
}
