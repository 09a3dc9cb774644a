package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// line is a message as a page shows it.
type line struct {
	From string `json:"from"` // customer or agent
	Text string `json:"text"`
}

// chats is the corpus: dialogues of real support chat in many languages.
type chats struct {
	Conversations []struct {
		Messages []line `json:"messages"`
	} `json:"conversations"`
}

func corpus(t *testing.T) []line {
	t.Helper()
	data, err := os.ReadFile("testdata/chat.json")
	if err != nil {
		t.Fatal(err)
	}
	var all chats
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	var lines []line
	for _, c := range all.Conversations {
		lines = append(lines, c.Messages...)
	}
	return lines
}

// The customer's page and the agent's page, in one conversation.
type sides struct {
	customer, agent *page
}

func openSides(t *testing.T, addr, hubspotAddr string) *sides {
	t.Helper()
	b := browser(t)
	return &sides{customer: open(t, b, "http://"+addr+"/"), agent: open(t, b, "http://"+hubspotAddr+"/")}
}

const countMessages = `document.querySelectorAll('[data-testid="%s"] [data-testid="message"]').length`

func (s *sides) transcript(p *page, list string) []line {
	p.t.Helper()
	return eval[[]line](p, fmt.Sprintf(`Array.from(document.querySelectorAll('[data-testid="%s"] [data-testid="message"]'), m => ({
		from: m.dataset.from ?? (m.dataset.direction === 'INCOMING' ? 'customer' : 'agent'),
		text: m.querySelector('[data-testid="text"]').textContent,
	}))`, list))
}

func (s *sides) say(l line) {
	if l.From == "customer" {
		s.customer.paste("customer-input", l.Text)
		s.customer.click("customer-send")
		return
	}
	s.agent.paste("agent-input", l.Text)
	s.agent.click("agent-send")
}

// heard waits until both pages show n messages.
func (s *sides) heard(n int) {
	s.customer.t.Helper()
	s.customer.until(fmt.Sprintf("the customer sees %d messages", n), fmt.Sprintf(countMessages+` >= %d`, "customer-messages", n))
	s.agent.until(fmt.Sprintf("the agent sees %d messages", n), fmt.Sprintf(countMessages+` >= %d`, "agent-messages", n))
}

