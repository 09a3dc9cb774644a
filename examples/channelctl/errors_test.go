package main

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.installAndConnect()
	all := w.env
	for _, tt := range []struct {
		name   string
		env    map[string]string
		args   string
		err    string // after "channelctl: "
		status int
	}{
		{"no developer key", map[string]string{"HUBSPOT_APP_ID": "", "HUBSPOT_DEVELOPER_KEY": " "}, "channels list",
			"missing in the environment: HUBSPOT_APP_ID, the app's numeric id; " +
				"HUBSPOT_DEVELOPER_KEY, the developer API key, from HubSpot's page Development, Keys", 1},
		{"no token", map[string]string{"HUBSPOT_ACCESS_TOKEN": ""}, "inboxes list",
			"missing in the environment: HUBSPOT_ACCESS_TOKEN, an OAuth access token of the portal", 1},
		{"app id", map[string]string{"HUBSPOT_APP_ID": "acme"}, "channels list", `HUBSPOT_APP_ID: "acme" is not the id of an app`, 1},
		{"base URL", map[string]string{"HUBSPOT_BASE_URL": "user:pass@example.com"}, "inboxes list",
			"HUBSPOT_BASE_URL: channels: the base URL must be an absolute http or https URL", 1},
		{"401 of the token", map[string]string{"HUBSPOT_ACCESS_TOKEN": "stale"}, "accounts list 918000",
			"hubspot: GET /conversations/custom-channels/2026-09/918000/channel-accounts: 401 INVALID_AUTHENTICATION: *", 1},
		{"401 of the key", map[string]string{"HUBSPOT_DEVELOPER_KEY": "other"}, "channels list",
			"hubspot: GET /conversations/custom-channels/2026-09: 401 INVALID_AUTHENTICATION: *", 1},
		{"404", nil, "channels get 1",
			`hubspot: GET /conversations/custom-channels/2026-09/1: 404 OBJECT_NOT_FOUND: No custom channel with id "1" was found *`, 1},
		{"400", nil, "channels update 918000 -rich-text WAVY",
			"hubspot: PATCH /conversations/custom-channels/2026-09/918000: 400 VALIDATION_ERROR: *", 1},
		{"no server", map[string]string{"HUBSPOT_BASE_URL": "http://127.0.0.1:1"}, "channels list",
			"hubspot: GET /conversations/custom-channels/2026-09: dial tcp 127.0.0.1:1: connect: connection refused *", 1},

		{"misspelt verb", nil, "channels lst", `unknown command "channels lst": did you mean "channels list"?`, 2},
		{"misspelt noun", nil, "-json message publish 1", `unknown command "message publish": did you mean "messages publish"?`, 2},
		{"unknown verb", nil, "channels exterminate 1",
			`unknown command "channels exterminate": channels has list, get, create, ensure, update, archive`, 2},
		{"unknown noun", nil, "frobnicate", `unknown command "frobnicate"; see channelctl -h`, 2},
		{"missing arguments", nil, "messages status 918000",
			"messages status: missing MESSAGE STATUS; see channelctl messages status -h", 2},
		{"argument too many", nil, "channels list 5", `channels list: unexpected argument "5"; see channelctl channels list -h`, 2},
		{"unknown flag", nil, "channels list -key=k",
			"channels list: flag provided but not defined: -key; see channelctl channels list -h", 2},
		{"unknown flag before", nil, "-key channels list", "flag provided but not defined: -key; see channelctl -h", 2},
		{"version", nil, "channels list -version 2024-01",
			`channels list: invalid value "2024-01" for flag -version: use 2026-09, 2026-03 or v3; see channelctl channels list -h`, 2},
		{"bool", nil, "channels update 1 -start=perhaps", `channels update: invalid boolean value "perhaps" for -start: *`, 2},
		{"types", nil, "channels create -types fax",
			`channels create: invalid value "fax" for flag -types: "fax" is not one of email, phone, shortcode and opaque; *`, 2},
		{"address without kind", nil, "accounts list 1 -address 42",
			`accounts list: invalid value "42" for flag -address: an address begins with email:, phone:, shortcode: or opaque:; *`, 2},
		{"address", nil, "accounts list 1 -address phone:0301234567",
			`accounts list: invalid value "phone:0301234567" for flag -address: *`, 2},
		{"channel without a name", nil, "channels create", "channels: a channel needs a name", 2},
		{"channel that cannot be found again", nil, "channels ensure -name Acme -outgoing",
			"channels ensure: to find the channel again it needs a webhook URL, -id or -adopt-by-name", 2},
		{"channel that would lose its capabilities", nil, "channels ensure -name Acme -id 918000",
			`the definition has no capabilities; a file with "capabilities": {} says that the channel is to have none`, 2},
		{"capabilities that contradict each other", nil, "channels update 918000 -outgoing=false -start",
			"channels: capability allowConversationStart needs allowOutgoingMessages", 2},
		{"nothing to change in a channel", nil, "channels update 918000",
			"channels update: nothing to change; see channelctl channels update -h", 2},
		{"nothing to change in an account", nil, "accounts update 918000 5550000", "accounts update needs -name or -authorized", 2},
		{"account without an inbox", nil, "accounts create 918000 -name x", "accounts create needs -inbox and -name", 2},
		{"staging without an address", nil, "staging update 918000 token -name x", "staging update needs -name and -address", 2},
		{"message without a sender", nil, "messages publish 918000 -account 5550000 -text x", "messages: a message needs a sender", 2},
		{"status", nil, "messages status 918000 m delivered", `messages status: "delivered" is not SENT, READ or FAILED`, 2},
		{"reason of a success", nil, "messages status 918000 m sent -reason x", "messages status: only FAILED has a -reason", 2},
	} {
		w.env = maps.Clone(all)
		maps.Copy(w.env, tt.env)
		got := w.run(strings.Fields(tt.args)...)
		if got.Out != "" || got.Status != tt.status || strings.Count(got.Err, "\n") != 1 || !matches("channelctl: "+tt.err, got.Err) {
			t.Errorf("%s: channelctl %s: %+v, want status %d and %q", tt.name, tt.args, got, tt.status, tt.err)
		}
	}
}

