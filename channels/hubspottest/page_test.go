package hubspottest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// replyForm sends the page's reply form.
func (b *bench) replyForm(thread, text string, files map[string]string, header ...string) *answer {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	_ = w.WriteField("text", text) // into memory
	for name, content := range files {
		if part, err := w.CreateFormFile("files", name); err == nil {
			_, _ = part.Write([]byte(content))
		}
	}
	_ = w.Close()
	return b.send("POST", "/simulator/api/threads/"+thread+"/reply", body.String(), append(header, "Content-Type", w.FormDataContentType())...)
}

func TestPageState(t *testing.T) {
	s := newShop(t, hubspottest.Config{AppName: "Acme", InstallURL: appURL + "/install"}, nil)
	thread := s.say("m1", "Hi")
	a := s.want(s.send("GET", "/simulator/api/state", nil), http.StatusOK)
	if strings.Contains(a.raw, s.ClientSecret()) || strings.Contains(a.raw, s.DeveloperKey()) {
		t.Error("the page is told secrets")
	}
	diff(t, "app", any(object{"id": 7100001.0, "name": "Acme", "clientId": s.ClientID(), "installUrl": appURL + "/install"}), a.body["app"])
	diff(t, "portal", any(object{"id": 24681012.0, "name": "Acme Ltd", "installed": true}), a.body["portal"])
	shown := a.body["threads"].([]any)[0].(object)
	for key, want := range (object{
		"id": thread, "status": "OPEN", "customer": "Ada", "channelName": "Acme Chat", "accountName": "Shop shop",
		"preview": "Hi", "unread": 1.0, "latestAt": "2026-10-01T09:20:00Z",
	}) {
		diff(t, "thread."+key, want, shown[key])
	}
	if len(a.body["channels"].([]any)) != 1 || len(a.body["accounts"].([]any)) != 1 || a.body["agent"].(object)["name"] != "Robin Hale" {
		t.Errorf("got %v", a)
	}
}

func TestPageConversation(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	thread := s.say("m1", "Hi")
	one := "/simulator/api/threads/" + thread
	s.want(s.send("GET", one, nil), http.StatusOK)
	if got := s.Threads()[0].Unread; got != 0 {
		t.Errorf("%d messages are unread after the agent has looked", got)
	}

	reply := s.want(s.replyForm(thread, "Look:\r\n 🐈 ", map[string]string{"cat.png": png}), http.StatusCreated)
	file := reply.body["attachments"].([]any)[0].(object)
	if reply.text("text") != "Look:\n 🐈 " || reply.text("status") != "SENDING" || reply.text("senderName") != "Robin Hale" || file["usage"] != "IMAGE" {
		t.Errorf("got %v", reply)
	}
	got := s.want(s.send("GET", file["url"].(string), nil), http.StatusOK)
	if got.raw != png || got.header.Get("Content-Type") != "image/png" {
		t.Errorf("the page gets %q as %q", got.raw, got.header.Get("Content-Type"))
	}
	if got := s.send("GET", one, nil).body["messages"].([]any); len(got) != 2 {
		t.Errorf("the page sees %d messages", len(got))
	}

	s.want(s.send("POST", one+"/status", object{"status": "CLOSED"}), http.StatusOK)
	if got := s.Threads()[0].Status; got != "CLOSED" {
		t.Errorf("the thread is %s", got)
	}

	empty := s.want(s.replyForm(thread, " ", nil), http.StatusBadRequest)
	if empty.text("message") == "" {
		t.Errorf("got %v", empty)
	}
	s.want(s.send("POST", one+"/reply", "x"), http.StatusBadRequest)
	s.want(s.send("POST", one+"/status", object{"status": "DONE"}), http.StatusBadRequest)
	s.want(s.send("GET", "/simulator/api/threads/1", nil), http.StatusNotFound)
	s.want(s.send("GET", "/simulator/api/files/1", nil), http.StatusNotFound)
	s.want(s.register("PATCH", channelBase+"/"+s.channel, object{"capabilities": object{}}), http.StatusOK)
	s.want(s.replyForm(thread, "Hi", nil), http.StatusConflict)
}

