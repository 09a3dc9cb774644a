package webchat_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var png = append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{0, 1, 2, 255}, 50_000)...)

func TestFiles(t *testing.T) {
	a := newApp(t, nil)
	dir := t.TempDir()
	c := open(t, dir, a)
	p, other := newPage(t, c), newPage(t, c)
	s := p.stream(nil)
	customer := receive(t, s.states).Customer
	files := []upload{
		{"Straße 写真.png", "image/png", png},
		{"no type", "", png},
		{"page.html", "text/html; charset=utf-8", []byte("<script>alert(1)</script>")},
		{"drawing.svg", "image/svg+xml", []byte("<svg onload='alert(1)'/>")},
		{"../../etc/pass\u202ewd", "application/octet-stream", []byte("plain words")},
		{"empty.mp3", "audio/mpeg", nil},
	}
	wantNames := []string{"Straße 写真.png", "no type", "page.html", "drawing.svg", "passwd", "empty.mp3"}
	wantTypes := []string{"image/png", "image/png", "text/html; charset=utf-8", "image/svg+xml", "text/plain; charset=utf-8", "audio/mpeg"}
	wantKinds := []string{"image", "image", "file", "file", "file", "audio"}

	status, body := postForm(t, p.http, c.URL+"/chat/messages", "", map[string]string{"id": "1"}, files...)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	postForm(t, p.http, c.URL+"/chat/messages", "", map[string]string{"id": "1"}, files...) // leaves nothing behind
	e, m := a.next(t), receive(t, s.messages)
	for i, f := range files {
		got := e.Files[i]
		if got.Name != wantNames[i] || got.ContentType != wantTypes[i] || got.Size != int64(len(f.content)) {
			t.Errorf("the app was told of %+v, want %s, %s", got, wantNames[i], wantTypes[i])
		}
		if m.Files[i].Kind != wantKinds[i] || m.Files[i].Name != wantNames[i] {
			t.Errorf("the page was told of %+v, want %s", m.Files[i], wantKinds[i])
		}
		botGet, _ := http.NewRequest("GET", c.URL+got.URL, nil)
		botGet.Header.Set("Authorization", "Bearer "+secret)
		if status, body := send(t, http.DefaultClient, botGet); status != http.StatusOK || body != string(f.content) {
			t.Errorf("%s: the app got %d and %d bytes", f.name, status, len(body))
		}
		checkServedSafely(t, p, m.Files[i].URL, m.Files[i].Kind, f.content)
		if status, _ := other.do("GET", m.Files[i].URL, nil); status != http.StatusNotFound {
			t.Errorf("%s: another customer got %d", f.name, status)
		}
	}
	status, body = postForm(t, http.DefaultClient, c.URL+"/bot/messages", secret,
		map[string]string{"id": "1", "to": customer.ID, "text": "here it is"}, files[0])
	if status != http.StatusOK {
		t.Fatalf("bot: %d %s", status, body)
	}
	if m := receive(t, s.messages); m.Text != "here it is" || len(m.Files) != 1 || m.Name != "Tom & <Jerry>" {
		t.Errorf("the page got %+v", m)
	}
	if got := countFiles(t, dir); got != len(files)+1 {
		t.Errorf("%d files are stored, want %d", got, len(files)+1)
	}
}

// checkServedSafely: what a customer or agent sent must never run with the page's rights.
func checkServedSafely(t *testing.T, p *page, url, kind string, content []byte) {
	t.Helper()
	res, err := p.http.Get(p.c.URL + url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK || !bytes.Equal(body, content) {
		t.Errorf("%s: %s with %d bytes", url, res.Status, len(body))
	}
	h := res.Header
	if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%s: unsafe header %v", url, h)
	}
	saved := strings.HasPrefix(h.Get("Content-Disposition"), "attachment") && h.Get("Content-Type") == "application/octet-stream"
	if shown := strings.HasPrefix(h.Get("Content-Disposition"), "inline"); saved != (kind == "file") || shown == saved {
		t.Errorf("%s of kind %s: Content-Type %s, Content-Disposition %s", url, kind, h.Get("Content-Type"), h.Get("Content-Disposition"))
	}
}

func countFiles(t testing.TB, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestFilesOfNoMessageAreSwept(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir, nil)
	p := newPage(t, c)
	if status, body := postForm(t, p.http, c.URL+"/chat/messages", "", map[string]string{"id": "1"}, upload{"a.png", "image/png", png}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	c.stop()
	if err := os.WriteFile(filepath.Join(dir, "files", "LEFTOVER"), png, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir, nil)
	if got := countFiles(t, dir); got != 1 {
		t.Errorf("%d files after the start, want 1", got)
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir, nil)
	p := newPage(t, c)
	customer := receive(t, p.stream(nil).states).Customer.ID
	large := upload{"large.bin", "image/png", make([]byte, 25<<20+1)}
	small := upload{"small.png", "image/png", png}
	many := make([]upload, 11)
	for i := range many {
		many[i] = small
	}
	message := func(kv ...string) map[string]string {
		m := map[string]string{"id": "1", "to": customer, "text": "x"}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return m
	}
	tests := []struct {
		name    string
		bearer  string
		message any
		files   []upload
		want    int
		says    string
	}{
		{"no bearer", "", message(), nil, http.StatusUnauthorized, "bearer"},
		{"wrong bearer", secret + "x", message(), nil, http.StatusUnauthorized, "bearer"},
		{"unknown customer", secret, message("to", "nobody"), []upload{small}, http.StatusNotFound, "unknown customer"},
		{"no id", secret, message("id", ""), []upload{small}, http.StatusBadRequest, "id must"},
		{"long id", secret, message("id", strings.Repeat("x", 201)), nil, http.StatusBadRequest, "id must"},
		{"empty", secret, message("text", ""), nil, http.StatusBadRequest, "empty"},
		{"blank", secret, message("text", " \n\t "), nil, http.StatusBadRequest, "empty"},
		{"long text", secret, message("text", strings.Repeat("x", 64<<10+1)), []upload{small}, http.StatusRequestEntityTooLarge, "text is longer"},
		{"endless text", secret, message("text", strings.Repeat("x", 2<<20)), nil, http.StatusRequestEntityTooLarge, "too long"},
		{"not an object", secret, "hello", nil, http.StatusBadRequest, "JSON"},
		{"large file", secret, message(), []upload{small, large}, http.StatusRequestEntityTooLarge, "25 MiB"},
		{"many files", secret, message(), many, http.StatusRequestEntityTooLarge, "10 files"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body := postForm(t, http.DefaultClient, c.URL+"/bot/messages", tt.bearer, tt.message, tt.files...)
			if status != tt.want || !strings.Contains(body, tt.says) {
				t.Errorf("got %d %s, want %d with %q", status, body, tt.want, tt.says)
			}
			if n := countFiles(t, dir); n != 0 {
				t.Errorf("%d files were left behind", n)
			}
		})
	}
	if status, body := p.do("GET", "/chat/history?before=1000", nil); status != http.StatusOK || strings.TrimSpace(body) != `{"messages":[]}` {
		t.Errorf("after all refusals: %d %s", status, body)
	}
}

