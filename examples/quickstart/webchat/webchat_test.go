package webchat_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/customchannels/customchannels-go/examples/quickstart/webchat"
	"github.com/google/go-cmp/cmp"
)

func TestOpenChecksItsConfig(t *testing.T) {
	good := webchat.Config{Dir: t.TempDir(), EventsURL: "https://app.example/events", Secret: secret}
	for name, change := range map[string]func(*webchat.Config){
		"Dir":       func(c *webchat.Config) { c.Dir = "" },
		"Secret":    func(c *webchat.Config) { c.Secret = "" },
		"EventsURL": func(c *webchat.Config) { c.EventsURL = "/events" },
	} {
		cfg := good
		change(&cfg)
		if _, err := webchat.Open(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: error %v", name, err)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if out := fmt.Sprintf(verb, good); strings.Contains(out, secret) {
			t.Errorf("%s prints the secret: %s", verb, out)
		}
	}
}

// TestDirWithOddName: a folder's name must not be read as part of the database's options.
func TestDirWithOddName(t *testing.T) {
	dir := t.TempDir() + "/a b?mode=ro#%41"
	p := newPage(t, open(t, dir, nil))
	p.say("1", "hello")
	reopened := open(t, dir, nil)
	p.moveTo(reopened)
	if got := receive(t, p.stream(nil).messages).Text; got != "hello" {
		t.Errorf("got %q", got)
	}
}

func TestTextSurvivesByteForByte(t *testing.T) {
	texts := []string{
		"  two spaces before and after  ", "line\nline\n\nline", "carriage\r\nreturn\rhere", "tab\tand\u00a0no-break",
		"e\u0301 is not \u00e9", "\u1112\u1161\u11ab한", "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 5️⃣", "𝒳 𠮷 🜁", "שלום (hello) עולם", "\u2067مرحبا\u2069 \u200f!",
		"<script>alert(1)</script> &amp; <!-- x --> </textarea>", `"quotes" \u0000 \n ${x} {{.}} '; DROP TABLE messages; --`,
		"null", "true", "a real NUL: \x00.", "zero\u200bwidth\ufeff", "\u2028 line separator \u2029", strings.Repeat("长", 20_000),
	}
	a := newApp(t, nil)
	c := open(t, t.TempDir(), a)
	p := newPage(t, c)
	s := p.stream(nil)
	customer := receive(t, s.states).Customer
	for i, text := range texts {
		p.say(fmt.Sprint("mine-", i), text)
		e := a.next(t)
		if diff := cmp.Diff(text, e.Text); diff != "" || e.Type != "message" || e.Customer != struct{ ID, Name string }{customer.ID, customer.Name} {
			t.Errorf("the app got another event for %.40q: %s %v %s", text, e.Type, e.Customer, diff)
		}
		if m := receive(t, s.messages); m.Text != text || m.From != "customer" || m.ClientID != fmt.Sprint("mine-", i) || m.ID != e.ID {
			t.Errorf("the page got %+v for %.40q", m, text)
		}
		if status, body := c.bot(t, fmt.Sprint("theirs-", i), customer.ID, text); status != http.StatusOK {
			t.Fatalf("bot: %d %s", status, body)
		}
		if m := receive(t, s.messages); m.Text != text || m.From != "agent" || m.Name != "Maria" || m.ClientID != "" {
			t.Errorf("the page got %+v for %.40q", m, text)
		}
	}
}

func TestEventsAreRetriedInOrder(t *testing.T) {
	const refusals = 3
	tries := map[string]int{}
	var mu sync.Mutex
	a := newApp(t, func(e event) int {
		mu.Lock()
		defer mu.Unlock()
		tries[e.Text]++
		if e.Text == "stuck" {
			return http.StatusInternalServerError
		}
		if tries[e.Text] <= refusals && strings.HasPrefix(e.Text, "2") {
			return []int{http.StatusServiceUnavailable, http.StatusNotFound, http.StatusFound}[tries[e.Text]-1]
		}
		return http.StatusOK
	})
	c := open(t, t.TempDir(), a)
	newPage(t, c).say("1", "stuck") // and with it only this customer
	p := newPage(t, c)
	want := []string{"1", "2", "3", "4", "22", "5"}
	for _, text := range want {
		p.say(text, text)
	}
	for i, text := range want {
		if got := a.next(t).Text; got != text {
			t.Fatalf("event %d is %q, want %q", i, got, text)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	delete(tries, "stuck")
	if diff := cmp.Diff(map[string]int{"1": 1, "2": 4, "3": 1, "4": 1, "22": 4, "5": 1}, tries); diff != "" {
		t.Errorf("tries (-want +got):\n%s", diff)
	}
}

func TestRepeatsAreOneMessage(t *testing.T) {
	a := newApp(t, nil)
	c := open(t, t.TempDir(), a)
	p := newPage(t, c)
	s := p.stream(nil)
	customer := receive(t, s.states).Customer.ID

	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p.do("POST", "/chat/messages", map[string]string{"id": "same", "text": "once"})
			c.bot(t, "same", customer, "once, too")
		})
	}
	all.Wait()
	_, first := c.bot(t, "same", customer, "once, too")
	if _, again := c.bot(t, "same", customer, "once, too"); again != first {
		t.Errorf("a repeat was answered %s, the first %s", again, first)
	}
	p.say("last", "last")
	got := []string{receive(t, s.messages).Text, receive(t, s.messages).Text, receive(t, s.messages).Text}
	if got[0] != "once" || got[1] != "once, too" || got[2] != "last" {
		t.Errorf("the page shows %q", got)
	}
	if got := []string{a.next(t).Text, a.next(t).Text}; got[0] != "once" || got[1] != "last" {
		t.Errorf("the app got %q", got)
	}
	// Ids are their sender's own.
	other := newPage(t, c)
	other.say("same", "of another customer")
	if got := a.next(t).Text; got != "of another customer" {
		t.Errorf("the app got %q", got)
	}
}

