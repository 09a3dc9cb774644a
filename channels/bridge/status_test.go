package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

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

// A report may come while Send is still waiting for the service's answer, which tells the receipt.
func TestReportBeforeItsReceipt(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.channel.send = func(ctx context.Context, _ int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
			err := b.bridge.Report(ctx, shop, "receipt", messages.StatusRead, "")
			time.Sleep(10 * time.Second)
			return &bridge.Receipt{ID: "receipt"}, err
		}
		b.reply("Hello")
		later(2 * time.Minute)
		if diff := cmp.Diff([]string{"Ada: Hi", "agent: Hello (READ)"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// A status that HubSpot refuses is kept with the reason.
func TestRefusedStatusIsListed(t *testing.T) {
	for _, code := range []int{400, 403, 409} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
				b.hubspot.Inject(hubspottest.Fault{Operation: "message.status", Status: code})
				b.reply("Hello")
				later(time.Minute)
				if got := b.buried(); len(got) != 1 || !strings.HasPrefix(got[0], "status: HubSpot refused the status SENT: ") {
					t.Errorf("buried: %q, want the status with HubSpot's answer", got)
				}
			})
		})
	}
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
