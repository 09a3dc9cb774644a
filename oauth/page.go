package oauth

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
)

const (
	titleUnready = "The app is not ready"
	titleRefused = "HubSpot did not install the app"
	textSeeLog   = "The operator of this app finds the reason in its log."
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string

	pageTemplate = template.Must(template.New("page").Parse(pageHTML))

	// Nothing but the style of the page itself is let in.
	pagePolicy = "default-src 'none'; style-src 'sha256-" + hash(pageCSS) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// A page is what an admin reads at the end of an install.
type page struct {
	Status  int
	Good    bool
	Title   string
	Text    string
	Missing []string // scopes not granted
	Again   string   // where to start anew, or empty
	Style   template.CSS
}

// fail shows that something did not work, with a link to start again where there is a point, and logs the cause.
func (a *App) fail(w http.ResponseWriter, r *http.Request, status int, title, text string, cause error) {
	again := a.RedirectURL // without parameters, the callback starts an install
	if title == titleUnready {
		again = ""
	}
	a.failed(w, r, again, &page{Status: status, Title: title, Text: text}, cause)
}

// failFlow is fail for a flow that cannot go on. Its link begins the flow anew, and leads to where that was to lead.
func (a *App) failFlow(w http.ResponseWriter, r *http.Request, f *flow, status int, title, text string, cause error) {
	again := a.RedirectURL
	if f != nil && !f.Market {
		anew := newFlow(InstallRequest{PortalID: f.PortalID, ReturnTo: f.ReturnTo, Data: f.Data}, a.now())
		target, err := a.consentURL(anew.PortalID, anew.State)
		if err == nil {
			err = a.setFlow(w, anew)
		}
		if err == nil {
			again = target
		}
	}
	a.failed(w, r, again, &page{Status: status, Title: title, Text: text}, cause)
}

func (a *App) failed(w http.ResponseWriter, r *http.Request, again string, p *page, cause error) {
	if cause != nil {
		a.logger().WarnContext(r.Context(), "install failed", "status", p.Status, "error", cause)
	}
	p.Again = again
	a.show(w, r, p)
}

func (a *App) show(w http.ResponseWriter, r *http.Request, p *page) {
	p.Style = template.CSS(pageCSS)
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, p); err != nil {
		a.logger().ErrorContext(r.Context(), "rendering a page failed", "error", err)
		http.Error(w, p.Title, p.Status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = body.WriteTo(w)
}
