package main

import (
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

func TestPortalCommands(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	w.receive("0", "Hi")
	w.await(bridge.KindIncoming, bridge.Done)
	w.refused("1", "one")
	w.expect("pause", w.run("portals", "pause", testPortal, "-reason", "moving house"), result{Out: `
Paused  24681012
Until   resumed
Reason  moving house
`})
	w.receive("2", "two")
	w.expect("list", w.run("portals", "list"), result{Out: `
PORTAL    WAITING  OLDEST  BURIED  PAUSED         REASON
24681012  1        0s      1       until resumed  moving house
`})
	w.expect("list as JSON", w.run("portals", "list", "-json"), result{Out: `
[
  {
    "portalId": 24681012,
    "waiting": 1,
    "oldestSeconds": 0,
    "buried": 1,
    "pause": {
      "reason": "moving house"
    }
  }
]
`})
	w.expect("stats", w.run("stats"), result{Out: `
PORTAL    KIND      WAITING  OLDEST  BURIED
24681012  incoming  1        0s      1
`})
	w.expect("stats as JSON", w.run("stats", "-json"), result{Out: `
[
  {
    "portalId": 24681012,
    "kind": "incoming",
    "waiting": 1,
    "oldestSeconds": 0,
    "buried": 1
  }
]
`})
	w.expect("resume", w.run("portals", "resume", testPortal), result{Out: "Resumed  24681012\n"})
	w.await(bridge.KindIncoming, bridge.Done)
	w.expect("list of none", w.run("portals", "list", "-channel", "1"), result{Err: "No portal has work or is paused.\n"})
	w.expect("stats of none", w.run("stats", "-channel", "1"), result{Err: "Nothing waits, and nothing is buried.\n"})
	w.expect("pause for a time", w.run("portals", "pause", "1", "-for", "90m", "-channel", "1"), result{Out: `
Paused  1
Until   2026-10-01 08:00:00 UTC
Reason  paused by an operator
`})
	w.expect("list with the pause", w.run("portals", "list", "-channel", "1"), result{Out: `
PORTAL  WAITING  OLDEST  BURIED  PAUSED                         REASON
1       0        -       0       until 2026-10-01 08:00:00 UTC  paused by an operator
`})
}

func TestForgetCommand(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	w.receive("0", "Hi")
	w.await(bridge.KindIncoming, bridge.Done)
	w.refused("1", "one")
	forget := []string{"forget", "phone:+1 415 555 0123", "phone:+14155550199"}
	question := "Erase phone:+14155550199 at phone:+14155550123 for good? [y/N] "
	no := w.runWith(console{in: strings.NewReader("n\n"), interactive: true}, forget...)
	w.expect("no", no, result{Err: question + "channelctl: not confirmed: nothing was done\n", Status: 1})
	w.expect("without a terminal", w.run(forget...), result{
		Err: "channelctl: forget asks first, and standard input is no terminal: add -yes\n", Status: 2,
	})
	yes := w.runWith(console{in: strings.NewReader("y\n"), interactive: true}, forget...)
	w.expect("yes", yes, result{Out: "Erased  1 messages\n", Err: question})
	w.expect("again", w.run(append(forget, "-yes", "-json")...), result{Out: "{\n  \"messages\": 0\n}\n"})
	w.expect("what is left", w.run("buried", "list"), result{Err: "Nothing is buried.\n"})
	w.expect("an address that no account has", w.run("forget", "-yes", "opaque:shop", "phone:+14155550199"), result{
		Err: "channelctl: bridge: no connected account has this address\n", Status: 1,
	})
}
