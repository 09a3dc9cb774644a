package e2e

import (
	"testing"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// TestContract makes every call that the clients can make, and holds each request and each answer of the simulator to
// HubSpot's own descriptions. Then it proves that nothing was left out, and that nothing would have gone unnoticed.
func TestContract(t *testing.T) {
	c := &contract{t: t, descriptions: readDescriptions(t, "*", readOverlay(t))}
	for _, version := range []channels.Version{channels.Version202609, channels.Version202603, channels.VersionV3} {
		t.Run(string(version), func(t *testing.T) { everything(t, c, version) })
		t.Run(string(version)+" read otherwise", func(t *testing.T) { otherReadings(t, c, version) })
	}
	t.Run("rate limit", func(t *testing.T) { rateLimited(t, c) })
	t.Run("OAuth v1", func(t *testing.T) { firstOAuth(t, c) })
	t.Run("versions not played", func(t *testing.T) { unplayed(t, c) })
	t.Run("nothing left out", c.leavesNothingOut)
	t.Run("everything sent", c.sendsEverything)
	t.Run("no needless overlay", c.needsTheOverlay)
	t.Run("mistakes noticed", c.noticesMistakes)
}

// everything makes all calls, the first of each operation after HubSpot has refused it in every way.
func everything(t *testing.T, c *contract, version channels.Version) {
	w := newWorld(t, c, version, hubspottest.Config{})
	refused := map[string]bool{}
	for _, next := range contractCalls() {
		if !refused[next.operation] {
			refused[next.operation] = true
			w.refuse(t, next)
		}
		w.make(t, []call{next})
	}
	for _, r := range refusals {
		if err := r.do(t, w); statusOf(err) != r.status {
			t.Errorf("%s: %v, want status %d", r.name, err, r.status)
		}
	}
	for _, next := range lastCalls {
		w.refuse(t, next)
		w.make(t, []call{next})
	}
}
