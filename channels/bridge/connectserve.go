package bridge

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/oauth"
)

// popup is a request of the connect popup, whose parameters can be what HubSpot has opened it with. Nothing signs them.
type popup struct {
	*Bridge
	ConnectRequest
	connector Connector
	channel   channels.ID
	query     string // the parameters
	token     string // of the staging record
	redirect  string // where the admin goes in the end
	browser   string // its name, empty if it has none yet
}

const (
	maxConnectForm = 256 << 10
	connectTimeout = time.Minute // for Connect and HubSpot together
)

// serveConnect shows the form, and takes it.
func (b *Bridge) serveConnect(w http.ResponseWriter, r *http.Request) {
	p := b.openPopup(w, r, r.URL.RawQuery)
	switch {
	case p == nil:
	case r.Method == http.MethodPost:
		p.submit(w, r)
	default:
		p.begin(w, r)
	}
}

// serveConnectReturn takes an admin back who was at the messaging service.
func (b *Bridge) serveConnectReturn(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	trip, err := b.takeTrip(w, r, query.Get("state"))
	if err != nil {
		b.log.Warn("connect: a return that cannot go on", "error", err)
		b.connectError(w, http.StatusBadRequest, "This page was opened before, or too late, or in another browser. "+textBeginAgain)
		return
	}
	p := b.openPopup(w, r, trip.Popup)
	if p == nil {
		return
	}
	p.Values, p.Kept, p.Query = trip.Values, trip.Kept, query
	p.connect(w, r, &step{}, []byte("return "+query.Get("state")))
}

const textBeginAgain = "Please close this window and begin again in HubSpot."

// openPopup reads the parameters, and answers the request itself, returning nil, if the popup cannot go on.
func (b *Bridge) openPopup(w http.ResponseWriter, r *http.Request, query string) *popup {
	channel, err := b.channelID(r.Context())
	if err != nil {
		unavailable(w)
		return nil
	}
	p := &popup{Bridge: b, channel: channel, query: query, browser: browserOf(r)}
	if problem := p.readParameters(); problem != "" {
		b.connectError(w, http.StatusBadRequest, problem)
		return nil
	}
	var ok bool
	if p.connector, ok = as[Connector](b.impl); !ok {
		b.connectError(w, http.StatusNotImplemented, "Accounts of this channel cannot be connected from HubSpot's settings.")
		return nil
	}
	// The staging record can only be filled in with the portal's token, so the app has to be installed there first.
	_, err = b.cfg.App.Portal(p.PortalID).Token(r.Context())
	if notInstalled(err) {
		p.install(w, r)
		return nil
	}
	if err != nil {
		b.log.Error("connect: no token", "portal", p.PortalID, "error", err)
		b.connectError(w, http.StatusBadGateway, "HubSpot does not answer at the moment. Please try again.")
		return nil
	}
	return p
}

func notInstalled(err error) bool {
	return errors.Is(err, oauth.ErrNotInstalled) || errors.Is(err, oauth.ErrUninstalled)
}

// install has the app installed in the portal, after which the popup begins anew.
func (p *popup) install(w http.ResponseWriter, r *http.Request) {
	p.cfg.App.StartInstall(w, r, oauth.InstallRequest{PortalID: p.PortalID, ReturnTo: p.address()})
}

// readParameters returns what is wrong with them, as a sentence for the admin.
func (p *popup) readParameters() (problem string) {
	q, _ := url.ParseQuery(p.query) // with what can be read of it
	p.token, p.redirect = q.Get("accountToken"), q.Get("redirectUrl")
	p.InboxID = channels.InboxID(q.Get("inboxId"))
	p.UserID, _ = strconv.ParseInt(q.Get("userId"), 10, 64)
	var err error
	p.PortalID, err = strconv.ParseInt(q.Get("portalId"), 10, 64)
	switch {
	case err != nil || p.PortalID <= 0 || p.token == "" || p.InboxID == "":
		return "This page is opened by HubSpot: Settings, Inbox & Help Desk, Connect a channel."
	case channels.ID(q.Get("channelId")) != p.channel:
		return "HubSpot opened this page for another channel than the one served here. Please tell the operator of this channel."
	case !p.cfg.App.TrustsReturn(p.redirect):
		return "The address to return to is not HubSpot's, so nothing was connected. " + textBeginAgain
	}
	return ""
}

// address is the popup's, as the browser sees it.
func (p *popup) address() string { return p.publicPrefix() + "/connect?" + p.query }

