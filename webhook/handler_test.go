package webhook_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/webhook"
)

// recorder is a callback that keeps the types of the events it gets, and returns err.
type recorder struct {
	types []string
	err   error
}

func (c *recorder) call(_ context.Context, e webhook.Event) error {
	c.types = append(c.types, e.Header().Type)
	return c.err
}

func testHandler(onEvent func(context.Context, webhook.Event) error) (*webhook.Handler, *strings.Builder) {
	var log strings.Builder
	return &webhook.Handler{
		Verifier: testVerifier(publicURL, secret),
		OnEvent:  onEvent,
		Logger:   slog.New(slog.NewTextHandler(&log, nil)),
	}, &log
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Every request here is refused, and none reaches the callback. Those with a body that is at fault are signed rightly.
func TestHandlerRefuses(t *testing.T) {
	signed := func(body string) func(testing.TB) *http.Request {
		return func(t testing.TB) *http.Request { return deliver(t, publicURL+"/cc", body, now) }
	}
	changed := func(change func(*http.Request)) func(testing.TB) *http.Request {
		return func(t testing.TB) *http.Request {
			r := deliver(t, publicURL+"/cc", outgoing, now)
			change(r)
			return r
		}
	}
	set := func(name string, values ...string) func(testing.TB) *http.Request {
		return changed(func(r *http.Request) {
			r.Header.Del(name)
			for _, v := range values {
				r.Header.Add(name, v)
			}
		})
	}
	body := func(body io.Reader, length int64) func(testing.TB) *http.Request {
		return changed(func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(body), length })
	}
	const (
		v3, timestamp = "X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"

		notSigned, malformed, mismatch = "request is not signed", "signature headers are malformed", "signature does not match"
		unreadable                     = "body cannot be understood"
	)
	tests := []struct {
		name    string
		request func(testing.TB) *http.Request
		status  int
		answer  string
	}{
		{"GET", changed(func(r *http.Request) { r.Method = "GET" }), 405, "only POST is allowed"},
		{"PUT", changed(func(r *http.Request) { r.Method = "PUT" }), 405, "only POST is allowed"},
		{"HEAD", changed(func(r *http.Request) { r.Method = "HEAD" }), 405, "only POST is allowed"},
		{"post in small letters", changed(func(r *http.Request) { r.Method = "post" }), 405, "only POST is allowed"},
		{"no signature", set(v3), 401, notSigned},
		{"v1 signature only", func(t testing.TB) *http.Request {
			return deliver(t, publicURL+"/cc", outgoing, now, webhook.V1)
		}, 401, notSigned},
		{"v2 signature only", func(t testing.TB) *http.Request {
			return deliver(t, publicURL+"/cc", outgoing, now, webhook.V2)
		}, 401, notSigned},
		{"empty signature", set(v3, ""), 400, malformed},
		{"signature of spaces", set(v3, strings.Repeat(" ", 44)), 400, malformed},
		{"signature not base64", set(v3, strings.Repeat("!", 43)+"="), 400, malformed},
		{"signature without padding", set(v3, strings.Repeat("A", 44)), 400, malformed},
		{"signature with loose bits", set(v3, strings.Repeat("A", 42)+"B="), 400, malformed},
		{"signature too long", set(v3, strings.Repeat("A", 1<<16)), 400, malformed},
		{"signature in hex", set(v3, strings.Repeat("0", 64)), 400, malformed},
		{"signature of zeros", set(v3, strings.Repeat("A", 43)+"="), 401, mismatch},
		{"two signatures, one right", changed(func(r *http.Request) { r.Header.Add(v3, strings.Repeat("A", 43)+"=") }), 400, malformed},
		{"no timestamp", set(timestamp), 400, malformed},
		{"empty timestamp", set(timestamp, ""), 400, malformed},
		{"timestamp of letters", set(timestamp, "NaN"), 400, malformed},
		{"timestamp with sign", set(timestamp, "+"+fmt.Sprint(now.UnixMilli())), 400, malformed},
		{"timestamp with zeros", set(timestamp, "0"+fmt.Sprint(now.UnixMilli())), 401, mismatch},
		{"timestamp beyond 64 bits", set(timestamp, "99999999999999999999"), 400, malformed},
		{"timestamp refreshed", set(timestamp, fmt.Sprint(now.UnixMilli()+1)), 401, mismatch},
		{"two timestamps", changed(func(r *http.Request) { r.Header.Add(timestamp, "1") }), 400, malformed},
		{"old", func(t testing.TB) *http.Request {
			return deliver(t, publicURL+"/cc", outgoing, now.Add(-time.Hour))
		}, 401, "timestamp is too old"},
		{"from the future", func(t testing.TB) *http.Request {
			return deliver(t, publicURL+"/cc", outgoing, now.Add(time.Hour))
		}, 401, "timestamp lies in the future"},
		{"other path", changed(func(r *http.Request) { r.RequestURI = "/cc2" }), 401, mismatch},
		{"query added", changed(func(r *http.Request) { r.RequestURI += "?admin=1" }), 401, mismatch},
		{"body of another request", body(strings.NewReader(accountCreated), int64(len(accountCreated))), 401, mismatch},
		{"body cut short", body(strings.NewReader(outgoing[:100]), int64(len(outgoing))), 401, mismatch},
		{"body longer than announced", body(strings.NewReader(outgoing+" "), int64(len(outgoing))), 401, mismatch},
		{"body that cannot be read", body(io.MultiReader(strings.NewReader("{"), errReader{}), -1), 400, "body cannot be read"},
		{"no body", changed(func(r *http.Request) { r.Body, r.ContentLength = nil, 0 }), 401, mismatch},
		{"huge, announced", body(neverRead{t}, 1<<20+1), 413, "body is too large"},
		{"huge, in chunks", body(endless{}, -1), 413, "body is too large"},
		{"huge, announced as small", body(endless{}, 10), 413, "body is too large"},
		{"empty", signed(""), 400, unreadable},
		{"white space", signed("\n\n"), 400, unreadable},
		{"form", signed("type=OUTGOING_CHANNEL_MESSAGE_CREATED&portalId=1"), 400, unreadable},
		{"string", signed(`"hello"`), 400, unreadable},
		{"number", signed(`1`), 400, unreadable},
		{"null", signed(`null`), 400, unreadable},
		{"cut off", signed(outgoing[:200]), 400, unreadable},
		{"two events without array", signed(accountCreated + accountCreated), 400, unreadable},
		{"array with a number", signed(`[` + accountCreated + `,1]`), 400, unreadable},
		{"deep", signed(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), 400, unreadable},
		{"deep within an event", signed(`{"type":"X","a":` + strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 71)), 400, unreadable},
		{"name twice", signed(`{"type":"CHANNEL_ACCOUNT_CREATED","type":"CHANNEL_ACCOUNT_PURGED","portalId":"1","channelAccountId":"1"}`), 400, unreadable},
		{"invalid UTF-8", signed("{\"type\":\"CHANNEL_ACCOUNT_CREATED\",\"portalId\":\"1\",\"channelAccountId\":\"\xc3\x28\"}"), 400, unreadable},
		{"wrong type of type", signed(`{"type":["CHANNEL_ACCOUNT_CREATED"]}`), 400, unreadable},
		{"wrong type of message", signed(`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","message":[]}`), 400, unreadable},
		{"wrong type of text", signed(`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","message":{"id":"1","text":{}}}`), 400, unreadable},
		{"wrong type of id", signed(`{"type":"CHANNEL_ACCOUNT_CREATED","portalId":"1","channelAccountId":{"id":"1"}}`), 400, unreadable},
		{"fraction for id", signed(`{"type":"CHANNEL_ACCOUNT_CREATED","portalId":"1","channelAccountId":1.5}`), 400, unreadable},
		{"portal beyond 64 bits", signed(`{"type":"CHANNEL_ACCOUNT_CREATED","portalId":"99999999999999999999","channelAccountId":"1"}`), 400, unreadable},
		{"message without id", signed(`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"1","message":{"text":"hi"}}`), 400, unreadable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var called recorder
			h, log := testHandler(called.call)
			w := serve(h, tt.request(t))
			if diff := cmp.Diff(fmt.Sprintln(tt.status, tt.answer), fmt.Sprint(w.Code, " ", w.Body)); diff != "" {
				t.Errorf("answer: -want +got:\n%s\nlog: %s", diff, log)
			}
			if len(called.types) > 0 {
				t.Errorf("callback got %v", called.types)
			}
			if strings.Count(log.String(), "\n") != 1 || strings.Contains(log.String(), secret) || strings.Contains(log.String(), "Grüße") {
				t.Errorf("log: %s", log)
			}
			if (tt.status == 405) != (w.Header().Get("Allow") == "POST") {
				t.Errorf("Allow: %q", w.Header().Get("Allow"))
			}
		})
	}
}

