package bridgetest

import (
	"context"
	"errors"
	"io"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var openerRules = []channelRule{
	{
		name: "open/unknown reference",
		why:  "a file that is not there must be told by an error, and an error comes alone",
		test: func(p *channelProbe) {
			opened, err := p.open(p.ctx, "no such reference")
			if err == nil && (opened == nil || opened.Body == nil) {
				p.fatalf("Open returned neither a Body nor an error")
			}
			if err != nil && opened != nil {
				p.fatalf("Open returned a file together with the error %v; nobody closes it", err)
			}
			if err == nil {
				if _, err = io.ReadAll(opened.Body); err == nil {
					p.fatalf("Open of a reference that leads nowhere gave a whole file")
				}
				p.ok("Close", opened.Body.Close())
			}
		},
	}, {
		name: "open/context that has ended",
		why:  "the bridge waits for Open when it stops",
		test: func(p *channelProbe) {
			ctx, cancel := context.WithCancel(p.ctx)
			cancel()
			opener, _ := as[bridge.MediaOpener](p.channel)
			p.call("Open", p.soon, func() {
				if opened, err := opener.Open(ctx, p.account(), p.o.Ref); err == nil && opened != nil && opened.Body != nil {
					_ = opened.Body.Close()
				}
			})
		},
	},
}

var refRules = []channelRule{
	{
		name: "open/again and again",
		why:  "a file is opened anew for each attempt to hand it to HubSpot, for days if need be",
		test: func(p *channelProbe) {
			first, second := p.read(p.o.Ref), p.read(p.o.Ref)
			p.equal("the content", len(second), len(first))
			if string(first) != string(second) {
				p.fatalf("the content of %q differs when it is opened again", p.o.Ref)
			}
		},
	}, {
		name: "open/not read to its end",
		why:  "a file that is too large is closed before its end, and nothing may be left open then",
		test: func(p *channelProbe) {
			opened, err := p.open(p.ctx, p.o.Ref)
			p.ok("Open", err)
			p.ok("Close of a Body that was not read", opened.Body.Close())
		},
	},
}

func (p *channelProbe) open(ctx context.Context, ref string) (*bridge.OpenedMedia, error) {
	p.t.Helper()
	opener, _ := as[bridge.MediaOpener](p.channel)
	var opened *bridge.OpenedMedia
	var err error
	p.call("Open", 2*p.soon, func() { opened, err = opener.Open(ctx, p.account(), ref) })
	return opened, err
}

func (p *channelProbe) read(ref string) []byte {
	p.t.Helper()
	opened, err := p.open(p.ctx, ref)
	p.ok("Open", err)
	if opened == nil || opened.Body == nil {
		p.fatalf("Open returned neither a Body nor an error")
	}
	content, err := io.ReadAll(opened.Body)
	p.ok("reading "+ref, errors.Join(err, opened.Body.Close()))
	if opened.Size != 0 && opened.Size != int64(len(content)) {
		p.fatalf("Open gave a Size of %d, but the Body has %d bytes; with a wrong size the upload fails", opened.Size, len(content))
	}
	return content
}
