package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// newProbed is a portal for tests, with an agent's message to report on.
func newProbed(t *testing.T, scopes string) (w *world, message string) {
	t.Helper()
	w = newWorld(t)
	w.scopes = scopes
	w.installAndConnect()
	w.env["HUBSPOT_CLIENT_ID"], w.env["HUBSPOT_CLIENT_SECRET"] = w.hs.ClientID(), w.hs.ClientSecret()
	w.must("messages", "publish", "918000", "-account", "5550000", "-from", "phone:+14155550199", "-to", "phone:+14155550123",
		"-thread", "chat", "-text", "Hello")
	reply, err := w.hs.Reply(w.hs.Threads()[0].ID, hubspottest.Reply{Text: "Hello"})
	if err != nil {
		t.Fatal(err)
	}
	return w, reply.ID
}

var probeArgs = []string{"doctor", "-probe", "-portal", testPortal, "-account", "5550000"}

// left is what bears the name of a probe.
func (w *world) left() (names []string) {
	for _, c := range w.hs.Channels() {
		if strings.Contains(c.Name, "probe") {
			names = append(names, c.Name)
		}
	}
	for _, t := range w.hs.Threads() {
		if strings.Contains(t.Customer, "probe") {
			names = append(names, t.Customer)
		}
	}
	return names
}

// played are the knobs whose readings the probe finds out.
var played = []string{
	"AgentMessagesHidden", "ArchivedThreadOpens", "BearerRegistration", "CapabilitiesMerge", "ClosedThreadStartsNew",
	"DuplicateReturnsFirst", "EmptyText", "IntrospectByKind", "LongTextRefused", "NullClears", "OptionalFields", "StatusForward",
	"UnknownContactRefused",
}

// The probe finds the one knob that is turned, and none where it is one that the probe cannot see.
func TestProbeFindsTheKnob(t *testing.T) {
	t.Parallel()
	for _, knob := range append(hubspottest.Knobs(), hubspottest.Knob{}) {
		w, message := newProbed(t, " conversations.write")
		readings := w.hs.Readings()
		if knob.Name != "" {
			if err := readings.Set(knob.Name, true); err != nil {
				t.Fatal(err)
			}
		}
		w.hs.SetReadings(readings)
		r := w.run(append(probeArgs, "-yes", "-json", "-message", message)...)
		var all []reading
		if err := json.Unmarshal([]byte(r.Out), &all); err != nil || r.Status != 0 {
			t.Fatalf("%s: %v: %+v", knob.Name, err, r)
		}
		var on, off []string
		for _, got := range all {
			switch {
			case got.Knob == "" || got.On == nil:
			case *got.On:
				on = append(on, got.Knob)
			default:
				off = append(off, got.Knob)
			}
		}
		slices.Sort(off)
		var wantOn []string
		wantOff := slices.Clone(played)
		if i := slices.Index(played, knob.Name); i >= 0 {
			wantOn, wantOff = []string{knob.Name}, slices.Delete(wantOff, i, i+1)
		}
		if diff := cmp.Diff([][]string{wantOn, wantOff}, [][]string{on, off}); diff != "" {
			t.Errorf("with %s, on and off (-want +got):\n%s%s", knob.Name, diff, r.Out)
		}
		if left := w.left(); left != nil {
			t.Errorf("with %s the probe leaves %q behind", knob.Name, left)
		}
	}
}

func TestProbeSeveralKnobs(t *testing.T) {
	t.Parallel()
	w, message := newProbed(t, " conversations.write")
	turned := hubspottest.Readings{CapabilitiesMerge: true, EmptyText: true, StatusForward: true, ArchivedThreadOpens: true}
	w.hs.SetReadings(turned)
	r := w.run(append(probeArgs, "-yes", "-message", message)...)
	literal := "\n\nReadings: hubspottest.Readings{ArchivedThreadOpens: true, CapabilitiesMerge: true, EmptyText: true, StatusForward: true}\n"
	if r.Status != 0 || !strings.HasSuffix(r.Out, literal) || !strings.HasPrefix(r.Out, "KNOB ") {
		t.Errorf("got %+v, want it to end with %q", r, literal)
	}
	for _, name := range []string{"HUBSPOT_DEVELOPER_KEY", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_ACCESS_TOKEN"} {
		if strings.Contains(r.Out+r.Err, w.env[name]) {
			t.Errorf("%s is shown: %+v", name, r)
		}
	}
}

