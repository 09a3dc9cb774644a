package bridgetest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

const whyWhole = "the agent sees the message as SENT, so each file has to be read to its end and to arrive as it is"

// fileTypeRules send a file of each type that the channel declares.
func fileTypeRules(c *channels.Capabilities) []channelRule {
	types := c.AllowedFileMIMETypes
	if len(types) == 0 {
		types = usualTypes
	}
	var rules []channelRule
	for _, t := range types {
		t = strings.ToLower(t)
		if example, ok := wildcards[t]; ok {
			t = example
		}
		name, ok := nameOf(t)
		if !ok || slices.ContainsFunc(rules, func(r channelRule) bool { return r.name == "file/type "+strings.ReplaceAll(t, "/", " ") }) {
			continue
		}
		rules = append(rules, channelRule{
			name: "file/type " + strings.ReplaceAll(t, "/", " "),
			why:  "the channel declares that it carries files of this type; " + whyWhole,
			test: func(p *channelProbe) { p.sendFiles(textBesideFile, newFile(fileID(1), name, t, p.fileSize(5000))) },
		})
	}
	return rules
}

// aFile is a file of a type that the channel carries.
func (p *channelProbe) aFile(n, size int) *file {
	for _, t := range append(slices.Clone(p.o.Definition.Capabilities.AllowedFileMIMETypes), usualTypes...) {
		t = strings.ToLower(t)
		if example, ok := wildcards[t]; ok {
			t = example
		}
		if name, ok := nameOf(t); ok {
			return newFile(fileID(n), fmt.Sprint(n, " ", name), t, p.fileSize(size))
		}
	}
	return newFile(fileID(n), "file.bin", "application/octet-stream", p.fileSize(size))
}

// fileSize keeps within what the channel declares.
func (p *channelProbe) fileSize(size int) int {
	return int(min(int64(size), p.o.Definition.Capabilities.MaxFileBytes, p.o.Definition.Capabilities.MaxTotalFileBytes))
}

// sendFiles sends files, which have to arrive.
func (p *channelProbe) sendFiles(text string, files ...*file) {
	p.t.Helper()
	p.sent(p.send(letter{text: text, files: files}))
	p.filesArrived(files...)
	p.arrived(text)
}

func (p *channelProbe) filesArrived(files ...*file) {
	p.t.Helper()
	for _, f := range files {
		p.properly(f, true)
		if p.o.Delivered == nil {
			continue
		}
		what := "it %d times, as a whole"
		if p.o.Links {
			what = "its address %d times, in the text of one Delivery"
		}
		if n := p.deliveries(f); n != 1 {
			p.fatalf("the file %q was reported as SENT, but the service got "+what, f.name, n)
		}
	}
}

// deliveries counts how often the service has got a file, or its address.
func (p *channelProbe) deliveries(f *file) int {
	n := 0
	for _, d := range p.o.Delivered(p.t) {
		if p.o.Links && strings.Contains(d.Text, f.url()) {
			n++
		}
		for _, content := range d.Files {
			if bytes.Equal(content, f.content) {
				n++
			}
		}
	}
	return n
}

// properly checks how a file was read.
func (p *channelProbe) properly(f *file, whole bool) {
	p.t.Helper()
	if misuse := f.misuse(whole); misuse != "" {
		p.fatalf("the file %q %s", f.name, misuse)
	}
}

