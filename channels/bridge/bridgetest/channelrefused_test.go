package bridgetest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
)

// circle wraps itself.
type circle struct{ bridge.Channel }

func (c *circle) Unwrap() bridge.Channel { return c }

// refusals are calls of RunChannel that cannot test anything, and what it says then.
var refusals = []struct {
	name    string
	channel bridge.Channel
	options bridgetest.ChannelOptions
	want    string
}{
	{"no definition", &chat{newService()}, bridgetest.ChannelOptions{}, "Capabilities.DeliveryIdentifierTypes are empty"},
	{"no channel", nil, plainOptions(), "is nil"},
	{"nothing wrapped", wrapper{}, plainOptions(), "is nil"},
	{"a circle", &circle{&chat{newService()}}, plainOptions(), "lead in a circle"},
	{"no ability", bridge.ChannelFunc(nil), silent(), "There is nothing to test"},
}

func silent() bridgetest.ChannelOptions {
	o := plainOptions()
	o.Definition.Capabilities.AllowOutgoingMessages = false
	return o
}

func TestChannelRefusals(t *testing.T) {
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChannelRefusal$")
			cmd.Env = append(os.Environ(), mistakeVar+"="+r.name)
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), r.want) {
				t.Errorf("got %v, want a failure that says %q:\n%s", err, r.want, out)
			}
		})
	}
}

// TestChannelRefusal does something only in a process that TestChannelRefusals started.
func TestChannelRefusal(t *testing.T) {
	for _, r := range refusals {
		if r.name == os.Getenv(mistakeVar) {
			bridgetest.RunChannel(t, func(*testing.T) bridge.Channel { return r.channel }, r.options)
		}
	}
}
