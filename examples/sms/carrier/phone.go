package carrier

import (
	_ "embed"
	"io"
	"net/http"
)

// customer is who owns the phone on the page.
const customer = "+14155550123"

//go:embed phone.html
var phonePage []byte

// maxPhoto is the size of one file from the phone, in bytes.
const maxPhoto = 5 << 20

// phoneHandler serves the page that is a customer's phone, and its data.
func (s *Service) phoneHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'")
		_, _ = w.Write(phonePage)
	})
	mux.HandleFunc("GET /phone/messages", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"customer": customer, "number": s.cfg.Number, "messages": s.Messages(customer)})
	})
	mux.HandleFunc("POST /phone/messages", s.phoneWrite)
	mux.HandleFunc("POST /phone/read", func(http.ResponseWriter, *http.Request) {
		for _, m := range s.Messages(customer) {
			if !m.Inbound && m.Status == "delivered" {
				s.Read(m.SID)
			}
		}
	})
	mux.HandleFunc("GET /phone/files/{id}", s.phoneFile)
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *Service) phoneWrite(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPhoto+1<<20)
	var files []File
	if f, header, err := r.FormFile("file"); err == nil {
		defer f.Close()
		content, err := io.ReadAll(f)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		files = append(files, File{Type: header.Header.Get("Content-Type"), Content: content})
	}
	text := r.FormValue("text")
	if text == "" && len(files) == 0 {
		http.Error(w, "write something, or choose a picture of at most 5 MB", http.StatusBadRequest)
		return
	}
	if _, err := s.Write(customer, text, files...); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
	}
}

// phoneFile shows a file without letting it act as a page of this server.
func (s *Service) phoneFile(w http.ResponseWriter, r *http.Request) {
	for _, m := range s.Messages(customer) {
		for _, f := range m.Files {
			if f.ID == r.PathValue("id") {
				w.Header().Set("Content-Type", f.Type)
				w.Header().Set("X-Content-Type-Options", "nosniff")
				w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
				_, _ = w.Write(f.Content)
				return
			}
		}
	}
	http.NotFound(w, r)
}
