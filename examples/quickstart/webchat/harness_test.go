package webchat_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/examples/quickstart/webchat"
)

const secret = "correct horse"

// event is what the app gets.
type event struct {
	Type     string
	ID       string
	Customer struct{ ID, Name string }
	Text     string
	Files    []struct {
		ID, Name, ContentType, URL string
		Size                       int64
	}
	Time       time.Time
	MessageIDs []string
}

// app is what answers the service's events; answer decides each status, nil means 200.
type app struct {
	*httptest.Server
	events chan event // those that were answered 2xx
}

func newApp(t *testing.T, answer func(event) int) *app {
	a := &app{events: make(chan event, 1000)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+secret {
			t.Errorf("event with Authorization %q", got)
		}
		var e event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Errorf("event: %v", err)
		}
		status := http.StatusOK
		if answer != nil {
			status = answer(e)
		}
		if status == http.StatusOK {
			a.events <- e
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *app) next(t *testing.T) event { return receive(t, a.events) }

func receive[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v, ok := <-ch:
		if !ok {
			t.Fatal("channel is closed")
		}
		return v
	case <-time.After(time.Minute): // hung: nothing here waits for time to pass
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// chat is a running service.
type chat struct {
	*webchat.Service
	URL  string
	stop func() // ends Run and closes the service
}

// open starts a service; with an app it also runs.
func open(t testing.TB, dir string, a *app) *chat {
	t.Helper()
	eventsURL := "http://127.0.0.1:1/events"
	if a != nil {
		eventsURL = a.URL + "/events"
	}
	s, err := webchat.Open(webchat.Config{Dir: dir, EventsURL: eventsURL, Secret: secret, Name: "Tom & <Jerry>"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	if a == nil {
		done <- nil
	} else {
		go func() { done <- s.Run(ctx) }()
	}
	srv := httptest.NewServer(s)
	stopped := false
	c := &chat{Service: s, URL: srv.URL, stop: func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		srv.CloseClientConnections()
		srv.Close()
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}}
	t.Cleanup(c.stop)
	return c
}

// page is a customer's browser.
type page struct {
	t    *testing.T
	c    *chat
	http *http.Client
}

// newPage opens the stream once, which makes a customer of it.
func newPage(t *testing.T, c *chat) *page {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, c: c, http: &http.Client{Jar: jar}}
	p.stream(nil).stop()
	return p
}

// moveTo carries the cookies to where the service now runs.
func (p *page) moveTo(c *chat) {
	from, _ := url.Parse(p.c.URL)
	to, _ := url.Parse(c.URL)
	p.http.Jar.SetCookies(to, p.http.Jar.Cookies(from))
	p.c = c
}

// do returns the status and the body of a request with a JSON body.
func (p *page) do(method, path string, body any) (int, string) {
	p.t.Helper()
	var in io.Reader
	if body != nil {
		in = strings.NewReader(asJSON(p.t, body))
	}
	req, err := http.NewRequest(method, p.c.URL+path, in)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return send(p.t, p.http, req)
}

func (p *page) say(id, text string) {
	p.t.Helper()
	if status, body := p.do("POST", "/chat/messages", map[string]string{"id": id, "text": text}); status != http.StatusOK {
		p.t.Fatalf("POST /chat/messages: %d %s", status, body)
	}
}

// shown is one message on the page.
type shown struct {
	Seq                            int64
	ID, ClientID, From, Name, Text string
	Read                           bool
	Files                          []struct{ Name, URL, Kind string }
}

type state struct {
	Customer struct {
		ID, Name string
		Blocked  bool
	}
	First int64
}

// stream is an open event stream. Its channels close when it ends.
type stream struct {
	states   chan state
	messages chan shown
	stop     func()
}

func (p *page) stream(header http.Header) *stream {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", p.c.URL+"/chat/stream", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	res, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		p.t.Fatalf("GET /chat/stream: %s", res.Status)
	}
	s := &stream{states: make(chan state, 1000), messages: make(chan shown, 1000)}
	ended := make(chan struct{})
	s.stop = func() { cancel(); <-ended }
	p.t.Cleanup(s.stop)
	go func() {
		defer close(ended)
		defer close(s.states)
		defer close(s.messages)
		defer res.Body.Close()
		s.read(p.t, res.Body)
	}()
	return s
}

func (s *stream) read(t *testing.T, r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	var id, name string
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			id = value
		case "event":
			name = value
		case "data":
			var err error
			if name == "state" {
				var v state
				err = json.Unmarshal([]byte(value), &v)
				s.states <- v
			} else if name == "message" {
				var v shown
				err = json.Unmarshal([]byte(value), &v)
				if id != asJSON(t, v.Seq) {
					t.Errorf("event id %s of message %d", id, v.Seq)
				}
				s.messages <- v
			}
			if err != nil {
				t.Errorf("stream: %v", err)
			}
		}
	}
}

// upload is a file to send.
type upload struct {
	name, contentType string
	content           []byte
}

// postForm sends a message with files, as the page and the app do.
func postForm(t *testing.T, client *http.Client, url, bearer string, message any, files ...upload) (int, string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("message", asJSON(t, message)); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		part, err := form.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {multipart.FileContentDisposition("file", f.name)}, "Content-Type": {f.contentType}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest("POST", url, &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return send(t, client, req)
}

// bot sends an agent's message and returns status and body.
func (c *chat) bot(t *testing.T, id, to, text string) (int, string) {
	t.Helper()
	body := asJSON(t, map[string]string{"id": id, "to": to, "from": "Maria", "text": text})
	req, err := http.NewRequest("POST", c.URL+"/bot/messages", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+secret)
	return send(t, http.DefaultClient, req)
}

func send(t *testing.T, client *http.Client, req *http.Request) (int, string) {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func fromJSON(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}
