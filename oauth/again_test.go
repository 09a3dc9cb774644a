package oauth_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
)

// An install that fails can be begun anew from the page that says so, and then ends where it was to end.
func TestStartAgain(t *testing.T) {
	link := regexp.MustCompile(`<a href="([^"]*)">Start again</a>`)
	for _, test := range []struct {
		name  string
		late  time.Duration
		query []string
		want  int
	}{
		{"refused", 0, []string{"error", "access_denied"}, http.StatusForbidden},
		{"without a code", 0, nil, http.StatusBadRequest},
		{"in another portal", 0, []string{"code", "code-1"}, http.StatusConflict},
		{"too late", 11 * time.Minute, []string{"code", "code-1"}, http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := time.Now()
			b := setup(func(a *oauth.App) { a.Now = func() time.Time { return now } })
			web := start(b.app, oauth.InstallRequest{PortalID: 13579, ReturnTo: "/connect?inboxId=7"})
			state := web.begin(t, "/start").Get("state")
			now = now.Add(test.late)
			page := wantPage(t, web.open(callback(append(test.query, "state", state)...)), test.want)
			found := link.FindStringSubmatch(page)
			if found == nil {
				t.Fatalf("the page has no link:\n%s", page)
			}
			again, err := url.Parse(html.UnescapeString(found[1]))
			if err != nil || !strings.Contains(again.Path, "/13579/") || again.Query().Get("state") == state {
				t.Fatalf("the link leads to %s, %v", again, err)
			}
			b.hub.codes = map[string]int64{"code-2": 13579}
			resp := web.open(callback("code", "code-2", "state", again.Query().Get("state")))
			if got := resp.Header.Get("Location"); got != "/connect?inboxId=7" {
				t.Errorf("the second attempt ended at %q with %d", got, resp.StatusCode)
			}
		})
	}
}

// What was begun with the old secret ends under the new one, as long as the old one is known.
func TestClientSecretIsRotated(t *testing.T) {
	b := setup()
	for _, olds := range [][]string{{""}, {"another", "old secret"}} {
		web := start(b.newApp(func(a *oauth.App) { a.ClientSecret = "old secret" }), oauth.InstallRequest{ReturnTo: "/connect"})
		state := web.begin(t, "/start").Get("state")
		web.mux = newBrowser(b.newApp(func(a *oauth.App) { a.OldClientSecrets = olds })).mux
		resp := web.open(callback("code", "code-1", "state", state))
		if !slices.Contains(olds, "old secret") {
			wantPage(t, resp, http.StatusBadRequest, "It was started in another browser")
			continue
		}
		if got := resp.Header.Get("Location"); got != "/connect" {
			t.Errorf("it ended at %q with %d", got, resp.StatusCode)
		}
	}
}