func (s *sides) compare(want []line) {
	s.customer.t.Helper()
	if diff := cmp.Diff(want, s.transcript(s.customer, "customer-messages")); diff != "" {
		s.customer.t.Errorf("the customer's transcript differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, s.transcript(s.agent, "agent-messages")); diff != "" {
		s.customer.t.Errorf("the agent's transcript differs (-want +got):\n%s", diff)
	}
}

// setVisibility tells a page that it has gone to the background, or come to the front.
func (p *page) setVisibility(state string) {
	p.t.Helper()
	eval[bool](p, `Object.defineProperty(document, 'visibilityState', {value: '`+state+`', configurable: true});
		Object.defineProperty(document, 'hidden', {value: '`+state+`' === 'hidden', configurable: true});
		document.dispatchEvent(new Event('visibilitychange'))`)
}

// replies are the agent's messages on the agent's page.
const replies = `Array.from(document.querySelectorAll(
	'[data-testid="agent-messages"] [data-testid="message"][data-direction="OUTGOING"]'))`

// statusesAre waits for the states under the agent's replies to be all the same.
func (s *sides) statusesAre(status string) {
	s.agent.t.Helper()
	s.agent.until("every reply is "+status, replies+`.every(m => m.dataset.status === '`+status+`')`)
}

// TestTalk (S6, S8, S9) holds the conversations of the corpus on the two pages. Messages of one side that follow each other
// are sent without waiting, so that their order is put to the test; the other side answers what it sees.
func TestTalk(t *testing.T) {
	addr, hubspotAddr := freeAddr(t), freeAddr(t)
	p := start(t, nil, "-addr", addr, "-hubspot-addr", hubspotAddr)
	p.waitFor("Customer")
	s := openSides(t, addr, hubspotAddr)

	lines := corpus(t)
	if len(lines) < 200 {
		t.Fatalf("the corpus has %d messages, want at least 200", len(lines))
	}
	for i, l := range lines {
		if i > 0 && (l.From != lines[i-1].From || i == 1) {
			s.heard(i)
		}
		s.say(l)
	}
	s.heard(len(lines))
	s.compare(lines)
	s.statusesAre("READ")
	s.customer.screenshot("customer")
	s.agent.screenshot("agent")
	p.interrupt()
}

// TestStates (S7, S9) sees what is more than text: pictures both ways, and a reply that fails.
func TestStates(t *testing.T) {
	addr, hubspotAddr := freeAddr(t), freeAddr(t)
	p := start(t, nil, "-addr", addr, "-hubspot-addr", hubspotAddr)
	p.waitFor("Customer")
	s := openSides(t, addr, hubspotAddr)

	s.say(line{"customer", "This is what arrived:"})
	s.heard(1)
	s.customer.run(chromedp.SetUploadFiles(byID("customer-file"), []string{picture(t)}))
	s.customer.click("customer-send")
	s.heard(2)
	const seen = `Array.from(document.querySelectorAll('[data-testid="%s"] [data-testid="message"] img')).some(i => i.complete && i.naturalWidth === 48)`
	s.agent.until("the agent sees the picture", fmt.Sprintf(seen, "agent-messages"))

	s.agent.run(chromedp.SetUploadFiles(byID("agent-file"), []string{picture(t)}))
	s.say(line{"agent", "Like this one?"})
	s.heard(3)
	s.customer.until("the customer sees the agent's picture", `Array.from(document.querySelectorAll(
		'[data-testid="customer-messages"] [data-testid="message"][data-from="agent"] img')).some(i => i.complete && i.naturalWidth === 48)`)
	s.statusesAre("READ")

	// Nobody reads a page in the background. By the time that the second reply is SENT, the first would long be READ.
	s.customer.setVisibility("hidden")
	s.say(line{"agent", "Take your time."})
	s.say(line{"agent", "I will be here."})
	s.heard(5)
	s.agent.until("the replies are sent", replies+`.every(m => m.dataset.status !== 'SENDING')`)
	if got := eval[[]string](s.agent, replies+`.slice(-2).map(m => m.dataset.status)`); got[0] != "SENT" || got[1] != "SENT" {
		t.Errorf("the page is hidden, and the replies are %v", got)
	}
	s.customer.setVisibility("visible")
	s.statusesAre("READ")

	s.customer.click("customer-block")
	s.say(line{"agent", "Are you still there?"})
	const last = `Array.from(document.querySelectorAll('[data-testid="agent-messages"] [data-testid="message"]')).at(-1)`
	s.agent.until("the reply has failed", last+`.dataset.status === 'FAILED'`)
	shown := eval[string](s.agent, last+`.innerText`)
	if want := "The customer has blocked this chat."; !strings.Contains(shown, want) {
		t.Errorf("the failed reply shows %q, want the reason %q", shown, want)
	}
	s.agent.screenshot("agent-failed")
	s.customer.screenshot("customer-blocked")

	s.customer.click("customer-block")
	s.say(line{"agent", "Welcome back."})
	s.agent.until("the next reply is read", last+`.dataset.status === 'READ'`)
	p.interrupt()
}

// TestRestart continues a conversation after an interrupt and after a crash, with pages that were open all the time.
func TestRestart(t *testing.T) {
	addr, hubspotAddr, dir := freeAddr(t), freeAddr(t), t.TempDir()
	args := []string{"-addr", addr, "-hubspot-addr", hubspotAddr, "-data", dir}
	p := start(t, nil, args...)
	p.waitFor("Customer")
	s := openSides(t, addr, hubspotAddr)
	var lines []line
	say := func(l line) {
		s.say(l)
		lines = append(lines, l)
		s.heard(len(lines))
	}
	say(line{"customer", "Hello? 👋🏽"})
	say(line{"agent", "Hello! How can I help?"})
	p.interrupt()

	p = start(t, nil, args...)
	p.waitFor("Customer")
	say(line{"customer", "You were away for a moment."})
	say(line{"agent", "I am back."})
	p.kill()

	// What the customer writes now, nobody can take.
	s.say(line{"customer", "And now?"})
	lines = append(lines, line{"customer", "And now?"})
	p = start(t, nil, args...)
	p.waitFor("Customer")
	s.heard(len(lines))
	say(line{"agent", "Still here."})
	s.compare(lines)
	s.statusesAre("READ")
	p.interrupt()
}
