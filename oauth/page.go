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
	if cause != nil {
		a.logger().WarnContext(r.Context(), "install failed", "status", status, "error", cause)
	}
	p := &page{Status: status, Title: title, Text: text}
	if title != titleUnready {
		p.Again = a.RedirectURL // without parameters, the callback starts an install
	}
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
