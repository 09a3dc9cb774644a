package bridge

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed connect.html
var connectHTML string

var connectPage = template.Must(template.New("connect").Parse(connectHTML))

// form is the form of a step.
func (p *popup) form(ctx context.Context, s *step) (form *ConnectForm, err error) {
	if form = s.Form; form == nil {
		form, err = p.connector.ConnectForm(ctx, &ConnectRequest{PortalID: p.PortalID, InboxID: p.InboxID, UserID: p.UserID})
	}
	if err == nil {
		err = form.check()
	}
	return form, err
}

// noForm says why there is no form.
func (p *popup) noForm(w http.ResponseWriter, err error) {
	if rejected, ok := errors.AsType[*rejection](err); ok {
		p.connectError(w, http.StatusForbidden, rejected.reason)
		return
	}
	p.log.Error("connect: no form", "portal", p.PortalID, "error", err)
	p.connectError(w, http.StatusInternalServerError, "The form cannot be shown. Please try again later.")
}

// show shows the form of a step, with what the admin entered but for passwords, and with what is wrong. The form is bound to
// this browser and to this popup, so that no other page can submit it.
func (p *popup) show(w http.ResponseWriter, r *http.Request, status int, s *step, wrong problems) {
	form, err := p.form(r.Context(), s)
	if err != nil {
		p.noForm(w, err)
		return
	}
	p.nameBrowser(w)
	proof, err := p.sealStep(s, p.id())
	if err != nil {
		p.noForm(w, err)
		return
	}
	if p.Values != nil || p.Query != nil {
		// A page that cannot be asked for again is kept by the browser, for an admin who goes back to it.
		w.Header().Set("Cache-Control", "private, no-cache")
	}
	p.render(w, status, p.redirect, p.view(form, proof, wrong))
}

// showConnected is for an admin who goes back after the account was connected.
func (p *popup) showConnected(w http.ResponseWriter, account string) {
	p.render(w, http.StatusOK, "", &connectView{
		Title: account + " is connected", Portal: p.PortalID, Link: p.redirect, Next: "Continue in HubSpot",
	})
}

// showLeaving sends the admin to a page of the messaging service. It is no redirect, since browsers would hold that against
// the policy of the form; the link is for browsers that do not go by themselves.
func (p *popup) showLeaving(w http.ResponseWriter, to *url.URL) {
	w.Header().Set("Refresh", "0; url="+to.String())
	p.render(w, http.StatusOK, "", &connectView{
		Title: "On to " + to.Host, Portal: p.PortalID, Link: to.String(), Next: "Continue to " + to.Host,
	})
}

func (b *Bridge) connectError(w http.ResponseWriter, status int, problem string) {
	b.render(w, status, "", &connectView{Problem: problem})
}

func (b *Bridge) render(w http.ResponseWriter, status int, redirect string, v *connectView) {
	v.Title = cmp.Or(v.Title, strings.TrimSpace("Connect "+b.cfg.Definition.Name))
	var page bytes.Buffer
	if err := connectPage.Execute(&page, v); err != nil {
		b.log.Error("connect page", "error", err)
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", cmp.Or(h.Get("Cache-Control"), "no-store"))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", connectPolicy(redirect))
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}

// connectPolicy lets the page do nothing but show its form. Browsers hold a form's redirects against form-action too, and
// HubSpot may send the admin on from one of its hosts to another.
func connectPolicy(redirect string) string {
	action := "'self'"
	if u, err := url.Parse(redirect); err == nil && u.Host != "" {
		action += " " + u.Scheme + "://" + u.Host
		if strings.HasSuffix(u.Host, ".hubspot.com") {
			action += " https://*.hubspot.com"
		}
	}
	_, style, _ := strings.Cut(connectHTML, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action " + action +
		"; base-uri 'none'; frame-ancestors 'none'"
}
