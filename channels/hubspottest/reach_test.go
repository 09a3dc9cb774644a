package hubspottest_test

import (
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// TestAppIsNotRunning: before a window is opened on the app, the page learns
// that nothing listens there.
func TestAppIsNotRunning(t *testing.T) {
	app, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + app.Addr().String()
	proxied := func(*http.Request) (*url.URL, error) { return url.Parse("http://proxy.test") }
	for _, tt := range []struct {
		name   string
		client *http.Client
		checks bool
	}{
		{"default client", &http.Client{}, true},
		{"own transport", &http.Client{Transport: &http.Transport{DialContext: new(net.Dialer).DialContext}}, true},
		{"proxy", &http.Client{Transport: &http.Transport{Proxy: proxied}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, hubspottest.Config{HTTPClient: tt.client, InstallURL: address + "/install"}, nil)
			s.want(s.register("PATCH", channelBase+"/"+s.channel, object{"channelAccountConnectionRedirectUrl": address + "/connect"}), http.StatusOK)
			page[object](s.bench, "POST", "install", object{"flow": "LINK"}, http.StatusOK)
			page[object](s.bench, "POST", "connections", object{"channelId": s.channel}, http.StatusCreated)

			nobody, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			gone := "http://" + nobody.Addr().String()
			if err := nobody.Close(); err != nil {
				t.Fatal(err)
			}
			s.SetInstallURL(gone + "/install?secret=1")
			s.want(s.register("PATCH", channelBase+"/"+s.channel, object{"channelAccountConnectionRedirectUrl": gone + "/connect?secret=1"}), http.StatusOK)
			for path, body := range map[string]object{
				"install": {"flow": "LINK"}, "connections": {"channelId": s.channel},
			} {
				a := s.send("POST", pageBase+path, body)
				if !tt.checks {
					if a.status >= 400 {
						t.Errorf("%s: got %v", path, a)
					}
					continue
				}
				s.want(a, http.StatusBadGateway)
				diff(t, path, "The app does not answer at "+gone+". Is it running?", a.text("message"))
			}
		})
	}
	if err := app.Close(); err != nil {
		t.Fatal(err)
	}
}
