package webhook

import (
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

	// Mark is called when the callback has returned nil. After an error HubSpot will deliver the event again, and it
	// will be handled again.
	Mark(ctx context.Context, key string) error
}

// LRU is a [Seen] in memory that forgets the key used longest ago when it is full. A restart forgets all. Make it with
// [NewLRU].
type LRU struct {
	mu    sync.Mutex
	size  int
	order *list.List // of string, the latest first
	keys  map[string]*list.Element
}

// NewLRU returns an LRU that holds size keys, at least one. A key costs some 250 bytes.
func NewLRU(size int) *LRU {
	return &LRU{size: max(size, 1), order: list.New(), keys: make(map[string]*list.Element)}
}

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
	l.keys[key] = l.order.PushFront(key)
	if l.order.Len() > l.size {
		oldest := l.order.Back()
		delete(l.keys, l.order.Remove(oldest).(string))
	}
	return nil
}
