package crash

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// The stages of a message's way at which the child is killed.
const (
	beforeCommit  = "before commit"
	afterCommit   = "after commit"
	duringSend    = "during Send"
	afterSend     = "after Send before Finish"
	afterPublish  = "after publish before Finish"
	afterFinish   = "after Finish"
	duringStatus  = "during status"
	duringUpload  = "during upload"
	duringRefresh = "during refresh"
)

var stages = []string{
	beforeCommit, afterCommit, duringSend, afterSend, afterPublish, afterFinish, duringStatus, duringUpload, duringRefresh,
}

// gate stops whoever comes first to the stage that the parent has armed, and tells the parent, who then kills the child.
type gate struct {
	out io.Writer

	mu    sync.Mutex
	armed string
}

// listen takes the parent's orders until the parent closes the pipe.
func (g *gate) listen(orders io.Reader) {
	for lines := bufio.NewScanner(orders); lines.Scan(); {
		g.mu.Lock()
		g.armed = lines.Text()
		g.mu.Unlock()
	}
}

func (g *gate) pass(stage string) {
	g.mu.Lock()
	hit := stage != "" && g.armed == stage
	if hit {
		g.armed = ""
	}
	g.mu.Unlock()
	if hit {
		_, _ = fmt.Fprintln(g.out, "stage", stage) // without a parent there is nothing to wait for either
		select {}
	}
}

// gatedStore has the gates around the commits.
type gatedStore struct {
	bridge.Store
	gate *gate
}

func (s gatedStore) Accept(ctx context.Context, items ...*bridge.NewItem) ([]bridge.Acceptance, error) {
	message := items[0].Kind == bridge.KindIncoming || items[0].Kind == bridge.KindOutgoing
	if message {
		s.gate.pass(beforeCommit)
	}
	got, err := s.Store.Accept(ctx, items...)
	if message && err == nil {
		s.gate.pass(afterCommit)
	}
	return got, err
}

func (s gatedStore) Finish(ctx context.Context, node bridge.Node, it *bridge.Item, o *bridge.Outcome) (*bridge.Item, error) {
	sent := o.Verdict == bridge.Done && it.Kind == bridge.KindOutgoing
	if sent {
		s.gate.pass(afterSend)
	}
	if o.Verdict == bridge.Done && it.Kind == bridge.KindIncoming {
		s.gate.pass(afterPublish)
	}
	then, err := s.Store.Finish(ctx, node, it, o)
	if sent && err == nil {
		s.gate.pass(afterFinish)
	}
	return then, err
}

// gatedTransport has the gates between what a call has done and what the caller knows of it.
type gatedTransport struct {
	http.RoundTripper
	gate *gate
}

func (t gatedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	if err == nil && resp.StatusCode < 300 {
		t.gate.pass(stageOf(r))
	}
	return resp, err
}

func stageOf(r *http.Request) string {
	path := r.URL.Path
	switch {
	case path == "/send":
		return duringSend
	case r.Method == http.MethodPatch && strings.Contains(path, "/messages/"):
		return duringStatus
	case r.Method == http.MethodPost && strings.HasPrefix(path, "/files/"):
		return duringUpload
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/token"):
		return duringRefresh
	}
	return ""
}