// matches reports whether a line is as wanted, up to an asterisk.
func matches(want, line string) bool {
	if start, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(line, start)
	}
	return line == want+"\n"
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.installAndConnect()
	publish := []string{
		"messages", "publish", "918000", "-account", "5550000", "-thread", "c", "-from", "phone:+14155550199", "-text", "Hi",
		"-idempotency-id", "m-1",
	}
	w.must(publish...)
	w.expect("second message", w.run(publish...), result{
		Err: "channelctl: hubspot: POST /conversations/custom-channels/2026-09/918000/messages: 409 CONFLICT: " +
			"A message with the integrationIdempotencyId \"m-1\" exists on this channel account " +
			"[correlation id 00000000-0000-4000-8000-000000000000]\n",
		Status: 1,
	})
}

func TestBareCommandListsCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, args := range [][]string{nil, {"accounts"}} {
		got := w.run(args...)
		if got.Out != "" || got.Status != 2 || !strings.HasSuffix(got.Err, "\n\nchannelctl: which command?\n") ||
			!strings.Contains(got.Err, "  accounts list CHANNEL  ") {
			t.Errorf("channelctl %v: %+v", args, got)
		}
	}
}

func TestUnsureOutcomes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hs.Inject(hubspottest.Fault{Operation: "channel.create", Status: http.StatusBadGateway})
	got := w.run("channels", "create", "-name", "Acme")
	want := `; it may have taken effect all the same: see "channelctl channels list"` + "\n"
	if !strings.HasSuffix(got.Err, want) || got.Status != 1 {
		t.Errorf("create answered with 502: %+v", got)
	}
}

func TestFilesAreReadStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.installAndConnect()
	file := filepath.Join(t.TempDir(), "f.json")
	for _, tt := range []struct {
		content, command, err string
	}{
		{`{"name": "Acme", "webhookURI": "https://app.example.com", "description": "x"}`, "channels create",
			"unknown field description, webhookURI"},
		{`{"name": "Acme", "capabilities": {"allowOutgoing": true, "maxFileAttachmentCount": "3"}}`, "channels create",
			"unknown or of the wrong type: capabilities.allowOutgoing, capabilities.maxFileAttachmentCount; " +
				"correct it, or add -unknown to send it as it is"},
		{"{\n\"name\": \"Acme\",\n}", "channels update 918000",
			"line 3: invalid character '}' looking for beginning of object key string"},
		{`[]`, "channels create", "json: cannot unmarshal array into Go value of type channels.RegistrationUpdate"},
		{`null`, "channels create", "a JSON object is expected"},
		{`{"name": 5}`, "channels create", "json: cannot unmarshal number into Go struct field RegistrationUpdate.name of type string"},
		{`{"senders": [{"adress": "x", "name": ""}], "sender": null, "txt": "x"}`, "messages publish 918000",
			"unknown field senders[0].adress, txt"},
	} {
		if err := os.WriteFile(file, []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got := w.run(append(strings.Fields(tt.command), "-f", file)...)
		w.expect(tt.content, got, result{Err: "channelctl: " + file + ": " + tt.err + "\n", Status: 1})
	}
	missing := w.run("channels", "create", "-f", file+"x")
	if !strings.Contains(missing.Err, "no such file") || missing.Status != 1 {
		t.Errorf("a file that is not there: %+v", missing)
	}
}

