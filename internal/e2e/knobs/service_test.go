package knobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

var shop = channels.Opaque("shop")

// blocked is what an agent writes to a customer who has blocked the shop.
const blocked = "Are you there?"

// service is a messaging service with names for its conversations, and the app's connector to it.
type service struct {
	mu    sync.Mutex
	sent  []sent
	heard []string // what became of accounts
	admin int64    // who has connected the last one
}

// sent is a message that the customer got.
type sent struct {
	Agent, To, Thread, Text string
	Files                   []string
	Credentials             string
}

func (s *service) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	if m.Text == blocked {
		return nil, bridge.Reject("This number has blocked you.", errors.New("code 131"))
	}
	got := sent{Agent: m.From.Name, To: m.To.Value, Thread: m.Thread, Text: m.Text, Credentials: string(m.Account.Credentials)}
	for _, f := range m.Media {
		content, err := f.Open(ctx)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(content)
		if err = errors.Join(err, content.Close()); err != nil {
			return nil, err
		}
		got.Files = append(got.Files, fmt.Sprintf("%s %s %s", f.Name, f.Type, data))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, got)
	return &bridge.Receipt{ID: "receipt of " + m.ID, Thread: "chat with " + m.To.Value}, nil
}

// news returns what customers got since the last call.
func (s *service) news() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.sent
	s.sent = nil
	return list
}

// texts is news, by text only.
func (s *service) texts() []string {
	var list []string
	for _, m := range s.news() {
		list = append(list, m.Text)
	}
	return list
}

func (s *service) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{Fields: []bridge.Field{
		{Name: "name", Label: "Name", Value: "Shop", Required: true},
		{Name: "key", Label: "Key", Value: "a-key", Required: true},
	}}, nil
}

func (s *service) Connect(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admin = r.UserID
	address := channels.Opaque(strings.ToLower(r.Values["name"]))
	return &bridge.Connection{Name: r.Values["name"], DeliveryIdentifier: address, Credentials: []byte(r.Values["key"])}, nil
}

func (s *service) AccountChanged(_ context.Context, c *bridge.AccountChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range []struct {
		name string
		is   bool
	}{
		{"created", c.Created()}, {"deleted", c.Deleted()}, {"on", c.Enabled()}, {"off", c.Disabled()}, {"moved", c.Moved()},
		{"renamed", c.Renamed()}, {"connected again", c.Reconnected()}, {"disconnected", c.Disconnected()},
	} {
		if what.is {
			s.heard = append(s.heard, what.name+" "+c.New.Name)
		}
	}
	return nil
}

// hears returns what became of accounts since the last call.
func (s *service) hears() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.heard
	s.heard = nil
	return list
}
