package bridge_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

const gif = "GIF89a\x01\x00\x01\x00\x00\x00\x00;"

// gallery is what HubSpot's host has besides its API.
func gallery() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/pictures/cat.gif", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, gif) })
	mux.HandleFunc("/pictures/raw", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		fmt.Fprint(w, gif)
	})
	mux.HandleFunc("/pictures/login", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png") // a lie
		fmt.Fprint(w, "<!DOCTYPE html><html>Log in")
	})
	mux.HandleFunc("/pictures/text", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	mux.HandleFunc("/pictures/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/pictures/cat.gif", http.StatusFound)
	})
	mux.HandleFunc("/pictures/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, appURL+"/hubspot/live", http.StatusFound)
	})
	mux.HandleFunc("/pictures/large.gif", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, gif+strings.Repeat("x", 2<<20))
	})
	mux.HandleFunc("/pictures/down.gif", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusBadGateway) })
	return mux
}

func rich(c *bridge.Config) {
	c.Definition.Capabilities.RichText = []channels.RichTextFeature{channels.Hyperlink}
}

// An agent's "Insert image" is a file like any other; what must not or cannot be fetched is a link.
func TestInlineImages(t *testing.T) {
	file := func(name string) []string { return []string{fmt.Sprintf("%s image/gif %q", name, gif)} }
	for name, test := range map[string]struct {
		html  string
		text  string
		files []string
	}{
		"on HubSpot's host":        {`<img src="` + hsURL + `/pictures/cat.gif">`, "", file("cat.gif")},
		"once only":                {`<img src="` + hsURL + `/pictures/cat.gif"><img src="` + hsURL + `/pictures/cat.gif">`, "", file("cat.gif")},
		"type from the content":    {`<img src="` + hsURL + `/pictures/raw" alt="cat.gif">`, "", file("cat.gif")},
		"redirected":               {`<img src="` + hsURL + `/pictures/moved" alt="cat.gif">`, "", file("cat.gif")},
		"redirected elsewhere":     {`<img src="` + hsURL + `/pictures/away">`, hsURL + "/pictures/away", nil},
		"a page":                   {`<img src="` + hsURL + `/pictures/login">`, hsURL + "/pictures/login", nil},
		"no picture":               {`<img src="` + hsURL + `/pictures/text">`, hsURL + "/pictures/text", nil},
		"too large":                {`<img src="` + hsURL + `/pictures/large.gif">`, hsURL + "/pictures/large.gif", nil},
		"not there":                {`<img src="` + hsURL + `/pictures/none.gif">`, hsURL + "/pictures/none.gif", nil},
		"out of reach":             {`<img src="` + hsURL + `/pictures/down.gif">`, hsURL + "/pictures/down.gif", nil},
		"another scheme":           {`<img src="https://hubspot.test/pictures/cat.gif">`, "https://hubspot.test/pictures/cat.gif", nil},
		"another port":             {`<img src="` + hsURL + `:81/pictures/cat.gif">`, hsURL + ":81/pictures/cat.gif", nil},
		"another host":             {`<img src="` + appURL + `/cat.gif">`, appURL + "/cat.gif", nil},
		"HubSpot's, but not here":  {`<img src="https://f.hubspotusercontent-eu1.net/cat.gif">`, "https://f.hubspotusercontent-eu1.net/cat.gif", nil},
		"another portal's file":    {`<img src="` + hsURL + `/filemanager/api/v2/files/1/signed-url-redirect?portalId=1">`, hsURL + "/filemanager/api/v2/files/1/signed-url-redirect?portalId=1", nil},
		"in the text all the same": {`<p>Look: <img src="` + appURL + `/cat.gif"></p>`, "Look:\n" + appURL + "/cat.gif", nil},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.pages = gallery()
				b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
				text := ""
				if strings.Contains(test.html, "Look:") {
					text = "Look:"
				}
				b.richReply(text, test.html)
				if len(b.channel.sent) != 1 {
					t.Fatalf("sent %d messages; the agent sees %q", len(b.channel.sent), b.shown())
				}
				got := b.channel.sent[0]
				if got.Text != test.text {
					t.Errorf("text = %q, want %q", got.Text, test.text)
				}
				if diff := cmp.Diff(test.files, got.Files); diff != "" {
					t.Errorf("files (-want +got):\n%s", diff)
				}
			}, rich)
		})
	}
}

// richReply writes as the agent, with the composer's HTML.
func (b *bench) richReply(text, html string) {
	b.t.Helper()
	if _, err := b.hubspot.Reply(b.thread(), hubspottest.Reply{Text: text, RichText: html}); err != nil {
		b.t.Fatal(err)
	}
	later(0)
}

// HubSpot's links to private files are no use to customers, so the file itself is sent.
func TestInlinePrivateFile(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.reply("A file:", hubspottest.Upload{Name: "cat.gif", Content: []byte(gif)})
		id := b.hubspot.Messages(b.thread())[1].Attachments[0].FileID
		b.richReply("", fmt.Sprintf(`<img src="%s/filemanager/api/v2/files/%s/signed-url-redirect?portalId=%d">`, hsURL, id, portal))
		if diff := cmp.Diff([]string{fmt.Sprintf("cat.gif image/gif %q", gif)}, b.channel.sent[1].Files); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	}, rich)
}

// A channel that carries no files gets the link.
func TestInlineImageWithoutFiles(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.pages = gallery()
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.richReply("Look:", `<p>Look:<img src="`+hsURL+`/pictures/cat.gif"></p>`)
		if got, want := b.channel.texts(), []string{"Look:\n" + hsURL + "/pictures/cat.gif"}; !cmp.Equal(got, want) {
			t.Errorf("sent %q, want %q", got, want)
		}
		if got := b.shown()[1]; got != "agent: Look: (SENT)" {
			t.Errorf("the agent sees %q", got)
		}
	}, rich, func(c *bridge.Config) { c.Definition.Capabilities.OutgoingAttachmentTypes = nil })
}

// A host that is allowed may still lead into the network of this process. The address decides, when it is dialled.
func TestMediaHostsAtPrivateAddresses(t *testing.T) {
	var called atomic.Bool
	srv := httptest.NewUnstartedServer(gallery())
	srv.Config.ConnState = func(net.Conn, http.ConnState) { called.Store(true) }
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	host := srv.Listener.Addr().String()
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		link := "https://" + host + "/pictures/cat.gif"
		b.richReply("", `<img src="`+link+`">`)
		later(time.Minute)
		if diff := cmp.Diff([]string{link}, b.channel.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		if called.Load() {
			t.Error("a private address was called")
		}
	}, rich, func(c *bridge.Config) { c.MediaHosts = []string{host} })
}
