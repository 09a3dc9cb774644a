package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/examples/sms/carrier"
)

const (
	appURL = "http://app.test"
	ada    = "+14155550123"
)

// bench is the app between a simulated HubSpot and the stand-in for the service, without a network, in a synctest bubble.
type bench struct {
	t       *testing.T
	app     *app
	hubspot *hubspottest.Server
	carrier *carrier.Service
}

// bubble runs a test with a bench where the number is connected.
func bubble(t *testing.T, window time.Duration, test func(*testing.T, *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t}
		client := &http.Client{Transport: hosts{b}}
		b.carrier = carrier.New(carrier.Config{URL: "http://sms.test", Window: window, HTTPClient: client})
		b.hubspot = hubspottest.New(hubspottest.Config{
			URL: "http://hubspot.test", InstallURL: appURL + "/hubspot/install",
			RedirectURLs: []string{appURL + "/hubspot/oauth/callback"}, HTTPClient: client,
		})
		s := &settings{
			hubspot: &hubspot{
				BaseURL: "http://hubspot.test", AppID: b.hubspot.AppID(), ClientID: b.hubspot.ClientID(),
				ClientSecret: b.hubspot.ClientSecret(), DeveloperKey: b.hubspot.DeveloperKey(),
			},
			apiURL: "http://sms.test", publicURL: appURL, window: window, http: client, log: slog.New(slog.DiscardHandler),
			form: map[string]string{"number": b.carrier.Number(), "sid": b.carrier.AccountSID(), "token": b.carrier.AuthToken()},
		}
		var err error
		if b.app, err = newApp(s, memstore.New(), t.TempDir()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.app.files.close() })
		b.run(b.hubspot.Run)
		b.run(b.carrier.Run)
		b.run(b.app.bridge.Run)
		b.connect()
		test(t, b)
	})
}

// run has something run until the test ends.
func (b *bench) run(f func(context.Context) error) {
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
	})
}

// connect is an admin who installs the app and submits the connect form as it comes.
func (b *bench) connect() {
	b.t.Helper()
	if _, err := b.hubspot.InstallAndConnect(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
}

// write is a customer who writes, and returns the message's SID.
func (b *bench) write(text string, files ...carrier.File) string {
	b.t.Helper()
	sid, err := b.carrier.Write(ada, text, files...)
	if err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
	return sid
}

// reply is an agent who answers in the only conversation.
func (b *bench) reply(text string, files ...hubspottest.Upload) {
	b.t.Helper()
	if _, err := b.hubspot.Reply(b.thread(), hubspottest.Reply{Text: text, Files: files}); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
}

func (b *bench) thread() string {
	b.t.Helper()
	threads := b.hubspot.Threads()
	if len(threads) != 1 {
		b.t.Fatalf("there are %d conversations, want 1", len(threads))
	}
	return threads[0].ID
}

// inbox is the conversation as the agent sees it: one line for each message.
func (b *bench) inbox() (lines []string) {
	b.t.Helper()
	for _, m := range b.hubspot.Messages(b.thread()) {
		line := m.Text
		for _, a := range m.Attachments {
			line += fmt.Sprintf(" [%s %s %d]", a.Type, a.ContentType, a.Size)
		}
		lines = append(lines, strings.TrimSpace(line+" "+m.Status+" "+m.Reason))
	}
	return lines
}

// phone is what the customer's phone shows of the app's messages.
func (b *bench) phone() (lines []string) {
	for _, m := range b.carrier.Messages(ada) {
		if m.Inbound {
			continue
		}
		line := m.Text
		for _, f := range m.Files {
			line += fmt.Sprintf(" [%s %d]", f.Type, len(f.Content))
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// last returns the SID of the app's last message.
func (b *bench) last() string {
	b.t.Helper()
	all := b.carrier.Messages(ada)
	for i := len(all) - 1; i >= 0; i-- {
		if !all[i].Inbound {
			return all[i].SID
		}
	}
	b.t.Fatal("the phone has got no message")
	return ""
}

// post calls a webhook of the app as the service would.
func (b *bench) post(path, token string, form url.Values) int {
	r := httptest.NewRequest(http.MethodPost, appURL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", carrier.Sign(token, appURL+path, form))
	return serveRequest(b.app, r).StatusCode
}

// hosts leads requests to whom they are for.
type hosts struct{ b *bench }

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Host {
	case "hubspot.test":
		return h.b.hubspot.Transport().RoundTrip(r)
	case "sms.test":
		return serveRequest(h.b.carrier, r), nil
	case "app.test":
		return serveRequest(h.b.app, r), nil
	}
	return nil, fmt.Errorf("no such host: %s", r.URL.Host)
}

func serveRequest(h http.Handler, r *http.Request) *http.Response {
	r = r.Clone(r.Context())
	r.RequestURI = r.URL.RequestURI()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	_, _ = io.Copy(io.Discard, r.Body)
	resp := w.Result()
	resp.Request = r
	return resp
}
