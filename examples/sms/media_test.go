package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// TestFilesAreNotPages asks the outbox for what nobody was given an address of.
func TestFilesAreNotPages(t *testing.T) {
	dir := t.TempDir()
	files, err := openOutbox(filepath.Join(dir, "files"), appURL, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer files.close()
	if err := os.MkdirAll(filepath.Join(dir, "files", "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.html", "a b.gif"} {
		if err := os.WriteFile(filepath.Join(dir, "files", "d", name), []byte("GIF89a"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+filesPath+"{dir}/{name}", files)
	for path, want := range map[string]int{
		"d/a%20b.gif":                    http.StatusOK,
		"d/index.html":                   http.StatusOK,
		"d/none.gif":                     http.StatusNotFound,
		"d/..%2F..%2Ffiles.key":          http.StatusNotFound,
		"d/%2e%2e":                       http.StatusNotFound,
		"..%2Ffiles/..%2Fd":              http.StatusNotFound,
		"%2e%2e/files.key":               http.StatusNotFound,
		"d%2F..%2Fd/a%20b.gif":           http.StatusNotFound,
		"d/a%20b.gif%00/../x":            http.StatusNotFound,
		"d/" + strings.Repeat("x", 5000): http.StatusNotFound,
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", filesPath+path, nil))
		if got := w.Code; got != want && (want == http.StatusOK || got < 300) {
			t.Errorf("%.40s is answered %d, want %d", path, got, want)
		}
	}
}

// TestOldFilesGo keeps a file for as long as the service may need it.
func TestOldFilesGo(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	files, err := openOutbox(dir, appURL, func() time.Time { return now }, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer files.close()
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	left := func(after time.Duration) int {
		now = time.Now().Add(after)
		if err := files.removeOld(); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	check(t, "files after an hour", 1, left(time.Hour))
	check(t, "files after a day", 0, left(25*time.Hour))
}

// TestOpenStrangers has the app fetch nothing from elsewhere, where it would leave the account's token.
func TestOpenStrangers(t *testing.T) {
	c := &smsChannel{api: &client{base: "https://sms.test", http: &http.Client{Transport: hosts{}}}}
	account := &bridge.Account{Credentials: []byte(`{"AccountSID":"AC1","AuthToken":"t"}`)}
	for _, ref := range []string{"https://evil.test/x", "https://sms.test.evil.test/x", "http://sms.test/x", "https://sms.test@evil.test/x", "file:///etc/passwd", ""} {
		if _, err := c.Open(t.Context(), account, ref); err == nil || !strings.Contains(err.Error(), "not at the SMS service") {
			t.Errorf("opening %q: %v, want it refused", ref, err)
		}
	}
}
