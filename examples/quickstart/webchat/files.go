package webchat

import (
	"database/sql"
	"errors"
	"mime"
	"net/http"
	"time"
)

// shown are the types that the page shows by itself, and how. All others are only ever saved: an SVG or HTML file
// opened here would run with the page's rights.
var shown = map[string]string{
	"image/avif": "image", "image/gif": "image", "image/jpeg": "image", "image/png": "image", "image/webp": "image",
	"audio/aac": "audio", "audio/mp4": "audio", "audio/mpeg": "audio", "audio/ogg": "audio", "audio/wav": "audio",
	"audio/webm": "audio", "audio/x-wav": "audio", "audio/x-m4a": "audio", "audio/flac": "audio",
	"video/mp4": "video", "video/ogg": "video", "video/quicktime": "video", "video/webm": "video",
}

// kindOf is "image", "audio", "video" or "file".
func kindOf(contentType string) string {
	base, _, err := mime.ParseMediaType(contentType)
	if kind := shown[base]; kind != "" && err == nil {
		return kind
	}
	return "file"
}

// forPage completes what the customer's page needs to show a message.
func forPage(m *message) *message {
	for i := range m.Files {
		f := &m.Files[i]
		f.URL, f.Kind = "/chat/files/"+f.ID, kindOf(f.ContentType)
	}
	if m.From == fromAgent {
		m.ClientID = "" // the app's own affair
	}
	return m
}

func (s *Service) serveCustomerFile(w http.ResponseWriter, r *http.Request, c *customer) {
	f, err := s.store.file(r.Context(), r.PathValue("id"), c.ID)
	if err == nil && kindOf(f.ContentType) == "file" {
		f.ContentType = "application/octet-stream"
	}
	s.serveFile(w, r, f, err)
}

func (s *Service) serveBotFile(w http.ResponseWriter, r *http.Request) {
	f, err := s.store.file(r.Context(), r.PathValue("id"), "")
	s.serveFile(w, r, f, err)
}

func (s *Service) serveFile(w http.ResponseWriter, r *http.Request, f *file, err error) {
	if errors.Is(err, sql.ErrNoRows) {
		err = &httpError{http.StatusNotFound, "no such file"}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	content, err := s.blobs.open(f.ID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer content.Close()
	disposition := "attachment"
	if kindOf(f.ContentType) != "file" {
		disposition = "inline"
	}
	h := w.Header()
	h.Set("Content-Type", f.ContentType)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": f.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, content)
}
