package crash

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// drain lets nothing fail any more, has the rest of the messages written, and waits until all has been delivered.
func (w *world) drain(tr *traffic) error {
	w.faults(false)
	if err := w.startAll(); err != nil {
		return err
	}
	tr.finish(len(w.threads) * w.size.messages)
	err := w.until("everything to be delivered", patience, func() string {
		if n := w.hubspot.PendingWebhooks(); n > 0 {
			return fmt.Sprintf("%d webhooks are not accepted", n)
		}
		if n := w.service.untold(); n > 0 {
			return fmt.Sprintf("%d reports are not accepted", n)
		}
		q, err := w.queue()
		if err != nil {
			return err.Error()
		}
		if n := len(q.Waiting); n > 0 {
			return fmt.Sprintf("%d items wait:\n%s", n, strings.Join(q.Waiting[:min(n, 20)], "\n"))
		}
		return ""
	})
	if err != nil {
		return err
	}
	q, err := w.queue()
	if err != nil {
		return err
	}
	if len(q.Buried) > 0 {
		w.t.Errorf("%d items are buried:\n%s", len(q.Buried), strings.Join(q.Buried[:min(len(q.Buried), 20)], "\n"))
	}
	return w.stopAll()
}

func (w *world) queue() (*queue, error) {
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	q := &queue{}
	return q, post(ctx, w.network.client, w.network.url()+"/queue", struct{}{}, q)
}

// check compares what has arrived on both sides with what was written on the other.
func (w *world) check() {
	for _, mu := range []*sync.Mutex{&w.hubspot.mu, &w.network.mu, &w.service.mu} {
		mu.Lock()
		defer mu.Unlock()
	}
	for _, t := range w.threads {
		inbox := w.hubspot.Messages(t.id)
		w.checkInbox(t, inbox)
		w.checkReplies(t)
		w.checkOrder(t)
		w.checkStatuses(t, inbox)
	}
}

// checkInbox wants each message of the customer in the inbox once, with its file, in order.
func (w *world) checkInbox(t *thread, inbox []hubspottest.Message) {
	var want, got, files, gotFiles []string
	for _, m := range t.written {
		want = append(want, m.Text)
		if m.File != "" {
			files = append(files, fmt.Sprintf("%s: %d bytes", m.Text, len(m.File)))
		}
	}
	for _, m := range inbox {
		if m.Direction != "INCOMING" {
			continue
		}
		got = append(got, m.Text)
		for _, a := range m.Attachments {
			gotFiles = append(gotFiles, fmt.Sprintf("%s: %d bytes", m.Text, a.Size))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("thread of %s: the inbox differs from what the customer wrote (-written +inbox):\n%s", t.customer, diff)
	}
	if diff := cmp.Diff(want, w.hubspot.published[t.customer]); diff != "" {
		w.t.Errorf("thread of %s: published in another order (-written +published):\n%s", t.customer, diff)
	}
	if diff := cmp.Diff(files, gotFiles); diff != "" {
		w.t.Errorf("thread of %s: files (-written +inbox):\n%s", t.customer, diff)
	}
}

// checkReplies wants each reply at the service, unchanged. More than one call is right only where an attempt was cut off.
func (w *world) checkReplies(t *thread) {
	for _, r := range t.replies {
		calls := w.service.calls[r.id]
		if len(calls) == 0 {
			w.t.Errorf("lost: %q (%s) never reached the service", r.text, r.id)
		}
		attempts, latest := map[int]bool{}, 0
		for _, c := range calls {
			if attempts[c.Attempt] {
				w.t.Errorf("%q was sent twice as attempt %d", r.text, c.Attempt)
			}
			attempts[c.Attempt] = true
			want := sent{ID: r.id, Attempt: c.Attempt, Customer: t.customer, Text: r.text, Files: r.files}
			if diff := cmp.Diff(want, c.sent); diff != "" {
				w.t.Errorf("%q reached the service changed (-want +got):\n%s", r.text, diff)
			}
			if told := w.hubspot.statuses[r.id]; told > 0 && told < c.at && c.Attempt > latest {
				w.t.Errorf("%q was sent again after its status was recorded", r.text)
			}
			if c.Attempt < latest && w.size.frozen == 0 {
				w.t.Errorf("%q was sent as attempt %d after attempt %d", r.text, c.Attempt, latest)
			}
			latest = max(latest, c.Attempt)
		}
	}
}

// checkOrder wants the first attempts in order, as far as HubSpot's webhooks were: one had been accepted before the
// other came for the first time.
func (w *world) checkOrder(t *thread) {
	for j, later := range t.replies {
		for _, earlier := range t.replies[:j] {
			before, after := w.service.calls[earlier.id], w.service.calls[later.id]
			if len(before) == 0 || len(after) == 0 || w.network.accepted[earlier.id] > w.network.first[later.id] {
				continue
			}
			w.pairs++
			if before[0].at > after[0].at {
				w.t.Errorf("out of order: %q was sent before %q", later.text, earlier.text)
			}
		}
	}
}

// checkStatuses wants each reply to have ended as its text says.
func (w *world) checkStatuses(t *thread, inbox []hubspottest.Message) {
	want := map[string]string{}
	got := map[string]string{}
	for _, r := range t.replies {
		switch {
		case strings.HasSuffix(r.text, markReject):
			want[r.text] = "FAILED " + rejectReason
		case strings.HasSuffix(r.text, markRead):
			want[r.text] = "READ"
		default:
			want[r.text] = "SENT"
		}
	}
	for _, m := range inbox {
		if m.Direction == "OUTGOING" {
			got[m.Text] = strings.TrimSpace(m.Status + " " + m.Reason)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("thread of %s: statuses (-want +got):\n%s", t.customer, diff)
	}
}

// report describes what has happened.
func (w *world) report(ends map[string]int, took time.Duration) string {
	for _, mu := range []*sync.Mutex{&w.hubspot.mu, &w.service.mu} {
		mu.Lock()
		defer mu.Unlock()
	}
	var b strings.Builder
	var incoming, replies, repeated, again int
	for _, t := range w.threads {
		incoming += len(t.written)
		replies += len(t.replies)
	}
	for _, calls := range w.service.calls {
		taken := 0
		for _, c := range calls {
			if c.taken {
				taken++
			}
		}
		repeated += max(taken-1, 0)
		again += len(calls) - 1
	}
	kills := ends[atRandom]
	for _, stage := range stages {
		kills += ends[stage]
	}
	fmt.Fprintf(&b, "%d kills, %d graceful stops and %d freezes in %v, seed %d\n",
		kills, ends[graceful], ends[frozen], took.Round(time.Second), w.size.seed)
	for _, how := range append(slices.Clone(stages), atRandom) {
		fmt.Fprintf(&b, "  %-28s %4d\n", how, ends[how])
	}
	fmt.Fprintf(&b, "%d threads of %d portals: %d messages of customers, %d of agents\n", len(w.threads), w.size.portals, incoming, replies)
	fmt.Fprintf(&b, "service: %d messages taken more than once, each with the same id; %d attempts after the first\n", repeated, again)
	fmt.Fprintf(&b, "order: %d pairs of replies in order, besides all messages of customers\n", w.pairs)
	fmt.Fprintf(&b, "inbox: %d publishes were repeated and recognised\n", w.hubspot.repeated)
	for name, c := range map[string]*chance{"HubSpot": w.hubspot.chance, "webhooks": w.network.chance, "service": w.service.chance} {
		fmt.Fprintf(&b, "faults of %s: %v\n", name, c.counts())
	}
	return b.String()
}
