package bridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/customchannels/customchannels-go/channels"
)

// imageHosts fetches pictures that agents' messages refer to, from hosts that can be trusted only: what stands in a message
// must not make this process call whatever its network has.
type imageHosts struct {
	base    *url.URL // of HubSpot's API, or of what stands in for it
	extra   []string // Config.MediaHosts
	toBase  *http.Client
	outside *http.Client
}

const (
	imageTimeout   = 10 * time.Second // to connect, and to get an answer
	imageRedirects = 5
)

// regions are HubSpot's data centres. They are listed, since anybody can register a domain that looks like the pattern.
var regions = []string{"na1", "na2", "na3", "eu1", "ap1"}

func newImageHosts(cfg *Config) (*imageHosts, error) {
	api := cfg.App.BaseURL
	def(&api, channels.DefaultBaseURL)
	base, err := url.Parse(api)
	if err != nil {
		return nil, fmt.Errorf("bridge: Config.App.BaseURL: %w", err)
	}
	h := &imageHosts{base: base}
	for _, host := range cfg.MediaHosts {
		h.extra = append(h.extra, strings.ToLower(host))
	}
	var transport http.RoundTripper
	if cfg.App.HTTPClient != nil {
		transport = cfg.App.HTTPClient.Transport
	}
	h.toBase = &http.Client{Transport: transport, CheckRedirect: h.checkRedirect}
	dialer := &net.Dialer{Timeout: imageTimeout, Control: refusePrivate}
	h.outside = &http.Client{CheckRedirect: h.checkRedirect, Transport: &http.Transport{ // no proxy: it would choose the address
		DialContext: dialer.DialContext, TLSHandshakeTimeout: imageTimeout, ResponseHeaderTimeout: imageTimeout, DisableKeepAlives: true,
	}}
	return h, nil
}

// open begins to read a picture.
func (h *imageHosts) open(ctx context.Context, u *url.URL, limit int64) (*openPicture, error) {
	if !h.allows(u) {
		return nil, fmt.Errorf("the host %s is not allowed", u.Host)
	}
	client := h.outside
	if h.isBase(u) {
		client = h.toBase
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	picture, err := asPicture(resp, limit)
	if err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	return picture, nil
}

func (h *imageHosts) checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > imageRedirects:
		return errors.New("too many redirects")
	case !h.allows(req.URL) || h.isBase(req.URL) != h.isBase(via[0].URL):
		return fmt.Errorf("redirected to the host %s, which is not allowed", req.URL.Host)
	}
	return nil
}

func (h *imageHosts) allows(u *url.URL) bool {
	if u.User != nil {
		return false
	}
	return h.isBase(u) || u.Scheme == "https" && (h.isFileHost(u) || slices.Contains(h.extra, hostPort(u)))
}

// isBase reports whether u stands where something stands in for HubSpot.
func (h *imageHosts) isBase(u *url.URL) bool {
	return !h.real() && u.Scheme == h.base.Scheme && hostPort(u) == hostPort(h.base)
}

// real reports whether HubSpot itself is called.
func (h *imageHosts) real() bool { return h.base.String() == channels.DefaultBaseURL }

// isFileHost reports whether u is on one of the hosts of the public files of HubSpot's customers.
func (h *imageHosts) isFileHost(u *url.URL) bool {
	owner, rest, ok := strings.Cut(hostPort(u), ".hubspotusercontent-")
	region, tld, _ := strings.Cut(rest, ".")
	if !h.real() || !ok || tld != "net" || !slices.Contains(regions, region) {
		return false
	}
	portal, isPortal := strings.CutSuffix(owner, ".fs1")
	return owner == "f" || isPortal && portal != "" && strings.Trim(portal, "0123456789") == ""
}

// isAPI reports whether u leads to HubSpot's API, which redirects those who are logged in to files.
func (h *imageHosts) isAPI(u *url.URL) bool {
	if !h.real() {
		return h.isBase(u)
	}
	host := hostPort(u)
	region, regional := strings.CutPrefix(strings.TrimSuffix(host, ".hubspot.com"), "api-")
	return u.Scheme == "https" && (host == "api.hubspot.com" || regional && strings.HasSuffix(host, ".hubspot.com") && slices.Contains(regions, region))
}

// notPublic are networks that the methods of [netip.Addr] do not tell.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared by carriers
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // IPv4 in IPv6, also of private networks
	netip.MustParsePrefix("2002::/16"),
}

// refusePrivate is asked with the address that a connection is about to be made to, after the name has been resolved: what a
// name stands for can change between a check and its use.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return fmt.Errorf("%s is not a public address", ip)
	}
	return nil
}
