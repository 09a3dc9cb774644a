package hubspottest_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestJournal(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	s.ClearJournal()
	s.say("m1", "Hi")
	s.publish(draft(s.account, "m1", "Hi"))
	s.call("GET", helpers+"/inboxes", nil)

	over := s.want(s.send("GET", "/simulator/journal?operation=message.publish&operation=inbox.list", nil), http.StatusOK)
	var entries []hubspottest.Entry
	if err := json.Unmarshal([]byte(over.raw), &entries); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, fmt.Sprintf("%s %s %s %d %d", e.Operation, e.Method, e.Path, e.Status, e.PortalID))
	}
	publish := channelBase + "/" + s.channel + "/messages"
	diff(t, "journal", []string{
		"message.publish POST " + publish + " 201 24681012", "message.publish POST " + publish + " 409 24681012",
		"inbox.list GET " + helpers + "/inboxes 200 24681012",
	}, got)
	if !strings.Contains(entries[0].Request, `"text":"Hi"`) || !strings.Contains(entries[1].Response, "CONFLICT") {
		t.Errorf("got %+v", entries[:2])
	}
	diff(t, "in Go", entries, s.Journal("message.publish", "inbox.list"))
	s.want(s.send("DELETE", "/simulator/journal", nil), http.StatusNoContent)
	if got := len(s.Journal()); got != 0 {
		t.Errorf("%d entries are left", got)
	}
}

func TestJournalIsShort(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	s.say("m1", strings.Repeat("é", 20000))
	if got := s.Journal("message.publish")[0]; len(got.Request) > 8<<10+8 {
		t.Errorf("a request has %d bytes", len(got.Request))
	}
}

// TestNoSecrets looks for every secret of a whole round in everything that is
// there to be read.
func TestNoSecrets(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg := hubspottest.Config{ClientID: "client", ClientSecret: "client-s3cret", DeveloperKey: "key-s3cret", Logger: logger}
	s := newShop(t, cfg, nil)
	h := &hook{}
	s.run(h)
	code := s.authorize(portalID, "allow", allScopes...).Query().Get("code")
	tokens := s.send("POST", "/oauth/2026-09/token", s.grantForm("authorization_code", url.Values{"code": {code}, "redirect_uri": {redirectURL}}))
	s.send("POST", "/oauth/2026-09/token/introspect", s.grantForm("", url.Values{"token": {tokens.text("access_token")}}))
	s.send("POST", "/oauth/2026-09/token", s.grantForm("refresh_token", url.Values{"refresh_token": {tokens.text("refresh_token")}}))
	file := s.upload("cat.png", png, nil).text("id")
	signed, err := url.Parse(s.call("GET", "/files/v3/files/"+file+"/signed-url", nil).text("url"))
	if err != nil {
		t.Fatal(err)
	}
	s.send("GET", signed.String(), nil)
	s.call("PATCH", channelBase+"/"+s.channel+"/channel-account-staging-tokens/staging-s3cret", object{"accountName": "x", "deliveryIdentifier": opaque("x")})
	s.send("GET", "/simulator/connected?accountToken=staging-s3cret", nil)

	journal, err := json.Marshal(s.Journal())
	if err != nil {
		t.Fatal(err)
	}
	seen := string(journal) + log.String() + fmt.Sprintf("%v %+v %#v %v %+v %#v", cfg, cfg, cfg, s.Server, s.Server, s.Server)
	for _, secret := range []string{
		"s3cret", code, s.token, tokens.text("access_token"), tokens.text("refresh_token"), signed.Query().Get("signature"), "t%3A1",
	} {
		if strings.Contains(seen, secret) {
			t.Errorf("%q can be read", secret)
		}
	}
}