func TestPageIsSafe(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	thread := s.say("m1", "Hi")
	s.want(s.replyForm(thread, "forged", nil, "Origin", "https://evil.test"), http.StatusForbidden)
	s.want(s.replyForm(thread, "forged", nil, "Sec-Fetch-Site", "cross-site"), http.StatusForbidden)
	s.want(s.send("DELETE", "/simulator/journal", nil, "Origin", "https://evil.test"), http.StatusForbidden)
	s.want(s.replyForm(thread, "own", nil, "Origin", hubspotURL, "Sec-Fetch-Site", "same-origin"), http.StatusCreated)
	if got := len(s.Messages(thread)); got != 2 {
		t.Errorf("%d messages, want 2", got)
	}

	script := s.upload("x.html", "<script>steal()</script>", nil).text("id")
	a := s.want(s.send("GET", "/simulator/api/files/"+script, nil), http.StatusOK)
	if a.header.Get("Content-Disposition") != "attachment" || !strings.HasPrefix(a.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("a customer's page comes with %v", a.header)
	}
}

func TestPageFiles(t *testing.T) {
	b := newBench(t, hubspottest.Config{})
	a := b.want(b.send("GET", "/", nil), http.StatusOK)
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || a.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("the page comes with %v", a.header)
	}
	b.want(b.send("GET", "/nothing", nil), http.StatusNotFound)
	unknown := b.want(b.send("POST", "/conversations/v3/dreams", nil), http.StatusNotFound)
	if !strings.Contains(unknown.text("message"), "does not know POST") {
		t.Errorf("got %v", unknown)
	}
}

// stream is an open page's event stream.
type stream struct {
	t    testing.TB
	in   *bufio.Scanner
	stop func()
}

type pageEvent struct {
	Name string
	Data map[string]any
}

func (b *bench) stream() *stream {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, hubspotURL+"/simulator/events", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.hosts.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		b.t.Errorf("the stream is %q", got)
	}
	return &stream{t: b.t, in: bufio.NewScanner(resp.Body), stop: func() {
		cancel()
		_ = resp.Body.Close()
	}}
}

// next returns the next event, or a comment with the name ":".
func (s *stream) next() pageEvent {
	s.t.Helper()
	var e pageEvent
	for s.in.Scan() {
		line := s.in.Text()
		name, isName := strings.CutPrefix(line, "event: ")
		data, isData := strings.CutPrefix(line, "data: ")
		switch {
		case line == "":
			return e
		case isName:
			e.Name = name
		case isData:
			if err := json.Unmarshal([]byte(data), &e.Data); err != nil {
				s.t.Error(err)
			}
		case strings.HasPrefix(line, ":"):
			e.Name = ":"
		}
	}
	return pageEvent{Name: "end"}
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{}, nil)
		page := s.stream()
		defer page.stop()
		ignoreData := cmpopts.IgnoreFields(pageEvent{}, "Data")
		expect := func(names ...string) (last pageEvent) {
			t.Helper()
			for _, name := range names {
				last = page.next()
				if d := cmp.Diff(pageEvent{Name: name}, last, ignoreData); d != "" {
					t.Fatalf("event (-want +got):\n%s", d)
				}
			}
			return last
		}
		expect("hello")

		start := time.Now()
		thread := s.say("m1", "Hi") // the events are on the stream when this returns
		if e := expect("message"); e.Data["text"] != "Hi" || e.Data["direction"] != "INCOMING" || e.Data["threadId"] != thread {
			t.Errorf("got %v", e)
		}
		if e := expect("thread"); e.Data["unread"] != 1.0 || e.Data["preview"] != "Hi" {
			t.Errorf("got %v", e)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the events came after %v", waited)
		}

		reply, err := s.Reply(thread, hubspottest.Reply{Text: "Hello"})
		if err != nil {
			t.Fatal(err)
		}
		expect("message", "thread")
		s.want(s.call("PATCH", channelBase+"/"+s.channel+"/messages/"+reply.ID, object{"statusType": "READ"}), http.StatusOK)
		if e := expect("message"); e.Data["id"] != reply.ID || e.Data["status"] != "READ" {
			t.Errorf("got %v", e)
		}
		if err := s.RenameAccount(s.account, "New"); err != nil {
			t.Fatal(err)
		}
		expect("state")

		time.Sleep(15 * time.Second)
		expect(":")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		expect("end")
	})
}

func TestSlowPageIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{RateLimit: -1}, nil)
		page := s.stream()
		defer page.stop()
		for range 500 { // more than are kept for a page that does not read
			if err := s.RenameAccount(s.account, "New"); err != nil {
				t.Fatal(err)
			}
		}
		for n := 0; ; n++ {
			if e := page.next(); e.Name == "end" {
				break
			}
			if n > 400 {
				t.Fatal("the page was not cut off")
			}
		}
	})
}

func TestEventsEndWithRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, hubspottest.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.Run(ctx) }()
		page := b.stream()
		defer page.stop()
		page.next()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if e := page.next(); e.Name != "end" {
			t.Errorf("the stream goes on with %v", e)
		}
	})
}
