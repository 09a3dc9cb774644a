package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

// newExamined is a bridge in good health, and the environment that it has.
func newExamined(t *testing.T) *bridged {
	t.Helper()
	w := newBridged(t)
	if err := os.Chmod(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	maps.Copy(w.env, map[string]string{
		"HUBSPOT_BASE_URL": w.hs.URL(), "HUBSPOT_APP_ID": "7100001", "HUBSPOT_DEVELOPER_KEY": w.hs.DeveloperKey(),
		"HUBSPOT_CLIENT_ID": w.hs.ClientID(), "HUBSPOT_CLIENT_SECRET": w.hs.ClientSecret(), "PUBLIC_URL": w.app.URL,
	})
	w.ids = append(w.ids, w.hs.Channels()[0].ID, "918000", w.hs.Accounts()[0].ID, "5550000")
	return w
}

const healthy = `
STATE  CHECK                     FINDING
ok     keys file                 only its owner may open it
ok     store file                only its owner may open it
ok     durability                SQLite: journal_mode wal, synchronous FULL on every connection of the store
ok     store                     opens; the keys belong to it
ok     schema                    version 1
ok     work                      0 wait, nothing is buried
ok     developer key             HubSpot takes it; app 7100001 has 1 channel
ok     client secret             HubSpot takes it
ok     clock                     agrees with HubSpot's
ok     channel                   918000, "Acme SMS"
ok     webhook URL               https://app.example.com/hubspot/webhook
ok     connect URL               https://app.example.com/hubspot/connect
ok     capabilities              agents can answer
ok     live                      https://app.example.com/hubspot/live answers
ok     ready                     https://app.example.com/hubspot/ready answers
ok     webhook                   a signed one is taken
ok     forged webhook            one with a wrong signature is refused
ok     portal 24681012 scopes    all that are needed; not the optional conversations.write to close conversations, files.ui_hidden.read for hidden files of agents
ok     portal 24681012 accounts  the portal sees the channel; 1 account connected
`

func TestDoctorHealthy(t *testing.T) {
	t.Parallel()
	w := newExamined(t)
	buried := w.must("buried", "list")
	w.expect("doctor", w.run("doctor"), result{Out: healthy})
	w.env["HUBSPOT_ACCESS_TOKEN"] = "stale"
	w.expect("the store goes before the token", w.run("doctor", "-portal", testPortal, "-channel", "918000"), result{Out: healthy})
	if after := w.must("buried", "list"); after != buried || w.hs.PendingWebhooks() > 0 {
		t.Errorf("the doctor has left something behind:\n%s", after)
	}
	for _, e := range w.hs.Journal() {
		if e.Operation == "channel.update" || e.Operation == "message.publish" {
			t.Errorf("the doctor has called %s", e.Operation)
		}
	}
	r := w.runWith(console{in: strings.NewReader(""), watched: true}, "doctor")
	if !strings.HasPrefix(r.Err, "Checking the store...\nChecking the credentials...\n") {
		t.Errorf("on a terminal it tells how far it is, got %q", r.Err)
	}
}

// examine runs the doctor and returns a line "state check: cause" for each finding. What holds for every run is checked here.
func (w *world) examine(args ...string) []string {
	w.Helper()
	r := w.run(append([]string{"doctor", "-json", "-v"}, args...)...)
	var findings []finding
	if err := json.Unmarshal([]byte(r.Out), &findings); err != nil {
		w.Fatalf("%v: %+v", err, r)
	}
	var lines []string
	problems := false
	for _, f := range findings {
		lines = append(lines, fmt.Sprintf("%s %s: %s", f.State, f.Check, f.Cause))
		problems = problems || f.State == problem
		if (f.Advice == "") != (f.State == fine) {
			w.Errorf("%s %s: %s: the advice is %q", f.State, f.Check, f.Cause, f.Advice)
		}
	}
	if problems != (r.Status == 1) || problems != strings.Contains(r.Err, "channelctl: there ") {
		w.Errorf("exit status %d, %q, with\n%s", r.Status, r.Err, strings.Join(lines, "\n"))
	}
	for _, name := range []string{"HUBSPOT_DEVELOPER_KEY", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_ACCESS_TOKEN"} {
		if secret := w.env[name]; secret != "" && strings.Contains(r.Out+r.Err, secret) {
			w.Errorf("%s is shown:\n%s%s", name, r.Out, r.Err)
		}
	}
	if strings.Contains(r.Out+r.Err, "hunter2") {
		w.Errorf("the password of the database is shown:\n%s%s", r.Out, r.Err)
	}
	return lines
}

// finds checks that the doctor finds something: a line of examine, up to an asterisk.
func (w *world) finds(name, want string, args ...string) {
	w.Helper()
	w.expectAll(name, []string{want}, w.examine(args...))
}

func (w *world) expectAll(name string, want, lines []string) {
	w.Helper()
	for _, line := range want {
		if !slices.ContainsFunc(lines, func(l string) bool { return matches(line, l+"\n") }) {
			w.Errorf("%s: want %q among\n%s", name, line, strings.Join(lines, "\n"))
		}
	}
}

// TestDoctorEnvironment has what the environment alone can get wrong.
func TestDoctorEnvironment(t *testing.T) {
	t.Parallel()
	w := newExamined(t)
	all := w.env
	for _, tt := range []struct {
		env  string // NAME=value, separated by spaces
		args string
		want []string
	}{
		{"BRIDGE_STORE=", "", []string{"warning store: not checked without -store or BRIDGE_STORE, *"}},
		{"BRIDGE_STORE=/data/no.db", "", []string{"problem store: it cannot be opened: the store: stat *"}},
		{"BRIDGE_STORE=postgres://support:hunter2@127.0.0.1:1/bridge", "", []string{"problem store: it cannot be opened: *"}},
		{"BRIDGE_KEYS=/data/no.keys", "", []string{"problem store: it cannot be used: the key file: *"}},
		{"HUBSPOT_APP_ID=", "", []string{"warning developer key: not checked without HUBSPOT_APP_ID"}},
		{"HUBSPOT_APP_ID=acme", "", []string{`problem app id: HUBSPOT_APP_ID: "acme" is not the id of an app`}},
		{"HUBSPOT_DEVELOPER_KEY=other-key", "", []string{
			"problem developer key: HubSpot refuses it for app 7100001: *",
			"warning channel: not checked without a developer key that HubSpot takes",
		}},
		{"HUBSPOT_BASE_URL=hubspot", "", []string{"problem developer key: channels: the base URL must be *"}},
		{"HUBSPOT_BASE_URL=http://127.0.0.1:1", "", []string{
			"problem developer key: HubSpot cannot be asked: *",
			"warning client secret: not checked: HubSpot cannot be asked: *",
			"warning clock: not checked: no answer of HubSpot tells its time",
		}},
		{"HUBSPOT_CLIENT_SECRET=", "", []string{
			"warning client secret: not checked without HUBSPOT_CLIENT_SECRET",
			"warning webhook: not checked without HUBSPOT_CLIENT_SECRET",
			"warning portal 24681012 scopes: not checked without HUBSPOT_CLIENT_SECRET",
		}},
		{"HUBSPOT_CLIENT_SECRET=wrong-secret", "", []string{
			"problem client secret: HubSpot answers 400 invalid_client",
			"problem webhook: a signed one is refused with 401",
			"warning portal 24681012 scopes: not checked: HubSpot answers 400 *",
		}},
		{"HUBSPOT_CLIENT_ID=", "", []string{"warning portals: not checked without HUBSPOT_CLIENT_ID"}},
		{"HUBSPOT_CLIENT_ID=other", "", []string{"warning portals: the app is not installed in any"}},
		{"", "-portal 4711", []string{"problem portals: the app is not installed in portal 4711"}},
		{"HUBSPOT_CLIENT_ID= HUBSPOT_ACCESS_TOKEN=stale-token", "", []string{"problem portal of HUBSPOT_ACCESS_TOKEN accounts: HubSpot does not take the token: *"}},
		{"BRIDGE_STORE= HUBSPOT_ACCESS_TOKEN=stale-token", "", []string{"problem portal of HUBSPOT_ACCESS_TOKEN: HubSpot does not take its token: *"}},
		{"PUBLIC_URL=", "", []string{
			"warning public URL: not checked without PUBLIC_URL",
			"warning webhook URL: https://app.example.com/hubspot/webhook; not compared without PUBLIC_URL",
		}},
		{"PUBLIC_URL=chat.example.com", "", []string{"problem public URL: it is no absolute http or https URL"}},
		{"PUBLIC_URL=https://chat.example.com?a=b", "", []string{"problem public URL: it has more than scheme, host and path"}},
		{"PUBLIC_URL=http://127.0.0.1:1", "", []string{
			"problem webhook URL: HubSpot calls https://app.example.com/hubspot/webhook, not http://127.0.0.1:1/hubspot/webhook",
			"problem connect URL: HubSpot calls https://app.example.com/hubspot/connect, not *",
			"problem live: http://127.0.0.1:1/hubspot/live cannot be reached: *",
		}},
		// A server beyond this network that answers nothing stands for the real HubSpot.
		{"HUBSPOT_BASE_URL=http://0.0.0.0:1 PUBLIC_URL=http://localhost:1", "", []string{"problem public URL: HubSpot cannot reach localhost:1"}},
		{"HUBSPOT_BASE_URL=http://0.0.0.0:1 PUBLIC_URL=http://0.0.0.0:1", "", []string{"problem public URL: messages cross the internet in the clear"}},
		{"", "-prefix /chat", []string{"problem live: https://app.example.com/chat/live answers 404 Not Found, which is not the bridge"}},
		{"", "-channel 1", []string{"problem channel: the app has no channel 1; it may have been archived"}},
	} {
		w.env = maps.Clone(all)
		for setting := range strings.FieldsSeq(tt.env) {
			name, value, _ := strings.Cut(setting, "=")
			w.env[name] = strings.Replace(value, "/data", w.dir, 1)
		}
		w.expectAll(tt.env+" "+tt.args, tt.want, w.examine(strings.Fields(tt.args)...))
	}
	w.env = map[string]string{"HUBSPOT_BASE_URL": w.hs.URL()}
	if lines := w.examine(); len(lines) != 7 || strings.Contains(strings.Join(lines, "\n"), "problem") {
		t.Errorf("with no settings:\n%s", strings.Join(lines, "\n"))
	}
	w.finds("clock without credentials", "ok clock: agrees with HubSpot's")
	w.env = all
	for args, want := range map[string]string{
		"-yes":                                  "channelctl: doctor: -account, -message and -yes are for -probe\n",
		"-store postgres://a:hunter2@db/bridge": "channelctl: -store must not hold a password, *",
	} {
		if r := w.run(append([]string{"doctor"}, strings.Fields(args)...)...); r.Status != 2 || !matches(strings.TrimSuffix(want, "\n"), r.Err) {
			t.Errorf("doctor %s: %+v", args, r)
		}
	}
}

func TestDoctorInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.expect("doctor", w.runUntil(ctx, console{}, "doctor"), result{Err: "channelctl: interrupted\n", Status: 1})
}

