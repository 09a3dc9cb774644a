package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/webhook"
)

// pingType is the type of the doctor's webhook. HubSpot has none of that name, so a bridge has nothing to do for it.
const pingType = "CHANNELCTL_DOCTOR"

// checkPublic asks the bridge at its public address, as HubSpot would.
func (e *examination) checkPublic(ctx context.Context) {
	const check = "public URL"
	if e.publicURL() == "" {
		e.skip(check, envPublic)
		return
	}
	u, err := parsePublic(e.publicURL())
	if err != nil {
		e.problem(check, "set it to what stands in front of the path that the bridge sees, such as https://chat.example.com", "%v", err)
		return
	}
	hubspot, err := url.Parse(e.base)
	realHubSpot := err == nil && !internal(hubspot)
	switch {
	case realHubSpot && internal(u):
		e.problem(check, "put a tunnel or a proxy in front of it, and set "+envPublic+" to its address", "HubSpot cannot reach %s", u.Host)
	case realHubSpot && u.Scheme == "http":
		e.problem(check, "serve https, and set "+envPublic+" to it", "messages cross the internet in the clear")
	}
	for _, route := range []string{"/live", "/ready"} {
		if !e.checkRoute(ctx, route) {
			return
		}
	}
	e.checkWebhook(ctx)
}

// parsePublic reads a public URL, or says what is wrong with it.
func parsePublic(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("it is no absolute http or https URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("it has more than scheme, host and path")
	}
	return u, nil
}

// internal reports whether a URL cannot be reached from the internet.
func internal(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast())
}

// reply is what the bridge answered.
type reply struct {
	*http.Response
	text string // the beginning of the body
}

// ask calls a URL of the bridge.
func (e *examination) ask(ctx context.Context, method, target string, header http.Header, body string) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, header)
	client := &http.Client{CheckRedirect: noRedirect}
	resp, err := client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 200))
	return &reply{resp, string(text)}, err
}

// checkRoute asks whether the bridge lives and is ready. It returns false where there is no use in further questions.
func (e *examination) checkRoute(ctx context.Context, route string) bool {
	check, target := strings.TrimPrefix(route, "/"), e.route(route)
	a, err := e.ask(ctx, http.MethodGet, target, nil, "")
	switch {
	case err != nil:
		e.problem(check, "start the bridge, and look at DNS, firewall, certificate and tunnel", "%s cannot be reached: %v", target, err)
		return false
	case a.StatusCode/100 == 3:
		e.problem(check, "set "+envPublic+" to the address that answers itself: HubSpot signs the URL that it calls",
			"%s redirects to %s", target, a.Header.Get("Location"))
		return false
	case a.StatusCode == http.StatusServiceUnavailable:
		e.problem(check, "look at the log of the bridge: it says why", "the bridge answers 503: %s", a.text)
		return true
	case a.StatusCode != http.StatusOK:
		e.problem(check, "lead "+e.prefix+" of this address to the bridge, or name its path with -prefix",
			"%s answers %s, which is not the bridge", target, a.Status)
		return false
	}
	e.ok(check, "%s answers", target)
	e.checkCertificate(a.Response)
	return true
}

const certificateWarning = 14 * 24 * time.Hour

func (e *examination) checkCertificate(resp *http.Response) {
	if resp.TLS == nil || !strings.HasSuffix(resp.Request.URL.Path, "/live") {
		return
	}
	const check = "certificate"
	until := resp.TLS.PeerCertificates[0].NotAfter
	if time.Until(until) < certificateWarning {
		e.warn(check, "have it renewed", "expires %s", when(until))
		return
	}
	e.ok(check, "good until %s", when(until))
}

// checkWebhook plays HubSpot: what it has signed must be taken, and nothing that others have.
func (e *examination) checkWebhook(ctx context.Context) {
	const check = "webhook"
	if names := e.missing(envSecret); len(names) > 0 {
		e.skip(check, names...)
		return
	}
	if e.channelID == "" {
		e.warn(check, "correct the channel first, or name it with -channel", "not checked without the id of the channel")
		return
	}
	a, err := e.ping(ctx, e.s.env(envSecret))
	switch {
	case err != nil:
		e.problem(check, "look at the log of the bridge", "no answer to a signed webhook: %v", err)
	case a.StatusCode/100 == 2:
		e.ok(check, "a signed one is taken")
	case a.StatusCode == http.StatusUnauthorized:
		e.problem(check, fmt.Sprintf("give the bridge the same %s and %s as here; if they are, a proxy changes the request: the log of the bridge says how",
			envSecret, envPublic), "a signed one is refused with 401")
	case a.StatusCode == http.StatusNotFound:
		e.problem(check, "start the bridge of this channel at this address, or name its channel with -channel",
			"the bridge answers 404: it does not serve channel %s", e.channelID)
	case a.StatusCode == http.StatusServiceUnavailable:
		e.problem(check, "look at ready above and at the log of the bridge", "the bridge answers 503: %s", a.text)
	default:
		e.problem(check, "have nothing stand between HubSpot and the bridge that answers itself, such as a login", "a signed one is answered %s", a.Status)
	}
	if err == nil {
		e.checkForged(ctx)
	}
}

func (e *examination) checkForged(ctx context.Context) {
	const check = "forged webhook"
	a, err := e.ping(ctx, rand.Text())
	switch {
	case err != nil:
		e.problem(check, "look at the log of the bridge", "no answer to a wrongly signed webhook: %v", err)
	case a.StatusCode/100 == 2:
		e.problem(check, "have every webhook verified, as webhook.Verifier does", "one with a wrong signature is taken: anybody can write in customers' names")
	case a.StatusCode != http.StatusUnauthorized:
		e.warn(check, "see what answers in place of the bridge", "one with a wrong signature is answered %s in place of 401", a.Status)
	default:
		e.ok(check, "one with a wrong signature is refused")
	}
}

// ping sends a webhook of an unknown type.
func (e *examination) ping(ctx context.Context, secret string) (*reply, error) {
	now, target := time.Now(), e.route("/webhook")
	// In HubSpot's order: a body with sorted members looks to the bridge like one that a proxy has written anew.
	body, err := json.Marshal(struct {
		Type      string    `json:"type"`
		Portal    int64     `json:"portalId"`
		Channel   string    `json:"channelId"`
		Timestamp time.Time `json:"eventTimestamp"`
	}{pingType, e.portal, string(e.channelID), now.UTC()})
	if err != nil {
		return nil, err
	}
	header := webhook.Sign(webhook.V3, secret, http.MethodPost, target, body, now)
	header.Set("Content-Type", "application/json")
	return e.ask(ctx, http.MethodPost, target, header, string(body))
}
