package bridgetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
)

// service is a messaging service in memory. It recognises no repetitions.
type service struct {
	mu        sync.Mutex
	delivered []bridgetest.Delivery
	down      map[channels.DeliveryIdentifier]bool
	stalled   chan struct{}
	throttled bool
	revoked   bool
	written   []string // by customers
	read      int      // how many of them are marked as read
	news      chan struct{}
	hooks     map[string]bool // of accounts that are to be told what is new
}

var (
	errDown      = errors.New("the service answered 503")
	errThrottled = errors.New("the service answered 429")
	errRevoked   = errors.New("the service answered 401")
	errBlocked   = errors.New("the customer has blocked this account")
)

const key = "right key"

var (
	blocked = channels.Phone("+14155550199")
	shop    = channels.Phone("+14155550100")
)

func newService() *service {
	return &service{down: map[channels.DeliveryIdentifier]bool{}, hooks: map[string]bool{}, news: make(chan struct{})}
}

// take delivers a message, and returns its id.
func (s *service) take(ctx context.Context, given string, to channels.DeliveryIdentifier, d bridgetest.Delivery) (string, error) {
	s.mu.Lock()
	stalled := s.stalled
	s.mu.Unlock()
	if stalled != nil {
		select {
		case <-stalled:
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("calling the service: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.down[to]:
		return "", errDown
	case s.throttled:
		return "", errThrottled
	case s.revoked || given != key:
		return "", errRevoked
	case to == blocked:
		return "", errBlocked
	}
	d.To = to.Value
	s.delivered = append(s.delivered, d)
	return fmt.Sprint("receipt-", len(s.delivered)), nil
}

// next waits for what a customer has written beyond the first n.
func (s *service) next(ctx context.Context, n int) (string, error) {
	for {
		s.mu.Lock()
		news := s.news
		if n < len(s.written) {
			defer s.mu.Unlock()
			return s.written[n], nil
		}
		s.mu.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (s *service) marked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

func (s *service) mark(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = n
}

// options has the tests see and rule the service that was made last.
func options(current func() *service) bridgetest.ChannelOptions {
	o := plainOptions()
	o.Account.Identifier, o.Account.Credentials = shop, []byte(key)
	o.Blocked = blocked
	o.Delivered = func(*testing.T) []bridgetest.Delivery {
		s := current()
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Clone(s.delivered)
	}
	o.Down = func(_ *testing.T, to channels.DeliveryIdentifier) func() {
		s := current()
		set := func(down bool) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.down[to] = down
		}
		set(true)
		return func() { set(false) }
	}
	o.Stall = func(*testing.T) func() {
		s := current()
		s.mu.Lock()
		defer s.mu.Unlock()
		stalled := make(chan struct{})
		s.stalled = stalled
		return func() { close(stalled) }
	}
	o.Throttle = func(*testing.T) time.Duration {
		current().set(func(s *service) { s.throttled = true })
		return 30 * time.Second
	}
	o.Revoke = func(*testing.T) { current().set(func(s *service) { s.revoked = true }) }
	o.Values = map[string]string{"phone": "+1 415 555-0100", "key": key}
	o.WrongValues = []map[string]string{{"phone": "0100", "key": key}, {"phone": "+14155550100", "key": "guessed"}}
	o.Write = func(_ *testing.T, text string) {
		current().set(func(s *service) {
			s.written = append(s.written, text)
			close(s.news)
			s.news = make(chan struct{})
		})
	}
	o.Ref = "picture"
	return o
}

// plainOptions are a channel that can do everything, and of whose service nothing is known.
func plainOptions() bridgetest.ChannelOptions {
	var o bridgetest.ChannelOptions
	o.Account.Credentials = []byte(key)
	o.Definition.Name = "Test chat"
	o.Definition.Capabilities = channels.Capabilities{
		DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypePhone},
		RichText:                []channels.RichTextFeature{channels.Bold}, AllowInlineImages: true,
		ThreadingModel: channels.ByIntegrationThread, AllowOutgoingMessages: true, AllowMultipleRecipients: true,
		OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
		MaxFileCount:            3, MaxFileBytes: 5 << 20, MaxTotalFileBytes: 10 << 20,
	}
	return o
}

func (s *service) set(change func(*service)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *service) hook(id string, on bool) (existed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	existed = s.hooks[id]
	s.hooks[id] = on
	return existed
}
