// Package traffic is what surrounds a bridge under load: a HubSpot that answers as fast as net/http can, the webhooks that
// it sends, and portals in which the app is installed.
package traffic

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// HubSpot takes every message and every status, and keeps nothing.
type HubSpot struct {
	mux   *http.ServeMux
	taken atomic.Int64
	want  int64
	all   chan struct{}
}

// NewHubSpot returns a HubSpot that waits for so many messages and statuses.
func NewHubSpot(want int) *HubSpot {
	h := &HubSpot{mux: http.NewServeMux(), want: int64(want), all: make(chan struct{})}
	const channel = "/conversations/custom-channels/2026-09/{channel}"
	h.mux.HandleFunc("POST "+channel+"/messages", h.publish)
	h.mux.HandleFunc("PATCH "+channel+"/messages/{id}", h.status)
	h.mux.HandleFunc("GET "+channel+"/channel-accounts", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, `{"results":[`+account(r)+`]}`)
	})
	h.mux.HandleFunc("GET /conversations/v3/conversations/actors/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, fmt.Sprintf(`{"id":%q,"type":"AGENT","name":"Robin Hale"}`, r.PathValue("id")))
	})
	return h
}

// ServeHTTP implements [http.Handler].
func (h *HubSpot) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Listen returns the URL at which HubSpot is reached until the end of the test.
func (h *HubSpot) Listen(tb testing.TB) string {
	server := httptest.NewServer(h)
	tb.Cleanup(server.Close)
	return server.URL
}

// All is closed when HubSpot has taken all that it waits for.
func (h *HubSpot) All() <-chan struct{} { return h.all }

func (h *HubSpot) publish(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	n := h.taken.Add(1)
	answer(w, http.StatusCreated, message(fmt.Sprint("h", n), "INCOMING", "RECEIVED"))
	h.check(n)
}

func (h *HubSpot) status(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	answer(w, http.StatusOK, message(r.PathValue("id"), "OUTGOING", "SENT"))
	h.check(h.taken.Add(1))
}

func (h *HubSpot) check(taken int64) {
	if taken == h.want {
		close(h.all)
	}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// account is the one that Install has made in the portal that a call is for.
func account(r *http.Request) string {
	portal := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "+token)
	return strings.ReplaceAll(`{"id":"{portal}","channelId":"918273","inboxId":"1","name":"Shop","active":true,"authorized":true,"archived":false,`+
		`"createdAt":"2026-10-01T09:00:00Z","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"shop-{portal}"}}`, "{portal}", portal)
}

// message is a message as HubSpot answers it.
func message(id, direction, status string) string {
	return strings.NewReplacer("{id}", id, "{direction}", direction, "{status}", status).Replace(
		`{"id":"{id}","type":"MESSAGE","conversationsThreadId":"1","channelId":"918273","channelAccountId":"1","createdAt":"2026-10-01T09:25:00.950Z",` +
			`"createdBy":"A-1","client":{"clientType":"HUBSPOT"},"direction":"{direction}","senders":[],"recipients":[],"text":"","attachments":[],` +
			`"truncationStatus":"NOT_TRUNCATED","archived":false,"status":{"statusType":"{status}"}}`)
}
