package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// The demo, as somebody at the terminal has it who is the customer and answers on the agent's page.
func TestDemo(t *testing.T) {
	o, err := readOptions([]string{"-addr", "127.0.0.1:0", "-hubspot-addr", "127.0.0.1:0", "-telegram-addr", "127.0.0.1:0"},
		func(string) string { return "" }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{}
	if err := d.open(o, t.TempDir(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stdin, keyboard := io.Pipe()
	screen, stdout := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- d.run(ctx, o, stdin, stdout) }()
	shown := bufio.NewScanner(screen)
	read := func(want string) {
		t.Helper()
		for shown.Scan() {
			if strings.Contains(shown.Text(), want) {
				return
			}
		}
		t.Fatalf("%q is not shown", want)
	}
	typed := func(line string) {
		t.Helper()
		if _, err := io.WriteString(keyboard, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}

	read("Stop with Ctrl-C")
	typed("Hello")
	typed("/photo my cat")
	thread := waitFor(t, d.hubspot, "my cat")
	if _, err := d.hubspot.Reply(thread, hubspottest.Reply{Text: "What a cat!\n[Thanks] [Bye]"}); err != nil {
		t.Fatal(err)
	}
	read("Bot: What a cat!")
	read("[Thanks] [Bye]")
	typed("/tap Thanks")
	waitFor(t, d.hubspot, "Thanks")

	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
	_ = keyboard.Close()
}

// waitFor waits until the only conversation's last message is as wanted, and returns the conversation's id.
func waitFor(t *testing.T, hs *hubspottest.Server, text string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hs.URL()+"/simulator/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for events := bufio.NewScanner(resp.Body); ; {
		if threads := hs.Threads(); len(threads) == 1 && threads[0].Preview == text {
			return threads[0].ID
		}
		if !events.Scan() {
			t.Fatalf("%q did not arrive", text)
		}
	}
}

func TestOptions(t *testing.T) {
	hubspot := map[string]string{
		"HUBSPOT_CLIENT_ID": "id", "HUBSPOT_CLIENT_SECRET": "secret", "HUBSPOT_APP_ID": "7", "HUBSPOT_DEVELOPER_KEY": "key", "PUBLIC_URL": "https://app.test/",
	}
	for name, test := range map[string]struct {
		args   []string
		env    map[string]string
		failed string // what the error says; empty: there is none
		played bool   // Telegram, by the stand-in
	}{
		"nothing":            {played: true},
		"a bot":              {env: map[string]string{"TELEGRAM_BOT_TOKEN": "1:x"}},
		"HubSpot":            {env: hubspot},
		"half of HubSpot":    {env: map[string]string{"HUBSPOT_CLIENT_ID": "id"}, failed: "HUBSPOT_CLIENT_SECRET"},
		"app id":             {env: map[string]string{"HUBSPOT_CLIENT_ID": "i", "HUBSPOT_CLIENT_SECRET": "s", "HUBSPOT_APP_ID": "x", "HUBSPOT_DEVELOPER_KEY": "k", "PUBLIC_URL": "u"}, failed: "HUBSPOT_APP_ID"},
		"kept stand-in":      {args: []string{"-data", "dir"}, failed: "-data"},
		"unknown flag":       {args: []string{"-x"}, failed: "-h lists the flags"},
		"unexpected operand": {args: []string{"x"}, failed: "unexpected argument"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := readOptions(test.args, func(name string) string { return test.env[name] }, io.Discard)
			switch {
			case test.failed != "" && (err == nil || !strings.Contains(err.Error(), test.failed)):
				t.Errorf("error %v, want one about %s", err, test.failed)
			case test.failed == "" && err != nil:
				t.Error(err)
			case test.failed == "" && o.standIn() != test.played:
				t.Errorf("stand-in: %v", o.standIn())
			}
		})
	}
}
