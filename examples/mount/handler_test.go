package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHandler sends requests through the whole router, with a bridge and pages that say what has reached them.
func TestHandler(t *testing.T) {
	var lines bytes.Buffer
	log := slog.New(slog.NewTextHandler(&lines, nil))
	hubspot := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hubspot/panic" {
			panic("oh")
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, "hubspot "+r.RequestURI+" "+string(body))
	})
	pages := (&shop{log: log}).pages()
	h := handler(hubspot, pages, log)
	for name, test := range map[string]struct {
		method, target, body, site string
		status                     int
		answer                     string
	}{
		"a webhook, byte by byte, without a session": {"POST", "/hubspot/webhook?a=%20b", "{ \"x\" :1}", "", 200, "hubspot /hubspot/webhook?a=%20b { \"x\" :1}"},
		"HubSpot's popup submits its form":           {"POST", "/hubspot/connect", "f=1", "cross-site", 200, "hubspot /hubspot/connect f=1"},
		"a panic":                                    {"POST", "/hubspot/panic", "", "", 500, "something went wrong\n"},
		"the orders without a session":               {"GET", "/", "", "", 303, ""},
		"a message without a session":                {"POST", "/messages", "text=x", "same-origin", 303, ""},
		"a form of another site":                     {"POST", "/messages", "text=x", "cross-site", 403, "cross-origin"},
		"the login":                                  {"GET", "/login", "", "", 200, "Order number"},
	} {
		r := httptest.NewRequest(test.method, test.target, strings.NewReader(test.body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if test.site != "" {
			r.Header.Set("Sec-Fetch-Site", test.site)
		}
		w := httptest.NewRecorder()
		lines.Reset()
		h.ServeHTTP(w, r)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.answer) {
			t.Errorf("%s: the answer is %d %q, want %d %q", name, w.Code, w.Body, test.status, test.answer)
		}
		id := w.Header().Get("X-Request-Id")
		logged := strings.Split(strings.TrimSpace(lines.String()), "\n")
		if line := logged[len(logged)-1]; id == "" || !strings.Contains(line, "msg=request id="+id) || strings.Contains(line, "?") {
			t.Errorf("%s: the id is %q, and the log says %q, want the id in it and no query", name, id, line)
		}
		if w.Code == http.StatusSeeOther && w.Header().Get("Location") != "/login" {
			t.Errorf("%s: leads to %q, want the login", name, w.Header().Get("Location"))
		}
	}
}

// TestAbort passes on what net/http understands.
func TestAbort(t *testing.T) {
	h := handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("the panic is %v, want ErrAbortHandler", got)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/hubspot/live", nil))
}

// TestErrors reads what a user reads who started the program wrongly.
func TestErrors(t *testing.T) {
	all := map[string]string{
		"HUBSPOT_CLIENT_ID": "x", "HUBSPOT_CLIENT_SECRET": "x", "HUBSPOT_APP_ID": "7", "HUBSPOT_DEVELOPER_KEY": "x", "PUBLIC_URL": "http://x",
	}
	for name, test := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"an unknown flag": {[]string{"-x"}, all, "flag provided but not defined: -x; -h lists the flags"},
		"an argument":     {[]string{"x"}, all, `unexpected argument "x"; -h lists the flags`},
		"no database":     {nil, all, "no database: give -database URL, or set DATABASE_URL"},
		"no HubSpot": {[]string{"-database", "postgres://127.0.0.1:1/x"}, nil,
			"HUBSPOT_CLIENT_ID is not set; examples/quickstart -hubspot-only prints what to set for a simulator"},
		"a database out of reach": {[]string{"-database", "postgres://127.0.0.1:1/x"}, all, "the database cannot be used: "},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), test.args, func(name string) string { return test.env[name] }, io.Discard, io.Discard)
			if err == nil {
				t.Fatalf("there is no error, want %s", test.want)
			}
			if line := oneLine(err); !strings.HasPrefix(line, test.want) || strings.Contains(line, "\n") {
				t.Errorf("the error is %s, want %s", line, test.want)
			}
		})
	}
}
