package bridgetest

import (
	"bytes"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

var mediaRules = []rule{
	{
		name: "media/chunks",
		why:  "a file is written and read piece by piece, for it may not fit into memory",
		test: func(p *probe) {
			large := bytes.Repeat([]byte{0, 1, 2, 0xff}, 64<<10)
			p.write("a", 1, large)
			p.write("a", 0, []byte("head"))
			p.write("b", 0, nil)
			p.chunkIs("a", 0, []byte("head"))
			p.chunkIs("a", 1, large)
			p.chunkIs("b", 0, nil)
			p.noChunk("a", 2)
			p.noChunk("b", 1)
			p.noChunk("c", 0)
		},
	}, {
		name: "media/chunk is written again",
		why:  "a write whose answer was lost is repeated",
		test: func(p *probe) {
			p.write("a", 0, []byte("first"))
			p.write("a", 0, []byte("second"))
			p.chunkIs("a", 0, []byte("second"))
		},
	}, {
		name: "media/goes with its message",
		why:  "customers' files may not stay behind once they are in HubSpot",
		test: func(p *probe) {
			p.acceptWithMedia("a", "one", "two")
			p.acceptWithMedia("b", "three")
			a := p.claims("a", "b")[0]
			p.retry(a, 0)
			p.chunkIs("one", 0, []byte("one"))
			p.done(p.one("a"))
			p.noChunk("one", 0)
			p.noChunk("two", 0)
			p.chunkIs("three", 0, []byte("three"))
		},
	}, {
		name: "media/of a buried message stays",
		why:  "an operator who retries the message needs its files",
		test: func(p *probe) {
			p.now = time.Now()
			p.acceptWithMedia("a", "one")
			p.bury(p.one("a"), "reason")
			p.sweep(48 * time.Hour)
			p.chunkIs("one", 0, []byte("one"))
			p.sweep(31 * 24 * time.Hour)
			p.noChunk("one", 0)
		},
	}, {
		name: "media/orphans are swept",
		why:  "a file whose message was never accepted, or was known already, belongs to nobody",
		test: func(p *probe) {
			p.acceptWithMedia("a", "one")
			p.write("orphan", 0, []byte("orphan"))
			p.write("repeated", 0, []byte("repeated"))
			again := work("a", "a")
			again.Media = []string{"repeated"}
			p.answers([]bridge.Acceptance{bridge.Duplicate}, again)

			p.sweep(59 * time.Minute) // its message may still be coming
			p.chunkIs("orphan", 0, []byte("orphan"))
			p.sweep(61 * time.Minute)
			p.noChunk("orphan", 0)
			p.noChunk("repeated", 0)
			p.chunkIs("one", 0, []byte("one"))
		},
	},
}

func (p *probe) write(id string, n int, chunk []byte) {
	p.t.Helper()
	p.ok("WriteMedia", p.store.WriteMedia(p.ctx, id, n, chunk))
}

// acceptWithMedia stores an item with files that hold their own names.
func (p *probe) acceptWithMedia(key string, ids ...string) {
	p.t.Helper()
	for _, id := range ids {
		p.write(id, 0, []byte(id))
	}
	it := work(key, key)
	it.At = p.now
	it.Media = ids
	p.accept(it)
}

func (p *probe) chunkIs(id string, n int, want []byte) {
	p.t.Helper()
	got, err := p.store.ReadMedia(p.ctx, id, n)
	p.ok("ReadMedia", err)
	if !bytes.Equal(got, want) {
		p.fatalf("chunk %d of %s has %d bytes other than the %d that were written", n, id, len(got), len(want))
	}
}

func (p *probe) noChunk(id string, n int) {
	p.t.Helper()
	_, err := p.store.ReadMedia(p.ctx, id, n)
	p.fails("ReadMedia", err, bridge.ErrNotFound)
}

// sweep has the store remove what is old at a time counted from now, since spooled media age by the wall clock.
func (p *probe) sweep(after time.Duration) {
	p.t.Helper()
	p.ok("Sweep", p.store.Sweep(p.ctx, time.Now().Add(after)))
}
