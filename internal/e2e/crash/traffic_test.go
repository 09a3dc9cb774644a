package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// thread is a conversation of a customer with a portal's agents.
type thread struct {
	portal   int64
	customer string
	id       string     // HubSpot's
	files    *rand.Rand // decides which messages of the customer have one
	fates    *rand.Rand // decides what becomes of a reply

	written []written // in order, each accepted by the child
	replies []reply
}

// reply is what an agent wrote.
type reply struct {
	id, text string
	files    map[string]string // contents by name
}

// deliver posts to the child until it accepts, as a messaging service does.
func deliver(ctx context.Context, n *network, path string, v any) {
	for ctx.Err() == nil && post(ctx, n.client, n.url()+path, v, nil) != nil {
		time.Sleep(20 * time.Millisecond)
	}
}

// write has the customer write the next message. It returns when the child has accepted it.
func (t *thread) write(ctx context.Context, n *network) {
	m := written{ID: fmt.Sprintf("%s-%d", t.customer, len(t.written)), Portal: t.portal, From: t.customer}
	m.Text = "question " + m.ID
	if t.files.IntN(10) == 0 {
		m.File = "file of " + m.ID
	}
	deliver(ctx, n, "/written", m)
	t.written = append(t.written, m)
}

// answer has an agent reply.
func (t *thread) answer(hs *hubspottest.Server) error {
	text := fmt.Sprintf("answer %s-%d", t.customer, len(t.replies))
	r := hubspottest.Reply{Text: text}
	out := reply{files: map[string]string{}}
	switch roll := t.fates.IntN(100); {
	case roll < 2:
		r.Text += markReject
	case roll < 12:
		r.Text += markRead
	case roll < 14:
		name := fmt.Sprintf("%s-%d.txt", t.customer, len(t.replies))
		out.files[name] = "file of " + text
		r.Files = []hubspottest.Upload{{Name: name, Content: []byte(out.files[name])}}
	}
	m, err := hs.Reply(t.id, r)
	if err != nil {
		return err
	}
	out.id, out.text = m.ID, r.Text
	t.replies = append(t.replies, out)
	return nil
}

// traffic lets all customers and agents write, as far as messages are released.
type traffic struct {
	customers, agents chan struct{} // each token is a message that may be written
	work              sync.WaitGroup
}

func (w *world) startTraffic() *traffic {
	total := len(w.threads) * w.size.messages
	tr := &traffic{customers: make(chan struct{}, total), agents: make(chan struct{}, total)}
	for _, t := range w.threads {
		tr.work.Go(func() {
			for range w.size.messages {
				if !take(w.ctx, tr.customers) {
					return
				}
				t.write(w.ctx, w.network)
			}
		})
		tr.work.Go(func() {
			for range w.size.messages {
				if !take(w.ctx, tr.agents) {
					return
				}
				if err := t.answer(w.hubspot.Server); err != nil {
					w.t.Errorf("reply in thread %s: %v", t.id, err)
				}
			}
		})
	}
	return tr
}

// take waits for a token, and reports whether there is one before the test ends.
func take(ctx context.Context, tokens <-chan struct{}) bool {
	select {
	case <-tokens:
		return true
	case <-ctx.Done():
		return false
	}
}

// release lets n more messages be written in each direction, as far as there are any.
func (tr *traffic) release(n int) {
	for range n {
		select {
		case tr.customers <- struct{}{}:
		default:
		}
		select {
		case tr.agents <- struct{}{}:
		default:
		}
	}
}
