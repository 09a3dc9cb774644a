// Package video passes a large file through an app that has little memory.
package video

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

const (
	size     = 100 << 20
	mayTake  = 64 << 20 // bytes of memory
	patience = 2 * time.Minute
)

// film is as long as size and different everywhere.
func film() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{1}), size) }

func sumOf(r io.Reader) string {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return fmt.Sprintf("%d bytes %x %v", n, h.Sum(nil), err)
}

// program is the built app. It is no child of the test's own binary, whose race detector takes memory too.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "video-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program = dir + "/app"
		build := exec.Command("go", "build", "-race=false", "-o", program, "./app")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "building the app:", err)
			return 1
		}
		return m.Run()
	}())
}

// setup is what the app is told.
type setup struct {
	Dir, Listen, Service, HubSpot string
	ClientID, Secret, Key         string
	AppID                         int64
	MaxIncoming, MaxFile          int64
}

// world is HubSpot and a messaging service, in the test's process, around an app in one of its own.
type world struct {
	t       *testing.T
	hubspot *hubspottest.Server
	setup   setup
	app     *exec.Cmd
	process atomic.Pointer[os.Process] // the app's
	sent    chan string                // what the service got

	cut atomic.Int64 // how far an upload may get before the app is killed; 0 means to its end
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, sent: make(chan string, 10)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w.setup.Listen = listener.Addr().String()
	must(t, listener.Close())
	hubspot := httptest.NewUnstartedServer(http.HandlerFunc(w.serveHubSpot))
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { w.sent <- r.URL.Path + " " + sumOf(r.Body) }))
	t.Cleanup(service.Close)
	w.hubspot = hubspottest.New(hubspottest.Config{URL: "http://" + hubspot.Listener.Addr().String(), InstallURL: "http://" + w.setup.Listen + "/hubspot/install",
		RedirectURLs: []string{"http://" + w.setup.Listen + "/hubspot/oauth/callback"}})
	hubspot.Start()
	t.Cleanup(hubspot.Close)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.hubspot.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
		must(t, w.hubspot.Close())
	})
	w.setup = setup{Dir: t.TempDir(), Listen: w.setup.Listen, Service: service.URL, HubSpot: hubspot.URL, ClientID: w.hubspot.ClientID(),
		Secret: w.hubspot.ClientSecret(), Key: w.hubspot.DeveloperKey(), AppID: w.hubspot.AppID(), MaxIncoming: size, MaxFile: size}
	w.start()
	w.until("the channel is registered", func() bool { return w.get("/hubspot/ready") == "ready\n" })
	_, err = w.hubspot.InstallAndConnect(t.Context())
	must(t, err)
	return w
}

// serveHubSpot kills the app in the middle of an upload, if it is meant to be.
func (w *world) serveHubSpot(rw http.ResponseWriter, r *http.Request) {
	if n := w.cut.Load(); n > 0 && strings.HasSuffix(r.URL.Path, "/files") {
		w.cut.Store(0)
		_, _ = io.CopyN(io.Discard, r.Body, n)
		if err := w.process.Load().Kill(); err != nil {
			w.t.Error(err)
		}
		return
	}
	w.hubspot.ServeHTTP(rw, r)
}

func (w *world) start() {
	w.t.Helper()
	encoded, err := json.Marshal(w.setup)
	must(w.t, err)
	w.app = exec.Command(program)
	w.app.Env = append(os.Environ(), "APP_SETUP="+string(encoded))
	w.app.Stderr = os.Stderr
	must(w.t, w.app.Start())
	w.process.Store(w.app.Process)
	app := w.app
	w.t.Cleanup(func() { _ = app.Process.Kill() })
}

func (w *world) get(path string) string {
	resp, err := http.Get("http://" + w.setup.Listen + path)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

func (w *world) until(what string, reached func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("it did not come to this: %s", what)
		}
	}
}

// film hands the film to the app as the customer's message.
func (w *world) film(id string) {
	w.t.Helper()
	resp, err := http.Post("http://"+w.setup.Listen+"/video?id="+id, "video/mp4", film())
	must(w.t, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		w.t.Fatalf("Receive: %s", body)
	}
}

// thread returns the id of the conversation once it has so many messages.
func (w *world) thread(messages int) string {
	w.t.Helper()
	w.until(fmt.Sprintf("%d messages are in the inbox", messages), func() bool {
		threads := w.hubspot.Threads()
		return len(threads) > 0 && len(w.hubspot.Messages(threads[0].ID)) >= messages
	})
	return w.hubspot.Threads()[0].ID
}

// checkFilm compares what the agent can open.
func (w *world) checkFilm(m hubspottest.Message) {
	w.t.Helper()
	if len(m.Attachments) != 1 {
		w.t.Fatalf("the message has %d attachments, want the film: %q", len(m.Attachments), m.Text)
	}
	resp, err := http.Get(w.setup.HubSpot + "/simulator/api/files/" + m.Attachments[0].FileID)
	must(w.t, err)
	defer resp.Body.Close()
	if got, want := sumOf(resp.Body), sumOf(film()); got != want {
		w.t.Errorf("the agent gets %s, want %s", got, want)
	}
}

func (w *world) checkMemory() {
	w.t.Helper()
	peak, err := strconv.ParseInt(w.get("/memory"), 10, 64)
	must(w.t, err)
	w.t.Logf("the app took %d KiB at most", peak)
	if peak<<10 > mayTake {
		w.t.Errorf("the app took %d KiB at its peak, want at most %d", peak, mayTake>>10)
	}
}

func TestIncoming(t *testing.T) {
	w := newWorld(t)
	w.film("1")
	w.checkFilm(w.hubspot.Messages(w.thread(1))[0])
	w.checkMemory()
}

func TestOutgoing(t *testing.T) {
	w := newWorld(t)
	resp, err := http.Post("http://"+w.setup.Listen+"/video?id=1", "video/mp4", strings.NewReader("short"))
	must(t, err)
	must(t, resp.Body.Close())
	var content bytes.Buffer
	_, err = content.ReadFrom(film())
	must(t, err)
	thread := w.thread(1)
	_, err = w.hubspot.Reply(thread, hubspottest.Reply{Files: []hubspottest.Upload{{Name: "answer.mp4", Content: content.Bytes()}}})
	must(t, err)
	if got, want := <-w.sent, "/answer.mp4 "+sumOf(film()); got != want {
		t.Errorf("the service got %s, want %s", got, want)
	}
	w.until("the reply is sent", func() bool { return w.hubspot.Messages(thread)[1].Status == "SENT" })
	w.checkMemory()
}

// An upload that a crash has cut off begins again, and makes one message.
func TestKilledWhileUploading(t *testing.T) {
	w := newWorld(t)
	w.cut.Store(size / 3)
	w.film("1")
	_ = w.app.Wait() // it is killed
	w.start()
	w.until("the app is back", func() bool { return w.get("/hubspot/ready") == "ready\n" })
	w.film("1") // the service did not get an answer, perhaps, and sends it again
	messages := w.hubspot.Messages(w.thread(1))
	w.checkFilm(messages[0])
	w.until("nothing is left to do", func() bool { return len(w.hubspot.Journal("message.publish")) == 1 })
	if len(messages) != 1 {
		t.Errorf("the agent sees %d messages, want 1", len(messages))
	}
	w.checkMemory()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