// HubSpot's schemes join URL and body without a mark between them, so that a request verifies with the border moved. It
// must fail as JSON then, wherever the border is.
func TestHandlerRefusesShiftedBody(t *testing.T) {
	const path = "/hubspot/cc?a=1"
	for _, body := range []string{outgoing, accountCreated, "[" + outgoing + "]", "[" + accountCreated + "," + outgoing + "]"} {
		whole := path + body
		var called recorder
		h, _ := testHandler(called.call)
		for border := range len(whole) {
			if border == len(path) {
				continue
			}
			r := deliver(t, publicURL+path, body, now)
			r.RequestURI = whole[:border]
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(whole[border:])), int64(len(whole)-border)
			if w := serve(h, r); w.Code < 400 {
				t.Errorf("%d with the URL %s", w.Code, r.RequestURI)
			}
		}
		if len(called.types) > 0 {
			t.Errorf("callback got %v", called.types)
		}
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type neverRead struct{ t testing.TB }

func (n neverRead) Read([]byte) (int, error) {
	n.t.Error("a body that is too large by its own account was read")
	return 0, io.EOF
}

func TestHandlerMaxBody(t *testing.T) {
	h, _ := testHandler(new(recorder).call)
	h.MaxBody = int64(len(accountCreated))
	if w := serve(h, deliver(t, publicURL+"/cc", accountCreated, now)); w.Code != 200 {
		t.Errorf("at the limit: %d", w.Code)
	}
	if w := serve(h, deliver(t, publicURL+"/cc", accountCreated+" ", now)); w.Code != 413 {
		t.Errorf("one byte beyond: %d", w.Code)
	}
}

func TestHandlerNotSetUp(t *testing.T) {
	for name, h := range map[string]*webhook.Handler{
		"zero":        {},
		"no callback": {Verifier: testVerifier(publicURL, secret)},
		"no secret":   {Verifier: testVerifier(publicURL), OnEvent: new(recorder).call},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			h.Logger = slog.New(slog.NewTextHandler(&log, nil))
			w := serve(h, deliver(t, publicURL+"/cc", accountCreated, now))
			if w.Code != 500 || !strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("%d, log: %s", w.Code, log.String())
			}
		})
	}
}