// TestDoctorClock has HubSpot's clock differ.
func TestDoctorClock(t *testing.T) {
	t.Parallel()
	w := newExamined(t)
	hubspot, err := url.Parse(w.hs.URL())
	if err != nil {
		t.Fatal(err)
	}
	var behind time.Duration
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(hubspot) },
		ModifyResponse: func(r *http.Response) error {
			r.Header.Set("Date", time.Now().Add(-behind).UTC().Format(http.TimeFormat))
			return nil
		},
	})
	t.Cleanup(proxy.Close)
	w.env["HUBSPOT_BASE_URL"] = proxy.URL
	for by, want := range map[time.Duration]string{
		time.Second:      "ok clock: agrees with HubSpot's",
		time.Minute:      "warning clock: *",
		-time.Minute:     "warning clock: *",
		10 * time.Minute: "problem clock: *",
		-time.Hour:       "problem clock: *",
	} {
		behind = by
		w.finds(by.String(), want)
	}
}

// register makes a channel that the SDK would not.
func (w *world) register(body string) {
	w.Helper()
	resp, err := http.Post(w.hs.URL()+"/conversations/custom-channels/2026-09?appId=7100001&hapikey="+w.hs.DeveloperKey(),
		"application/json", strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusCreated {
		w.Fatal(resp.Status, err)
	}
}

func TestDoctorChannel(t *testing.T) {
	t.Parallel()
	const hooks = `"webhookUrl": "http://127.0.0.1:1/hubspot/webhook", "channelAccountConnectionRedirectUrl": "http://127.0.0.1:1/hubspot/connect"`
	channel := func(capabilities string) string {
		return `{"name": "Acme", ` + hooks + `, "capabilities": {` + capabilities + `}}`
	}
	const good = `"threadingModel": "INTEGRATION_THREAD_ID", "deliveryIdentifierTypes": ["HS_PHONE_NUMBER"], "allowOutgoingMessages": true`
	for _, tt := range []struct {
		name     string
		channels []string
		want     string
	}{
		{"none", nil, "problem channel: the app has none"},
		{"of others", []string{`{"name": "a", "capabilities": {}}`, `{"name": "b", "capabilities": {}}`},
			"problem channel: none of the app's 2 has the webhook URL http://127.0.0.1:1/hubspot/webhook"},
		{"good", []string{channel(good)}, "ok capabilities: agents can answer"},
		{"twice", []string{channel(good), channel(good)}, "warning duplicates: channel 918002, \"Acme\", has the same webhook URL, *"},
		{"no webhook", []string{`{"name": "a", "capabilities": {}}`}, "problem webhook URL: none is registered, *"},
		{"no connect page", []string{`{"name": "a", "capabilities": {}}`}, "problem connect URL: none is registered, *"},
		{"file limits", []string{channel(good + `, "outgoingAttachmentTypes": ["FILE"]`)},
			"problem capabilities: capability outgoingAttachmentTypes has FILE, but a file limit is 0: *"},
		{"no types", []string{channel(`"threadingModel": "INTEGRATION_THREAD_ID"`)}, "warning capabilities: no type of address is declared"},
		{"no model", []string{channel(`"allowOutgoingMessages": true`)}, "warning capabilities: no threading model is declared, *"},
		{"only in", []string{channel("")}, "warning capabilities: agents can only read"},
		{"unknown", []string{channel(good + `, "allowTyping": true`)}, "warning capabilities: not known here: allowTyping"},
	} {
		w := newWorld(t)
		for _, body := range tt.channels {
			w.register(body)
		}
		w.env["PUBLIC_URL"] = "http://127.0.0.1:1" // where nobody answers
		if tt.name == "twice" {
			w.ids = []string{w.hs.Channels()[1].ID, "918002"}
		}
		w.finds(tt.name, tt.want)
	}
	w := newWorld(t)
	w.register(`{"name": "a", "capabilities": {}}`)
	w.finds("no webhook and no PUBLIC_URL", "problem webhook URL: none is registered, *")
}

// TestDoctorPublic has other things than a bridge answer at the public address.
func TestDoctorPublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.installAndConnect()
	w.env["HUBSPOT_CLIENT_SECRET"] = w.hs.ClientSecret()
	always := func(status int) func(http.ResponseWriter, *http.Request) {
		return func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				rw.WriteHeader(status)
				_, _ = io.WriteString(rw, "says the app")
			}
		}
	}
	for _, tt := range []struct {
		name  string
		serve func(http.ResponseWriter, *http.Request)
		want  string
	}{
		{"redirect", func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "https://www.example.com/", http.StatusMovedPermanently)
		}, "problem live: https://bridge.example.com/hubspot/live redirects to https://www.example.com/"},
		{"not ready", func(rw http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/ready") {
				http.Error(rw, "not ready: the store is out of reach", http.StatusServiceUnavailable)
			}
		}, "problem ready: the bridge answers 503: not ready: the store is out of reach"},
		{"other channel", always(http.StatusNotFound), "problem webhook: the bridge answers 404: it does not serve channel 918000"},
		{"away", always(http.StatusServiceUnavailable), "problem webhook: the bridge answers 503: says the app"},
		{"login", always(http.StatusForbidden), "problem webhook: a signed one is answered 403 Forbidden"},
		{"login", always(http.StatusForbidden), "warning forged webhook: one with a wrong signature is answered 403 Forbidden in place of 401"},
		{"no check", always(http.StatusOK), "problem forged webhook: one with a wrong signature is taken: *"},
		{"hangs up", func(_ http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				panic(http.ErrAbortHandler)
			}
		}, "problem webhook: no answer to a signed webhook: *"},
	} {
		app := httptest.NewServer(http.HandlerFunc(tt.serve))
		w.env["PUBLIC_URL"] = app.URL
		w.ids = append(w.ids, app.URL, "https://bridge.example.com")
		w.finds(tt.name, tt.want, "-channel", "918000")
		app.Close()
	}
	app := httptest.NewTLSServer(http.NotFoundHandler())
	defer app.Close()
	w.env["PUBLIC_URL"] = app.URL
	w.ids = append(w.ids, app.URL, "https://bridge.example.com")
	w.finds("certificate", "problem live: https://bridge.example.com/hubspot/live cannot be reached: *")
}