func TestFilesMayHoldWhatGetPrints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.installAndConnect()
	printed := w.must("channels", "get", "918000", "-json")
	got := w.runWith(console{in: strings.NewReader(printed)}, "channels", "update", "918000", "-f", "-", "-json")
	w.expect("update", got, result{Out: printed})
	odd := `{"capabilities": {"fancyNewThing": {"a": [1, null]}, "allowOutgoingMessages": true}}`
	got = w.runWith(console{in: strings.NewReader(odd)}, "channels", "update", "918000", "-f", "-", "-unknown")
	if !strings.HasSuffix(got.Out, "\nOthers        fancyNewThing\n") {
		t.Errorf("update with -unknown: %+v", got)
	}
}

func TestCtrlCStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("channels", "create", "-name", "Acme")
	w.ids = []string{w.hs.Channels()[0].ID, "918000"}
	called := make(chan struct{}, 1)
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server would not notice that the client is gone
		called <- struct{}{}
		<-r.Context().Done()
	}))
	defer slow.Close()

	ctx, cancel := context.WithCancel(t.Context())
	typing, keyboard := io.Pipe() // on which nobody types
	defer keyboard.Close()
	defer typing.Close()
	asked := readNotifier{typing, called}
	go func() { <-called; cancel() }()
	got := w.runUntil(ctx, console{in: asked, interactive: true}, "channels", "archive", "918000")
	w.expect("at the question", got, result{
		Err: "Remove channel 918000, \"Acme\", from all portals for good? [y/N] \nchannelctl: interrupted\n", Status: 1,
	})

	ctx, cancel = context.WithCancel(t.Context())
	w.env["HUBSPOT_BASE_URL"] = slow.URL
	go func() { <-called; cancel() }()
	got = w.runUntil(ctx, console{}, "channels", "list")
	if !strings.HasPrefix(got.Err, "channelctl: interrupted: hubspot: GET ") || got.Status != 1 {
		t.Errorf("during a call: %+v", got)
	}

	ctx, cancel = context.WithCancel(t.Context())
	w.env["HUBSPOT_ACCESS_TOKEN"] = "token"
	go func() { <-called; cancel() }()
	got = w.runUntil(ctx, console{}, "messages", "publish", "918000", "-account", "1", "-from", "opaque:ada", "-text", "x")
	advice := regexp.MustCompile(`; it may have taken effect all the same: publish it again with -idempotency-id [A-Z2-7]{26}\n$`)
	if !strings.HasPrefix(got.Err, "channelctl: interrupted: hubspot: POST ") || !advice.MatchString(got.Err) || got.Status != 1 {
		t.Errorf("while publishing: %+v", got)
	}
}

// readNotifier tells when it is read.
type readNotifier struct {
	io.Reader
	called chan<- struct{}
}

func (r readNotifier) Read(p []byte) (int, error) {
	r.called <- struct{}{}
	return r.Reader.Read(p)
}

// TestSecretsAreNotPrinted greps all that commands print, in success and failure.
func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.installAndConnect()
	echo := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Error(rw, "you sent "+r.URL.String()+" "+r.Header.Get("Authorization"), http.StatusBadRequest)
	}))
	defer echo.Close()
	secrets := []string{w.env["HUBSPOT_DEVELOPER_KEY"], w.env["HUBSPOT_ACCESS_TOKEN"]}
	all := []string{
		"channels list", "channels list -json -v", "channels get 918000", "channels get 1 -v",
		"accounts list 918000", "inboxes list -v", "messages get 918000 1",
	}
	printed := 0
	for base, commands := range map[string][]string{
		w.hs.URL(): all, echo.URL: all, "http://127.0.0.1:1": {"channels list -v", "inboxes list"},
	} {
		w.env["HUBSPOT_BASE_URL"] = base
		for _, command := range commands {
			got := w.run(strings.Fields(command)...)
			printed += len(got.Out) + len(got.Err)
			for _, secret := range secrets {
				if strings.Contains(got.Out+got.Err, secret) {
					t.Errorf("channelctl %s on %s printed a secret: %+v", command, base, got)
				}
			}
		}
	}
	if printed == 0 {
		t.Error("nothing was printed at all")
	}
}

func TestOutputCannotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("channels", "create", "-name", "a\x1b[2Jb\tc\u202ed 👩\u200d🔬", "-description", "Ünï 日本")
	got := w.must("channels", "list")
	if !strings.Contains(got, `  a\x1b[2Jb\tc\u202ed 👩`+"\u200d🔬  ") || strings.ContainsAny(got, "\x1b\t\u202e") {
		t.Errorf("printed %q", got)
	}
}
