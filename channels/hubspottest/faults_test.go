package hubspottest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// try publishes and returns the status, 0 for a reset connection.
func (s *shop) try(idempotency string) int {
	s.t.Helper()
	raw, err := json.Marshal(draft(s.account, idempotency, "Hi"))
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", hubspotURL+channelBase+"/"+s.channel+"/messages", bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.hosts.RoundTrip(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // only the status counts
	return resp.StatusCode
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fault  hubspottest.Fault
		status []int // of three calls
		stored int
	}{
		{"status", hubspottest.Fault{Status: 503, Nth: 2}, []int{201, 503, 201}, 2},
		{"every call", hubspottest.Fault{Status: 500}, []int{500, 500, 500}, 0},
		{"reset before the effect", hubspottest.Fault{Reset: hubspottest.ResetBefore, Nth: 1}, []int{0, 201, 201}, 2},
		{"reset after the effect", hubspottest.Fault{Reset: hubspottest.ResetAfter, Nth: 3}, []int{201, 201, 0}, 3},
		{"other portal", hubspottest.Fault{Status: 500, PortalID: otherPortal}, []int{201, 201, 201}, 3},
		{"other operation", hubspottest.Fault{Operation: "message.get", Status: 500}, []int{201, 201, 201}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, hubspottest.Config{}, nil)
			thread := s.say("first", "Hi")
			if tt.fault.Operation == "" {
				tt.fault.Operation = "message.publish"
			}
			s.Inject(tt.fault)
			diff(t, "status", tt.status, []int{s.try("1"), s.try("2"), s.try("3")})
			if got := len(s.Messages(thread)) - 1; got != tt.stored {
				t.Errorf("%d messages were stored, want %d", got, tt.stored)
			}
			var journal []int
			for _, e := range s.Journal("message.publish")[1:] {
				journal = append(journal, e.Status)
			}
			diff(t, "journal", tt.status, journal)
			s.ClearFaults()
			if got := s.try("4"); got != http.StatusCreated {
				t.Errorf("without faults: %d", got)
			}
		})
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{}, nil)
		s.Inject(hubspottest.Fault{Operation: "message.publish", Delay: time.Minute})
		start := time.Now()
		if got := s.try("1"); got != http.StatusCreated || time.Since(start) != time.Minute {
			t.Errorf("got %d after %v", got, time.Since(start))
		}
	})
}