// TestDoctorPortals has portals in which something is wrong.
func TestDoctorPortals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.installAndConnect()
	w.env["HUBSPOT_CLIENT_ID"], w.env["HUBSPOT_CLIENT_SECRET"] = w.hs.ClientID(), w.hs.ClientSecret()
	const accounts = " portal 24681012 accounts: "
	w.finds("good", "ok"+accounts+"the portal sees the channel; 1 account connected")
	w.finds("scopes", "problem portal 24681012 scopes: missing: crm.objects.contacts.write, files")
	w.finds("another portal", "problem portal 4711: the token is of portal 24681012", "-portal", "4711")
	w.env["HUBSPOT_APP_ID"] = "1"
	w.finds("another app", "problem app id: it is 1, but the token is of app 7100001")
	w.env["HUBSPOT_APP_ID"] = "7100001"
	w.finds("archived channel", "problem"+accounts+"the portal does not see channel 1", "-channel", "1")
	for _, f := range []struct {
		fault hubspottest.Fault
		want  string
	}{
		{hubspottest.Fault{Operation: "account.list", Form: hubspottest.FormMissingScopes}, "problem" + accounts + "HubSpot does not show them: *"},
		{hubspottest.Fault{Operation: "account.list", Status: http.StatusBadRequest}, "problem" + accounts + "HubSpot does not show them: *"},
		{hubspottest.Fault{Operation: "oauth.introspect", Status: http.StatusServiceUnavailable}, "warning portal of HUBSPOT_ACCESS_TOKEN scopes: not checked: HubSpot answers 503 Service Unavailable"},
		{hubspottest.Fault{Operation: "oauth.introspect", Status: http.StatusServiceUnavailable}, "warning client secret: not checked: HubSpot answers 503 Service Unavailable"},
		{hubspottest.Fault{Operation: "channel.list", Status: http.StatusBadRequest}, "warning portal 24681012 accounts: not checked without the id of the channel"},
	} {
		w.hs.Inject(f.fault)
		w.finds(f.fault.Operation, f.want)
		w.hs.ClearFaults()
	}
	w.must("accounts", "update", "918000", "5550000", "-authorized=false")
	w.finds("credentials ended", "warning"+accounts+`5550000, "Support line", has no credentials that the messaging service takes: *`)
	w.must("accounts", "update", "918000", "5550000", "-authorized")
	if err := w.hs.SetAccountActive(w.hs.Accounts()[0].ID, false); err != nil {
		t.Fatal(err)
	}
	w.finds("switched off", "warning"+accounts+`5550000, "Support line", is switched off: *`)
	if err := w.hs.DeleteAccount(w.hs.Accounts()[0].ID); err != nil {
		t.Fatal(err)
	}
	w.finds("none", "warning"+accounts+"none is connected; the portal sees the channel")
	if err := w.hs.Uninstall(24681012); err != nil {
		t.Fatal(err)
	}
	w.finds("uninstalled", "problem portal of HUBSPOT_ACCESS_TOKEN: HubSpot does not take its token: *")
}