// Without -yes it says what it would do, and does nothing.
func TestProbeTellsFirst(t *testing.T) {
	t.Parallel()
	w, message := newProbed(t, "")
	w.ids = append(w.ids, message, "MESSAGE")
	w.hs.ClearJournal()
	w.expect("without -yes", w.run(append(probeArgs, "-message", "MESSAGE")...), result{Status: 2, Err: `
In portal 24681012, with account 5550000, "Support line", of channel 918000, the probe
- registers a channel that nobody uses, changes it and archives it;
- publishes a few messages of a made-up customer, closes the conversations and archives them;
  it cannot archive them here, for lack of the scope conversations.write: they stay;
- reports message MESSAGE as READ and then as SENT, which stays;
- asks for long pages, and about the token.
Agents see the conversations until then. Nothing goes to the messaging service, unless the portal answers by itself.
channelctl: doctor -probe did nothing yet: add -yes
`})
	for _, e := range w.hs.Journal() {
		if op := e.Operation; op != "oauth.introspect" && op != "channel.list" && op != "account.get" && op != "webhook.delivery" {
			t.Errorf("it has called %s", op)
		}
	}
}

func TestProbeRefuses(t *testing.T) {
	t.Parallel()
	w, _ := newProbed(t, "")
	all := w.env
	for _, tt := range []struct {
		env    map[string]string
		args   string
		err    string // after "channelctl: "
		status int
	}{
		{nil, "-account 5550000 -yes", "doctor -probe needs -portal and -account, of a portal for tests", 2},
		{nil, "-portal 24681012 -yes", "doctor -probe needs -portal and -account, of a portal for tests", 2},
		{map[string]string{"HUBSPOT_CLIENT_SECRET": ""}, "", "missing in the environment: HUBSPOT_CLIENT_SECRET", 1},
		{map[string]string{"HUBSPOT_CLIENT_SECRET": "wrong"}, "", "HubSpot answers 400 invalid_client", 1},
		{map[string]string{"HUBSPOT_DEVELOPER_KEY": "other"}, "", "developer key: HubSpot refuses it for app 7100001: *", 1},
		{map[string]string{"HUBSPOT_ACCESS_TOKEN": ""}, "", "no token of portal 24681012: set HUBSPOT_ACCESS_TOKEN, *", 1},
		{map[string]string{"HUBSPOT_ACCESS_TOKEN": "stale"}, "", "HubSpot does not take the token: it has expired, or was revoked", 1},
		{map[string]string{"BRIDGE_STORE": "/no.db", "BRIDGE_KEYS": "/no.keys"}, "", "store: it cannot be opened: *", 1},
		{nil, "-yes -portal 4711 -account 5550000", "the token is of portal 24681012, not of 4711", 1},
		{nil, "-yes -portal 24681012 -account 1", "account 1 of channel 918000: hubspot: GET *", 1},
		{nil, "-yes -portal 24681012 -account 5550000 -channel 1", "which channel? Add -channel, or set PUBLIC_URL", 1},
	} {
		w.env = maps.Clone(all)
		maps.Copy(w.env, tt.env)
		args := append(slices.Clone(probeArgs), "-yes")
		if tt.args != "" {
			args = append([]string{"doctor", "-probe"}, strings.Fields(tt.args)...)
		}
		if r := w.run(args...); r.Out != "" || r.Status != tt.status || !matches("channelctl: "+tt.err, r.Err) {
			t.Errorf("%v %s: %+v, want status %d and %q", tt.env, tt.args, r, tt.status, tt.err)
		}
	}
	w.env = all
	w.must("accounts", "update", "918000", "5550000", "-authorized=false")
	if r := w.run(append(probeArgs, "-yes")...); !strings.Contains(r.Err, "is switched off") {
		t.Errorf("an account that is off: %+v", r)
	}
}

