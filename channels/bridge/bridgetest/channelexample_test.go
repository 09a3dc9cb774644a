package bridgetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
)

// gateway sends SMS through an HTTP API, which recognises repetitions by their id.
type gateway struct{ url string }

var definition = bridge.Definition{Name: "Acme SMS", Capabilities: channels.Capabilities{
	DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypePhone},
	AllowOutgoingMessages:   true,
}}

// Send implements [bridge.Channel].
func (g *gateway) Send(ctx context.Context, m *bridge.Outgoing) (_ *bridge.Receipt, err error) {
	target := g.url + "?" + url.Values{"id": {m.ID}, "to": {m.To.Value}, "text": {m.Text}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	switch resp.StatusCode {
	case http.StatusOK:
		var receipt struct{ ID string }
		err := json.NewDecoder(resp.Body).Decode(&receipt)
		return &bridge.Receipt{ID: receipt.ID}, err
	case http.StatusForbidden:
		return nil, bridge.Reject("This number has blocked you.", nil)
	case http.StatusTooManyRequests:
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		return nil, bridge.RetryAfter(time.Duration(seconds)*time.Second, err)
	}
	return nil, errors.New("the gateway answered " + resp.Status)
}

// standIn is a gateway on this machine.
type standIn struct {
	mu    sync.Mutex
	ids   []string
	got   []bridgetest.Delivery
	fails int // the status of its answers, 0 if all is well
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, to := r.FormValue("id"), r.FormValue("to")
	switch {
	case s.fails != 0:
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(s.fails)
		return
	case to == "+14155550199":
		w.WriteHeader(http.StatusForbidden)
		return
	case !slices.Contains(s.ids, id):
		s.ids, s.got = append(s.ids, id), append(s.got, bridgetest.Delivery{To: to, Text: r.FormValue("text")})
	}
	fmt.Fprintf(w, `{"id":"sms-%d"}`, slices.Index(s.ids, id))
}

func (s *standIn) fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = status
}

func (s *standIn) delivered(*testing.T) []bridgetest.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func testGateway(t *testing.T) {
	var service *standIn // of the channel that was opened last
	open := func(t *testing.T) bridge.Channel {
		service = &standIn{}
		server := httptest.NewServer(service)
		t.Cleanup(server.Close)
		return &gateway{server.URL}
	}
	bridgetest.RunChannel(t, open, bridgetest.ChannelOptions{
		Definition: definition,
		Blocked:    channels.Phone("+14155550199"),
		Delivered:  func(t *testing.T) []bridgetest.Delivery { return service.delivered(t) },
		Down: func(*testing.T, channels.DeliveryIdentifier) (up func()) {
			service.fail(http.StatusBadGateway)
			return func() { service.fail(0) }
		},
		Throttle: func(*testing.T) time.Duration {
			service.fail(http.StatusTooManyRequests)
			return time.Minute
		},
	})
}

func ExampleRunChannel() {
	var t *testing.T // that of func TestGateway(t *testing.T)
	testGateway(t)
}
