package relay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/internal/e2e/traffic"
	"github.com/customchannels/customchannels-go/webhook"
)

// floor is what a careful person would write for this one purpose. Each step of a message is on disk before the next one
// begins, and what is committed at the same time shares the commit. It orders nothing, retries nothing and recovers
// nothing; only its durability and its requests are the bridge's.
type floor struct {
	*committer
	hubspot  string
	client   *http.Client
	verifier *webhook.Verifier
	replies  chan reply
	todo     chan *bridge.Incoming
	workers  sync.WaitGroup
}

// reply is an agent's message to be sent.
type reply struct {
	id     string
	portal string
}

func newFloor(hubspot string, l ledger, how batching) *floor {
	f := &floor{
		committer: newCommitter(l, how),
		hubspot:   hubspot,
		client:    traffic.Client(concurrent),
		verifier:  webhook.NewVerifier(traffic.AppURL, traffic.Secret),
		replies:   make(chan reply, 1<<20),
		todo:      make(chan *bridge.Incoming, 1<<20),
	}
	for range concurrent {
		f.workers.Go(func() {
			for r := range f.replies {
				must(f.relay(r))
			}
		})
		f.workers.Go(func() {
			for m := range f.todo {
				must(f.publish(m))
			}
		})
	}
	return f
}

// must ends a benchmark that is worthless.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (f *floor) stop(tb testing.TB) {
	close(f.replies)
	close(f.todo)
	f.workers.Wait()
	if err := f.committer.stop(); err != nil {
		tb.Error(err)
	}
}

// ServeHTTP takes a webhook.
func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = f.verifier.Verify(r, body)
	}
	var e struct {
		PortalID string
		Message  struct{ ID string }
	}
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err == nil {
		err = f.record(&change{step: accepted, id: e.Message.ID, value: body})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.replies <- reply{e.Message.ID, e.PortalID}
}

// relay sends a message, which costs nothing here, and reports it to HubSpot.
func (f *floor) relay(r reply) error {
	if err := f.record(&change{step: sent, id: r.id}); err != nil {
		return err
	}
	_, err := f.call(http.MethodPatch, r.portal, "/"+r.id, []byte(`{"statusType":"SENT"}`), http.StatusOK)
	f.recordLater(&change{step: reported, id: r.id})
	return err
}

// receive takes a customer's message.
func (f *floor) receive(m *bridge.Incoming) error {
	payload, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := f.record(&change{step: accepted, id: m.ID, value: payload}); err != nil {
		return err
	}
	f.todo <- m
	return nil
}

func (f *floor) publish(m *bridge.Incoming) error {
	d := newDraft(m)
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	answer, err := f.call(http.MethodPost, d.Account, "", body, http.StatusCreated)
	if err != nil {
		return err
	}
	var created struct{ ID string }
	if err := json.Unmarshal(answer, &created); err != nil {
		return err
	}
	f.recordLater(&change{step: published, id: m.ID, value: []byte(created.ID)})
	return nil
}

func (f *floor) call(method, portal, path string, body []byte, want int) ([]byte, error) {
	url := f.hubspot + "/conversations/custom-channels/2026-09/" + traffic.Channel + "/messages" + path
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer access-"+portal)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "customchannels-go (+https://github.com/customchannels/customchannels-go)")
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != want {
		return nil, fmt.Errorf("HubSpot answered %s", resp.Status)
	}
	return io.ReadAll(resp.Body)
}

// draft is the body that publishes a customer's text.
type draft struct {
	Direction     string        `json:"messageDirection"`
	Account       string        `json:"channelAccountId"`
	Thread        string        `json:"integrationThreadId"`
	IdempotencyID string        `json:"integrationIdempotencyId"`
	Text          string        `json:"text"`
	Senders       []participant `json:"senders"`
	Recipients    []participant `json:"recipients"`
	Attachments   []struct{}    `json:"attachments"`
	Timestamp     string        `json:"timestamp"`
}

type participant struct {
	Name       string                      `json:"name"`
	Identifier channels.DeliveryIdentifier `json:"deliveryIdentifier"`
}

func newDraft(m *bridge.Incoming) *draft {
	account := strings.TrimPrefix(m.To.Value, "shop-")
	sum := sha256.Sum256([]byte(account + "/" + m.ID))
	return &draft{
		Direction: "INCOMING", Account: account, Thread: m.Thread, IdempotencyID: hex.EncodeToString(sum[:16]), Text: m.Text,
		Senders: []participant{{m.FromName, m.From}}, Recipients: []participant{{"Shop", m.To}},
		Attachments: []struct{}{}, Timestamp: m.Time.Format("2006-01-02T15:04:05.000Z07:00"),
	}
}
