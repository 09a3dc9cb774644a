package oauthtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
)

// nodeVariable holds the settings of a node. With it in the environment this test binary is one.
const nodeVariable = "OAUTHTEST_NODE"

// A stage is a moment of a refresh at which a node says "refreshing", and goes on when it is told to.
type stage string

const (
	beforeRequest stage = "before the request"
	afterAnswer   stage = "after the answer"
	afterStoring  stage = "after storing"
)

type nodeSettings struct {
	HubSpot, ClientID, ClientSecret string
	Database                        database
	Callers                         int
	Stage                           stage
	LockTime                        time.Duration // instead of a longer one
}

// nodeResult is what the callers of a node got.
type nodeResult struct {
	Tokens map[string]int // how many got each
	Error  string
}

// runNode is the main function of a node: at a word, all its callers ask for a token at once.
func runNode(settings string) error {
	n := &nodeSide{in: bufio.NewReader(os.Stdin)}
	if err := json.Unmarshal([]byte(settings), &n.nodeSettings); err != nil {
		return err
	}
	ctx := context.Background()
	store, done, err := n.Database.open(ctx)
	if err != nil {
		return err
	}
	app := &oauth.App{
		ClientID: n.ClientID, ClientSecret: n.ClientSecret, BaseURL: n.HubSpot, Tokens: &nodeStore{store, n},
		HTTPClient: &http.Client{Transport: roundTripper(n.roundTrip)}, Logger: slog.New(slog.DiscardHandler),
	}
	n.say("ready")
	n.wait()
	tokens, err := callAll(ctx, app.Portal(portalID), n.Callers, (*oauth.Portal).Token)
	result := nodeResult{Tokens: tokens}
	if err != nil {
		result.Error = err.Error()
	}
	n.say(string(must(json.Marshal(result))))
	return done()
}

// nodeSide is a node as seen from inside.
type nodeSide struct {
	nodeSettings
	in      *bufio.Reader
	waiting sync.Once
}

func (n *nodeSide) say(line string) { fmt.Println(line) }

func (n *nodeSide) wait() {
	if _, err := n.in.ReadString('\n'); err != nil {
		os.Exit(1) // the test has ended
	}
}

func (n *nodeSide) at(s stage) {
	if s == n.Stage {
		n.say("refreshing")
		n.wait()
	}
}

func (n *nodeSide) roundTrip(r *http.Request) (*http.Response, error) {
	n.at(beforeRequest)
	resp, err := http.DefaultTransport.RoundTrip(r)
	n.at(afterAnswer)
	return resp, err
}

// nodeStore tells what happens to the lock.
type nodeStore struct {
	*sqlstore.Store
	node *nodeSide
}

func (s *nodeStore) LockRefresh(ctx context.Context, clientID string, portalID int64, holder string, ttl time.Duration) (bool, error) {
	locked, err := s.Store.LockRefresh(ctx, clientID, portalID, holder, min(ttl, s.node.LockTime))
	if err == nil && !locked {
		s.node.waiting.Do(func() { s.node.say("waiting") })
	}
	return locked, err
}

func (s *nodeStore) ReplaceInstall(ctx context.Context, in *oauth.Install) error {
	err := s.Store.ReplaceInstall(ctx, in)
	s.node.at(afterStoring)
	return err
}

// node is a process of its own.
type node struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.Writer
	lines chan string // what it says
}

func startNode(t *testing.T, settings nodeSettings) *node {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), nodeVariable+"="+string(must(json.Marshal(settings))))
	cmd.Stderr = os.Stderr
	in := must(cmd.StdinPipe())
	out := must(cmd.StdoutPipe())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, cmd: cmd, in: in, lines: make(chan string, 10)}
	go func() {
		defer close(n.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			n.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() { _ = cmd.Wait() }) // it ends with the test's context
	n.hears("ready")
	return n
}

// hears waits for the next thing that the node says.
func (n *node) hears(want string) {
	n.t.Helper()
	if got, ok := <-n.lines; got != want {
		n.t.Fatalf("the node says %q (running: %v), want %q", got, ok, want)
	}
}

// tell lets the node go on.
func (n *node) tell() {
	n.t.Helper()
	if _, err := io.WriteString(n.in, "\n"); err != nil {
		n.t.Fatal(err)
	}
}

// kill ends the process as a power cut would.
func (n *node) kill() {
	n.t.Helper()
	if err := n.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		n.t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := n.cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		n.t.Fatalf("the node ended with %v", err)
	}
}

// result waits until all callers have an answer.
func (n *node) result() nodeResult {
	n.t.Helper()
	line := <-n.lines
	var r nodeResult
	if err := json.NewDecoder(strings.NewReader(line)).Decode(&r); err != nil {
		n.t.Fatalf("the node says %q: %v", line, err)
	}
	return r
}
