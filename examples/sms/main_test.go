package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// output is what a program prints.
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

// TestDemo runs all that the command runs without settings, over the network, and stops it.
func TestDemo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out output
	done := make(chan error, 1)
	phone := freeAddr(t)
	go func() {
		done <- run(ctx, []string{"-listen", freeAddr(t), "-hubspot-listen", freeAddr(t), "-phone-listen", phone},
			func(string) string { return "" }, &out, &out)
	}()
	until(t, "the pages are announced", func() bool { return strings.Contains(out.String(), "http://"+phone+"/") })
	until(t, "the phone can write", func() bool {
		resp, err := http.PostForm("http://"+phone+"/phone/messages", url.Values{"text": {"Is it open?"}})
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	stop()
	if err := <-done; err != nil {
		t.Errorf("the program ends with %v", err)
	}
}

// TestApp runs the app against a HubSpot that the environment names.
func TestApp(t *testing.T) {
	hs := hubspottest.New(hubspottest.Config{})
	if err := hs.Start(); err != nil {
		t.Fatal(err)
	}
	defer hs.Close()
	addr := freeAddr(t)
	env := map[string]string{
		"HUBSPOT_BASE_URL": hs.URL(), "HUBSPOT_CLIENT_ID": hs.ClientID(), "HUBSPOT_CLIENT_SECRET": hs.ClientSecret(),
		"HUBSPOT_APP_ID": "7100001", "HUBSPOT_DEVELOPER_KEY": hs.DeveloperKey(), "PUBLIC_URL": "http://" + addr + "/",
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out output
	done := make(chan error, 1)
	dir := t.TempDir()
	go func() {
		done <- run(ctx, []string{"-listen", addr, "-data", dir}, func(name string) string { return env[name] }, &out, &out)
	}()
	until(t, "the app is ready", func() bool {
		resp, err := http.Get("http://" + addr + "/hubspot/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	stop()
	if err := <-done; err != nil {
		t.Errorf("the program ends with %v", err)
	}
	if want := "Install the app with http://" + addr + "/hubspot/install"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("the program printed %q, want %q…", out.String(), want)
	}
}

// TestErrors reads what a user reads who started the program wrongly.
func TestErrors(t *testing.T) {
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	addr := taken.Listener.Addr().String()
	for name, test := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"an unknown flag":   {args: []string{"-x"}, want: "flag provided but not defined: -x; -h lists the flags"},
		"an argument":       {args: []string{"now"}, want: `unexpected argument "now"; -h lists the flags`},
		"a negative window": {args: []string{"-window", "-1h"}, want: "-window -1h0m0s is negative"},
		"a port is taken": {
			args: []string{"-listen", freeAddr(t), "-hubspot-listen", freeAddr(t), "-phone-listen", addr},
			want: addr + " is in use by another program; choose another address with -phone-listen",
		},
		"some variables": {
			env: map[string]string{"HUBSPOT_CLIENT_ID": "x", "HUBSPOT_APP_ID": "7", "PUBLIC_URL": "http://x"},
			want: "HUBSPOT_CLIENT_SECRET, HUBSPOT_DEVELOPER_KEY not set; set all of HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET, " +
				"HUBSPOT_APP_ID, HUBSPOT_DEVELOPER_KEY, PUBLIC_URL, or none to use the simulator",
		},
		"an app id that is no number": {
			env: map[string]string{"HUBSPOT_CLIENT_ID": "x", "HUBSPOT_CLIENT_SECRET": "x", "HUBSPOT_APP_ID": "seven",
				"HUBSPOT_DEVELOPER_KEY": "x", "PUBLIC_URL": "http://x"},
			want: `HUBSPOT_APP_ID "seven" is not a number`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out output
			err := run(t.Context(), test.args, func(name string) string { return test.env[name] }, &out, &out)
			if err == nil || err.Error() != test.want {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
		})
	}
	t.Run("help", func(t *testing.T) {
		var out output
		if err := run(t.Context(), []string{"-h"}, func(string) string { return "" }, &out, &out); err != nil {
			t.Error(err)
		}
		if !strings.Contains(out.String(), "-window") {
			t.Errorf("-h prints %q", out.String())
		}
	})
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

// until asks again and again until something has happened in another goroutine's servers.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited for a minute, but not: %s", what)
		}
	}
}
