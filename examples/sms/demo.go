package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"golang.org/x/sync/errgroup"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/examples/sms/carrier"
)

// runDemo runs the app between a simulated HubSpot and a stand-in for the SMS service.
func runDemo(ctx context.Context, o *options, s *settings, dir string, stdout io.Writer) error {
	var lns [3]net.Listener
	for i, a := range [3]struct{ addr, flag string }{
		{o.listen, "-listen"}, {o.hubspotListen, "-hubspot-listen"}, {o.phoneListen, "-phone-listen"},
	} {
		ln, err := listen(a.addr, a.flag)
		if err != nil {
			return err
		}
		defer ln.Close() // if another one is taken
		lns[i] = ln
	}
	hs, hubspotURL, phoneURL := simulator(lns, s)
	service := carrier.New(carrier.Config{URL: phoneURL, Window: o.window, Logger: s.log})
	s.apiURL, s.form = phoneURL, map[string]string{"number": service.Number(), "sid": service.AccountSID(), "token": service.AuthToken()}

	g, ctx := errgroup.WithContext(ctx)
	closeApp, err := start(ctx, g, lns[0], s, dir)
	if err != nil {
		return err
	}
	serve(ctx, g, lns[1], hs)
	serve(ctx, g, lns[2], service)
	g.Go(func() error { return hs.Run(ctx) })
	g.Go(func() error { return service.Run(ctx) })
	g.Go(func() error {
		if _, err := hs.InstallAndConnect(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("the simulated admin could not connect the phone number: %w", err)
		}
		fmt.Fprintf(stdout, greeting, phoneURL, hubspotURL)
		return nil
	})
	return errors.Join(g.Wait(), closeApp(), hs.Close())
}

const greeting = `
  Customer's phone   %s/
  Agent              %s/

  Open both, write on the phone and answer as the agent. Then try:
    - a picture, in either direction
    - "Read all" on the phone: the answers turn to Read
    - STOP on the phone, and an answer: it fails, with the reason; START ends it
  Everything is forgotten when you stop with Ctrl-C.
`

func simulator(lns [3]net.Listener, s *settings) (hs *hubspottest.Server, hubspotURL, phoneURL string) {
	s.publicURL = "http://" + lns[0].Addr().String()
	hubspotURL, phoneURL = "http://"+lns[1].Addr().String(), "http://"+lns[2].Addr().String()
	hs = hubspottest.New(hubspottest.Config{
		AppName: channelName, URL: hubspotURL, InstallURL: s.publicURL + "/hubspot/install", Logger: s.log,
	})
	s.hubspot = &hubspot{
		BaseURL: hubspotURL, AppID: hs.AppID(), ClientID: hs.ClientID(), ClientSecret: hs.ClientSecret(), DeveloperKey: hs.DeveloperKey(),
	}
	return hs, hubspotURL, phoneURL
}