func TestHandlerCallbacks(t *testing.T) {
	batch := "[" + outgoing + "," + accountCreated + "," +
		strings.Replace(accountCreated, "CREATED", "UPDATED", 1) + "," +
		strings.Replace(accountCreated, "CREATED", "PURGED", 1) + "," +
		`{"subscriptionType":"conversation.creation","portalId":1,"objectId":2},{"type":"NEW"}]`
	var got []string
	h, _ := testHandler(func(_ context.Context, e webhook.Event) error {
		got = append(got, fmt.Sprintf("rest %T", e))
		return nil
	})
	if w := serve(h, deliver(t, publicURL+"/cc", batch, now)); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	own := &webhook.Handler{
		Verifier: h.Verifier, OnEvent: h.OnEvent,
		OnOutgoingMessage: func(_ context.Context, e *webhook.OutgoingMessage) error {
			got = append(got, "message "+string(e.Message.ID))
			return nil
		},
		OnAccountCreated: func(_ context.Context, e *webhook.AccountCreated) error {
			got = append(got, "created "+string(e.AccountID))
			return nil
		},
		OnAccountUpdated: func(_ context.Context, e *webhook.AccountUpdated) error {
			got = append(got, "updated "+string(e.AccountID))
			return nil
		},
		OnAccountPurged: func(_ context.Context, e *webhook.AccountPurged) error {
			got = append(got, "purged "+string(e.AccountID))
			return nil
		},
		OnAppEvent: func(_ context.Context, e *webhook.AppEvent) error {
			got = append(got, "app "+e.ObjectID)
			return nil
		},
	}
	if w := serve(own, deliver(t, publicURL+"/cc", batch, now)); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	own = &webhook.Handler{Verifier: own.Verifier, OnAppEvent: own.OnAppEvent}
	if w := serve(own, deliver(t, publicURL+"/cc", batch, now)); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	want := []string{
		"rest *webhook.OutgoingMessage", "rest *webhook.AccountCreated", "rest *webhook.AccountUpdated",
		"rest *webhook.AccountPurged", "rest *webhook.AppEvent", "rest *webhook.Unknown",
		"message 3ad3474b", "created 5550001", "updated 5550001", "purged 5550001", "app 2", "rest *webhook.Unknown",
		"app 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestHandlerFailureIsDeliveredAgain(t *testing.T) {
	called := recorder{err: errors.New("database is down")}
	h, log := testHandler(called.call)
	w := serve(h, deliver(t, publicURL+"/cc", accountCreated, now))
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "database") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if !strings.Contains(log.String(), "database is down") || !strings.Contains(log.String(), "portal=24681012") {
		t.Errorf("log: %s", log)
	}
	called.err = nil
	for range 3 {
		if w := serve(h, deliver(t, publicURL+"/cc", accountCreated, now)); w.Code != 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if len(called.types) != 2 {
		t.Errorf("callback ran %d times, want once more after the failure and not again after the success", len(called.types))
	}
}

// After a failure in the middle of a batch, the next delivery goes on where the first has stopped.
func TestHandlerBatchGoesOn(t *testing.T) {
	var got []string
	broken := true
	h, _ := testHandler(func(_ context.Context, e webhook.Event) error {
		got = append(got, e.Header().Type)
		if e.Header().Type == "B" && broken {
			return errors.New("broken")
		}
		return nil
	})
	const batch = `[{"type":"A"},{"type":"B"},{"type":"C"}]`
	if w := serve(h, deliver(t, publicURL+"/cc", batch, now)); w.Code != 503 {
		t.Errorf("%d", w.Code)
	}
	broken = false
	if w := serve(h, deliver(t, publicURL+"/cc", batch, now)); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
	if diff := cmp.Diff([]string{"A", "B", "B", "C"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A panic is an answer and a log line; the connection and the server live on, and the event can be delivered again.
func TestHandlerPanic(t *testing.T) {
	var calls atomic.Int32
	h, log := testHandler(func(context.Context, webhook.Event) error {
		if calls.Add(1) == 1 {
			panic("out of coffee")
		}
		return nil
	})
	h.Verifier.PublicURL = "http://hooks.example.test"
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, want := range []int{500, 200} {
		r := deliver(t, "http://hooks.example.test/cc", accountCreated, now)
		if err := r.Write(conn); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(in, r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != want || strings.Contains(string(body), "coffee") {
			t.Errorf("%d %s, want %d", resp.StatusCode, body, want)
		}
	}
	server.Close() // and with it all that writes the log
	if !strings.Contains(log.String(), "out of coffee") || !strings.Contains(log.String(), "handler_test.go") {
		t.Errorf("log without the panic and its place: %s", log)
	}
}

// A callback that ends its goroutine must not leave the next delivery waiting.
func TestHandlerGoexit(t *testing.T) {
	var calls int
	h, _ := testHandler(func(context.Context, webhook.Event) error {
		if calls++; calls == 1 {
			runtime.Goexit()
		}
		return nil
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve(h, deliver(t, publicURL+"/cc", accountCreated, now))
	}()
	<-done
	if w := serve(h, deliver(t, publicURL+"/cc", accountCreated, now)); w.Code != 200 || calls != 2 {
		t.Errorf("%d after %d calls", w.Code, calls)
	}
}
