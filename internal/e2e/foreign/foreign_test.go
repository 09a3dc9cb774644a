// Package foreign drives the simulator with clients that were not written here: HubSpot's own library for Node, and curl.
package foreign

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

const portal = 24681012

// world is the simulator and an app that keeps what it is sent.
type world struct {
	*hubspottest.Server
	t        *testing.T
	app      *httptest.Server
	webhooks chan *received
}

// received is a webhook as it came.
type received struct {
	header http.Header
	url    string
	body   []byte
}

func newWorld(t *testing.T, cfg hubspottest.Config) *world {
	w := &world{Server: hubspottest.New(cfg), t: t, webhooks: make(chan *received, 100)}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhook", func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			w.webhooks <- &received{r.Header, w.app.URL + r.URL.RequestURI(), body}
		}
	})
	w.app = httptest.NewServer(mux)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		w.app.Close()
	})
	return w
}

const scopes = "oauth conversations.custom_channels.read conversations.custom_channels.write conversations.read conversations.write files"

func (w *world) redirectURI() string { return w.app.URL + "/callback" }

// install has the admin allow the app in, and returns the code with which HubSpot sends her browser back.
func (w *world) install() (code string) {
	w.t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.PostForm(w.URL()+"/oauth/authorize", url.Values{
		"client_id": {w.ClientID()}, "redirect_uri": {w.redirectURI()}, "scope": {scopes}, "portal": {strconv.Itoa(portal)}, "decision": {"allow"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		w.t.Fatalf("the consent page answered %s: %v", resp.Status, err)
	}
	return back.Query().Get("code")
}

// next returns the first webhook of a type.
func (w *world) next(kind string) *received {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for {
		select {
		case got := <-w.webhooks:
			if bytes.Contains(got.body, []byte(`"`+kind+`"`)) {
				return got
			}
		case <-ctx.Done():
			w.t.Fatalf("no webhook of type %s came", kind)
		}
	}
}

// need finds a program. Where there is none the test skips; not in CI, which installs it.
func need(t *testing.T, program, install string) (path string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("this test runs %s, which is missing (%v): install %s", program, err, install)
		}
		t.Skipf("this test runs %s, which is missing (%v): install %s", program, err, install)
	}
	return path
}

// patience bounds a step, which takes seconds unless it hangs.
const patience = 3 * time.Minute

// node is a folder with HubSpot's library in it.
type node struct {
	t   *testing.T
	dir string
}

func newNode(t *testing.T) *node {
	for _, program := range []string{"node", "npm"} {
		need(t, program, "Node.js 18 or later and npm, such as with apt-get install nodejs npm")
	}
	n := &node{t, t.TempDir()}
	if err := os.CopyFS(n.dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts")
	install.Dir = n.dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return n
}

// run has the app on HubSpot's library take a step, and reads into out what came of it.
func (n *node) run(step string, args map[string]any, out any) {
	n.t.Helper()
	args["step"] = step
	in, err := json.Marshal(args)
	if err != nil {
		n.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", filepath.Join(n.dir, "app.js"))
	cmd.Stdin = bytes.NewReader(in)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	got, err := cmd.Output()
	if err != nil {
		n.t.Fatalf("%s: %v\n%s", step, err, &complaints)
	}
	if err := json.Unmarshal(got, out); err != nil {
		n.t.Fatalf("%s wrote %q: %v", step, got, err)
	}
}

func TestHubSpotLibrary(t *testing.T) {
	n := newNode(t)
	t.Run("an app", func(t *testing.T) { testApp(t, &node{t, n.dir}) })
	t.Run("files", func(t *testing.T) { testFiles(t, &node{t, n.dir}) })
	t.Run("refusals", func(t *testing.T) { testRefusals(t, &node{t, n.dir}) })
	t.Run("signatures", func(t *testing.T) { testSignatures(t, &node{t, n.dir}) })
}

func testApp(t *testing.T, n *node) {
	w := newWorld(t, hubspottest.Config{})
	c := w.converse(n)
	if diff := cmp.Diff([]string{"The big loft"}, c.Accounts); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	first := w.Messages(c.Thread)[0]
	if first.Text != "Coo?" || len(first.Attachments) != 1 || first.Attachments[0].Name != "feather.png" {
		t.Errorf("the inbox shows %+v", first)
	}

	reply, err := w.Reply(c.Thread, hubspottest.Reply{Text: "Coo!"})
	if err != nil {
		t.Fatal(err)
	}
	var event struct{ Message struct{ ID string } }
	if err := json.Unmarshal(w.next("OUTGOING_CHANNEL_MESSAGE_CREATED").body, &event); err != nil {
		t.Fatal(err)
	}
	if event.Message.ID != reply.ID {
		t.Errorf("the webhook is of message %s, want %s", event.Message.ID, reply.ID)
	}
	var history []string
	n.run("report", map[string]any{
		"basePath": w.URL(), "accessToken": c.accessToken, "channel": c.Channel, "message": event.Message.ID, "thread": c.Thread,
	}, &history)
	if diff := cmp.Diff([]string{"INCOMING RECEIVED Coo?", "OUTGOING SENT Coo!"}, history); diff != "" {
		t.Errorf("the thread (-want +got):\n%s", diff)
	}
}

// conversation is what an app on HubSpot's library has begun.
type conversation struct {
	accessToken              string
	Channel, Account, Thread string
	Accounts                 []string
}

// converse installs the app, registers a channel, connects an account and publishes a message.
func (w *world) converse(n *node) *conversation {
	w.t.Helper()
	type tokens struct {
		AccessToken, TokenType string
		ExpiresIn              int
		Changed                bool // by a refresh
		Portal                 int64
		Scopes, Kinds          []string
	}
	var got tokens
	n.run("authorize", map[string]any{
		"basePath": w.URL(), "code": w.install(), "redirectUri": w.redirectURI(), "clientId": w.ClientID(), "clientSecret": w.ClientSecret(),
	}, &got)
	granted := strings.Fields(scopes)
	slices.Sort(granted)
	want := tokens{
		AccessToken: got.AccessToken, TokenType: "bearer", ExpiresIn: 1800, Changed: true, Portal: portal, Scopes: granted, Kinds: []string{"access", "refresh"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("tokens (-want +got):\n%s", diff)
	}
	c := &conversation{accessToken: got.AccessToken}
	n.run("publish", map[string]any{
		"basePath": w.URL(), "developerKey": w.DeveloperKey(), "appId": strconv.FormatInt(w.AppID(), 10), "webhookUrl": w.app.URL + "/webhook",
		"accessToken": c.accessToken, "inboxId": w.Inboxes(portal)[0].ID,
	}, c)
	return c
}