// What cannot be removed is named.
func TestProbeStays(t *testing.T) {
	t.Parallel()
	w, _ := newProbed(t, "")
	r := w.run(append(probeArgs, "-yes")...)
	if r.Status != 1 || !strings.Contains(r.Out, "ClosedThreadStartsNew  -      not tried without the scope conversations.write") ||
		!strings.Contains(r.Err, "channelctl: these stay behind, remove them yourself: conversation channelctl probe ") {
		t.Errorf("got %+v", r)
	}
	if left := w.left(); len(left) != 2 {
		t.Errorf("left behind: %q, want 2 conversations", left)
	}
}

// A HubSpot in trouble gives no readings, and nothing stays behind.
func TestProbeInTrouble(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault hubspottest.Fault
		want  string
	}{
		{hubspottest.Fault{Operation: "channel.create", Nth: 1, Reset: hubspottest.ResetAfter}, "IdentifierThreading    -      no channel to try it on: "},
		{hubspottest.Fault{Operation: "channel.create", Status: http.StatusBadRequest}, "IdentifierThreading    -      no channel to try it on: "},
		{hubspottest.Fault{Operation: "channel.update", Status: http.StatusBadRequest}, "CapabilitiesMerge      -      400 "},
		{hubspottest.Fault{Operation: "message.publish", Nth: 1, Status: http.StatusInternalServerError}, "DuplicateReturnsFirst  -      no message to try it on: 500 "},
		{hubspottest.Fault{Operation: "message.publish", Nth: 2, Status: http.StatusInternalServerError}, "DuplicateReturnsFirst  -      500 "},
		{hubspottest.Fault{Operation: "thread.update", Status: http.StatusBadRequest}, "ClosedThreadStartsNew  -      a message to a closed conversation: 400 "},
	} {
		w, _ := newProbed(t, " conversations.write")
		w.hs.Inject(tt.fault)
		r := w.run(append(probeArgs, "-yes")...)
		if r.Status != 0 || !strings.Contains(r.Out, tt.want) || !strings.HasSuffix(r.Out, "Readings: hubspottest.Readings{}\n") {
			t.Errorf("%+v: got %+v", tt.fault, r)
		}
		if left := w.left(); left != nil {
			t.Errorf("%+v: the probe leaves %q behind", tt.fault, left)
		}
	}
}

// canceller ends a command when it says something.
type canceller struct {
	bytes.Buffer
	at     string
	cancel context.CancelFunc
}

func (c *canceller) Write(p []byte) (int, error) {
	if strings.Contains(string(p), c.at) {
		c.cancel()
	}
	return c.Buffer.Write(p)
}

// An interrupted probe cleans up too.
func TestProbeInterrupted(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"CapabilitiesMerge", "EmptyText", "ClosedThreadStartsNew"} {
		w, _ := newProbed(t, " conversations.write")
		ctx, cancel := context.WithCancel(t.Context())
		errs := &canceller{at: "Tried " + at, cancel: cancel}
		var out bytes.Buffer
		args := slices.Concat(probeArgs[:5], []string{w.hs.Accounts()[0].ID, "-yes"})
		err := run(ctx, args, func(name string) string { return w.env[name] }, console{out: &out, err: errs, watched: true})
		if status := report(errs, err); status != 1 || !strings.HasSuffix(errs.String(), "\nCleaning up...\nchannelctl: interrupted\n") || out.Len() > 0 {
			t.Errorf("%s: %d, %s%s", at, status, errs, &out)
		}
		if left := w.left(); left != nil {
			t.Errorf("%s: the probe leaves %q behind", at, left)
		}
	}
}
