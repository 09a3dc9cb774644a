package hubspottest_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInstalled(t, hubspottest.Config{})
		call := func() *answer { return b.call("GET", helpers+"/inboxes", nil) }
		for n := range 110 {
			if n == 50 {
				time.Sleep(6 * time.Second)
			}
			a := b.want(call(), http.StatusOK)
			for name, want := range map[string]string{"Max": "110", "Interval-Milliseconds": "10000", "Remaining": strconv.Itoa(109 - n)} {
				if got := a.header.Get("X-HubSpot-RateLimit-" + name); got != want {
					t.Fatalf("call %d: %s is %q, want %q", n, name, got, want)
				}
			}
		}
		refused := b.want(call(), http.StatusTooManyRequests)
		diff(t, "refusal", object{
			"status": "error", "message": "You have reached your ten_secondly_rolling limit.", "errorType": "RATE_LIMIT",
			"policyName": "TEN_SECONDLY_ROLLING", "correlationId": refused.text("correlationId"), "requestId": refused.text("requestId"),
		}, refused.body)

		if err := b.AddPortal(otherPortal, "Other"); err != nil {
			t.Fatal(err)
		}
		limited := b.token
		b.token = b.install(otherPortal, allScopes...)
		b.want(call(), http.StatusOK) // each portal has its own limit

		b.token = limited
		time.Sleep(4 * time.Second) // the first 50 calls fall out of the window
		for range 50 {
			b.want(call(), http.StatusOK)
		}
		b.want(call(), http.StatusTooManyRequests)
	})
}

func TestNoRateLimit(t *testing.T) {
	b := newInstalled(t, hubspottest.Config{RateLimit: -1})
	for range 150 {
		b.want(b.call("GET", helpers+"/inboxes", nil), http.StatusOK)
	}
}
