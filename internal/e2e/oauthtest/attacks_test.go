package oauthtest

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

// TestAttacks tries what a stranger could do with the links of an install.
func TestAttacks(t *testing.T) {
	for _, tt := range []struct {
		name   string
		attack func(*world) page // ends with what the victim's browser shows
		says   string
		asked  int // requests to HubSpot's token endpoint, all of which it refuses
	}{
		{
			// The stranger installs the app in a portal of her own, and has the victim end that install.
			name: "CSRF",
			says: "started in another browser",
			attack: func(w *world) page {
				link := w.callback(w.newBrowser(), "/install")
				return w.shown(w.web.Get(link.String()))
			},
		}, {
			name: "state of another browser",
			says: "started in another browser",
			attack: func(w *world) page {
				strange, own := w.callback(w.newBrowser(), "/install"), w.callback(w.web, "/install")
				return w.shown(w.web.Get(with(strange, "code", own.Query().Get("code"))))
			},
		}, {
			name: "made-up state",
			says: "started in another browser",
			attack: func(w *world) page {
				return w.shown(w.web.Get(with(w.callback(w.web, "/install"), "state", strings.Repeat("A", 26))))
			},
		}, {
			name: "code without a state",
			says: "Your app", // the consent page of an install of the victim's own
			attack: func(w *world) page {
				return w.shown(w.web.Get(redirectURL + "?code=" + w.callback(w.newBrowser(), "/install").Query().Get("code")))
			},
		}, {
			name: "expired state",
			says: "more than ten minutes ago",
			attack: func(w *world) page {
				link := w.callback(w.web, "/install")
				cookies := w.web.Jar.Cookies(must(url.Parse(redirectURL)))
				time.Sleep(10*time.Minute + time.Second)
				r := must(http.NewRequest(http.MethodGet, link.String(), nil))
				for _, c := range cookies { // the browser has dropped them
					r.AddCookie(c)
				}
				return w.shown(w.web.Do(r))
			},
		}, {
			name: "open redirect",
			says: "not a path of this site",
			attack: func(w *world) page {
				return w.shown(w.web.Get(site + "/install?returnTo=" + url.QueryEscape("//evil.example/")))
			},
		}, {
			name: "open redirect through returnUrl",
			says: "Your app",
			attack: func(w *world) page {
				code := w.callback(w.newBrowser(), "/install").Query().Get("code")
				return w.shown(w.web.Get(redirectURL + "?code=" + code + "&returnUrl=" + url.QueryEscape("https://evil.example/")))
			},
		}, {
			name:  "made-up code",
			says:  "was used or is too old",
			asked: 1,
			attack: func(w *world) page {
				return w.shown(w.web.Get(with(w.callback(w.web, "/install"), "code", "made-up")))
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, hubspottest.Readings{}, func(w *world) {
				p := tt.attack(w)
				if !strings.Contains(p.text, tt.says) || p.url.Host == "evil.example" {
					w.t.Errorf("the attack ends at %s with %d: %s", p.url, p.status, p.text)
				}
				wantRequests(w.t, w.hs, tt.asked)
				if _, err := w.app.Portal(portalID).Token(w.t.Context()); !errors.Is(err, oauth.ErrNotInstalled) {
					w.t.Errorf("Token = %v, want ErrNotInstalled", err)
				}
			})
		})
	}
}

// TestReplays opens what is in the browser's history.
func TestReplays(t *testing.T) {
	for _, tt := range []struct {
		name   string
		replay func(w *world, link *url.URL) page
		says   string
		asked  int
	}{
		{
			name:   "of the whole link",
			says:   "has ended already",
			replay: func(w *world, link *url.URL) page { return w.shown(w.web.Get(link.String())) },
		}, {
			name: "of the state, with a new code",
			says: "has ended already",
			replay: func(w *world, link *url.URL) page {
				return w.shown(w.web.Get(with(link, "code", w.callback(w.web, "/install").Query().Get("code"))))
			},
		}, {
			name:  "of the code, with a new state",
			says:  "was used or is too old",
			asked: 1,
			replay: func(w *world, link *url.URL) page {
				return w.shown(w.web.Get(with(link, "state", w.callback(w.web, "/install").Query().Get("state"))))
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, hubspottest.Readings{}, func(w *world) {
				link := w.decide("/install", "allow").url
				before := w.stored()
				w.hs.ClearJournal()
				if p := tt.replay(w, link); p.status != http.StatusBadRequest || !strings.Contains(p.text, tt.says) {
					w.t.Errorf("the replay ends with %d: %s", p.status, p.text)
				}
				wantRequests(w.t, w.hs, tt.asked)
				if after := w.stored(); after.Revision != before.Revision {
					w.t.Errorf("stored %v, was %v", after, before)
				}
			})
		})
	}
}

// callback has the owner of a browser allow the app, and returns where HubSpot sends the browser then, which stays away.
func (w *world) callback(web *http.Client, link string) *url.URL {
	w.t.Helper()
	stopped := *web
	stopped.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := stopped.PostForm(hubspotURL+"/oauth/authorize", w.answer(web, link, "allow"))
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return must(resp.Location())
}

// with returns a URL with another value in its query.
func with(u *url.URL, name, value string) string {
	q := u.Query()
	q.Set(name, value)
	changed := *u
	changed.RawQuery = q.Encode()
	return changed.String()
}
