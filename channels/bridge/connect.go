package bridge

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/oauth"
)

// Connector is implemented by a [Channel] whose accounts admins connect in HubSpot's settings. HubSpot opens a
// popup of 600×600 pixels on the bridge's page, which shows the form and hands what was entered to Connect.
// Without it the page says that accounts cannot be connected there.
type Connector interface {
	// ConnectForm returns what the admin is asked for.
	ConnectForm(ctx context.Context, r *ConnectRequest) (*ConnectForm, error)

	// Connect checks what the admin entered, r.Values, and says which account it is. An error made by [Reject] is
	// shown to the admin, who may try again; of another she reads only that it did not work. Connect may be called
	// again for an account that was connected before.
	Connect(ctx context.Context, r *ConnectRequest) (*Connection, error)
}

// ConnectRequest is an admin's wish to connect an account.
type ConnectRequest struct {
	PortalID int64
	InboxID  channels.InboxID  // the inbox or help desk that the admin chose
	UserID   int64             // the admin's HubSpot user id, 0 if HubSpot did not tell
	Values   map[string]string // by the names of the form's fields; nil in ConnectForm
}

// ConnectForm is the form of the connect popup.
type ConnectForm struct {
	Title  string // defaults to "Connect" and the channel's name
	Intro  string
	Fields []Field
}

// Field is an input of a [ConnectForm].
type Field struct {
	Name     string // the key in ConnectRequest.Values
	Label    string
	Help     string
	Type     string // of the HTML input: "text", "password", "email", "tel", "url". Defaults to "text"
	Value    string // filled in at first
	Required bool
}

// Connection is the account that was connected.
type Connection struct {
	Name               string // what agents see
	DeliveryIdentifier channels.DeliveryIdentifier
	Credentials        []byte // kept sealed and given to Send as Account.Credentials
}

//go:embed connect.html
var connectHTML string

var connectPage = template.Must(template.New("connect").Parse(connectHTML))

// connectParams are the parameters that HubSpot opens the popup with. Nothing signs them.
type connectParams struct {
	ConnectRequest
	token    string
	redirect string
}

func (b *Bridge) serveConnect(w http.ResponseWriter, r *http.Request) {
	channel, err := b.channelID(r.Context())
	if err != nil {
		unavailable(w)
		return
	}
	p, problem := b.connectParams(channel, r.URL.Query())
	if problem != "" {
		b.connectError(w, http.StatusBadRequest, problem)
		return
	}
	connector, ok := as[Connector](b.impl)
	if !ok {
		b.connectError(w, http.StatusNotImplemented, "Accounts of this channel cannot be connected from HubSpot's settings.")
		return
	}
	// The staging record can only be filled in with the portal's token, so the app has to be installed there first.
	_, err = b.cfg.App.Portal(p.PortalID).Token(r.Context())
	if errors.Is(err, oauth.ErrNotInstalled) || errors.Is(err, oauth.ErrUninstalled) {
		b.cfg.App.StartInstall(w, r, oauth.InstallRequest{PortalID: p.PortalID, ReturnTo: b.publicPath(r)})
		return
	}
	if err != nil {
		b.log.Error("connect: no token", "portal", p.PortalID, "error", err)
		b.connectError(w, http.StatusBadGateway, "HubSpot does not answer at the moment. Please try again.")
		return
	}
	if r.Method == http.MethodPost {
		b.submitConnect(w, r, channel, connector, p)
		return
	}
	b.showConnect(w, r, connector, p, http.StatusOK, "")
}

// connectParams reads the parameters, or says to the admin what is wrong with them.
func (b *Bridge) connectParams(channel channels.ID, q url.Values) (_ *connectParams, problem string) {
	p := &connectParams{token: q.Get("accountToken"), redirect: q.Get("redirectUrl")}
	p.InboxID = channels.InboxID(q.Get("inboxId"))
	p.UserID, _ = strconv.ParseInt(q.Get("userId"), 10, 64)
	var err error
	p.PortalID, err = strconv.ParseInt(q.Get("portalId"), 10, 64)
	switch {
	case err != nil || p.token == "" || p.InboxID == "":
		return nil, "This page is opened by HubSpot: Settings, Inbox & Help Desk, Connect a channel."
	case channels.ID(q.Get("channelId")) != channel:
		return nil, "HubSpot opened this page for another channel than the one served here."
	case !b.cfg.App.TrustsReturn(p.redirect):
		return nil, "The address to return to is not HubSpot's, so nothing was connected."
	}
	return p, ""
}

// publicPath is the request's target as the browser sees it, in front of a proxy that strips a path.
func (b *Bridge) publicPath(r *http.Request) string {
	public, _ := url.Parse(b.cfg.PublicURL) // validated by New
	return public.EscapedPath() + r.URL.RequestURI()
}

const connectCookie = "cc_connect"

