package mounted

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
)

// world is two nodes on a database, behind a load balancer that HubSpot calls.
type world struct {
	t        *testing.T
	database string
	hubspot  *hubspottest.Server
	public   string // of the load balancer
	keys     string
	nodes    []*node
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, database: pgtest.New(t), keys: filepath.Join(t.TempDir(), "keys")}
	w.hubspot = hubspottest.New(hubspottest.Config{RetryDelays: retryDelays()})
	if err := w.hubspot.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.hubspot.Close() })
	addrs := []string{freeAddr(t), freeAddr(t)}
	w.public = balancer(t, addrs)
	w.hubspot.SetInstallURL(w.public + "/hubspot/install")
	for _, addr := range addrs { // at the same time, with a database that is empty
		w.nodes = append(w.nodes, w.start(addr))
	}
	for _, n := range w.nodes {
		n.ready()
	}
	if n := len(w.hubspot.Channels()); n != 1 {
		t.Fatalf("two nodes have registered %d channels", n)
	}
	if _, err := w.hubspot.InstallAndConnect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// balancer gives requests to the nodes in turn. It knows nothing of who is alive, so HubSpot has to repeat some.
func balancer(t *testing.T, addrs []string) string {
	t.Helper()
	var turn atomic.Int64
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addrs[int(turn.Add(1))%len(addrs)]})
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

func retryDelays() (delays []time.Duration) {
	for range 100 {
		delays = append(delays, 200*time.Millisecond)
	}
	return delays
}

// login returns a customer who has logged in at the first node.
func (w *world) login(email, order string) *customer {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &customer{w: w, client: &http.Client{Jar: jar}}
	if page := c.post(w.nodes[0], "/login", url.Values{"email": {email}, "order": {order}}); !strings.Contains(page, order) {
		w.t.Fatalf("after the login the page is %s", page)
	}
	return c
}

// node is a running process.
type node struct {
	t         *testing.T
	addr, url string
	cmd       *exec.Cmd
	out       output
	ended     bool
}

func (w *world) start(addr string) *node {
	w.t.Helper()
	n := &node{t: w.t, addr: addr, url: "http://" + addr}
	n.cmd = exec.Command(program, "-listen", addr, "-database", w.database, "-keys", w.keys)
	n.cmd.Env = append(os.Environ(),
		"HUBSPOT_BASE_URL="+w.hubspot.URL(), "HUBSPOT_CLIENT_ID="+w.hubspot.ClientID(), "HUBSPOT_CLIENT_SECRET="+w.hubspot.ClientSecret(),
		fmt.Sprint("HUBSPOT_APP_ID=", w.hubspot.AppID()), "HUBSPOT_DEVELOPER_KEY="+w.hubspot.DeveloperKey(), "PUBLIC_URL="+w.public)
	n.cmd.Stdout, n.cmd.Stderr = &n.out, &n.out
	if err := n.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		n.kill()
		if w.t.Failed() {
			w.t.Logf("node %s printed:\n%s", addr, n.out.String())
		}
	})
	return n
}

func (n *node) ready() {
	n.t.Helper()
	until(n.t, "node "+n.addr+" is ready", func() bool {
		resp, err := http.Get(n.url + "/hubspot/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// kill ends the node as a crash does.
func (n *node) kill() {
	if !n.ended {
		n.ended = true
		_ = n.cmd.Process.Kill()
		_ = n.cmd.Wait()
	}
}

// interrupt stops the node as Ctrl-C does.
func (n *node) interrupt() {
	n.t.Helper()
	n.ended = true
	if err := n.cmd.Process.Signal(os.Interrupt); err != nil {
		n.t.Fatal(err)
	}
	if err := n.cmd.Wait(); err != nil {
		n.t.Errorf("node %s ends with %v after an interrupt", n.addr, err)
	}
}

// output is what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
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
