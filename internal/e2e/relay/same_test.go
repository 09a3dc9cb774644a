package relay

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/internal/e2e/traffic"
)

// TestFloorMakesTheSameRequests keeps the comparison honest: byte for byte, but for the hash that makes a message
// recognisable, which everybody makes in a way of their own.
func TestFloorMakesTheSameRequests(t *testing.T) {
	t.Parallel()
	const each = 10
	hash := regexp.MustCompile(`"integrationIdempotencyId":"[0-9a-f]{32}"`)
	record := func(start func(hubspot string) (app http.Handler, receive func(n int) error, stop func())) []string {
		h := traffic.NewHubSpot(2 * each)
		tape := &recorder{to: h}
		proxy := httptest.NewServer(tape)
		defer proxy.Close()
		app, receive, stop := start(proxy.URL)
		if err := passAll(each, webhooks(t, app)); err != nil {
			t.Fatal(err)
		}
		if err := passAll(each, receive); err != nil {
			t.Fatal(err)
		}
		<-h.All()
		stop()
		return tape.requests(func(r string) string { return hash.ReplaceAllString(r, "{hash}") })
	}
	ours := record(func(hubspot string) (http.Handler, func(int) error, func()) {
		br, stop := openBridge(t, hubspot, openSQLite(t), sqlstore.SQLite)
		return br, func(n int) error { return br.Receive(t.Context(), question(n)) }, stop
	})
	floors := record(func(hubspot string) (http.Handler, func(int) error, func()) {
		f := newFloor(hubspot, newSQLiteLedger(t), batched)
		return f, func(n int) error { return f.receive(question(n)) }, func() { f.stop(t) }
	})
	if len(ours) != 2*each {
		t.Errorf("%d requests, want %d", len(ours), 2*each)
	}
	if diff := cmp.Diff(ours, floors); diff != "" {
		t.Errorf("the requests of the bridge (-) and its floor (+):\n%s", diff)
	}
}

// recorder keeps the requests for messages, and passes all on.
type recorder struct {
	to   *traffic.HubSpot
	mu   sync.Mutex
	seen []string
}

func (t *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.Path, "/messages") {
		dump, err := httputil.DumpRequest(r, true)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		t.mu.Lock()
		t.seen = append(t.seen, string(dump))
		t.mu.Unlock()
	}
	t.to.ServeHTTP(w, r)
}

// requests returns what was asked, in an order of its own: it is not the same in two runs.
func (t *recorder) requests(edit func(string) string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []string
	for _, r := range t.seen {
		_, rest, _ := strings.Cut(edit(r), "\r\nHost: ")
		line, _, _ := strings.Cut(r, "\r\n")
		_, headers, _ := strings.Cut(rest, "\r\n")
		out = append(out, line+"\n"+headers)
	}
	slices.Sort(out)
	return out
}
