package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTwoProcesses (S1–S4) runs the simulator and the app apart, with nothing between them but what the simulator prints
// for the app's environment. The admin presses the button on the page. The simulator's journal tells what happened.
func TestTwoProcesses(t *testing.T) {
	addr, hubspotAddr := freeAddr(t), freeAddr(t)
	sim := start(t, nil, "-hubspot-only", "-addr", addr, "-hubspot-addr", hubspotAddr)
	sim.waitFor("PUBLIC_URL")
	var env []string
	for _, m := range regexp.MustCompile(`(?m)^\s*export (\w+=\S+)$`).FindAllStringSubmatch(sim.out.String(), -1) {
		env = append(env, m[1])
	}
	if len(env) != 6 {
		t.Fatalf("the simulator printed %d variables, want 6: %q", len(env), env)
	}

	b := browser(t)
	agent := open(t, b, "http://"+hubspotAddr+"/")
	agent.click("agent-connect")
	agent.until("the page says that the app is not running", `document.body.innerText.includes('Is it running?')`)
	agent.screenshot("agent-no-app")

	app := start(t, env, "-addr", addr)
	app.waitFor("Customer")
	agent.click("agent-connect")
	agent.until("the account is connected", `!document.querySelector('[data-testid="agent-connect"]')?.checkVisibility()`)
	s := &sides{customer: open(t, b, "http://"+addr+"/"), agent: agent}
	s.say(line{"customer", "مرحبا، with a picture"})
	s.customer.run(chromedp.SetUploadFiles(byID("customer-file"), []string{picture(t)}))
	s.customer.click("customer-send")
	s.heard(2)
	s.say(line{"agent", "Thank you, שלום!"})
	s.heard(3)
	s.statusesAre("READ")

	for _, operation := range []string{
		"oauth.authorize", "oauth.decision", "oauth.token", "channel.create", "account.connect", "account.connected",
		"webhook.delivery", "file.upload", "message.publish", "message.status",
	} {
		entries := journal(t, hubspotAddr, operation)
		if len(entries) == 0 {
			t.Errorf("%s is not in the journal", operation)
		}
		for _, e := range entries {
			if e.Status < 200 || e.Status > 399 {
				t.Errorf("%s was answered %d", operation, e.Status)
			}
		}
	}
	app.interrupt()
	sim.interrupt()
}

type journalEntry struct {
	Operation string
	Status    int
}

func journal(t *testing.T, hubspotAddr, operation string) []journalEntry {
	t.Helper()
	resp, err := http.Get("http://" + hubspotAddr + "/simulator/journal?operation=" + operation)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var entries []journalEntry
	if err := json.NewDecoder(resp.Body).Decode(&entries); err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestStartErrors reads what a user reads who started the program wrongly: one line, and no stack.
func TestStartErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, test := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"the app's port is taken": {
			args: []string{"-addr", taken.Addr().String(), "-hubspot-addr", freeAddr(t)},
			want: "quickstart: " + taken.Addr().String() + " is in use by another program; choose another address with -addr\n",
		},
		"the simulator's port is taken": {
			args: []string{"-addr", freeAddr(t), "-hubspot-addr", taken.Addr().String()},
			want: "quickstart: " + taken.Addr().String() + " is in use by another program; choose another address with -hubspot-addr\n",
		},
		"half a set of variables": {
			env: []string{"HUBSPOT_CLIENT_ID=id", "HUBSPOT_APP_ID=7"},
			want: "quickstart: some variables for HubSpot are set, but not HUBSPOT_CLIENT_SECRET, HUBSPOT_DEVELOPER_KEY, PUBLIC_URL; " +
				"set these too, or unset all to use the simulator\n",
		},
		"only the base URL": {
			env: []string{"HUBSPOT_BASE_URL=http://127.0.0.1:1"},
			want: "quickstart: some variables for HubSpot are set, but not HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET, HUBSPOT_APP_ID, " +
				"HUBSPOT_DEVELOPER_KEY, PUBLIC_URL; set these too, or unset all to use the simulator\n",
		},
		"an app id that is no number": {
			env:  []string{"HUBSPOT_CLIENT_ID=id", "HUBSPOT_CLIENT_SECRET=s", "HUBSPOT_APP_ID=seven", "HUBSPOT_DEVELOPER_KEY=k", "PUBLIC_URL=http://x"},
			want: "quickstart: HUBSPOT_APP_ID \"seven\" is not a number\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, test.env, test.args...)
			<-p.exited
			if got := strings.TrimPrefix(p.out.String(), "\n"); got != test.want {
				t.Errorf("printed %q, want %q", got, test.want)
			}
			if code := p.cmd.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit status %d, want 1", code)
			}
		})
	}
}
