package hubspottest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// standIn is a tiny app: it installs itself, registers a channel, and connects
// one account through its popup.
type standIn struct {
	hook
	hs      *hubspottest.Server
	url     string // its own
	client  *http.Client
	token   string
	channel string

	callback func(w http.ResponseWriter, r *http.Request) // replaces what the app would do
	form     string                                       // replaces its form
	refuse   string                                       // what it says to any form
	noPage   bool                                         // the channel is registered without a connect page
	noOne    bool                                         // no channel is registered
}

func (a *standIn) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /install", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "state", Value: "abc"})
		q := url.Values{"client_id": {a.hs.ClientID()}, "redirect_uri": {a.url + "/callback"}, "scope": {strings.Join(allScopes, " ")}, "state": {"abc"}}
		http.Redirect(w, r, a.hs.URL()+"/oauth/authorize?"+q.Encode(), http.StatusFound)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		if a.callback != nil {
			a.callback(w, r)
			return
		}
		if c, err := r.Cookie("state"); err != nil || c.Value != r.URL.Query().Get("state") {
			http.Error(w, "wrong state", http.StatusForbidden)
			return
		}
		if err := a.installed(r.URL.Query().Get("code")); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
	mux.HandleFunc("GET /connect", func(w http.ResponseWriter, r *http.Request) {
		form := a.form
		if form == "" {
			form = `<form method="post"><input name="name" value="My shop"><input type="hidden" name="csrf" value="x">
				<select name="kind"><option value="a">A<option value="b" selected>B</select><button name="go" value="yes">Connect</button></form>`
		}
		fmt.Fprintf(w, "<!doctype html><title>Connect</title><body>%s", form)
	})
	mux.HandleFunc("POST /connect", a.connect)
	mux.Handle("POST /webhook", &a.hook)
	return mux
}

// installed exchanges the code and registers the channel.
func (a *standIn) installed(code string) error {
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	resp, err := a.client.PostForm(a.hs.URL()+"/oauth/2026-09/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {a.hs.ClientID()}, "client_secret": {a.hs.ClientSecret()},
		"code": {code}, "redirect_uri": {a.url + "/callback"},
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&tokens); err != nil {
		return err
	}
	a.token = tokens.AccessToken
	if a.channel != "" || a.noOne {
		return nil
	}
	page := a.url + "/connect?from=hubspot"
	if a.noPage {
		page = ""
	}
	var made struct{ ID string }
	q := url.Values{"hapikey": {a.hs.DeveloperKey()}, "appId": {fmt.Sprint(a.hs.AppID())}}
	_, err = a.json("POST", channelBase+"?"+q.Encode(), object{
		"name": "Stand-in", "capabilities": object{}, "webhookUrl": a.url + "/webhook", "channelAccountConnectionRedirectUrl": page,
	}, &made)
	a.channel = made.ID
	return err
}

func (a *standIn) json(method, path string, in, out any) (int, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequest(method, a.hs.URL()+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	resp, err := a.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(out)
}

// connect takes the form, names the account to HubSpot, and sends the admin on.
func (a *standIn) connect(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if a.refuse != "" || r.PostFormValue("csrf") != "x" || r.PostFormValue("kind") != "b" || r.PostFormValue("go") != "yes" || q.Get("from") != "hubspot" {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, `<p>Connect</p><p role="alert">%s</p>`, a.refuse)
		return
	}
	status, err := a.json("PATCH", channelBase+"/"+q.Get("channelId")+"/channel-account-staging-tokens/"+q.Get("accountToken"),
		object{"accountName": r.PostFormValue("name"), "deliveryIdentifier": opaque("shop")}, &object{})
	if err != nil || status != http.StatusOK && status != http.StatusConflict {
		http.Error(w, fmt.Sprint("staging failed: ", status, err), http.StatusBadGateway)
		return
	}
	http.Redirect(w, r, q.Get("redirectUrl"), http.StatusSeeOther)
}

func TestInstallAndConnect(t *testing.T) {
	hs := hubspottest.New(hubspottest.Config{})
	if err := hs.Start(); err != nil {
		t.Fatal(err)
	}
	defer hs.Close()
	app := &standIn{hs: hs, client: http.DefaultClient}
	arrived := make(chan struct{}, 10)
	app.answer = func(int, http.ResponseWriter, *http.Request) { arrived <- struct{}{} }
	server := httptest.NewServer(app.handler())
	defer server.Close()
	app.url = server.URL
	hs.SetInstallURL(server.URL + "/install")

	account, err := hs.InstallAndConnect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	diff(t, "account", &hubspottest.Account{
		ID: account.ID, PortalID: portalID, ChannelID: app.channel, InboxID: account.InboxID, Name: "My shop", Active: true, Authorized: true,
		Identifier: &hubspottest.Identifier{Type: "CHANNEL_SPECIFIC_OPAQUE_ID", Value: "shop"},
	}, account)
	<-arrived
	if got := app.all()[0].body; got["type"] != "CHANNEL_ACCOUNT_CREATED" || got["channelAccountId"] != account.ID {
		t.Errorf("the app was told %v", got)
	}
	again, err := hs.InstallAndConnect(t.Context()) // finds the same account
	if err != nil {
		t.Fatal(err)
	}
	diff(t, "account", account, again)
	var operations []string
	for _, e := range hs.Journal("oauth.authorize", "oauth.token", "channel.create", "account.connect") {
		operations = append(operations, fmt.Sprint(e.Operation, " ", e.Status))
	}
	diff(t, "journal", []string{
		"oauth.authorize 200", "oauth.token 200", "channel.create 201", "account.connect 200",
		"oauth.authorize 200", "oauth.token 200", "account.connect 409",
	}, operations)
}

func TestInstallAndConnectIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, hubspottest.Config{InstallURL: appURL + "/install", RedirectURLs: []string{appURL + "/callback"}})
		app := &standIn{hs: b.Server, url: appURL, client: &http.Client{Transport: b.hosts}}
		b.hosts["app.test"] = handled{app.handler()}
		if _, err := b.InstallAndConnectIn(t.Context(), otherPortal); err == nil || !strings.Contains(err.Error(), "AddPortal") {
			t.Errorf("unknown portal: got %v", err)
		}
		if err := b.AddPortal(otherPortal, "Other Ltd"); err != nil {
			t.Fatal(err)
		}
		account, err := b.InstallAndConnectIn(t.Context(), otherPortal)
		if err != nil {
			t.Fatal(err)
		}
		if account.PortalID != otherPortal || !b.Installed(otherPortal) || b.Installed(portalID) {
			t.Errorf("connected %+v, want the other portal only", account)
		}
	})
}

func TestInstallAndConnectFailures(t *testing.T) {
	for _, tt := range []struct {
		name string
		app  *standIn
		says string
	}{
		{name: "no app", says: "did not answer at http://app.test/install. Is it running?"},
		{name: "callback fails", says: "callback failed: http://app.test/callback",
			app: &standIn{callback: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "out of order", 500) }}},
		{name: "callback does nothing", says: "did not exchange the code", app: &standIn{callback: func(http.ResponseWriter, *http.Request) {}}},
		{name: "no channel", says: "has registered no channel", app: &standIn{noOne: true}},
		{name: "no connect page", says: "has no channelAccountConnectionRedirectUrl", app: &standIn{noPage: true}},
		{name: "no form", says: "should show a form", app: &standIn{form: "<p>Under construction"}},
		{name: "form without proposals", says: "asks for token, chosen and proposes nothing", app: &standIn{
			form: `<form><input name="token" required><input type="checkbox" name="chosen" required><input name="x" required disabled></form>`}},
		{name: "form refused", says: "The token is not valid.", app: &standIn{refuse: "The token is not valid."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, hubspottest.Config{InstallURL: appURL + "/install", RedirectURLs: []string{appURL + "/callback"}})
				if tt.app != nil {
					tt.app.hs, tt.app.url, tt.app.client = b.Server, appURL, &http.Client{Transport: b.hosts}
					b.hosts["app.test"] = handled{tt.app.handler()}
				}
				_, err := b.InstallAndConnect(t.Context())
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, want an error with %q", err, tt.says)
				}
			})
		})
	}
}

func TestInstallAndConnectNeedsURLs(t *testing.T) {
	for _, cfg := range []hubspottest.Config{{InstallURL: appURL}, {URL: hubspotURL}} {
		if _, err := hubspottest.New(cfg).InstallAndConnect(context.Background()); err == nil || !strings.Contains(err.Error(), "URL") {
			t.Errorf("got %v", err)
		}
	}
}

func TestPageConnect(t *testing.T) {
	b := newBench(t, hubspottest.Config{InstallURL: appURL + "/install", RedirectURLs: []string{appURL + "/callback"}})
	down := b.want(b.send("POST", "/simulator/api/connect", nil), http.StatusBadGateway)
	if !strings.HasPrefix(down.text("message"), "Install: the app did not answer") {
		t.Errorf("got %v", down)
	}
	app := &standIn{hs: b.Server, url: appURL, client: &http.Client{Transport: b.hosts}}
	b.hosts["app.test"] = handled{app.handler()}
	up := b.want(b.send("POST", "/simulator/api/connect", nil), http.StatusOK)
	if up.body["account"].(object)["name"] != "My shop" {
		t.Errorf("got %v", up)
	}
}

func TestPopupWithoutStaging(t *testing.T) {
	b := newBench(t, hubspottest.Config{})
	b.want(b.send("GET", "/simulator/connected?accountToken=x", nil), http.StatusBadRequest)
}

// TestForms submits forms of several shapes, and looks at what the app gets.
func TestForms(t *testing.T) {
	const fields = `<input name="text" value="a&amp;b"><textarea name="area">
two
lines</textarea><input type="checkbox" name="yes" value="1" checked><input type="checkbox" name="no" value="1">
		<input type="radio" name="one" value="x"><input type="radio" name="one" value="y" checked><input type="file" name="file">
		<select name="first"><option>A</option><option>B</option></select><input disabled name="off" value="x">
		<button type="button" name="help" value="x">Help</button><input type="submit" name="save" value="Save"><button name="cancel" value="x">Cancel</button>`
	want := url.Values{"text": {"a&b"}, "area": {"two\nlines"}, "yes": {"1"}, "one": {"y"}, "first": {"A"}, "save": {"Save"}}
	for _, tt := range []struct{ name, open, method string }{
		{"get", `<form action="/submit?gone=x">`, "GET"},
		{"post", `<form method="POST" action="submit">`, "POST"},
		{"multipart", `<form method="post" action="/submit" enctype="multipart/form-data">`, "POST"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, hubspottest.Config{InstallURL: appURL + "/install", RedirectURLs: []string{appURL + "/callback"}})
			app := &standIn{hs: b.Server, url: appURL, client: &http.Client{Transport: b.hosts}, form: tt.open + fields + "</form>"}
			var got url.Values
			mux := http.NewServeMux()
			mux.HandleFunc(tt.method+" /submit", func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseMultipartForm(1 << 20) // not every form is one
				got = r.Form
				fmt.Fprint(w, "not sent on")
			})
			mux.Handle("/", app.handler())
			b.hosts["app.test"] = handled{mux}
			if _, err := b.InstallAndConnect(t.Context()); err == nil || !strings.Contains(err.Error(), "not sent on") {
				t.Fatalf("got %v", err)
			}
			diff(t, "submitted", want, got)
		})
	}
}
