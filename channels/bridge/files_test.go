package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// HubSpot may know wider limits than the channel has: the registration can be changed by hand. The channel never sees what
// it cannot carry; the customer gets the rest, and the agent reads what is missing.
func TestFilesOverTheLimits(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		wide := channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque}, AllowOutgoingMessages: true,
			ThreadingModel:          channels.ByIntegrationThread,
			OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
			MaxFileCount:            10, MaxFileBytes: 10 << 20, MaxTotalFileBytes: 20 << 20,
		}
		id := channels.ID(b.hubspot.Channels()[0].ID)
		if _, err := b.registry.Update(t.Context(), id, &channels.RegistrationUpdate{Capabilities: &wide}); err != nil {
			t.Fatal(err)
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.reply("See:", hubspottest.Upload{Name: "a.pdf", Content: []byte("a")}, hubspottest.Upload{Name: "b.png", Content: []byte("b")},
			hubspottest.Upload{Name: "c.png", Content: make([]byte, 1<<20+1)})
		if diff := cmp.Diff([]string{`b.png image/png "b"`}, b.channel.sent[0].Files); diff != "" {
			t.Errorf("files sent (-want +got):\n%s", diff)
		}
		want := "agent: See: (FAILED: The text was delivered, but a.pdf was not sent: this channel does not carry files of type application/pdf. " +
			"c.png was not sent: this channel carries files of at most 1048576 bytes.)"
		if got := b.shown()[1]; got != want {
			t.Errorf("the agent sees %q, want %q", got, want)
		}
	}, func(c *bridge.Config) { c.Definition.Capabilities.AllowedFileMIMETypes = []string{"IMAGE/*"} })
}

// Neither do more files than it takes, or more bytes in all, or any where it takes none, reach the channel.
func TestFilesBeyondTheChannel(t *testing.T) {
	for name, test := range map[string]struct {
		tune func(*channels.Capabilities)
		want []string // the files that are sent
		why  string
	}{
		"count": {func(c *channels.Capabilities) { c.MaxFileCount = 1 }, []string{`a.png image/png "aaa"`},
			"b.png was not sent: this channel carries at most 1 files in a message."},
		"total": {func(c *channels.Capabilities) { c.MaxFileBytes, c.MaxTotalFileBytes = 5, 5 }, []string{`a.png image/png "aaa"`},
			"b.png was not sent: this channel carries at most 5 bytes of files in a message."},
		"none": {func(c *channels.Capabilities) {
			c.OutgoingAttachmentTypes, c.MaxFileCount, c.MaxFileBytes, c.MaxTotalFileBytes = nil, 0, 0, 0
		}, nil, "a.png was not sent: this channel carries no files. b.png was not sent: this channel carries no files."},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				wide := channels.Capabilities{
					DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque}, AllowOutgoingMessages: true,
					ThreadingModel:          channels.ByIntegrationThread,
					OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
					MaxFileCount:            10, MaxFileBytes: 10 << 20, MaxTotalFileBytes: 20 << 20,
				}
				if _, err := b.registry.Update(t.Context(), channels.ID(b.hubspot.Channels()[0].ID), &channels.RegistrationUpdate{Capabilities: &wide}); err != nil {
					t.Fatal(err)
				}
				b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
				b.reply("See:", hubspottest.Upload{Name: "a.png", Content: []byte("aaa")}, hubspottest.Upload{Name: "b.png", Content: []byte("bbb")})
				if diff := cmp.Diff(test.want, b.channel.sent[0].Files); diff != "" {
					t.Errorf("files sent (-want +got):\n%s", diff)
				}
				if got, want := b.shown()[1], "agent: See: (FAILED: The text was delivered, but "+test.why+")"; got != want {
					t.Errorf("the agent sees %q, want %q", got, want)
				}
			}, func(c *bridge.Config) { test.tune(&c.Definition.Capabilities) })
		})
	}
}

// A file that is not to be had does not hold the text up for good.
func TestFileWithoutContent(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		wait   time.Duration
	}{
		"a login page": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!DOCTYPE html><html>Log in") }, 2 * time.Second},
		"not there":    {http.NotFound, 2 * time.Second},
		"down":         {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusBadGateway) }, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			said := &logged{}
			bubble(t, func(t *testing.T, b *bench) {
				b.pages = http.NewServeMux()
				b.pages.HandleFunc("/signed-files/", test.answer)
				b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
				b.reply("See:", hubspottest.Upload{Name: "passport.png", Content: []byte("a")})
				later(test.wait)
				if diff := cmp.Diff([]string{"See:"}, b.channel.texts()); diff != "" {
					t.Errorf("sent (-want +got):\n%s", diff)
				}
				want := "agent: See: (FAILED: The text was delivered, but A file was not sent: HubSpot did not give out its content.)"
				if got := b.shown()[1]; got != want {
					t.Errorf("the agent sees %q, want %q", got, want)
				}
				if log := said.text(); !strings.Contains(log, "bridge: open file") || strings.Contains(log, "passport") {
					t.Errorf("the log should tell the file by its id, not by its name:\n%s", log)
				}
			}, said.into)
		})
	}
}

// Without the app there are no files, but the text goes out.
func TestFileWhileUninstalled(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		b.channel.send = func(_ context.Context, try int, _ *bridge.Outgoing) (*bridge.Receipt, error) {
			if try == 1 {
				return nil, errors.New("down")
			}
			return nil, nil
		}
		b.reply("See:", hubspottest.Upload{Name: "a.png", Content: []byte("a")})
		if err := b.hubspot.Uninstall(portal); err != nil {
			t.Fatal(err)
		}
		later(time.Hour)
		if got := b.channel.sent; len(got) != 1 || got[0].Text != "See:" || got[0].Files != nil {
			t.Errorf("sent %+v, want the text", got)
		}
	})
}
