package hubspottest

import (
	"embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
)

//go:embed page
var pageFiles embed.FS

// servePage serves the inbox page at the root. Anything else that is not there
// is not found.
func servePage() http.Handler {
	root, err := fs.Sub(pageFiles, "page")
	if err != nil {
		return http.NotFoundHandler() // cannot happen: the folder is embedded
	}
	files := http.FileServerFS(root)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		// The page shows what customers write, so nothing but its own files may run.
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; "+
			"frame-ancestors 'none'; base-uri 'none'; object-src 'none'")
		files.ServeHTTP(w, r)
	})
}

// pageRoutes are the data and actions of the page. They are open to whoever
// reaches the simulator, but not to other sites in the same browser.
func (s *Server) pageRoutes(mux *http.ServeMux) {
	own := http.NewServeMux()
	own.HandleFunc("GET /simulator/api/state", s.pageState)
	own.HandleFunc("GET /simulator/api/threads/{id}", s.pageThread)
	own.HandleFunc("POST /simulator/api/threads/{id}/reply", s.pageReplyTo)
	own.HandleFunc("POST /simulator/api/threads/{id}/status", s.pageSetStatus)
	own.HandleFunc("GET /simulator/api/files/{id}", s.pageFile)
	own.HandleFunc("POST /simulator/api/connect", s.pageConnect)
	own.HandleFunc("GET /simulator/journal", s.pageJournal)
	own.HandleFunc("DELETE /simulator/journal", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearJournal()
		w.WriteHeader(http.StatusNoContent)
	})
	own.HandleFunc("GET /simulator/events", s.serveEvents)
	mux.Handle("/simulator/", http.NewCrossOriginProtection().Handler(own))
}

type pageApp struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	ClientID   string `json:"clientId"`
	InstallURL string `json:"installUrl"`
}

type pagePortal struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Installed bool   `json:"installed"`
}

func (s *Server) pageState(w http.ResponseWriter, _ *http.Request) {
	var shown struct {
		App      pageApp    `json:"app"`
		Portal   pagePortal `json:"portal"`
		Agent    Agent      `json:"agent"`
		Channels []Channel  `json:"channels"`
		Accounts []Account  `json:"accounts"`
		Threads  []Thread   `json:"threads"`
	}
	s.view(func(st *state) {
		p := st.portals.get(portalKey(s.cfg.PortalID))
		shown.App = pageApp{ID: s.cfg.AppID, Name: s.cfg.AppName, ClientID: st.app().ClientID, InstallURL: s.installURL}
		shown.Portal = pagePortal{ID: p.ID, Name: p.Name, Installed: st.installs.get(portalKey(p.ID)) != nil}
		shown.Agent = p.Agents[0]
		shown.Channels = s.channelsShown()
		shown.Accounts = st.accountsShown(p.ID)
		shown.Threads = st.threadsShown(p.ID)
	})
	writeJSON(w, http.StatusOK, shown)
}

// pageThread shows a conversation, which the agent has read thereby.
func (s *Server) pageThread(w http.ResponseWriter, r *http.Request) {
	var shown struct {
		Thread   Thread    `json:"thread"`
		Messages []Message `json:"messages"`
	}
	err := s.update(func(tx *tx) error {
		t := tx.threads.get(r.PathValue("id"))
		if t == nil {
			return notFound("thread", r.PathValue("id"))
		}
		if t.Unread > 0 {
			t.Unread = 0
			tx.threads.put(tx, t.ID, t)
			tx.showThread(t)
		}
		shown.Thread, shown.Messages = tx.state.showThread(t), tx.messagesShown(t.ID)
		return nil
	})
	writeResult(w, http.StatusOK, shown, err)
}

func (s *Server) pageReplyTo(w http.ResponseWriter, r *http.Request) {
	rep, err := readReply(w, r)
	if err != nil {
		writeResult(w, 0, nil, err)
		return
	}
	m, err := s.Reply(r.PathValue("id"), *rep)
	writeResult(w, http.StatusCreated, m, err)
}

func readReply(w http.ResponseWriter, r *http.Request) (*Reply, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	if err := r.ParseMultipartForm(8 << 20); err != nil {
		return nil, invalid("The reply could not be read: %v", err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	rep := &Reply{Text: typed(r, "text"), RichText: typed(r, "richText")}
	for _, header := range r.MultipartForm.File["files"] {
		content, err := readPart(header)
		if err != nil {
			return nil, invalid("The file %s could not be read: %v", header.Filename, err)
		}
		rep.Files = append(rep.Files, Upload{Name: header.Filename, Content: content})
	}
	return rep, nil
}

func readPart(header *multipart.FileHeader) ([]byte, error) {
	f, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// typed returns a form's field with the line breaks that were typed: browsers
// send every one as CRLF.
func typed(r *http.Request, field string) string {
	return strings.ReplaceAll(r.FormValue(field), "\r\n", "\n")
}

func (s *Server) pageSetStatus(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Status string `json:"status"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&body)
	switch {
	case err != nil || body.Status != statusOpen && body.Status != statusClosed:
		err = invalid(`Send {"status":"OPEN"} or {"status":"CLOSED"}`)
	default:
		err = s.setThreadStatus(r.PathValue("id"), body.Status)
	}
	writeResult(w, http.StatusOK, struct{}{}, err)
}

// pageFile shows a file to the agent: pictures, sound and video in place, and
// everything else as a download, so that a customer's HTML never runs here.
func (s *Server) pageFile(w http.ResponseWriter, r *http.Request) {
	var f *file
	s.view(func(st *state) { f = st.files.get(r.PathValue("id")) })
	if f == nil {
		writeResult(w, 0, nil, notFound("file", r.PathValue("id")))
		return
	}
	content, err := s.fileContent(f.ID)
	if err != nil {
		writeResult(w, 0, nil, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.ContentType)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, max-age=3600")
	if family, _, _ := strings.Cut(f.ContentType, "/"); family != "image" && family != "audio" && family != "video" {
		h.Set("Content-Disposition", "attachment")
	}
	http.ServeContent(w, r, "", f.CreatedAt, strings.NewReader(string(content)))
}

func (s *Server) pageConnect(w http.ResponseWriter, r *http.Request) {
	a, err := s.InstallAndConnect(r.Context())
	if err != nil {
		writeJSON(w, http.StatusBadGateway, map[string]string{"message": sentence(err)})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"account": a})
}

// sentence is an error for somebody who looks at the page.
func sentence(err error) string {
	text := strings.TrimPrefix(err.Error(), "hubspottest: ")
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// pageJournal lists the entries of the operations asked for, the newest ones if
// there is a limit.
func (s *Server) pageJournal(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	entries := s.Journal(q["operation"]...)
	if limit, err := strconv.Atoi(q.Get("limit")); err == nil && limit >= 0 {
		entries = entries[max(len(entries)-limit, 0):]
	}
	writeJSON(w, http.StatusOK, entries)
}

func writeResult(w http.ResponseWriter, status int, v any, err error) {
	var refused *apiError
	switch {
	case errors.As(err, &refused):
		writeJSON(w, refused.status, map[string]string{"message": refused.Error()})
	case err != nil:
		writeJSON(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
	default:
		writeJSON(w, status, v)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := encodeJSON(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the page may be gone
}