// TestDoctorInstalls has what the store knows of portals.
func TestDoctorInstalls(t *testing.T) {
	t.Parallel()
	w := newExamined(t)
	install := func(portal int64, refresh string) {
		in := &oauth.Install{ClientID: w.hs.ClientID(), PortalID: portal, Token: &oauth2.Token{
			AccessToken: "old", RefreshToken: refresh, Expiry: time.Now().Add(-time.Hour),
		}}
		if err := w.store.SaveInstall(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	install(999, "unknown")
	w.finds("dead refresh token", "problem portal 999: the app was uninstalled")
	w.finds("and afterwards", "problem portals: the app is not installed in portal 999", "-portal", "999")
	install(999, "unknown")
	w.env["HUBSPOT_CLIENT_SECRET"] = "wrong-secret"
	w.finds("no token", "problem portal 999: no token: *")
	for n := range int64(20) {
		install(1000+n, "unknown")
	}
	w.finds("many", "warning portals: 2 portals more not checked")
}

func TestDoctorStore(t *testing.T) {
	t.Parallel()
	w := newExamined(t)
	if err := os.Chmod(w.env["BRIDGE_KEYS"], 0o640); err != nil {
		t.Fatal(err)
	}
	w.finds("keys", "problem keys file: others may open it (mode 0640), so bridges do not take it")
	if err := os.Chmod(w.env["BRIDGE_KEYS"], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w.finds("messages", "warning store file: others may open it (mode 0644), and read messages in it")
	w.refused("m1", "Hello")
	w.finds("buried", "warning work: 1 message set aside for good")
	w.must("portals", "pause", testPortal, "-reason", "rate limit")
	w.finds("paused", "warning work: portal 24681012 is paused until resumed: rate limit")
	if _, err := sqlstore.KeyFile(filepath.Join(w.dir, "other.keys")); err != nil {
		t.Fatal(err)
	}
	w.finds("other keys", "problem store: it cannot be used: sqlstore: the key file does not belong *", "-keys", "/data/other.keys")
}

// TestDoctorStoppedStore has a store that no bridge runs on, with a message that waits in it.
func TestDoctorStoppedStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	w.env["BRIDGE_STORE"], w.env["BRIDGE_KEYS"] = filepath.Join(dir, "bridge.db"), filepath.Join(dir, "bridge.keys")
	db, err := sql.Open("sqlite", w.env["BRIDGE_STORE"])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	keys, err := sqlstore.KeyFile(w.env["BRIDGE_KEYS"])
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite, keys)
	if err != nil {
		t.Fatal(err)
	}
	hourAgo := time.Now().Add(-time.Hour)
	if _, err := store.Accept(t.Context(), &bridge.NewItem{
		Key: "m1", Kind: bridge.KindIncoming, Channel: "918000", Portal: 24681012, Lane: "l", Payload: []byte("{}"), At: hourAgo,
		Deadline: hourAgo.Add(24 * time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	exec := func(query string) {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	w.finds("no channel", "problem store: it cannot be used: which channel? *")
	w.finds("nobody works", "warning work: 1 wait, the oldest for 1h0m*", "-channel", "918000")
	exec("PRAGMA journal_mode = DELETE")
	w.finds("journal", "warning durability: SQLite: journal_mode is delete", "-channel", "918000")
	exec("UPDATE cc_schema SET value = 99")
	w.finds("newer", "problem store: it cannot be used: sqlstore: the database was written by a newer version *", "-channel", "918000")
}

// TestDoctorDatabase judges settings that the tests have no database for.
func TestDoctorDatabase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		settings string // commit, standbys, fsync, full pages
		want     []string
	}{
		{"on||on|on", []string{"ok durability: PostgreSQL: synchronous_commit on, fsync on"}},
		{"remote_apply|a, b|on|on", []string{"ok durability: PostgreSQL: synchronous_commit remote_apply, fsync on"}},
		{"local||on|on", []string{"ok durability: PostgreSQL: synchronous_commit local, fsync on"}},
		{"local|a|on|on", []string{"warning durability: synchronous_commit is local: when the standby takes over, messages that were acknowledged may be missing"}},
		{"off||off|off", []string{
			"problem durability: synchronous_commit is off: a crash loses messages that were acknowledged",
			"problem durability: fsync is off: a crash of the machine loses the database",
			"warning durability: full_page_writes is off: a crash of the machine can damage tables",
		}},
	} {
		values := strings.Split(tt.settings, "|")
		e := &examination{}
		e.checkDurability(sqlstore.PostgreSQL, map[string]string{
			"synchronous_commit": values[0], "synchronous_standby_names": values[1], "fsync": values[2], "full_page_writes": values[3],
		})
		var got []string
		for _, f := range e.findings {
			got = append(got, fmt.Sprintf("%s %s: %s", f.State, f.Check, f.Cause))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.settings, diff)
		}
	}
}

// A certificate is looked at once, with the first answer.
func TestDoctorCertificate(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]state{time.Hour: warning, 60 * 24 * time.Hour: fine} {
		app := httptest.NewTLSServer(http.NotFoundHandler())
		resp, err := app.Client().Get(app.URL + "/hubspot/live")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		app.Close()
		resp.TLS.PeerCertificates[0].NotAfter = time.Now().Add(left)
		e := &examination{}
		e.checkCertificate(resp)
		if len(e.findings) != 1 || e.findings[0].State != want {
			t.Errorf("%v left: %+v, want %s", left, e.findings, want)
		}
	}
}
