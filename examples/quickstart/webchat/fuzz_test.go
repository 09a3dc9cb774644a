package webchat_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// FuzzPost: whatever comes in gets a clear answer, and what is refused leaves no file behind.
func FuzzPost(f *testing.F) {
	form := "multipart/form-data; boundary=b"
	part := func(name, body string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"x.png\"\r\n\r\n" + body + "\r\n"
	}
	f.Add("application/json", `{"id":"1","to":"nobody","text":"\u0000\ud800"}`)
	f.Add(form, part("message", `{"id":"1","text":"x"}`)+part("file", "content")+"--b--\r\n")
	f.Add(form, part("file", "first")+part("message", "{}")+"--b--\r\n")
	f.Add("text/html", "<p>")
	answers := []int{http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}
	dir := f.TempDir()
	c := open(f, dir, nil)
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequest("POST", "/bot/messages", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", "Bearer "+secret)
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		if !slices.Contains(answers, w.Code) { // no customer exists, so nothing can be accepted
			t.Errorf("status %d %s", w.Code, w.Body)
		}
		if n := countFiles(t, dir); n != 0 {
			t.Errorf("%d files were left behind", n)
		}
	})
}
