package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestPhone types two lines, of which the app takes one, and lets the app send two messages, of which the phone takes one.
func TestPhone(t *testing.T) {
	var got []string
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.PostFormValue("from")+" "+r.PostFormValue("text"))
		if r.PostFormValue("text") == "Two" {
			http.Error(w, "not now", http.StatusServiceUnavailable)
		}
	}))
	defer app.Close()
	var shown bytes.Buffer
	p := &phone{app: app.URL, key: "k", out: &shown}
	receive := func(key, text string) int {
		form := url.Values{"key": {key}, "id": {"7"}, "from": {shop}, "text": {text}}
		r := httptest.NewRequest("POST", "/", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w.Code
	}

	p.typeAll(strings.NewReader("One\n\nTwo\n"))
	if want := []string{customer + " One", customer + " Two"}; strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("the app got %q, want %q", got, want)
	}
	if code := receive("k", "Hello"); code != http.StatusOK {
		t.Errorf("a message is answered %d, want 200", code)
	}
	if code := receive("x", "Hello"); code != http.StatusUnauthorized {
		t.Errorf("a message with a wrong key is answered %d, want 401", code)
	}
	p.typeAll(strings.NewReader("/block\n"))
	if code := receive("k", "Are you there?"); code != http.StatusForbidden {
		t.Errorf("a message to a phone that has blocked us is answered %d, want 403", code)
	}
	if want := "(not sent: not now)\n" + shop + ": Hello\n"; shown.String() != want {
		t.Errorf("the phone shows %q, want %q", shown.String(), want)
	}
}
