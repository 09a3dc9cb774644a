package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/webhook"
)

func BenchmarkVerify(b *testing.B) {
	v := testVerifier(publicURL, secret)
	r := deliver(b, publicURL+"/hubspot/webhook", outgoing, now)
	body := []byte(outgoing)
	b.ReportAllocs()
	for b.Loop() {
		if err := v.Verify(r, body); err != nil {
			b.Fatal(err)
		}
	}
}

// The floor does what nobody can leave out: it hashes the same bytes with the standard library and compares.
func BenchmarkVerify_Floor(b *testing.B) {
	r := deliver(b, publicURL+"/hubspot/webhook", outgoing, now)
	body, key := []byte(outgoing), []byte(secret)
	b.ReportAllocs()
	for b.Loop() {
		if !plainVerify(r, body, key) {
			b.Fatal("refused")
		}
	}
}

func plainVerify(r *http.Request, body, key []byte) bool {
	m := hmac.New(sha256.New, key)
	io.WriteString(m, r.Method)
	io.WriteString(m, publicURL)
	io.WriteString(m, r.RequestURI)
	m.Write(body)
	io.WriteString(m, r.Header["X-Hubspot-Request-Timestamp"][0])
	want, err := base64.StdEncoding.DecodeString(r.Header["X-Hubspot-Signature-V3"][0])
	return err == nil && hmac.Equal(m.Sum(nil), want)
}

// BenchmarkVerify_Refused shows what a forged request costs, the search for the cause included.
func BenchmarkVerify_Refused(b *testing.B) {
	v := testVerifier(publicURL, otherSecret)
	for _, size := range []int{len(outgoing), 16 << 10, 1 << 20} {
		body := append([]byte(outgoing), bytes.Repeat([]byte(" "), size-len(outgoing))...)
		r := deliver(b, publicURL+"/hubspot/webhook", string(body), now)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := v.Verify(r, body); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

// webhooks makes n requests for different messages and returns a function that hands them out in turn.
func webhooks(b *testing.B, n int) func() *http.Request {
	b.Helper()
	requests := make([]*http.Request, n)
	readers := make([]*bytes.Reader, n)
	for i := range requests {
		body := bytes.Replace([]byte(outgoing), []byte("3ad3474b"), fmt.Appendf(nil, "%08x", i), 1)
		requests[i] = deliver(b, publicURL+"/hubspot/webhook", string(body), now)
		readers[i] = bytes.NewReader(body)
		requests[i].Body = io.NopCloser(readers[i])
	}
	i := 0
	return func() *http.Request {
		i = (i + 1) % n
		readers[i].Seek(0, io.SeekStart)
		return requests[i]
	}
}

// answer is a ResponseWriter that keeps the status only.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(p []byte) (int, error) { return len(p), nil }
func (a *answer) WriteHeader(status int)      { a.status = status }

func benchmarkHandler(b *testing.B, h http.Handler) {
	next := webhooks(b, 256)
	w := &answer{header: make(http.Header)}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, next())
		if w.status != http.StatusOK {
			b.Fatal(w.status)
		}
	}
}

func BenchmarkHandler(b *testing.B) {
	benchmarkHandler(b, &webhook.Handler{
		Verifier:          testVerifier(publicURL, secret),
		OnOutgoingMessage: func(context.Context, *webhook.OutgoingMessage) error { return nil },
		Seen:              webhook.NewLRU(128), // less than there are requests, so that none counts as handled
		Logger:            slog.New(slog.DiscardHandler),
	})
}

// The floor reads, hashes and decodes the same bytes into the same struct, as lenient about ids, and does nothing else: it
// neither checks nor remembers nor calls anybody.
func BenchmarkHandler_Floor(b *testing.B) {
	key := []byte(secret)
	benchmarkHandler(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !plainVerify(r, body, key) {
			b.Fatal(err)
		}
		var event struct {
			Type      string           `json:"type"`
			PortalID  channels.ID      `json:"portalId"`
			ChannelID channels.ID      `json:"channelId"`
			EventID   channels.ID      `json:"eventId"`
			Time      time.Time        `json:"eventTimestamp"`
			ThreadIDs []channels.ID    `json:"channelIntegrationThreadIds"`
			Message   messages.Message `json:"message"`
		}
		if err := json.Unmarshal(body, &event); err != nil {
			b.Fatal(err)
		}
		w.WriteHeader(http.StatusOK)
	}))
}
