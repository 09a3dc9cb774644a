package webchat

import (
	"bytes"
	"embed"
	"html/template"
	"math/rand/v2"
	"net/http"
)

//go:embed page
var pageFS embed.FS

// policy lets the page run and load nothing but what comes from here; blob: is for pictures not yet sent.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; " +
	"connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// pageHandler serves the chat window. All that differs between customers comes later, through the stream.
func (s *Service) pageHandler() (http.Handler, error) {
	t, err := template.ParseFS(pageFS, "page/chat.html")
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := t.Execute(&page, s.cfg.Name); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		_, _ = w.Write(page.Bytes())
	}), nil
}

// serveAsset serves the page's scripts, style and icon.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, pageFS, "page/"+r.PathValue("name"))
}

var (
	adjectives = []string{"Amber", "Brave", "Calm", "Clever", "Coral", "Gentle", "Golden", "Happy", "Jolly", "Kind",
		"Lucky", "Merry", "Misty", "Nimble", "Quiet", "Rosy", "Silver", "Sunny", "Swift", "Witty"}
	animals = []string{"Badger", "Bear", "Crane", "Dolphin", "Falcon", "Finch", "Fox", "Hare", "Heron", "Koala",
		"Lark", "Lynx", "Otter", "Owl", "Panda", "Puffin", "Robin", "Seal", "Swan", "Wren"}
)

// friendlyName is what a customer is called until she says otherwise.
func friendlyName() string {
	return adjectives[rand.IntN(len(adjectives))] + " " + animals[rand.IntN(len(animals))]
}