var fileRules = []channelRule{
	{
		name: "file/without text",
		why:  "agents send files without a word, and Text is empty then",
		test: func(p *channelProbe) { p.sendFiles("", p.aFile(1, 5000)) },
	}, {
		name: "file/large",
		why:  whyWhole,
		test: func(p *channelProbe) { p.sendFiles(textBesideFile, p.aFile(1, 3<<20)) },
	}, {
		name: "file/odd name",
		why:  "a file's name may hold anything but a path; it must not break the request to the service",
		test: func(p *channelProbe) {
			f := p.aFile(1, 5000)
			f.name = "Ä \"quoted\"; name=x\r\nX-Header: 日本語 %00 " + f.name
			p.sendFiles(textBesideFile, f)
		},
	}, {
		name: "file/closed and not kept",
		why:  "what is not closed holds a connection to HubSpot for ever, and a file cannot be read any more after Send has returned",
		test: func(p *channelProbe) {
			f := p.aFile(1, 5000)
			p.last = func() { p.properly(f, false) }
			p.send(letter{text: textBesideFile, files: []*file{f}})
			p.eventually(func() bool { return f.misuse(false) == "" })
		},
	}, {
		name: "file/context that has ended",
		why:  "Send has to begin nothing then",
		test: func(p *channelProbe) {
			p.gate.onEnter(func(ctx context.Context, _ *bridge.Outgoing) context.Context {
				ended, cancel := context.WithCancel(ctx)
				cancel()
				return ended
			})
			f := p.aFile(1, 5000)
			p.kept(p.send(letter{text: textBesideFile, files: []*file{f}}))
			p.properly(f, false)
		},
	},
}

var fileReadRules = []channelRule{
	{
		name: "file/cannot be opened",
		why: "a message whose file could not be had is not SENT: any error has it sent again, when Open gets a fresh link from HubSpot " +
			"(it is no reason for bridge.Reject either)",
		test: func(p *channelProbe) { p.fileFails(http.StatusServiceUnavailable, false) },
	}, {
		name: "file/breaks off",
		why:  "half a file must not pass for the whole: the error of Read has to be noticed, and any error of Send has the message sent again",
		test: func(p *channelProbe) { p.fileFails(0, true) },
	}, {
		name: "file/is gone",
		why:  "Open fails, any error of Send tells the bridge, and it calls Send without the file; the customer gets the text once",
		test: func(p *channelProbe) {
			f := p.aFile(1, 5000)
			f.set(http.StatusNotFound, false)
			first := p.send(letter{text: textBesideFile, files: []*file{f}})
			p.kept(first)
			again := p.again(first.id)
			if again.passage.err != nil {
				p.fatalf("Send returned the error %v when it was called without the file", again.passage.err)
			}
			p.textOnce()
		},
	},
}

// fileFails has HubSpot not give out a file at first, or not all of it.
func (p *channelProbe) fileFails(refused int, breaks bool) {
	p.t.Helper()
	f := p.aFile(1, 5000)
	f.set(refused, breaks)
	first := p.send(letter{text: textBesideFile, files: []*file{f}})
	p.kept(first)
	p.properly(f, false)
	f.set(0, false)
	p.sentAgain(first.id)
	if p.o.Delivered == nil {
		return
	}
	if n := p.deliveries(f); n != 1 {
		p.fatalf("when the file could be had after all, and the message was sent again, the service got it %d times", n)
	}
	p.textOnce()
}

const textBesideFile = "See the file."

// textOnce checks that the customer has the text beside a file once, after Send was called twice.
func (p *channelProbe) textOnce() {
	p.t.Helper()
	if p.o.Delivered == nil {
		return
	}
	n := 0
	for _, d := range p.o.Delivered(p.t) {
		if missing(textBesideFile, d.Text) < 0 {
			n++
		}
	}
	if n != 1 {
		p.fatalf("after the second Send the service has got the text %d times; files are best read before anything is sent", n)
	}
}

var fileCountRules = []channelRule{
	{
		name: "file/several",
		why:  "the channel declares that a message carries several files",
		test: func(p *channelProbe) {
			c := &p.o.Definition.Capabilities
			count := min(c.MaxFileCount, 5)
			var files []*file
			for n := range count {
				files = append(files, p.aFile(n+1, int(min(5000+int64(n), c.MaxTotalFileBytes/int64(count)))))
			}
			p.sendFiles("See the files.", files...)
		},
	},
}
