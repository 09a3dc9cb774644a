package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
	"github.com/customchannels/customchannels-go/examples/sms/carrier"
)

const stopped = "+14155550199"

// world is the service that the channel under test talks to, which obeys the conformance tests.
type world struct {
	service   *carrier.Service
	down      atomic.Pointer[string] // the customer that the service fails for; "" for all
	throttled atomic.Bool
	stalled   atomic.Pointer[chan struct{}]
}

// ServeHTTP fails as it is told to, and otherwise is the service.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	to := r.PostFormValue("To")
	if stalled := w.stalled.Load(); stalled != nil {
		select {
		case <-*stalled:
		case <-r.Context().Done():
			return
		}
	}
	if down := w.down.Load(); down != nil && (*down == "" || *down == to) {
		http.Error(rw, "down", http.StatusServiceUnavailable)
		return
	}
	if w.throttled.Load() {
		rw.Header().Set("Retry-After", "30")
		http.Error(rw, `{"code": 20429}`, http.StatusTooManyRequests)
		return
	}
	w.service.ServeHTTP(rw, r)
}

// open makes a new world and a channel in it.
func (w *world) open(t *testing.T) bridge.Channel {
	*w = world{service: carrier.New(carrier.Config{AccountSID: "AC1", AuthToken: "right"})}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.service.SetURL(server.URL)
	mux := http.NewServeMux()
	app := httptest.NewServer(mux)
	t.Cleanup(app.Close)
	hc := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(hc.CloseIdleConnections)
	files, err := openOutbox(t.TempDir(), app.URL, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.close() })
	mux.Handle("GET "+filesPath+"{dir}/{name}", files)
	c := &smsChannel{
		api: &client{base: server.URL, http: hc}, files: files, url: app.URL, log: slog.New(slog.DiscardHandler), now: time.Now,
	}
	as := credentials{AccountSID: "AC1", AuthToken: "right"}
	if err := c.api.setWebhook(t.Context(), as, &number{SID: "PN0001"}, app.URL); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.Write(stopped, "STOP"); err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) delivered(t *testing.T) (all []bridgetest.Delivery) {
	w.service.Drain(t.Context())
	for _, m := range w.service.All() {
		if m.Inbound {
			continue
		}
		d := bridgetest.Delivery{To: m.To, Text: m.Text}
		for _, f := range m.Files {
			d.Files = append(d.Files, f.Content)
		}
		all = append(all, d)
	}
	return all
}

// TestChannel holds the channel against all that the bridge expects of one.
func TestChannel(t *testing.T) {
	sealed, err := json.Marshal(credentials{AccountSID: "AC1", AuthToken: "right"})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{}
	bridgetest.RunChannel(t, w.open, bridgetest.ChannelOptions{
		Definition: definition,
		Account:    bridge.Account{Identifier: channels.Phone("+14155550100"), Credentials: sealed},
		Customers:  []channels.DeliveryIdentifier{channels.Phone("+14155550123"), channels.Phone("+14155550124"), channels.Phone("+14155550125")},
		Delivered:  w.delivered,
		Blocked:    channels.Phone(stopped),
		Down: func(t *testing.T, to channels.DeliveryIdentifier) func() {
			w.down.Store(&to.Value)
			return func() { w.down.Store(nil) }
		},
		Stall: func(t *testing.T) func() {
			stalled := make(chan struct{})
			w.stalled.Store(&stalled)
			return func() {
				w.stalled.Store(nil)
				close(stalled)
			}
		},
		Throttle: func(t *testing.T) time.Duration {
			w.throttled.Store(true)
			return 30 * time.Second
		},
		Revoke: func(t *testing.T) { w.service.Revoke() },
		Values: map[string]string{"number": "+1 415 555 0100", "sid": "AC1", "token": "right"},
		WrongValues: []map[string]string{
			{"number": "0100", "sid": "AC1", "token": "right"},
			{"number": "+14155550101", "sid": "AC1", "token": "right"},
			{"number": "+14155550100", "sid": "AC2", "token": "right"},
			{"number": "+14155550100", "sid": "AC1", "token": "wrong"},
			{},
		},
	})
}
