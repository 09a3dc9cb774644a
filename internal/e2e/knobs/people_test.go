package knobs

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

// says has a customer write in her chat with the shop.
func (w *world) says(who, id, text string, more ...func(*bridge.Incoming)) {
	w.t.Helper()
	m := &bridge.Incoming{ID: id, From: channels.Opaque(who), FromName: who, To: shop, Thread: "chat with " + who, Text: text}
	for _, f := range more {
		f(m)
	}
	if err := w.bridge.Receive(w.t.Context(), m); err != nil {
		w.t.Fatalf("%s cannot say %.20q: %v", who, text, err)
	}
	w.rest()
}

// replies writes as the agent, and returns the message's id.
func (w *world) replies(thread string, r hubspottest.Reply) string {
	w.t.Helper()
	m, err := w.hubspot.Reply(thread, r)
	w.must(err)
	w.rest()
	return m.ID
}

// thread is the conversation with a text.
func (w *world) thread(text string) string {
	w.t.Helper()
	for _, t := range w.hubspot.Threads() {
		for _, m := range w.hubspot.Messages(t.ID) {
			if m.Text == text {
				return t.ID
			}
		}
	}
	w.t.Fatalf("no agent sees %.20q", text)
	return ""
}

// message is what an agent sees of a message.
func (w *world) message(id string) hubspottest.Message {
	w.t.Helper()
	for _, t := range w.hubspot.Threads() {
		for _, m := range w.hubspot.Messages(t.ID) {
			if m.ID == id {
				return m
			}
		}
	}
	w.t.Fatalf("no agent sees the message %s", id)
	return hubspottest.Message{}
}

// sees is a conversation as the agent sees it: a line for each message.
func (w *world) sees(thread string) []string {
	w.t.Helper()
	var lines []string
	for _, m := range w.hubspot.Messages(thread) {
		line := m.SenderName + ": " + m.Text
		for _, a := range m.Attachments {
			line += fmt.Sprintf(" [%s %s %s]", a.Name, a.ContentType, w.file(a.URL))
		}
		if m.Direction == "OUTGOING" {
			line += " " + m.Status
		}
		if m.Reason != "" {
			line += ": " + m.Reason
		}
		lines = append(lines, line)
	}
	return lines
}

// last is the message with a text.
func (w *world) last(text string) hubspottest.Message {
	w.t.Helper()
	for _, m := range slices.Backward(w.hubspot.Messages(w.thread(text))) {
		if m.Text == text {
			return m
		}
	}
	return hubspottest.Message{}
}

// times is how often agents see a text.
func (w *world) times(text string) (n int) {
	w.t.Helper()
	for _, t := range w.hubspot.Threads() {
		for _, m := range w.hubspot.Messages(t.ID) {
			if m.Text == text {
				n++
			}
		}
	}
	return n
}

// reads has the service say that the customer has read a message.
func (w *world) reads(id string) {
	w.t.Helper()
	w.must(w.bridge.Report(w.t.Context(), shop, "receipt of "+id, messages.StatusRead, ""))
	w.rest()
}

// listed is the account as an admin sees it.
func (w *world) listed() hubspottest.Account { return w.hubspot.Accounts()[0] }

// account is the account as the app knows it.
func (w *world) account() *bridge.Account {
	w.t.Helper()
	a, err := w.bridge.Account(w.t.Context(), shop)
	w.must(err)
	return a
}

// api calls HubSpot with the app's token.
func (w *world) api(method, path string) {
	w.t.Helper()
	token, err := w.app.Portal(portal).Token(w.t.Context())
	w.must(err)
	req, err := http.NewRequestWithContext(w.t.Context(), method, hubspotURL+path, nil)
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+token.AccessToken)
	resp, err := w.app.HTTPClient.Do(req)
	w.must(err)
	w.must(resp.Body.Close())
	if resp.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

// file is what a browser loads from the simulator.
func (w *world) file(path string) string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, hubspotURL+path, nil)
	w.must(err)
	resp, err := w.hubspot.Transport().RoundTrip(req)
	w.must(err)
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	w.must(err)
	return string(content)
}

// quiet: the app has warned of nothing, and has set nothing aside.
func (w *world) quiet() {
	w.t.Helper()
	w.logged()
	w.diff("set aside", []string(nil), w.buried())
}

// logged: the app has warned of these, by a part of each line, and of nothing else.
func (w *world) logged(parts ...string) {
	w.t.Helper()
	lines := w.log.news()
	for i := 0; i < max(len(lines), len(parts)); i++ {
		switch {
		case i >= len(parts):
			w.t.Errorf("logged besides: %s", lines[i])
		case i >= len(lines) || !strings.Contains(lines[i], parts[i]):
			w.t.Errorf("not logged: %s; but %q", parts[i], lines[min(i, len(lines)):])
		}
	}
}

// buries: the app has set one thing aside, for a reason, and warned of it. It is dropped then.
func (w *world) buries(reason string) {
	w.t.Helper()
	op, err := w.bridge.Operator(w.t.Context())
	w.must(err)
	n := 0
	for it, err := range op.Buried(w.t.Context()) {
		w.must(err)
		if n++; !strings.Contains(it.Reason, reason) {
			w.t.Errorf("set aside: %s: %s, want %s", it.Kind, it.Reason, reason)
		}
		w.must(op.Drop(w.t.Context(), it.Seq))
	}
	w.diff("how many were set aside", 1, n)
	w.logged(reason)
}

// buried lists what the app has set aside, with the reasons.
func (w *world) buried() []string {
	w.t.Helper()
	op, err := w.bridge.Operator(w.t.Context())
	w.must(err)
	var list []string
	for it, err := range op.Buried(w.t.Context()) {
		w.must(err)
		list = append(list, string(it.Kind)+": "+it.Reason)
	}
	return list
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