// TestKilledAndStartedAgain abandons the first service without closing it, as a killed process would.
func TestKilledAndStartedAgain(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, nil) // not running: no event gets through
	p := newPage(t, first)
	customer := receive(t, p.stream(nil).states).Customer
	p.say("1", "before")
	p.do("PATCH", "/chat/me", map[string]string{"name": "Ada"})
	p.say("2", "still before")
	_, sent := first.bot(t, "b1", customer.ID, "an answer")

	a := newApp(t, nil)
	second := open(t, dir, a)
	p.moveTo(second)
	p.say("2", "still before") // the page did not hear that it arrived
	p.say("3", "after")
	if _, again := second.bot(t, "b1", customer.ID, "an answer"); again != sent {
		t.Errorf("bot message repeated after the start: %s, want %s", again, sent)
	}
	for _, want := range []struct{ text, name string }{{"before", customer.Name}, {"still before", "Ada"}, {"after", "Ada"}} {
		if e := a.next(t); e.Text != want.text || e.Customer.Name != want.name || e.Customer.ID != customer.ID {
			t.Errorf("event %+v, want %v", e, want)
		}
	}
	s := p.stream(nil)
	var texts []string
	for range 4 {
		texts = append(texts, receive(t, s.messages).Text)
	}
	if diff := cmp.Diff([]string{"before", "still before", "an answer", "after"}, texts); diff != "" {
		t.Errorf("the page shows (-want +got):\n%s", diff)
	}
}

func TestBlocking(t *testing.T) {
	a := newApp(t, nil)
	c := open(t, t.TempDir(), a)
	p := newPage(t, c)
	s := p.stream(nil)
	customer := receive(t, s.states).Customer
	block := func(on bool) {
		if status, body := p.do("PATCH", "/chat/me", map[string]bool{"blocked": on}); status != http.StatusOK {
			t.Fatalf("PATCH: %d %s", status, body)
		}
		for receive(t, s.states).Customer.Blocked != on { // a first message is a new state too
		}
	}
	_, sent := c.bot(t, "1", customer.ID, "hello")
	block(true)
	if status, body := c.bot(t, "2", customer.ID, "hello?"); status != http.StatusForbidden || strings.TrimSpace(body) != `{"error":"blocked"}` {
		t.Errorf("while blocked: %d %s", status, body)
	}
	if status, body := c.bot(t, "1", customer.ID, "hello"); status != http.StatusOK || body != sent {
		t.Errorf("repeat of what came before the block: %d %s", status, body)
	}
	p.say("1", "a blocker may still write")
	if got := a.next(t).Text; got != "a blocker may still write" {
		t.Errorf("the app got %q", got)
	}
	block(false)
	if status, body := c.bot(t, "2", customer.ID, "again"); status != http.StatusOK {
		t.Errorf("after the block: %d %s", status, body)
	}
}

func TestReading(t *testing.T) {
	a := newApp(t, nil)
	c := open(t, t.TempDir(), a)
	p, other := newPage(t, c), newPage(t, c)
	s := p.stream(nil)
	customer := receive(t, s.states).Customer
	p.say("1", "mine")
	a.next(t)
	mine := receive(t, s.messages).ID
	c.bot(t, "1", customer.ID, "one")
	c.bot(t, "2", customer.ID, "two")
	one, two := receive(t, s.messages).ID, receive(t, s.messages).ID

	other.do("POST", "/chat/read", map[string]any{"ids": []string{one, two}}) // not theirs
	for _, ids := range [][]string{{one, mine, "unknown"}, {one}, {one, two}} {
		if status, body := p.do("POST", "/chat/read", map[string]any{"ids": ids}); status != http.StatusNoContent {
			t.Fatalf("POST /chat/read: %d %s", status, body)
		}
	}
	for _, want := range [][]string{{one}, {two}} { // each once
		e := a.next(t)
		if diff := cmp.Diff(want, e.MessageIDs); diff != "" || e.Type != "read" || e.Customer.ID != customer.ID {
			t.Errorf("event %+v (-want +got):\n%s", e, diff)
		}
	}
	p.say("2", "end")
	if e := a.next(t); e.Type != "message" {
		t.Errorf("got %+v after all was read", e)
	}
	again := p.stream(nil)
	for _, want := range []bool{false, true, true} {
		if m := receive(t, again.messages); m.Read != want {
			t.Errorf("%q has read %v", m.Text, m.Read)
		}
	}
}
