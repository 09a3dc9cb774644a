package webhook

import (
	"cmp"
	"container/list"
	"context"
	"sync"
)

// Seen remembers which events were handled, so that HubSpot's redeliveries, and repetitions by others, are answered
// without calling back again. Implementations must be safe for concurrent use. Keys are those of [Event.Key], up to a few
// hundred bytes long.
//
// A Handler asks first, then calls back, then marks. Deliveries of one event that come while its callback runs are held
// back by the Handler; on several machines only a callback that tolerates repetition is safe from them.
type Seen interface {
	// Seen reports whether key was marked. After an error the event is not handled, and HubSpot will deliver it again.
	Seen(ctx context.Context, key string) (bool, error)

	// Mark is called when the callback has returned nil. Its context does not end when HubSpot hangs up, for the work is
	// done by then. After an error HubSpot will deliver the event again, and it will be handled again.
	Mark(ctx context.Context, key string) error
}

// LRU is a [Seen] in memory that forgets the key used longest ago when it is full. A restart forgets all. The zero LRU
// holds 10,000 keys, [NewLRU] makes others. A key costs some 250 bytes.
type LRU struct {
	mu    sync.Mutex
	size  int       // defaults to defaultSeen
	order list.List // of string, the latest first
	keys  map[string]*list.Element
}

// NewLRU returns an LRU that holds size keys, at least one.
func NewLRU(size int) *LRU { return &LRU{size: max(size, 1)} }

// Seen implements [Seen]. It returns no error.
func (l *LRU) Seen(_ context.Context, key string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.keys[key]
	if ok {
		l.order.MoveToFront(e)
	}
	return ok, nil
}

// Mark implements [Seen]. It returns no error.
func (l *LRU) Mark(_ context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.keys[key]; ok {
		l.order.MoveToFront(e)
		return nil
	}
	if l.keys == nil {
		l.keys = make(map[string]*list.Element)
	}
	l.keys[key] = l.order.PushFront(key)
	if l.order.Len() > cmp.Or(l.size, defaultSeen) {
		oldest := l.order.Back()
		delete(l.keys, l.order.Remove(oldest).(string))
	}
	return nil
}
