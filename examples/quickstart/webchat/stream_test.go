package webchat_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStreamResumes(t *testing.T) {
	c := open(t, t.TempDir(), nil)
	p := newPage(t, c)
	first := p.stream(nil)
	p.say("1", "one")
	one := receive(t, first.messages)
	first.stop()
	p.say("2", "two")
	p.say("3", "three")

	resumed := p.stream(http.Header{"Last-Event-Id": {fmt.Sprint(one.Seq)}})
	if got := []string{receive(t, resumed.messages).Text, receive(t, resumed.messages).Text}; got[0] != "two" || got[1] != "three" {
		t.Errorf("resumed with %q", got)
	}
	p.say("4", "four")
	if got := receive(t, resumed.messages).Text; got != "four" {
		t.Errorf("then came %q", got)
	}
	// A second tab of the same browser sees the same.
	tab := p.stream(nil)
	for _, want := range []string{"one", "two", "three", "four"} {
		if got := receive(t, tab.messages).Text; got != want {
			t.Errorf("the other tab shows %q, want %q", got, want)
		}
	}
}

// TestStreamOfForgottenCustomer: the data was lost, the browser still has its cookie and knows messages.
func TestStreamOfForgottenCustomer(t *testing.T) {
	p := newPage(t, open(t, t.TempDir(), nil))
	before := receive(t, p.stream(nil).states).Customer.ID
	c := open(t, t.TempDir(), nil)
	p.moveTo(c)
	if status, _ := p.do("POST", "/chat/messages", map[string]string{"id": "1", "text": "x"}); status != http.StatusUnauthorized {
		t.Errorf("unknown customer's message: %d", status)
	}
	s := p.stream(http.Header{"Last-Event-Id": {"1000"}})
	if now := receive(t, s.states).Customer.ID; now == before || now == "" {
		t.Errorf("customer %q, before %q", now, before)
	}
	p.say("1", "x")
	if got := receive(t, s.messages).Text; got != "x" {
		t.Errorf("got %q", got)
	}
}

func TestStreamsEndWithRun(t *testing.T) {
	c := open(t, t.TempDir(), newApp(t, nil))
	s := newPage(t, c).stream(nil)
	receive(t, s.states)
	c.stop()
	if _, more := <-s.states; more {
		t.Error("the stream went on")
	}
}

func TestCookieIsNotTheCustomersID(t *testing.T) {
	c := open(t, t.TempDir(), nil)
	p := newPage(t, c)
	id := receive(t, p.stream(nil).states).Customer.ID
	u, _ := url.Parse(c.URL)
	for _, cookie := range p.http.Jar.Cookies(u) {
		if cookie.Value == id {
			t.Error("whoever sees the customer's id could act as the customer")
		}
	}
	res, err := http.Get(c.URL + "/chat/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if len(res.Cookies()) != 1 || !res.Cookies()[0].HttpOnly || res.Cookies()[0].SameSite != http.SameSiteLaxMode {
		t.Errorf("cookies %v", res.Cookies())
	}
}

func TestLongHistory(t *testing.T) {
	c := open(t, t.TempDir(), nil)
	p := newPage(t, c)
	customer := receive(t, p.stream(nil).states).Customer.ID
	const n, shownAtOnce = 530, 500
	var want []string
	for i := range n {
		text := fmt.Sprint("message ", i)
		if status, body := c.bot(t, text, customer, text); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		want = append(want, text)
	}
	s := p.stream(nil)
	first := receive(t, s.states).First
	var got []string
	var oldest shown
	for i := range shownAtOnce {
		m := receive(t, s.messages)
		if i == 0 {
			oldest = m
		}
		got = append(got, m.Text)
	}
	if oldest.Seq <= first {
		t.Fatalf("the page cannot know of earlier messages: oldest %d, first %d", oldest.Seq, first)
	}
	status, body := p.do("GET", fmt.Sprintf("/chat/history?before=%d", oldest.Seq), nil)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	var earlier struct{ Messages []shown }
	fromJSON(t, body, &earlier)
	var all []string
	for _, m := range earlier.Messages {
		all = append(all, m.Text)
	}
	if diff := cmp.Diff(want, append(all, got...)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}
