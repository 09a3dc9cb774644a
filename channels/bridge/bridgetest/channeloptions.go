package bridgetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

func (o *ChannelOptions) setDefaults() error {
	c := &o.Definition.Capabilities
	if len(c.DeliveryIdentifierTypes) == 0 {
		return errors.New("Capabilities.DeliveryIdentifierTypes are empty")
	}
	if err := c.Validate(); err != nil {
		return err
	}
	o.Patience = cmp.Or(o.Patience, 5*time.Second)
	o.Customers = slices.Clone(o.Customers)
	kind := c.DeliveryIdentifierTypes[0]
	for n := len(o.Customers); n < 3; n++ {
		o.Customers = append(o.Customers, madeUp(kind, n+1))
	}
	a := &o.Account
	if a.Identifier.IsZero() {
		a.Identifier = madeUp(kind, 0)
	}
	a.Channel, a.Portal, a.Active, a.Authorized, a.Archived = channel, portal, true, true, false
	a.ID, a.InboxID, a.Name = cmp.Or(a.ID, account), cmp.Or(a.InboxID, "301"), cmp.Or(a.Name, "Support")
	return nil
}

// unlabelled has the functions, which are the messaging service's, run without a test's label.
func (o *ChannelOptions) unlabelled(label string) *ChannelOptions {
	own := *o
	if o.Delivered != nil {
		own.Delivered = func(t *testing.T) (all []Delivery) {
			unlabelled(label, func() { all = o.Delivered(t) })
			return all
		}
	}
	if o.Down != nil {
		own.Down = func(t *testing.T, to channels.DeliveryIdentifier) func() {
			var up func()
			unlabelled(label, func() { up = o.Down(t, to) })
			return func() { unlabelled(label, up) }
		}
	}
	if o.Stall != nil {
		own.Stall = func(t *testing.T) func() {
			var resume func()
			unlabelled(label, func() { resume = o.Stall(t) })
			return func() { unlabelled(label, resume) }
		}
	}
	if o.Throttle != nil {
		own.Throttle = func(t *testing.T) (wait time.Duration) {
			unlabelled(label, func() { wait = o.Throttle(t) })
			return wait
		}
	}
	if o.Revoke != nil {
		own.Revoke = func(t *testing.T) { unlabelled(label, func() { o.Revoke(t) }) }
	}
	if o.Write != nil {
		own.Write = func(t *testing.T, text string) { unlabelled(label, func() { o.Write(t, text) }) }
	}
	return &own
}

// madeUp is an address that belongs to nobody.
func madeUp(kind channels.IdentifierType, n int) channels.DeliveryIdentifier {
	switch kind {
	case channels.TypeEmail:
		return channels.Email(fmt.Sprintf("customer-%d@example.com", n))
	case channels.TypePhone:
		return channels.Phone(fmt.Sprintf("+1415555010%d", n))
	case channels.TypeShortCode:
		return channels.ShortCode(fmt.Sprintf("7890%d", n))
	}
	return channels.Opaque(fmt.Sprintf("customer-%d", n))
}

// maxWrappers is more than anybody needs.
const maxWrappers = 100

// brokenChain says what is wrong with what a channel wraps, or nothing.
func brokenChain(ch bridge.Channel) string {
	for range maxWrappers {
		if ch == nil {
			return "The channel, or what its method Unwrap returns, is nil."
		}
		w, ok := ch.(interface{ Unwrap() bridge.Channel })
		if !ok {
			return ""
		}
		ch = w.Unwrap()
	}
	return "The channel's methods Unwrap lead in a circle."
}

// as finds an ability of a channel as the bridge does.
func as[T any](ch bridge.Channel) (ability T, ok bool) {
	for {
		if ability, ok := ch.(T); ok {
			return ability, true
		}
		w, ok := ch.(interface{ Unwrap() bridge.Channel })
		if !ok {
			return ability, false
		}
		ch = w.Unwrap()
	}
}

func has[T any](ch bridge.Channel) bool {
	_, ok := as[T](ch)
	return ok
}
