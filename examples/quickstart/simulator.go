package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// simulator is the HubSpot that the app talks to where there is no other.
type simulator struct {
	server
	hubspot *hubspottest.Server
}

// newSimulator starts to listen. The app needs no more of the simulator than the credentials.
func newSimulator(o *options, dir string, log *slog.Logger) (*simulator, *credentials, error) {
	ln, err := listen(o.hubspotAddr, "-hubspot-addr")
	if err != nil {
		return nil, nil, err
	}
	base := "http://" + ln.Addr().String()
	hs := hubspottest.New(hubspottest.Config{
		AppName:    o.appName(),
		InstallURL: "http://" + o.addr + "/hubspot/install",
		Logger:     log,
		URL:        base,
		// HubSpot waits for minutes and hours; nobody at a demo does.
		RetryDelays: retryDelays(),
	})
	if err := hs.Persist(filepath.Join(dir, "hubspot")); err != nil {
		return nil, nil, errors.Join(err, ln.Close())
	}
	s := &simulator{hubspot: hs}
	s.server = server{ln: ln, handler: hs, work: []func(context.Context) error{hs.Run}, close: hs.Close}
	return s, &credentials{
		BaseURL: base, AppID: hs.AppID(), ClientID: hs.ClientID(), ClientSecret: hs.ClientSecret(), DeveloperKey: hs.DeveloperKey(),
		PublicURL: "http://" + o.addr,
	}, nil
}

// beAdmin installs the app and connects an account, like an admin in HubSpot's settings, unless that was done before.
func (s *simulator) beAdmin(ctx context.Context) error {
	if len(s.hubspot.Accounts()) > 0 {
		return nil
	}
	_, err := s.hubspot.InstallAndConnect(ctx)
	return err
}

func retryDelays() []time.Duration {
	var out []time.Duration
	for d := time.Second / 2; len(out) < 60; d = min(2*d, 10*time.Second) {
		out = append(out, d)
	}
	return out
}
