package bridge_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// signIn is a desk whose service has a sign-in page of its own: the admin names her workspace, goes there, and chooses one of
// its desks when she is back.
func signIn() *desk {
	d := &desk{form: func(*bridge.ConnectRequest) (*bridge.ConnectForm, error) {
		return &bridge.ConnectForm{Button: "Continue", Fields: []bridge.Field{{Name: "workspace", Label: "Workspace", Required: true}}}, nil
	}}
	d.connect = func(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
		switch {
		case r.Query == nil && r.Kept == nil:
			q := url.Values{"redirect_uri": {r.ReturnURL}, "state": {r.State}}
			return nil, bridge.Visit("https://"+r.Values["workspace"]+".service.test/authorize?"+q.Encode(), []byte("verifier of "+r.Values["workspace"]))
		case r.Query.Has("error"):
			return nil, bridge.Reject("You did not allow it.", nil)
		case r.Query != nil:
			form := &bridge.ConnectForm{Title: "Which desk?", Fields: []bridge.Field{
				{Name: "id", Label: "Desk", Type: "select", Required: true, Options: []bridge.SelectOption{{Value: "east"}, {Value: "closed"}}},
			}}
			return nil, bridge.Ask(form, []byte("token for "+r.Query.Get("code")+" with "+string(r.Kept)))
		case r.Values["id"] == "closed":
			return nil, bridge.RejectField("id", "This desk is closed.", nil)
		}
		return &bridge.Connection{Name: r.Values["workspace"], DeliveryIdentifier: channels.Opaque(r.Values["id"]), Credentials: r.Kept}, nil
	}
	return d
}

var link = regexp.MustCompile(`<a class="go" href="[^"]*">([^<]*)</a>`)

// leaves checks that the admin is sent to the service, and returns the address of the sign-in page.
func (s *screen) leaves(host string) *url.URL {
	s.b.t.Helper()
	to, ok := strings.CutPrefix(s.header.Get("Refresh"), "0; url=")
	u, err := url.Parse(to)
	if s.status != http.StatusOK || !ok || err != nil || u.Host != host {
		s.b.t.Fatalf("answered %d %q with %q, want the way to %s", s.status, s.text(), s.header.Get("Refresh"), host)
	}
	if next := link.FindStringSubmatch(s.body); next == nil || next[1] != "Continue to "+host {
		s.b.t.Errorf("the page has the link %q", next)
	}
	return u
}

// comesBack returns from the service with what it says, and the state of the sign-in page.
func (s *screen) comesBack(from *url.URL, answer ...string) {
	s.b.t.Helper()
	q := url.Values{"state": {from.Query().Get("state")}}
	for i := 0; i < len(answer); i += 2 {
		q.Set(answer[i], answer[i+1])
	}
	s.get(from.Query().Get("redirect_uri") + "?" + q.Encode())
}

// A form, the service's own page, and a further form, two of them at once in one browser.
func TestConnectVisit(t *testing.T) {
	d := signIn()
	connecting(t, d, func(t *testing.T, b *bench) {
		browser := b.browser()
		s, other := b.popup(browser), b.popup(browser)
		s.submit("workspace", "acme")
		there := s.leaves("acme.service.test")
		other.submit("workspace", "other")
		elsewhere := other.leaves("other.service.test")
		if got := there.Query().Get("redirect_uri"); got != appURL+"/hubspot/connect/return" {
			t.Errorf("ReturnURL is %q", got)
		}

		s.comesBack(there, "code", "c0de")
		s.wants(http.StatusOK, "Which desk? Desk Choose… east closed Connect")
		if strings.Contains(s.body, "c0de") {
			t.Error("what is kept can be read in the page")
		}
		s.submit("id", "closed")
		if got := s.problem("id"); s.status != http.StatusUnprocessableEntity || got != "This desk is closed." {
			t.Errorf("answered %d %q", s.status, got)
		}
		s.submit("id", "")
		if got := s.problem("id"); s.status != http.StatusUnprocessableEntity || got != "Please make a choice." {
			t.Errorf("answered %d %q", s.status, got)
		}
		s.submit("id", "east")
		s.ends()

		other.comesBack(elsewhere, "error", "access_denied")
		other.wants(http.StatusUnprocessableEntity, "You did not allow it.")
		if !strings.Contains(other.body, `value="other"`) {
			t.Errorf("what was entered is lost: %s", other.body)
		}
		other.submit("workspace", "other")
		other.leaves("other.service.test")

		later(0)
		a, err := b.bridge.Account(t.Context(), channels.Opaque("east"))
		if err != nil || a.Name != "acme" || string(a.Credentials) != "token for c0de with verifier of acme" {
			t.Errorf("connected %v with %q, %v", a, a.Credentials, err)
		}
	})
}

