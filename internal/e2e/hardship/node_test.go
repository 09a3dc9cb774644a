package hardship

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

// nodeVariable holds the setup of a process that is to be a node.
const nodeVariable = "HARDSHIP_TEST_NODE"

// runNode is a process that runs the bridge on PostgreSQL until its standard input ends. The first time that it has
// changed items it tells so before it commits, and waits for a line of its standard input. The parent freezes it meanwhile.
func runNode(encoded string) error {
	var s setup
	if err := json.Unmarshal([]byte(encoded), &s); err != nil {
		return err
	}
	var told atomic.Bool
	goOn := make(chan struct{})
	db, err := openTapped(s.Database, func(_ context.Context, c *tappedConn, query string, run func() error) error {
		if query == "COMMIT" && changesItems(c.sent) && told.CompareAndSwap(false, true) {
			fmt.Println("in a transaction")
			<-goOn
		}
		return run()
	})
	if err != nil {
		return err
	}
	keys, err := sqlstore.KeyFile(s.KeyFile)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	store, err := sqlstore.Open(ctx, db, sqlstore.PostgreSQL, keys)
	if err != nil {
		return err
	}
	defer store.Close()
	b, err := s.newBridge(remoteService(s.ServiceURL), store, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		if lines.Scan() {
			close(goOn)
		}
		for lines.Scan() {
		}
		stop()
	}()
	return b.Run(ctx)
}

func changesItems(statements []string) bool {
	for _, s := range statements {
		if strings.HasPrefix(s, "UPDATE cc_items") || strings.HasPrefix(s, "DELETE FROM cc_items") {
			return true
		}
	}
	return false
}

// remoteService is the service as a process of its own reaches it.
type remoteService string

type remoteCall struct {
	Text    string
	Attempt int
}

func (r remoteService) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	body, err := json.Marshal(remoteCall{m.Text, m.Attempt})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(r), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	return &bridge.Receipt{ID: "receipt of " + m.ID}, resp.Body.Close()
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var c remoteCall
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.note(c.Text, c.Attempt)
}

// process is a running node.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	said   chan string // its first line
	exited chan error
}

func startNode(t *testing.T, s *setup, log io.Writer) *process {
	t.Helper()
	encoded, err := json.Marshal(s)
	must(t, err)
	self, err := os.Executable()
	must(t, err)
	p := &process{t: t, cmd: exec.Command(self), said: make(chan string, 1), exited: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), nodeVariable+"="+string(encoded))
	p.cmd.Stderr = log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.stdin, err = p.cmd.StdinPipe()
	must(t, err)
	out, err := p.cmd.StdoutPipe()
	must(t, err)
	must(t, p.cmd.Start())
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		p.said <- strings.TrimSpace(line)
		p.exited <- p.cmd.Wait()
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // in case the test fails
	return p
}

// freeze stops the process within a transaction.
func (p *process) freeze() {
	p.t.Helper()
	select {
	case line := <-p.said:
		if line != "in a transaction" {
			p.t.Fatalf("the node said %q", line)
		}
	case <-time.After(patience):
		p.t.Fatal("the node begins no transaction")
	}
	must(p.t, p.cmd.Process.Signal(syscall.SIGSTOP))
	until(p.t, "the node to be frozen", func() string {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		if err != nil {
			return err.Error()
		}
		if _, state, _ := strings.Cut(string(stat), ") "); !strings.HasPrefix(state, "T") {
			return string(stat)
		}
		return ""
	})
}

// thaw lets the process go on.
func (p *process) thaw() {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(syscall.SIGCONT))
	_, err := fmt.Fprintln(p.stdin)
	must(p.t, err)
}

// stop ends the process gracefully.
func (p *process) stop() {
	p.t.Helper()
	must(p.t, p.stdin.Close())
	select {
	case err := <-p.exited:
		must(p.t, err)
	case <-time.After(patience):
		p.t.Error("the node does not stop")
	}
}
