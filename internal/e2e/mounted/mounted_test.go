// Package mounted tests the example mount as it is meant to run: several processes on one PostgreSQL, behind a load
// balancer.
package mounted

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// program is the built example.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "mounted-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "mount")
		build := exec.Command("go", "build", "-o", program, "github.com/customchannels/customchannels-go/examples/mount")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "building the example:", err)
			return 1
		}
		defer pgtest.Stop()
		return m.Run()
	}())
}

// TestTwoNodes has two nodes serve customers and agents together. Then one of them dies, and the other goes on alone.
func TestTwoNodes(t *testing.T) {
	w := newWorld(t)
	ada := w.login("ada@example.com", "A-1001")
	max := w.login("max@example.com", "A-1002")
	for i := range 4 {
		ada.write(w.nodes[i%2], fmt.Sprint("Question ", i))
		max.write(w.nodes[(i+1)%2], fmt.Sprint("Frage ", i))
	}
	w.agentSees("ada@example.com", 4)
	w.agentSees("max@example.com", 4)
	for i := range 4 {
		w.reply("ada@example.com", fmt.Sprint("Answer ", i))
		w.reply("max@example.com", fmt.Sprint("Antwort ", i))
	}
	for _, n := range w.nodes {
		ada.sees(n, "You: Question 0", "You: Question 1", "You: Question 2", "You: Question 3",
			"Robin Hale: Answer 0", "Robin Hale: Answer 1", "Robin Hale: Answer 2", "Robin Hale: Answer 3")
		max.sees(n, "You: Frage 0", "You: Frage 1", "You: Frage 2", "You: Frage 3",
			"Robin Hale: Antwort 0", "Robin Hale: Antwort 1", "Robin Hale: Antwort 2", "Robin Hale: Antwort 3")
	}
	w.allRead("ada@example.com")

	w.nodes[0].kill()
	ada.write(w.nodes[1], "Are you still there?")
	w.agentSees("ada@example.com", 5)
	w.reply("ada@example.com", "Yes.")
	ada.sees(w.nodes[1], "You: Are you still there?", "Robin Hale: Yes.")
	w.allRead("ada@example.com")

	w.nodes[0] = w.start(w.nodes[0].addr)
	w.nodes[0].ready()
	ada.sees(w.nodes[0], "Robin Hale: Yes.")
	for _, n := range w.nodes {
		n.interrupt()
	}
}

// TestStranger has an agent's answer to somebody fail who has no page to read it on.
func TestStranger(t *testing.T) {
	w := newWorld(t)
	ada := w.login("ada@example.com", "A-1001")
	ada.write(w.nodes[0], "I am leaving.")
	w.agentSees("ada@example.com", 1)
	if _, err := pgtest.Open(t, w.database).Exec("DELETE FROM shop_orders"); err != nil {
		t.Fatal(err)
	}
	w.reply("ada@example.com", "Why?")
	until(t, "the answer fails", func() bool {
		all := w.hubspot.Messages(w.thread("ada@example.com"))
		return all[len(all)-1].Status == "FAILED" && strings.HasPrefix(all[len(all)-1].Reason, "Nobody with this address")
	})
}

// TestLogin has customers see their own page only.
func TestLogin(t *testing.T) {
	w := newWorld(t)
	ada := w.login("ada@example.com", "A-1001")
	if page := ada.get(w.nodes[1], "/"); !strings.Contains(page, "Blue kettle") || strings.Contains(page, "Tea") {
		t.Errorf("Ada's page on the other node is %s", page)
	}
	stranger := &customer{w: w, client: &http.Client{}}
	if page := stranger.get(w.nodes[0], "/"); !strings.Contains(page, "Order number") {
		t.Errorf("a stranger sees %s, want the login", page)
	}
	wrong := url.Values{"email": {"ada@example.com"}, "order": {"A-1002"}}
	if page := stranger.post(w.nodes[0], "/login", wrong); !strings.Contains(page, "no such order") {
		t.Errorf("with another's order a stranger sees %s", page)
	}
	ada.post(w.nodes[1], "/logout", nil)
	if page := ada.get(w.nodes[0], "/"); !strings.Contains(page, "Order number") {
		t.Errorf("after the logout Ada sees %s, want the login", page)
	}
}

// customer is a browser.
type customer struct {
	w      *world
	client *http.Client
}

func (c *customer) get(n *node, path string) string {
	c.w.t.Helper()
	resp, err := c.client.Get(n.url + path)
	return c.page(resp, err)
}

func (c *customer) post(n *node, path string, form url.Values) string {
	c.w.t.Helper()
	resp, err := c.client.PostForm(n.url+path, form)
	return c.page(resp, err)
}

func (c *customer) page(resp *http.Response, err error) string {
	c.w.t.Helper()
	if err != nil {
		c.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.w.t.Fatal(err)
	}
	return string(body)
}

// write sends a message twice, as an impatient customer does.
func (c *customer) write(n *node, text string) {
	c.w.t.Helper()
	_, id, _ := strings.Cut(c.get(n, "/"), `name="id" value="`)
	id, _, _ = strings.Cut(id, `"`)
	for range 2 {
		if page := c.post(n, "/messages", url.Values{"id": {id}, "text": {text}}); !strings.Contains(page, text) {
			c.w.t.Fatalf("after %q was sent the page is %s", text, page)
		}
	}
}

// sees waits until the page ends with messages.
func (c *customer) sees(n *node, want ...string) {
	c.w.t.Helper()
	var got []string
	until(c.w.t, "the customer sees "+want[len(want)-1], func() bool {
		got = nil
		for _, part := range strings.Split(c.get(n, "/"), "<li data-message>")[1:] {
			line, _, _ := strings.Cut(part, "</li>")
			got = append(got, strings.NewReplacer("<b>", "", "</b>", "").Replace(line))
		}
		return slices.Contains(got, want[len(want)-1])
	})
	if diff := cmp.Diff(want, got[max(len(got)-len(want), 0):]); diff != "" {
		c.w.t.Errorf("the conversation differs (-want +got):\n%s", diff)
	}
}

// thread is the conversation with a customer.
func (w *world) thread(email string) string {
	for _, thread := range w.hubspot.Threads() {
		if thread.Address.Value == email {
			return thread.ID
		}
	}
	return ""
}

func (w *world) agentSees(email string, incoming int) {
	w.t.Helper()
	until(w.t, fmt.Sprintf("the agent sees %d messages of %s", incoming, email), func() bool {
		n := 0
		for _, m := range w.hubspot.Messages(w.thread(email)) {
			if m.Direction == "INCOMING" {
				n++
			}
		}
		return n == incoming
	})
}

func (w *world) reply(email, text string) {
	w.t.Helper()
	if _, err := w.hubspot.Reply(w.thread(email), hubspottest.Reply{Text: text}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) allRead(email string) {
	w.t.Helper()
	until(w.t, "every answer is READ", func() bool {
		return !slices.ContainsFunc(w.hubspot.Messages(w.thread(email)), func(m hubspottest.Message) bool {
			return m.Direction == "OUTGOING" && m.Status != "READ"
		})
	})
}

// until asks again and again until something has happened in other processes.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
