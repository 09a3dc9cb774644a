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
	released          int           // in each direction
	work              sync.WaitGroup
}

func (w *world) startTraffic() *traffic {
	most := maxEnds * w.quota(1)
	tr := &traffic{customers: make(chan struct{}, most), agents: make(chan struct{}, most)}
	for _, t := range w.threads {
		tr.work.Go(func() {
			for take(w.ctx, tr.customers) {
				t.write(w.ctx, w.network)
			}
		})
		tr.work.Go(func() {
			for take(w.ctx, tr.agents) {
				if err := t.answer(w.hubspot.Server); err != nil {
					w.t.Errorf("reply in thread %s: %v", t.id, err)
				}
			}
		})
	}
	return tr
}

// quota is how many messages in each direction are written for each of so many ends.
func (w *world) quota(ends int) int { return len(w.threads)*w.size.messages/ends + 1 }

// take waits for a token, and reports whether there is one before the traffic or the test ends.
func take(ctx context.Context, tokens <-chan struct{}) bool {
	select {
	case _, ok := <-tokens:
		return ok
	case <-ctx.Done():
		return false
	}
}

// release lets n more messages be written in each direction.
func (tr *traffic) release(n int) {
	for range n {
		tr.customers <- struct{}{}
		tr.agents <- struct{}{}
	}
	tr.released += n
}

// finish lets the messages be written that are missing to a total, and waits until all have been.
func (tr *traffic) finish(total int) {
	tr.release(max(0, total-tr.released))
	close(tr.customers)
	close(tr.agents)
	tr.work.Wait()
}