// showConnect shows the form, bound to this browser and to these parameters, so that no other page can submit it.
func (b *Bridge) showConnect(w http.ResponseWriter, r *http.Request, connector Connector, p *connectParams, status int, problem string) {
	form, err := connector.ConnectForm(r.Context(), &p.ConnectRequest)
	if err == nil && form == nil {
		err = errors.New("the channel's ConnectForm returned no form")
	}
	if err != nil {
		b.log.Error("connect: no form", "portal", p.PortalID, "error", err)
		b.connectError(w, http.StatusInternalServerError, "The form cannot be shown. Please try again later.")
		return
	}
	nonce := randomID()
	if c, err := r.Cookie(connectCookie); err == nil && len(c.Value) == len(nonce) {
		nonce = c.Value // several popups of one browser share it
	}
	http.SetCookie(w, &http.Cookie{Name: connectCookie, Value: nonce, Path: b.cookiePath(), HttpOnly: true, MaxAge: 3600,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(b.cfg.PublicURL, "https:")})
	view := connectView{Form: *form, Channel: b.cfg.Definition.Name, Action: b.publicPath(r), Proof: b.connectProof(nonce, p), Problem: problem}
	view.Form.Fields = append([]Field(nil), form.Fields...)
	for i := range view.Form.Fields {
		f := &view.Form.Fields[i]
		def(&f.Type, "text")
		if v, ok := p.Values[f.Name]; ok && f.Type != "password" {
			f.Value = v
		}
	}
	b.renderConnect(w, status, p.redirect, &view)
}

func (b *Bridge) cookiePath() string {
	public, _ := url.Parse(b.cfg.PublicURL)
	return public.EscapedPath() + b.cfg.Prefix + "/connect"
}

func (b *Bridge) connectProof(nonce string, p *connectParams) string {
	mac := hmac.New(sha256.New, []byte("connect form "+b.cfg.App.ClientSecret))
	mac.Write(marshal([]string{nonce, p.token, strconv.FormatInt(p.PortalID, 10), string(p.InboxID), p.redirect}))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (b *Bridge) submitConnect(w http.ResponseWriter, r *http.Request, channel channels.ID, connector Connector, p *connectParams) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	cookie, err := r.Cookie(connectCookie)
	if err != nil || r.ParseForm() != nil || !hmac.Equal([]byte(r.PostForm.Get("proof")), []byte(b.connectProof(cookie.Value, p))) {
		b.showConnect(w, r, connector, p, http.StatusForbidden, "The form was open for too long. Please try again.")
		return
	}
	p.Values = map[string]string{}
	for name := range r.PostForm {
		if name != "proof" {
			p.Values[name] = r.PostForm.Get(name)
		}
	}
	connection, err := connector.Connect(r.Context(), &p.ConnectRequest)
	var rejected *rejection
	switch {
	case errors.As(err, &rejected):
		b.showConnect(w, r, connector, p, http.StatusUnprocessableEntity, rejected.reason)
		return
	case err == nil && connection == nil:
		err = errors.New("the channel's Connect returned no connection")
	case err == nil:
		err = b.stage(r.Context(), channel, p, connection)
	}
	if err != nil {
		b.log.Error("connect failed", "portal", p.PortalID, "error", err)
		b.showConnect(w, r, connector, p, http.StatusBadGateway, "It did not work. Please try again in a moment.")
		return
	}
	http.Redirect(w, r, p.redirect, http.StatusSeeOther)
}

// connectView is what the page shows.
type connectView struct {
	Form    ConnectForm
	Channel string
	Action  string
	Proof   string
	Problem string
}

func (b *Bridge) connectError(w http.ResponseWriter, status int, problem string) {
	b.renderConnect(w, status, "", &connectView{Channel: b.cfg.Definition.Name, Problem: problem})
}

func (b *Bridge) renderConnect(w http.ResponseWriter, status int, redirect string, view *connectView) {
	if view.Form.Title == "" {
		view.Form.Title = strings.TrimSpace("Connect " + view.Channel)
	}
	var page bytes.Buffer
	if err := connectPage.Execute(&page, view); err != nil {
		b.log.Error("connect page", "error", err)
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", connectPolicy(redirect))
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}

// connectPolicy lets the page do nothing but show its form. Browsers hold a form's redirects against form-action too.
func connectPolicy(redirect string) string {
	action := "'self'"
	if u, err := url.Parse(redirect); err == nil && u.Host != "" {
		action += " " + u.Scheme + "://" + u.Host
	}
	_, style, _ := strings.Cut(connectHTML, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action " + action +
		"; base-uri 'none'; frame-ancestors 'none'"
}

// as finds an optional ability of a channel, also behind wrappers that have an Unwrap method.
func as[T any](ch Channel) (T, bool) {
	for {
		if t, ok := ch.(T); ok {
			return t, true
		}
		w, ok := ch.(interface{ Unwrap() Channel })
		if !ok {
			var none T
			return none, false
		}
		ch = w.Unwrap()
	}
}
