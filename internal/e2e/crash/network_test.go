package crash

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// clock numbers what happens.
type clock struct{ n atomic.Int64 }

func (c *clock) tick() int64 { return c.n.Add(1) }

var webhookFaults = []fault{{"lost", 0.01}, {"answer lost", 0.01}, {"doubled", 0.01}, {"slow", 0.02}}

// network leads to the children that run at the moment, as a load balancer does, and notes when webhooks come and are
// accepted.
type network struct {
	chance *chance
	clock  *clock
	client *http.Client

	mu       sync.Mutex
	addrs    []string
	first    map[string]int64 // by message id: when its webhook came for the first time
	accepted map[string]int64 // when the child first answered 2xx
}

func newNetwork(c *clock, seed uint64) *network {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	return &network{
		chance: newChance(seed, 2), clock: c, client: &http.Client{Transport: transport},
		first: map[string]int64{}, accepted: map[string]int64{},
	}
}

func (n *network) join(addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addrs = append(n.addrs, addr)
}

func (n *network) leave(addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addrs = slices.DeleteFunc(n.addrs, func(a string) bool { return a == addr })
}

// addr is where a child can be reached right now.
func (n *network) addr() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.addrs) == 0 {
		return "127.0.0.1:1" // nobody
	}
	return n.addrs[rand.IntN(len(n.addrs))]
}

func (n *network) url() string { return "http://" + n.addr() }

func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/webhook") {
		proxy := httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", n.addr()
		}}
		proxy.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	id := messageID(body)
	n.note(n.first, id)
	fault := n.chance.meet(webhookFaults)
	if fault == "lost" {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if fault == "slow" {
		n.chance.pause()
	}
	status := n.forward(r, id, body)
	switch fault {
	case "doubled":
		status = n.forward(r, id, body)
	case "answer lost":
		status = http.StatusBadGateway
	}
	w.WriteHeader(status)
}

func (n *network) forward(r *http.Request, id string, body []byte) int {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, n.url()+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return http.StatusBadGateway
	}
	req.Header = r.Header.Clone()
	resp, err := n.client.Do(req)
	if err != nil {
		return http.StatusBadGateway
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		n.note(n.accepted, id)
	}
	return resp.StatusCode
}

// note sets the time of a message in times, unless it has one.
func (n *network) note(times map[string]int64, id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if times[id] == 0 {
		times[id] = n.clock.tick()
	}
}

func messageID(body []byte) string {
	var event struct{ Message struct{ ID string } }
	_ = json.Unmarshal(body, &event) // account events have none
	return event.Message.ID
}
