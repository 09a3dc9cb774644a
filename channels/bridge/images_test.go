package bridge

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"github.com/customchannels/customchannels-go/oauth"
)

// Which hosts of the real HubSpot are trusted cannot be seen from outside without calling them.
func TestTrustedHosts(t *testing.T) {
	h, err := newImageHosts(&Config{App: &oauth.App{}, MediaHosts: []string{"CDN.example.com", "cdn.example.com:8443"}})
	if err != nil {
		t.Fatal(err)
	}
	for link, want := range map[string]bool{
		"https://f.hubspotusercontent-eu1.net/hubfs/1/a.png":     true,
		"https://F.HubSpotUserContent-NA1.net/hubfs/1/a.png":     true,
		"https://24681012.fs1.hubspotusercontent-na2.net/a.png":  true,
		"http://f.hubspotusercontent-eu1.net/a.png":              false,
		"https://f.hubspotusercontent-eu1.net:8443/a.png":        false,
		"https://f.hubspotusercontent-eu1.net.evil.test/a.png":   false,
		"https://f.hubspotusercontent-evil.net/a.png":            false,
		"https://f.hubspotusercontent-eu1.com/a.png":             false,
		"https://x.hubspotusercontent-eu1.net/a.png":             false,
		"https://evil.fs1.hubspotusercontent-eu1.net/a.png":      false,
		"https://.fs1.hubspotusercontent-eu1.net/a.png":          false,
		"https://hubspotusercontent-eu1.net/a.png":               false,
		"https://evil.test/.f.hubspotusercontent-eu1.net/a.png":  false,
		"https://f.hubspotusercontent-eu1.net@evil.test/a.png":   false,
		"https://user:secret@f.hubspotusercontent-eu1.net/a.png": false,
		"https://cdn.example.com/a.png":                          true,
		"https://cdn.example.com:8443/a.png":                     true,
		"https://cdn.example.com:81/a.png":                       false,
		"http://cdn.example.com/a.png":                           false,
		"https://evil.cdn.example.com/a.png":                     false,
		"https://api.hubapi.com/files/v3/files/1":                false,
		"https://api.hubspot.com/filemanager/api/v2/files/1/x":   false,
	} {
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.allows(u); got != want {
			t.Errorf("allows(%s) = %v", link, got)
		}
	}
	for link, want := range map[string]bool{
		"https://api.hubspot.com/x": true, "https://api-eu1.hubspot.com/x": true, "https://api-na2.hubspot.com/x": true,
		"http://api.hubspot.com/x": false, "https://api-evil.hubspot.com/x": false, "https://api-eu1/x": false,
		"https://api-eu1.hubspot.com.evil.test/x": false, "https://app.hubspot.com/x": false, "https://api-eu1.evil.test/x": false,
	} {
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.isAPI(u); got != want {
			t.Errorf("isAPI(%s) = %v", link, got)
		}
	}
}

func TestPrivateAddresses(t *testing.T) {
	for address, public := range map[string]bool{
		"93.184.216.34:443": true, "[2606:2800:220:1:248:1893:25c8:1946]:443": true,
		"127.0.0.1:443": false, "10.1.2.3:443": false, "172.16.0.1:443": false, "192.168.1.1:443": false, "169.254.169.254:80": false,
		"100.64.0.1:443": false, "0.0.0.0:443": false, "0.1.2.3:443": false, "255.255.255.255:443": false, "224.0.0.1:443": false,
		"[::1]:443": false, "[::]:443": false, "[fe80::1]:443": false, "[fd00::1]:443": false, "[ff02::1]:443": false,
		"[::ffff:127.0.0.1]:443": false, "[::ffff:10.0.0.1]:443": false, "[64:ff9b::7f00:1]:443": false, "[2002:7f00:1::]:443": false,
		"localhost:443": false,
	} {
		if err := refusePrivate("tcp", address, nil); (err == nil) != public {
			t.Errorf("refusePrivate(%s) = %v", address, err)
		}
	}
}

// A trusted host does not make others trusted by a redirect.
func TestRedirectsOfPictures(t *testing.T) {
	h, err := newImageHosts(&Config{App: &oauth.App{}, MediaHosts: []string{"cdn.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	first := httptest.NewRequest(http.MethodGet, "https://cdn.example.com/a", nil)
	for link, want := range map[string]bool{
		"https://cdn.example.com/b":                  true,
		"https://f.hubspotusercontent-eu1.net/b.png": true,
		"http://cdn.example.com/b":                   false,
		"https://evil.test/b":                        false,
		"https://169.254.169.254/latest/meta-data":   false,
	} {
		err := h.checkRedirect(httptest.NewRequest(http.MethodGet, link, nil), []*http.Request{first})
		if (err == nil) != want {
			t.Errorf("a redirect to %s: %v", link, err)
		}
	}
	many := slices.Repeat([]*http.Request{first}, imageRedirects+1)
	if h.checkRedirect(first, many) == nil {
		t.Error("redirects without end are followed")
	}
}