func TestMalformedBodies(t *testing.T) {
	c := open(t, t.TempDir(), nil)
	p := newPage(t, c)
	form := "multipart/form-data; boundary=b"
	for _, tt := range []struct {
		contentType, body string
		want              int
	}{
		{"text/plain", "hello", http.StatusUnsupportedMediaType},
		{"", "", http.StatusUnsupportedMediaType},
		{"application/json", `{"id":`, http.StatusBadRequest},
		{"multipart/form-data", "", http.StatusBadRequest},
		{form, "", http.StatusBadRequest},
		{form, "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n", http.StatusBadRequest},
		{form, "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{\"id\":\"1\",\"text\":\"x\"}\r\n--b\r\n" +
			"Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut off", http.StatusBadRequest},
	} {
		req, err := http.NewRequest("POST", c.URL+"/chat/messages", strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", tt.contentType)
		if status, body := send(t, p.http, req); status != tt.want {
			t.Errorf("%s %q: %d %s, want %d", tt.contentType, tt.body, status, body, tt.want)
		}
	}
	for _, path := range []string{"/chat/read", "/chat/me"} {
		method := map[string]string{"/chat/read": "POST", "/chat/me": "PATCH"}[path]
		if status, body := p.do(method, path, []int{1}); status != http.StatusBadRequest {
			t.Errorf("%s %s: %d %s", method, path, status, body)
		}
	}
	for _, name := range []string{"", "  ", "a\nb", strings.Repeat("x", 61)} {
		if status, body := p.do("PATCH", "/chat/me", map[string]string{"name": name}); status != http.StatusBadRequest {
			t.Errorf("name %q: %d %s", name, status, body)
		}
	}
}

// TestOtherSites: another site's page sends the customer's cookie along.
func TestOtherSites(t *testing.T) {
	c := open(t, t.TempDir(), nil)
	p := newPage(t, c)
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}},
	} {
		req, err := http.NewRequest("POST", c.URL+"/chat/messages", strings.NewReader(`{"id":"1","text":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		req.Header.Set("Content-Type", "application/json")
		if status, _ := send(t, p.http, req); status != http.StatusForbidden {
			t.Errorf("%v: %d", header, status)
		}
	}
	stranger := &page{t: t, c: c, http: http.DefaultClient}
	if status, _ := stranger.do("POST", "/chat/messages", map[string]string{"id": "1", "text": "x"}); status != http.StatusUnauthorized {
		t.Errorf("without a cookie: %d", status)
	}
}

func TestPageIsClosedToInjection(t *testing.T) {
	c := open(t, t.TempDir(), nil)
	res, err := http.Get(c.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if !bytes.Contains(body, []byte("<h1>Tom &amp; &lt;Jerry&gt;</h1>")) {
		t.Errorf("the name is not escaped:\n%s", body)
	}
	policy := res.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %s", policy)
	}
	for _, id := range []string{"customer-input", "customer-send", "customer-file", "customer-messages", "customer-block"} {
		if !bytes.Contains(body, fmt.Appendf(nil, "data-testid=%q", id)) {
			t.Errorf("the page has no %s", id)
		}
	}
	for _, name := range []string{"chat.js", "view.js", "outbox.js", "chat.css", "icon.svg"} {
		status, script := send(t, http.DefaultClient, must(http.NewRequest("GET", c.URL+"/assets/"+name, nil)))
		if status != http.StatusOK {
			t.Errorf("%s: %d", name, status)
		}
		for _, word := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("} {
			if strings.Contains(script, word) {
				t.Errorf("%s uses %s", name, word)
			}
		}
	}
}

func must(r *http.Request, err error) *http.Request {
	if err != nil {
		panic(err)
	}
	return r
}

func TestName(t *testing.T) {
	c := open(t, t.TempDir(), nil)
	p := newPage(t, c)
	s := p.stream(nil)
	if first := receive(t, s.states).Customer.Name; first == "" {
		t.Error("a new customer has no name")
	}
	if status, body := p.do("PATCH", "/chat/me", map[string]string{"name": "  Zoë 𝒳 "}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if diff := cmp.Diff("Zoë 𝒳", receive(t, s.states).Customer.Name); diff != "" {
		t.Error(diff)
	}
}
