package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// TestEveryOperationAndVersion shows that nothing of the custom channels API is out of reach.
func TestEveryOperationAndVersion(t *testing.T) {
	t.Parallel()
	for version, root := range map[string]string{
		"2026-09": "/conversations/custom-channels/2026-09",
		"2026-03": "/conversations/custom-channels/2026-03",
		"v3":      "/conversations/v3/custom-channels",
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.version = version
			w.installAndConnect()
			w.useEverything()
			var operations []string
			for _, e := range w.hs.Journal() {
				if strings.HasPrefix(e.Path, root) && e.Status < 300 {
					operations = append(operations, e.Operation)
				}
			}
			slices.Sort(operations)
			want := []string{
				"account.connect", "account.create", "account.get", "account.list", "account.update",
				"channel.archive", "channel.create", "channel.get", "channel.list", "channel.update",
				"message.get", "message.publish", "message.status",
			}
			if diff := cmp.Diff(want, slices.Compact(operations)); diff != "" {
				t.Errorf("operations (-want +got):\n%s", diff)
			}
		})
	}
}

// useEverything makes the calls that [world.installAndConnect] does not make.
func (w *world) useEverything() {
	w.must("channels", "list")
	w.must("channels", "update", "918000", "-name", "Acme 2")
	w.must("accounts", "list", "918000")
	w.must("accounts", "get", "918000", "5550000")
	w.must("accounts", "update", "918000", "5550000", "-name", "Line 2")
	w.must("accounts", "create", "918000", "-inbox", "480001", "-name", "Line 3", "-address", "phone:+14155550124")
	w.must("messages", "publish", "918000", "-account", "5550000", "-thread", "c", "-from", "phone:+14155550199", "-text", "Hi")
	reply, err := w.hs.Reply(w.hs.Threads()[0].ID, hubspottest.Reply{Text: "Hello"})
	if err != nil {
		w.Fatal(err)
	}
	w.must("messages", "get", "918000", reply.ID)
	w.must("messages", "status", "918000", reply.ID, "READ")
	w.must("channels", "archive", "918000", "-yes")
}
