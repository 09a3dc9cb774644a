package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// world is a simulated HubSpot, the environment of commands that talk to it, and an app for its admin.
type world struct {
	*testing.T
	hs  *hubspottest.Server
	app *httptest.Server
	env map[string]string
	// version is that of HubSpot's API, if it matters.
	version string
	// connect is what the app does when an admin connects an account.
	connect func(accountToken string)
	// scopes are asked for beside those that every test needs.
	scopes string
	// ids replaces what HubSpot has chosen by what tests expect, of the same length.
	ids []string
}

// result is what a command leaves behind.
type result struct {
	Out, Err string
	Status   int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	at := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	w := &world{T: t, hs: hubspottest.New(hubspottest.Config{Now: func() time.Time { return at }})}
	if err := w.hs.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.hs.Close(); err != nil {
			t.Error(err)
		}
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /install", w.install)
	mux.HandleFunc("GET /callback", w.callback)
	mux.HandleFunc("GET /connect", func(rw http.ResponseWriter, r *http.Request) {
		w.connect(r.FormValue("accountToken"))
		http.Redirect(rw, r, r.FormValue("redirectUrl"), http.StatusSeeOther)
	})
	mux.HandleFunc("POST /webhook", func(http.ResponseWriter, *http.Request) {})
	w.app = httptest.NewServer(mux)
	t.Cleanup(w.app.Close)
	w.hs.SetInstallURL(w.app.URL + "/install")
	w.env = map[string]string{
		"HUBSPOT_BASE_URL": w.hs.URL(), "HUBSPOT_APP_ID": "7100001", "HUBSPOT_DEVELOPER_KEY": w.hs.DeveloperKey(),
	}
	return w
}

func (w *world) install(rw http.ResponseWriter, r *http.Request) {
	http.Redirect(rw, r, w.hs.URL()+"/oauth/authorize?"+url.Values{
		"client_id": {w.hs.ClientID()}, "redirect_uri": {w.app.URL + "/callback"}, "state": {"s"},
		"scope": {"conversations.custom_channels.read conversations.custom_channels.write conversations.read" + w.scopes},
	}.Encode(), http.StatusSeeOther)
}

func (w *world) callback(rw http.ResponseWriter, r *http.Request) {
	resp, err := http.PostForm(w.hs.URL()+"/oauth/2026-09/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {w.hs.ClientID()}, "client_secret": {w.hs.ClientSecret()},
		"redirect_uri": {w.app.URL + "/callback"}, "code": {r.FormValue("code")},
	})
	if err != nil {
		w.Error(err)
		return
	}
	defer resp.Body.Close()
	var token struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil {
		w.Error(err)
	}
	w.env["HUBSPOT_ACCESS_TOKEN"] = token.Access
}

// installAndConnect registers a channel, and plays the admin who installs the app and connects an account.
func (w *world) installAndConnect() {
	w.Helper()
	w.must("channels", "create", "-name", "Acme SMS", "-types", "phone", "-threading", "INTEGRATION_THREAD_ID", "-outgoing",
		"-webhook", w.app.URL+"/webhook", "-connect", w.app.URL+"/connect")
	channel := w.hs.Channels()[0].ID
	w.ids = append(w.ids, channel, "918000")
	w.connect = func(token string) {
		w.must("staging", "update", channel, token, "-name", "Support line", "-address", "phone:+14155550123")
	}
	account, err := w.hs.InstallAndConnect(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	w.ids = append(w.ids, account.ID, "5550000")
}

// Ids that no argument needs are all the same in what tests expect.
var (
	uuid   = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	thread = regexp.MustCompile(`\b88\d{8}\b`)
)

// run runs a command. Its arguments and its output have the ids that tests expect.
func (w *world) run(args ...string) result {
	return w.runWith(console{in: strings.NewReader("")}, args...)
}

func (w *world) runWith(con console, args ...string) result {
	return w.runUntil(w.Context(), con, args...)
}

func (w *world) runUntil(ctx context.Context, con console, args ...string) result {
	w.Helper()
	reversed := make([]string, len(w.ids))
	for i := range w.ids {
		reversed[len(w.ids)-1-i] = w.ids[i]
	}
	actual, expected := strings.NewReplacer(reversed...), strings.NewReplacer(append(w.ids, w.app.URL, "https://app.example.com")...)
	var resolved []string
	if w.version != "" {
		resolved = append(resolved, "-version", w.version)
	}
	for _, arg := range args {
		resolved = append(resolved, actual.Replace(arg))
	}
	var out, errs bytes.Buffer
	con.out, con.err = &out, &errs
	status := report(&errs, run(ctx, resolved, func(name string) string { return w.env[name] }, con))
	seen := func(s string) string {
		s = uuid.ReplaceAllString(expected.Replace(s), "00000000-0000-4000-8000-000000000000")
		return thread.ReplaceAllString(s, "8800110000")
	}
	return result{seen(out.String()), seen(errs.String()), status}
}

// must returns what a command prints that has to succeed.
func (w *world) must(args ...string) string {
	w.Helper()
	r := w.run(args...)
	if r.Status != 0 {
		w.Errorf("channelctl %s: %s", strings.Join(args, " "), r.Err)
	}
	return r.Out
}

// expect compares the result of a command with what it should be, written with an empty line before it.
func (w *world) expect(name string, got, want result) {
	w.Helper()
	want.Out, want.Err = strings.TrimPrefix(want.Out, "\n"), strings.TrimPrefix(want.Err, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
