package hubspottest

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"
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
	own.HandleFunc("GET /simulator/api/state", s.page((*pageCall).state))
	own.HandleFunc("GET /simulator/api/files/{id}", s.pageFile)
	own.HandleFunc("GET /simulator/api/channels/{id}/logo", s.pageLogo)
	own.HandleFunc("GET /simulator/events", s.serveEvents)
	s.inboxRoutes(own)
	s.adminRoutes(own)
	s.developerRoutes(own)
	mux.Handle("/simulator/", http.NewCrossOriginProtection().Handler(own))
}

// pageCall is a request of the page: in a portal, by one of its users.
type pageCall struct {
	*Server
	w      http.ResponseWriter
	r      *http.Request
	portal int64
	user   User
}

// pageAnswer is what a page call answers with.
type pageAnswer struct {
	status int
	body   any
}

func ok(body any) (*pageAnswer, error) { return &pageAnswer{http.StatusOK, body}, nil }

func created(body any) (*pageAnswer, error) { return &pageAnswer{http.StatusCreated, body}, nil }

// done answers an action that has no result.
func done(err error) (*pageAnswer, error) { return &pageAnswer{http.StatusOK, struct{}{}}, err }

// page makes a handler of a page call.
func (s *Server) page(run func(*pageCall) (*pageAnswer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &pageCall{Server: s, w: w, r: r}
		err := c.enter()
		var a *pageAnswer
		if err == nil {
			a, err = run(c)
		}
		if err != nil {
			writeResult(w, 0, nil, err)
			return
		}
		writeJSON(w, a.status, a.body)
	}
}

// enter finds out who is at the page: the query's portal and user, or the
// Config's portal and its first user.
func (c *pageCall) enter() (err error) {
	if c.portal, err = c.pagePortal(c.r); err != nil {
		return err
	}
	actor := c.r.URL.Query().Get("user")
	c.view(func(st *state) {
		if actor == "" {
			c.user = st.portals.get(portalKey(c.portal)).Users[0]
		} else if u := st.user(c.portal, actor); u != nil {
			c.user = *u
		} else {
			err = notFound("user", actor)
		}
	})
	return err
}

// pagePortal is the portal that a page shows.
func (s *Server) pagePortal(r *http.Request) (portal int64, err error) {
	portal = s.cfg.PortalID
	if text := r.URL.Query().Get("portal"); text != "" {
		portal, _ = strconv.ParseInt(text, 10, 64)
	}
	s.view(func(st *state) {
		if st.portals.get(portalKey(portal)) == nil {
			err = notFound("portal", r.URL.Query().Get("portal"))
		}
	})
	return portal, err
}

// superAdmin reports whether the user may do what only a super-admin may.
func (c *pageCall) superAdmin() error {
	if c.user.SuperAdmin {
		return nil
	}
	return plainRefusal(http.StatusForbidden, "Only a super-admin can do this, and %s is none", c.user.Name)
}

// seated reports whether the user may see and set routing.
func (c *pageCall) seated() error {
	if c.user.Seat != "" {
		return nil
	}
	return plainRefusal(http.StatusForbidden, "Routing needs a Sales or Service seat, and %s has none", c.user.Name)
}

// decode reads a JSON body.
func (c *pageCall) decode(v any) error {
	if err := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, 1<<20)).Decode(v); err != nil {
		return invalid("The request could not be read as JSON: %v", err)
	}
	return nil
}

type pageApp struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	ClientID   string `json:"clientId"`
	InstallURL string `json:"installUrl"`
}

// pageRights is what the user may do.
type pageRights struct {
	Connect bool `json:"connect"` // install apps, connect and edit channels
	Route   bool `json:"route"`   // see and set routing
}

func (c *pageCall) state() (*pageAnswer, error) {
	var shown struct {
		App      pageApp    `json:"app"`
		Portal   Portal     `json:"portal"`
		Portals  []Portal   `json:"portals"`
		Agent    User       `json:"agent"` // who is at the page
		Can      pageRights `json:"can"`
		Users    []User     `json:"users"`
		Teams    []string   `json:"teams"`
		Inboxes  []Inbox    `json:"inboxes"`
		Channels []Channel  `json:"channels"`
		Accounts []Account  `json:"accounts"`
		Threads  []Thread   `json:"threads"`
		Now      time.Time  `json:"now"`
	}
	c.view(func(st *state) {
		p := st.portals.get(portalKey(c.portal))
		shown.App = pageApp{ID: c.cfg.AppID, Name: c.cfg.AppName, ClientID: st.app().ClientID, InstallURL: c.installURL}
		shown.Portal, shown.Portals = st.showPortal(p), c.portalsShown()
		shown.Agent, shown.Can = c.user, pageRights{Connect: c.user.SuperAdmin, Route: c.user.Seat != ""}
		shown.Users, shown.Teams, shown.Inboxes = p.Users, st.teams(p.ID), st.inboxesShown(p.ID)
		shown.Channels = []Channel{}
		if shown.Portal.Installed { // elsewhere nobody can connect them
			shown.Channels = c.channelsShown()
		}
		shown.Accounts = st.accountsShown(p.ID)
		shown.Threads = st.threadsShown(ThreadQuery{PortalID: p.ID})
		shown.Now = c.now()
	})
	return ok(shown)
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

// sentence is an error for somebody who looks at the page.
func sentence(err error) string {
	text := strings.TrimPrefix(err.Error(), "hubspottest: ")
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
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