// id is the same for all requests of the popup in this browser, and differs from that of any other.
func (p *popup) id() string {
	return string(marshal([]string{p.browser, p.token, strconv.FormatInt(p.PortalID, 10), string(p.InboxID), p.redirect}))
}

// begin shows the first form. An admin who goes back after the end sees that it ended well.
func (p *popup) begin(w http.ResponseWriter, r *http.Request) {
	if account, ok := p.popups.connected(p.id(), p.now()); ok {
		p.showConnected(w, account)
		return
	}
	p.show(w, r, http.StatusOK, &step{}, nil)
}

func (p *popup) submit(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxConnectForm)
	if err := r.ParseForm(); err != nil {
		p.connectError(w, http.StatusBadRequest, "What was entered cannot be read, or is too long.")
		return
	}
	s, err := p.openStep(r.PostForm.Get(proofField), p.id())
	if err != nil {
		p.log.Warn("connect: a form that cannot be taken", "portal", p.PortalID, "error", err)
		p.show(w, r, http.StatusForbidden, &step{}, problems{"": "The form was open for too long. Please try again."})
		return
	}
	form, err := p.form(r.Context(), s)
	if err != nil {
		p.noForm(w, err)
		return
	}
	values, wrong := form.read(r.PostForm)
	p.Values, p.Kept = merge(s.Values, values), s.Kept
	if len(wrong) > 0 {
		p.show(w, r, http.StatusUnprocessableEntity, s, wrong)
		return
	}
	r.PostForm.Del(proofField) // it differs each time the form is shown
	p.connect(w, r, s, []byte(r.PostForm.Encode()))
}

// merge adds the values of a form to those of the forms before.
func merge(before, now map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, before)
	maps.Copy(all, now)
	return all
}

// connect hands what the admin entered in a step to the channel, and leads her on.
func (p *popup) connect(w http.ResponseWriter, r *http.Request, s *step, input []byte) {
	got := p.popups.do(p.id(), input, p.now, func() *attempt { return p.try(r.Context()) })
	if got.err == nil {
		http.Redirect(w, r, p.redirect, http.StatusSeeOther)
		return
	}
	if v, ok := errors.AsType[*visit](got.err); ok {
		p.leave(w, v, got.state)
		return
	}
	if q, ok := errors.AsType[*question](got.err); ok {
		p.show(w, r, http.StatusOK, &step{Form: q.form, Values: p.Values, Kept: q.keep}, nil)
		return
	}
	p.showFailed(w, r, s, got.err)
}

func (p *popup) showFailed(w http.ResponseWriter, r *http.Request, s *step, err error) {
	if wrong := problemsOf(err); len(wrong) > 0 {
		p.log.Debug("connect: refused by the channel", "portal", p.PortalID, "error", err)
		p.show(w, r, http.StatusUnprocessableEntity, s, wrong)
		return
	}
	p.log.Error("connect failed", "portal", p.PortalID, "error", err)
	switch {
	case notInstalled(err): // found out only now
		p.install(w, r)
		return
	case errors.Is(err, errNotStaged):
		p.connectError(w, http.StatusGone, "HubSpot is not waiting for this account, or not any longer. "+textBeginAgain)
		return
	}
	p.show(w, r, http.StatusBadGateway, s, problems{"": "It did not work. Please try again in a moment."})
}

// try calls the channel, and HubSpot. A browser that goes away does not stop it half-way.
func (p *popup) try(ctx context.Context) *attempt {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	request := p.ConnectRequest
	request.ReturnURL, request.State = p.url("/connect/return"), rand.Text()
	c, err := p.connector.Connect(ctx, &request)
	if err == nil && c == nil {
		err = errors.New("the channel's Connect returned no connection")
	}
	if err == nil {
		err = p.stage(ctx, c)
	}
	if err != nil {
		return &attempt{state: request.State, err: err}
	}
	return &attempt{account: c.Name}
}

// leave sends the admin to the messaging service.
func (p *popup) leave(w http.ResponseWriter, v *visit, state string) {
	to, err := url.Parse(v.url)
	if err == nil && (to.Host == "" || to.Scheme != "https" && to.Scheme != "http") {
		err = errors.New("the URL of Visit is not an absolute one with https")
	}
	if err == nil {
		err = p.setTrip(w, &step{Popup: p.query, Values: p.Values, Kept: v.keep}, state)
	}
	if err != nil {
		p.log.Error("connect: the admin cannot be sent to the messaging service", "portal", p.PortalID, "error", err)
		p.connectError(w, http.StatusInternalServerError, "This cannot go on. Please tell the operator of this channel.")
		return
	}
	p.showLeaving(w, to)
}