// Only the browser that went to the service can come back, once, and soon.
func TestConnectVisitReturns(t *testing.T) {
	for name, test := range map[string]func(*screen, *url.URL){
		"without a state": func(_ *screen, there *url.URL) { there.RawQuery = "redirect_uri=" + appURL + "/hubspot/connect/return" },
		"a forged state": func(_ *screen, there *url.URL) {
			q := there.Query()
			q.Set("state", q.Get("state")[:8]+strings.Repeat("A", 18))
			there.RawQuery = q.Encode()
		},
		"another browser": func(s *screen, _ *url.URL) { s.browser = s.b.browser() },
		"too late":        func(*screen, *url.URL) { later(time.Hour + time.Second) },
		"a second time":   func(s *screen, there *url.URL) { s.comesBack(there, "code", "c0de") },
	} {
		t.Run(name, func(t *testing.T) {
			d := signIn()
			connecting(t, d, func(t *testing.T, b *bench) {
				s := b.popup(b.browser())
				s.submit("workspace", "acme")
				there := s.leaves("acme.service.test")
				test(s, there)
				before := len(d.requests())
				s.comesBack(there, "code", "c0de")
				s.wants(http.StatusBadRequest, "This page was opened before, or too late, or in another browser. Please close this window and begin again in HubSpot.")
				if got := len(d.requests()); got != before {
					t.Errorf("Connect was called %d times more", got-before)
				}
			})
		})
	}
}

// What cannot be visited is the channel's mistake.
func TestConnectVisitMistakes(t *testing.T) {
	for name, test := range map[string]struct {
		url  string
		keep int
		log  string
	}{
		"a path":           {"/authorize", 0, "the URL of Visit is not an absolute one with https"},
		"another scheme":   {"javascript:alert(1)", 0, "the URL of Visit is not an absolute one with https"},
		"no URL":           {"https://[", 0, "missing ']'"},
		"too much to keep": {"https://service.test", 4000, "the admin's values and what Visit is to keep are too long for a cookie"},
	} {
		t.Run(name, func(t *testing.T) {
			d, log := &desk{}, &logged{}
			d.connect = func(context.Context, *bridge.ConnectRequest) (*bridge.Connection, error) {
				return nil, bridge.Visit(test.url, make([]byte, test.keep))
			}
			connecting(t, d, func(t *testing.T, b *bench) {
				s := b.popup(b.browser())
				s.submit("id", "east")
				s.wants(http.StatusInternalServerError, "This cannot go on. Please tell the operator of this channel.")
				if s.header.Get("Refresh") != "" || !strings.Contains(log.text(), test.log) {
					t.Errorf("leads to %q and logs %s", s.header.Get("Refresh"), log.text())
				}
			}, log.into)
		})
	}
}

// As much as is promised fits into the cookie of a visit.
func TestConnectVisitKeeps(t *testing.T) {
	d := &desk{}
	d.connect = func(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
		if r.Query == nil {
			return nil, bridge.Visit("https://service.test/?redirect_uri="+url.QueryEscape(r.ReturnURL)+"&state="+r.State, []byte(strings.Repeat("k", 1000)))
		}
		return account(r), nil
	}
	connecting(t, d, func(t *testing.T, b *bench) {
		s := b.popup(b.browser())
		s.submit("id", "east", "key", strings.Repeat("p", 950))
		s.comesBack(s.leaves("service.test"))
		s.ends()
		got := d.requests()[1]
		if string(got.Kept) != strings.Repeat("k", 1000) || got.Values["key"] != strings.Repeat("p", 950) || got.Values["id"] != "east" {
			t.Errorf("Connect got %+v", got)
		}
	})
}

