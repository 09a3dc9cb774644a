package main

import (
	"context"
	"errors"
	"flag"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

func bridgeCommands() []*command {
	return slices.Concat(buriedCommands(), []*command{portalsList(), portalsPause(), portalsResume(), stats(), forget()})
}

// parsePortal reads the id of a portal.
func parsePortal(s string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id <= 0 {
		return 0, errors.New("a portal's id is a number, such as 24681012")
	}
	return id, nil
}

// portalText is the id of a portal, if there is one.
func portalText(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// load is the JSON of how much work there is.
type load struct {
	Portal  int64       `json:"portalId"`
	Kind    bridge.Kind `json:"kind,omitempty"`
	Waiting int         `json:"waiting"`
	Oldest  float64     `json:"oldestSeconds"`
	Buried  int         `json:"buried"`
	Pause   *pause      `json:"pause,omitempty"`
}

// pause is the JSON of a portal's pause.
type pause struct {
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason"`
}

func (l *load) age() string {
	if l.Waiting == 0 {
		return ""
	}
	return (time.Duration(l.Oldest) * time.Second).String()
}

func stats() *command {
	return &command{
		name: "stats", short: "Show how much work waits and how much is buried", needs: bridgeStore,
		long: `
By portal and kind; "buried list -h" names the kinds. OLDEST is the age of what
waits longest. It reads the whole queue.`,
		setup: func(*flag.FlagSet) action {
			return func(ctx context.Context, s *session) error {
				return list(s, loads(ctx, s), "Nothing waits, and nothing is buried.", "PORTAL KIND WAITING OLDEST BURIED",
					func(l *load) []string {
						return []string{portalText(l.Portal), string(l.Kind), strconv.Itoa(l.Waiting), l.age(), strconv.Itoa(l.Buried)}
					})
			}
		},
	}
}

// loads lists the work by portal and kind.
func loads(ctx context.Context, s *session) iter.Seq2[*load, error] {
	return func(yield func(*load, error) bool) {
		all, err := s.operator.Stats(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, p := range all.Portals {
			for _, kind := range slices.Sorted(maps.Keys(p.Work)) {
				w := p.Work[kind]
				if !yield(&load{p.Portal, kind, w.Waiting, seconds(w.Oldest), w.Buried, nil}, nil) {
					return
				}
			}
		}
	}
}

func seconds(d time.Duration) float64 { return d.Truncate(time.Second).Seconds() }

func portalsList() *command {
	return &command{
		name: "portals list", short: "List the portals that have work or are paused", needs: bridgeStore,
		setup: func(*flag.FlagSet) action {
			return func(ctx context.Context, s *session) error {
				return list(s, portals(ctx, s), "No portal has work or is paused.", "PORTAL WAITING OLDEST BURIED PAUSED REASON",
					func(l *load) []string {
						cells := []string{portalText(l.Portal), strconv.Itoa(l.Waiting), l.age(), strconv.Itoa(l.Buried), "", ""}
						if l.Pause != nil {
							cells[4], cells[5] = "until "+until(l.Pause.Until), l.Pause.Reason
						}
						return cells
					})
			}
		},
	}
}

// portals lists the work by portal.
func portals(ctx context.Context, s *session) iter.Seq2[*load, error] {
	return func(yield func(*load, error) bool) {
		all, err := s.operator.Stats(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, p := range all.Portals {
			sum := &load{Portal: p.Portal}
			for _, w := range p.Work {
				sum.Waiting += w.Waiting
				sum.Oldest = max(sum.Oldest, seconds(w.Oldest))
				sum.Buried += w.Buried
			}
			if p.Pause != nil {
				sum.Pause = &pause{p.Pause.Until.UTC(), p.Pause.Reason}
			}
			if !yield(sum, nil) {
				return
			}
		}
	}
}

// until says when a pause ends.
func until(t time.Time) string {
	if t.IsZero() {
		return "resumed"
	}
	return when(t)
}

func portalsPause() *command {
	return &command{
		name: "portals pause", args: "PORTAL", short: "Hold back a portal's calls to HubSpot", needs: bridgeStore,
		long: `
Customers' messages and statuses wait, agents' messages are still sent. Deadlines
run on. A longer pause that is there already stays as it is. The installation of the
app in the portal ends it as well.`,
		setup: func(fs *flag.FlagSet) action {
			length := fs.Duration("for", 0, "`duration`, such as 90m; without it the pause lasts until \"portals resume\"")
			reason := fs.String("reason", "paused by an operator", "`sentence` for other operators")
			return func(ctx context.Context, s *session) error {
				portal, err := parsePortal(s.args[0])
				if err != nil {
					return usagef("portals pause: %v", err)
				}
				if *length < 0 {
					return usagef("portals pause: -for must not be negative")
				}
				var end time.Time
				if *length > 0 {
					end = time.Now().Add(*length).UTC()
				}
				if err := s.operator.PausePortal(ctx, portal, end, *reason); err != nil {
					return err
				}
				return s.one(&load{Portal: portal, Pause: &pause{end, *reason}},
					field{"Paused", portalText(portal)}, field{"Until", until(end)}, field{"Reason", *reason})
			}
		},
	}
}

func portalsResume() *command {
	return &command{
		name: "portals resume", args: "PORTAL", short: "End the pause of a portal", needs: bridgeStore,
		long: `
Whoever made it: if HubSpot's reason for a pause persists, there will be another.`,
		setup: func(*flag.FlagSet) action {
			return func(ctx context.Context, s *session) error {
				portal, err := parsePortal(s.args[0])
				if err != nil {
					return usagef("portals resume: %v", err)
				}
				if err := s.operator.ResumePortal(ctx, portal); err != nil {
					return err
				}
				return s.one(map[string]int64{"portalId": portal}, field{"Resumed", portalText(portal)})
			}
		},
	}
}
