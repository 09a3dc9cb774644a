package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// TestMain is also the program itself, for the tests that run it.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_RUN_MINIMAL") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

const key = "a secret"

// program returns the app as a command, in a directory of its own.
func program(t *testing.T, env ...string) (_ *exec.Cmd, output *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"TEST_RUN_MINIMAL=1"}, env...)
	output = &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = output, output
	return cmd, output
}

// TestBothWays runs the program between a simulated HubSpot and a gateway: a customer writes, an agent answers, the
// customer blocks the number, the agent learns it.
func TestBothWays(t *testing.T) {
	hubspot := hubspottest.New(hubspottest.Config{})
	if err := hubspot.Start(); err != nil {
		t.Fatal(err)
	}
	defer hubspot.Close()
	sent := make(chan url.Values, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("text") == "Hello?" {
			http.Error(w, "blocked", http.StatusForbidden)
			return
		}
		sent <- r.PostForm
		fmt.Fprint(w, "sms-1")
	}))
	defer gateway.Close()

	addr := freeAddr(t)
	app := "http://" + addr
	hubspot.SetInstallURL(app + "/hubspot/install")
	cmd, output := program(t, "HUBSPOT_CLIENT_ID="+hubspot.ClientID(), "HUBSPOT_CLIENT_SECRET="+hubspot.ClientSecret(),
		fmt.Sprint("HUBSPOT_APP_ID=", hubspot.AppID()), "HUBSPOT_DEVELOPER_KEY="+hubspot.DeveloperKey(),
		"HUBSPOT_BASE_URL="+hubspot.URL(), "PUBLIC_URL="+app, "LISTEN="+addr, "GATEWAY_URL="+gateway.URL, "GATEWAY_KEY="+key)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			t.Logf("the program printed: %s", output)
		}
	}()
	until(t, "the app is ready", func() bool {
		resp, err := http.Get(app + "/hubspot/ready")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil && resp.StatusCode == http.StatusOK
	})
	if _, err := hubspot.InstallAndConnect(t.Context()); err != nil {
		t.Fatal(err)
	}

	if got := post(t, app+"/sms", url.Values{"id": {"1"}, "text": {"I am not the gateway."}}); got != http.StatusUnauthorized {
		t.Errorf("a message without the key was answered %d, want 401", got)
	}
	stray := url.Values{"key": {key}, "id": {"1"}, "from": {"+14155550123"}, "to": {"+14155550199"}, "text": {"Hello"}}
	if got := post(t, app+"/sms", stray); got != http.StatusServiceUnavailable {
		t.Errorf("a message to a number that is not connected was answered %d, want 503", got)
	}
	sms := url.Values{"key": {key}, "id": {"1"}, "from": {"+1 415 555 0123"}, "to": {"+14155550100"}, "text": {"Is it open?"}}
	for range 2 { // the gateway repeats what it is not sure of
		if got := post(t, app+"/sms", sms); got != http.StatusOK {
			t.Fatalf("a customer's message was answered %d, want 200", got)
		}
	}
	until(t, "the agent sees the message", func() bool { return len(hubspot.Threads()) == 1 })
	thread := hubspot.Threads()[0].ID
	reply, err := hubspot.Reply(thread, hubspottest.Reply{Text: "Yes, until six."})
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"key": {key}, "id": {reply.ID}, "from": {"+14155550100"}, "to": {"+14155550123"}, "text": {"Yes, until six."}}
	if diff := cmp.Diff(want, <-sent); diff != "" {
		t.Errorf("what the gateway got differs (-want +got):\n%s", diff)
	}
	if _, err := hubspot.Reply(thread, hubspottest.Reply{Text: "Hello?"}); err != nil {
		t.Fatal(err)
	}
	shown := func() (lines []string) {
		for _, m := range hubspot.Messages(thread) {
			lines = append(lines, strings.TrimSpace(fmt.Sprint(m.Text, " ", m.Status, " ", m.Reason)))
		}
		return lines
	}
	all := []string{"Is it open?", "Yes, until six. SENT", "Hello? FAILED This number has blocked you."}
	until(t, "the agent sees what became of the answers", func() bool { return cmp.Equal(all, shown()) })

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	stopped = true
	if err := cmd.Wait(); err != nil {
		t.Errorf("after an interrupt the program ends with %v: %s", err, output)
	}
}

// TestErrors reads what is printed when the program cannot start: one line.
func TestErrors(t *testing.T) {
	for name, test := range map[string]struct {
		env  []string
		want string
	}{
		"no settings":  {nil, `minimal: strconv.ParseInt: parsing "": invalid syntax`},
		"half of them": {[]string{"HUBSPOT_APP_ID=7"}, "minimal: .*developer key.*"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd, output := program(t, test.env...)
			if err := cmd.Run(); err == nil {
				t.Error("the program succeeds, want an exit status of 1")
			}
			if !regexp.MustCompile(`^\S+ \S+ ` + test.want + `\n$`).MatchString(output.String()) {
				t.Errorf("the program prints %q, want one line %q", output, test.want)
			}
		})
	}
}

// TestLength keeps the promise of the documentation: 60 lines, without imports, comments and blank lines.
func TestLength(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(source), "\n)\n")
	lines := 0
	for line := range strings.Lines(code) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			lines++
		}
	}
	if lines > 60 {
		t.Errorf("the app has %d lines, want at most 60", lines)
	}
}

// TestReadme holds the README at the top of the repository to the program that it shows.
func TestReadme(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(source), "\n)\n")
	if !strings.Contains(string(readme), "```go\n"+strings.TrimSpace(code)+"\n```") {
		t.Error("the README shows another program than main.go")
	}
}

func post(t *testing.T, to string, form url.Values) int {
	t.Helper()
	resp, err := http.PostForm(to, form)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// until asks again and again until something has happened in the other process.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); !happened(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited for a minute, but not: %s", what)
		}
	}
}