// A double click connects once, although the browser has given up the first request; and going back does no harm.
func TestConnectOnce(t *testing.T) {
	d := &desk{}
	connecting(t, d, func(t *testing.T, b *bench) {
		release := make(chan struct{})
		d.connect = func(ctx context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
			<-release
			return account(r), ctx.Err()
		}
		s := b.popup(b.browser())
		form := url.Values{"proof": {s.proof()}, "id": {"east"}, "key": {"k"}}
		gone, giveUp := context.WithCancel(t.Context())
		first, err := http.NewRequestWithContext(gone, http.MethodPost, s.at, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		first.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		u, _ := url.Parse(s.at)
		for _, c := range s.browser.Jar.Cookies(u) {
			first.AddCookie(c)
		}
		var clicks sync.WaitGroup
		clicks.Go(func() { _ = serve(b.bridge, first) })
		synctest.Wait()
		giveUp()
		clicks.Go(func() { s.post(form) })
		synctest.Wait()
		close(release)
		clicks.Wait()
		s.ends()
		if n := len(d.requests()); n != 1 {
			t.Errorf("Connect was called %d times", n)
		}

		s.post(form) // again from the form in the browser's history
		s.ends()
		s.get(s.begun.PopupURL)
		s.wants(http.StatusOK, "Desk east is connected Continue in HubSpot")
		if diff := cmp.Diff([]string{"east"}, b.addresses()); diff != "" || len(d.requests()) != 1 {
			t.Errorf("Connect was called %d times; HubSpot's accounts (-want +got):\n%s", len(d.requests()), diff)
		}
		b.popup(s.browser).proof() // another popup has a form

		later(time.Hour)
		s.get(s.begun.PopupURL)
		s.proof()
	})
}

// Different values are different attempts, one after the other.
func TestConnectChanged(t *testing.T) {
	d := &desk{}
	connecting(t, d, func(t *testing.T, b *bench) {
		release := make(chan struct{})
		d.connect = func(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
			if r.Values["key"] == "wrong" {
				<-release
				return nil, bridge.RejectField("key", "The service does not know this key.", nil)
			}
			return account(r), nil
		}
		s := b.popup(b.browser())
		corrected := *s
		var clicks sync.WaitGroup
		clicks.Go(func() { s.submit("id", "east", "key", "wrong") })
		synctest.Wait()
		clicks.Go(func() { corrected.submit("id", "east", "key", "right") })
		synctest.Wait()
		close(release)
		clicks.Wait()
		if got := s.problem("key"); got != "The service does not know this key." {
			t.Errorf("the first reads %q", got)
		}
		corrected.ends()
	})
}

// consent is what the admin does on HubSpot's consent page: she allows the app in a portal, and is sent back.
func (s *screen) consent(portalID int64) {
	s.b.t.Helper()
	to, err := url.Parse(s.header.Get("Location"))
	if err != nil || s.status != http.StatusSeeOther || to.Host != "hubspot.test" {
		s.b.t.Fatalf("answered %d to %q, want the way to the consent page", s.status, to)
	}
	form := to.Query()
	form.Set("portal", fmt.Sprint(portalID))
	form.Set("decision", "allow")
	resp, err := s.browser.PostForm(hsURL+"/oauth/authorize", form)
	s.show(resp, err)
	s.get(s.header.Get("Location"))
}

// Where the app is not installed it is installed first, and the popup goes on. Another portal than the popup's is refused.
func TestConnectInstall(t *testing.T) {
	for name, missing := range map[string]func(b *bench, s *screen) error{
		"before": func(b *bench, s *screen) error {
			err := b.app.Portal(portal).Uninstall(b.t.Context())
			s.get(s.begun.PopupURL)
			return err
		},
		"while the form is open": func(b *bench, s *screen) error {
			err := b.app.Portal(portal).Uninstall(b.t.Context())
			s.submit("id", "east")
			return err
		},
		"as only HubSpot knows": func(b *bench, s *screen) error {
			err := b.hubspot.Uninstall(portal)
			s.submit("id", "east")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			connecting(t, &desk{}, func(t *testing.T, b *bench) {
				const other = 999
				if err := b.hubspot.AddPortal(other, "Other Ltd"); err != nil {
					t.Fatal(err)
				}
				s := b.popup(b.browser())
				if err := missing(b, s); err != nil {
					t.Fatal(err)
				}
				if to := s.header.Get("Location"); !strings.HasPrefix(to, fmt.Sprintf("%s/oauth/%d/authorize?", hsURL, portal)) {
					t.Errorf("leads to %q, want the consent page of the portal", to)
				}
				consent := s.header.Get("Location")
				s.consent(other)
				s.wants(http.StatusConflict, fmt.Sprintf("The app is now installed in the HubSpot account 999, while it was to be installed in %d.", portal))

				s.get(s.begun.PopupURL)
				if s.header.Get("Location") == consent {
					t.Error("a state is used twice")
				}
				s.consent(portal)
				if to, _ := url.Parse(s.header.Get("Location")); s.status != http.StatusSeeOther || appURL+to.String() != s.begun.PopupURL {
					t.Fatalf("answered %d to %q %q, want 303 to %q", s.status, to, s.text(), s.begun.PopupURL)
				}
				s.get(s.begun.PopupURL)
				s.submit("id", "east")
				s.ends()
			})
		})
	}
}
